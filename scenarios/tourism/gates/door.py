"""Who scans: a device shows its key, in a header (turnstiles) or a cookie (phones), and stands at its gate."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from scenarios.tourism.gates.scanning import Station
from tenants.codes import hash_token
from tenants.scope import execute, open_scope, row, secret_scope, switch, tenant_scope
from ui.errors import AppError
from ui.i18n import t

COOKIE = "gate-device"
_DEVICE = """
select tenant_id, id, gate_id from tourism_device where key_hash = $1 and revoked_at is null
"""
_STATION = """
select g.name gate, g.way, g.products, g.is_open, s.id site_id, s.names, s.instant_cap, t.timezone
  from tourism_gate g join tourism_site s on s.tenant_id = $1 and s.id = g.site_id
  join tenants_tenant t on t.id = $1
 where g.tenant_id = $1 and g.id = $2
"""
_SEEN = """
update tourism_device set seen_at = now() where tenant_id = $1 and id = $2
   and (seen_at is null or seen_at < now() - interval '1 minute')
"""


class NoDevice(AppError):
    """The key is none of ours, or was revoked (401): the device must not try again."""

    status = 401

    def __init__(self) -> None:
        super().__init__("device.unknown", t("This device is not registered at a gate, or no longer."))


def key_of(request: Request) -> str:
    """Return the key that a device shows."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else request.cookies.get(COOKIE, "")


async def station_of(key: str) -> Station:
    """Return the device's station and go on in its institution's scope, from the scope of its key."""
    found = await row(_DEVICE, hash_token(key)) if key else None
    if found is None:
        raise NoDevice
    await switch(tenant_scope(found["tenant_id"]))
    place = await row(_STATION, found["tenant_id"], found["gate_id"])
    if place is None:
        raise NoDevice
    return Station(
        tenant_id=found["tenant_id"],
        device_id=found["id"],
        gate_id=found["gate_id"],
        site_id=place["site_id"],
        site_names=json.loads(place["names"]),
        gate=place["gate"],
        way=place["way"],
        products=tuple(json.loads(place["products"])),
        is_open=place["is_open"],
        instant_cap=place["instant_cap"],
        zone=place["timezone"],
    )


@asynccontextmanager
async def at_gate(key: str) -> AsyncIterator[Station]:
    """Run the block in the institution's scope of the device that has this key.

    Raises:
        NoDevice: no device has it.
    """
    async with open_scope(secret_scope(hash_token(key))):
        yield await station_of(key)


async def note_seen(station: Station) -> None:
    """Note that a device is there, once a minute."""
    await execute(_SEEN, station.tenant_id, station.device_id)
