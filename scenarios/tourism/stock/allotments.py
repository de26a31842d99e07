"""An agency's allotment of a slot: a pool of its own, whose free places are held in the slot and in the day.

Nobody else gets them until they are given back. Selling from an allotment turns places that are held in slot and day
into sold ones; its own row is the guard then, in the same one statement.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.tourism.models import Site
from scenarios.tourism.stock.pools import LOCKED, Places, SoldOut, arrays, lock_days
from tenants.ids import new_id
from tenants.scope import execute, rows, value

_WANTED = """
select s.id slot_id, s.day, c.id contract_id,
       case when c.status = 'active' and s.status = 'open' and s.day between c.since and c.until
             and s.day - c.release_days > $3 and not coalesce(r.is_shut, false)
            then c.allotment * coalesce(r.cap_percent, 100) / 100 else 0 end wanted, coalesce(p.ceiling, 0) is_there
  from tourism_contract c
  join tourism_slot s on s.tenant_id = $1 and s.site_id = c.site_id and s.day >= $3
  left join tourism_pool p on p.tenant_id = $1 and p.slot_id = s.id and p.scope = 'channel' and p.channel = c.id::text
  left join tourism_day_rule r on r.tenant_id = $1 and r.site_id = c.site_id and r.day = s.day
 where c.tenant_id = $1 and c.site_id = $2
"""
_DIFFERENT = f"select * from ({_WANTED}) w where wanted <> is_there order by day, slot_id"
_ADD = """
insert into tourism_pool (tenant_id, id, site_id, day, scope, slot_id, channel, ceiling, capacity, is_reserved)
values ($1, $2, $3, $4, 'channel', $5, $6, 0, 0, true) on conflict do nothing
"""
_OF_SLOT = """
select id, scope, is_reserved, ceiling, capacity, held, sold from tourism_pool
 where tenant_id = $1 and site_id = $2 and day = $3
   and (scope = 'day' or (slot_id = $4 and (scope = 'slot' or channel = $5))) order by id for update
"""
_RESIZE = """
update tourism_pool set capacity = case when is_reserved then $3 else greatest(ceiling, held + sold + $4) end,
       ceiling = case when is_reserved then $5 else ceiling end,
       held = held + case when is_reserved then 0 else $4 end
 where tenant_id = $1 and id = any ($2)
"""
_FREE = """
select capacity - held - sold free, id, is_reserved from tourism_pool
 where tenant_id = $1 and site_id = $2 and day = $3
   and (scope = 'day' or (slot_id = $4 and (scope = 'slot' or channel = $5)))
"""
SELL = (
    LOCKED
    + """
update tourism_pool p set held = p.held - case when p.is_reserved then 0 else l.n end, sold = p.sold + l.n
  from locked l
 where p.tenant_id = $1 and p.id = l.id and (not p.is_reserved or p.sold + l.n <= p.capacity)
"""
)
_LOCKED_ROWS = """
select id, is_reserved, ceiling, capacity, sold from tourism_pool where tenant_id = $1 and id = any ($2)
 order by id for update
"""
_RESERVED = (
    "select exists (select 1 from tourism_pool where tenant_id = $1 and id = any ($2) and is_reserved)"
)
_BACK = """
update tourism_pool p set sold = p.sold - w.n, held = p.held + case when p.is_reserved then 0 else $4 end,
       capacity = greatest(p.ceiling, p.held + p.sold - w.n + case when p.is_reserved then 0 else $4 end)
  from (select unnest($2::uuid[]) id, unnest($3::int[]) n) w where p.tenant_id = $1 and p.id = w.id
"""


async def keep(site: Site, day: date) -> int:
    """Bring allotments to what contracts say today, which is ``day``; return how many changed.

    Places are kept where there are any; those whose time has come are given back to everybody.
    """
    found = await rows(_DIFFERENT, site.tenant_id, site.id, day)
    if found:
        await lock_days(site, {one["day"] for one in found})
    for one in found:
        await _resize(site, one)
    return len(found)


async def _resize(site: Site, wanted: Mapping[str, Any]) -> None:
    channel, tenant_id = str(wanted["contract_id"]), site.tenant_id
    await execute(_ADD, tenant_id, new_id(), site.id, wanted["day"], wanted["slot_id"], channel)
    found = await rows(_OF_SLOT, tenant_id, site.id, wanted["day"], wanted["slot_id"], channel)
    own = next(one for one in found if one["is_reserved"])
    others = [one for one in found if not one["is_reserved"]]
    free = max(min(one["capacity"] - one["held"] - one["sold"] for one in others), 0)
    capacity = min(max(wanted["wanted"], own["sold"]), own["capacity"] + free)
    ids = [one["id"] for one in found]
    ceiling = min(wanted["wanted"], capacity)
    await execute(_RESIZE, tenant_id, ids, capacity, capacity - own["capacity"], ceiling)


async def of_slot(site: Site, day: date, slot_id: UUID, contract_id: UUID, people: int) -> dict[UUID, int]:
    """Return the pools that so many people draw on within an allotment; none where it has not so many places left."""
    found = await rows(_FREE, site.tenant_id, site.id, day, slot_id, str(contract_id))
    own = next((one for one in found if one["is_reserved"]), None)
    if own is None or own["free"] < people:
        return {}
    return {one["id"]: people for one in found}


async def sell(tenant_id: UUID, places: Places) -> None:
    """Sell places of an allotment; the last statement of a booking.

    Raises:
        SoldOut: it has fewer left than asked for. The caller's transaction ends with it.
    """
    if await execute(SELL, tenant_id, *arrays(places)) < len(places):
        raise SoldOut


async def give_back(tenant_id: UUID, places: Places) -> None:
    """Give sold places back: to the allotment while it is kept, to everybody afterwards; any pools at all."""
    ids, counts = arrays(places)
    found = await rows(_LOCKED_ROWS, tenant_id, ids)
    own = next((one for one in found if one["is_reserved"]), None)
    kept = 0
    if own is not None:
        left = own["sold"] - places[own["id"]]
        kept = max(own["ceiling"] - left, 0) - (own["capacity"] - own["sold"])
    await execute(_BACK, tenant_id, ids, counts, kept)


async def is_reserved(tenant_id: UUID, places: Places) -> bool:
    """Tell whether one of these pools is an agency's allotment."""
    return bool(await value(_RESERVED, tenant_id, list(places)))
