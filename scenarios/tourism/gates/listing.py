"""What a device takes along for when it has no network: the key that codes are signed with, and which are no good."""

from datetime import UTC, datetime
from typing import Any

from scenarios.tourism.gates.scanning import Station
from scenarios.tourism.orders.codes import public_key, short
from tenants.scope import rows

NEVER = 255
"""The issue of a ticket that none has: all of its codes are revoked."""
_REVOKED = """
select id, case when is_closed or status in ('refunding', 'refunded') then 255 else serial end least
  from tourism_ticket where tenant_id = $1 and site_id = $2 and valid_until > now()
   and (serial > 1 or is_closed or status in ('refunding', 'refunded'))
"""
_USED = """
select id, used from tourism_ticket where tenant_id = $1 and site_id = $2 and valid_until > now() and used > 0
   and uses_per_day = 0
"""


async def list_for(station: Station) -> dict[str, Any]:
    """Return everything that a device needs to judge codes by itself.

    ``revoked`` says from which issue on a ticket's codes are good, ``used`` how many entries are gone, by ticket id in
    hexadecimal; ``products`` are the last bytes of those that the gate lets in.
    """
    return {
        "key": public_key(station.tenant_id),
        "site": short(station.site_id).hex(),
        "gate": str(station.gate_id),
        "way": station.way,
        "is_open": station.is_open,
        "products": [one.replace("-", "")[-8:] for one in station.products],
        "made_at": datetime.now(UTC).isoformat(),
        "revoked": {
            one["id"].hex: one["least"] % 256
            for one in await rows(_REVOKED, station.tenant_id, station.site_id)
        },
        "used": {one["id"].hex: one["used"] for one in await rows(_USED, station.tenant_id, station.site_id)},
    }
