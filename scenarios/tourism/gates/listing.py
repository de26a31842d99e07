"""What a device takes along for when it has no network: the key that codes are signed with, and which are no good."""

from datetime import UTC, datetime
from typing import Any

from scenarios.tourism.gates import numbers
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
_PASSES = """
select t.id from tourism_ticket t
 where t.tenant_id = $1 and t.site_id = $2 and t.kind = 'pass' and t.valid_until > now()
   and t.status in ('issued', 'part_used')
   and (not exists (select 1 from tourism_pass_holder h where h.tenant_id = $1 and h.ticket_id = t.id
                     and h.status = 'registered')
     or exists (select 1 from tourism_block b where b.tenant_id = $1 and b.document_key = t.document_key
                 and b.lifted_at is null and b.until >= day_of(b.tenant_id)))
"""
_USED = """
select id, used from tourism_ticket where tenant_id = $1 and site_id = $2 and valid_until > now() and used > 0
   and uses_per_day = 0
"""


async def list_for(station: Station, known: str = "") -> dict[str, Any]:
    """Return everything that a device needs to judge codes and typed numbers by itself.

    ``known`` is the mark of the numbers that it has; where they are still those of these minutes, none are sent.

    ``revoked`` says from which issue on a ticket's codes are good, ``used`` how many entries are gone, by ticket id in
    hexadecimal; ``products`` are the last bytes of those that the gate lets in.
    """
    return ({} if known == numbers.mark() else {"numbers": await numbers.numbers_for(station)}) | {
        "key": public_key(station.tenant_id),
        "site": short(station.site_id).hex(),
        "gate": str(station.gate_id),
        "way": station.way,
        "is_open": station.is_open,
        "products": [one.replace("-", "")[-8:] for one in station.products],
        "made_at": datetime.now(UTC).isoformat(),
        "revoked": await _revoked(station),
        "used": {one["id"].hex: one["used"] for one in await rows(_USED, station.tenant_id, station.site_id)},
    }


async def _revoked(station: Station) -> dict[str, int]:
    """Return from which issue on a ticket's codes are good; of passes whose holder may not come in, none is."""
    found = await rows(_REVOKED, station.tenant_id, station.site_id)
    stopped = await rows(_PASSES, station.tenant_id, station.site_id)
    return {one["id"].hex: one["least"] % 256 for one in found} | {one["id"].hex: NEVER for one in stopped}
