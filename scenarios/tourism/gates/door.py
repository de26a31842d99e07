"""Who scans: a device shows its key, in a header (turnstiles) or a cookie (phones), and stands at its gate."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from scenarios.tourism.gates.scanning import Station
from tenants.codes import hash_token
from tenants.scope import NOTHING, adopt, execute, open_scope, row, tenant_scope
from ui.errors import AppError
from ui.i18n import t

COOKIE = "gate-device"
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


@asynccontextmanager
async def at_gate(key: str) -> AsyncIterator[Station]:
    """Run the block in the institution's scope of the device that has this key: one round trip, and one to end it.

    Raises:
        NoDevice: no device has it.
    """
    async with open_scope(NOTHING):
        yield await station_of(key)


async def station_of(key: str) -> Station:
    """Return the device's station and go on in its institution's scope; a scope must be open (``NOTHING``)."""
    found = await row("select * from enter_gate($1)", hash_token(key)) if key else None
    if found is None:
        raise NoDevice
    adopt(tenant_scope(found["tenant_id"]))
    return Station(
        tenant_id=found["tenant_id"],
        device_id=found["device_id"],
        gate_id=found["gate_id"],
        site_id=found["site_id"],
        site_names=json.loads(found["names"]),
        gate=found["gate"],
        way=found["way"],
        products=tuple(json.loads(found["products"])),
        is_open=found["is_open"],
        instant_cap=found["instant_cap"],
        zone=found["zone"],
    )


async def note_seen(station: Station) -> None:
    """Note that a device is there, once a minute."""
    await execute(_SEEN, station.tenant_id, station.device_id)
