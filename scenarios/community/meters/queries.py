"""Reading meters: the list, one meter, what waits for a look, what a round still has to read."""

from datetime import date
from typing import Any
from uuid import UUID

from scenarios.community.common import MOST_EXPORTED, one_of
from tenants.scope import rows, value
from tenants.search import containing
from ui.tables import TableQuery

ORDERS = {"serial": "m.serial", "place": "place", "read_on": "last.read_on", "usage": "last.usage"}
_PLACE = "coalesce(a.number, b.code)"
_FROM = f"""
  from community_meter m
  join community_building b on b.tenant_id = $1 and b.id = m.building_id
  left join community_unit u on u.tenant_id = $1 and u.id = m.unit_id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
  left join lateral (
    select r.read_on, r.value, r.usage from community_reading r
     where r.tenant_id = $1 and r.meter_id = m.id and r.status = 'accepted'
     order by r.read_on desc limit 1) last on true
 where m.tenant_id = $1 and m.removed_on is null
   and ($2 = '' or m.serial ilike $2 or {_PLACE} ilike $2) and ($3 = '' or m.kind = $3)
   and ($4 = '' or ($4 = 'unread') = (last.read_on is null or last.read_on < $5))
"""
_ONE = f"""
select m.*, {_PLACE} place_name, u.account_id, b.code building
  from community_meter m
  join community_building b on b.tenant_id = $1 and b.id = m.building_id
  left join community_unit u on u.tenant_id = $1 and u.id = m.unit_id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where m.tenant_id = $1 and m.id = $2
"""
_HELD = f"""
select r.id, r.read_on, r.value, r.source, r.flag, r.photo_key, r.read_by_name, r.status,
       m.id meter_id, m.serial, m.kind,
       {_PLACE} place, (select p.value from community_reading p where p.tenant_id = $1 and p.meter_id = m.id
         and p.status = 'accepted' and p.read_on < r.read_on order by p.read_on desc limit 1) before
  from community_reading r
  join community_meter m on m.tenant_id = $1 and m.id = r.meter_id
  join community_building b on b.tenant_id = $1 and b.id = m.building_id
  left join community_unit u on u.tenant_id = $1 and u.id = m.unit_id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where r.tenant_id = $1 and r.status = 'submitted' order by r.read_on, m.serial limit 500
"""
_ROUND = """
select m.id, m.serial, m.kind, m.place, coalesce(a.number, '') number, coalesce(u.door, '') door, last.value,
       coalesce(last.value, m.start_value) before, last.read_on
  from community_meter m
  left join community_unit u on u.tenant_id = $1 and u.id = m.unit_id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
  left join lateral (
    select r.read_on, r.value from community_reading r where r.tenant_id = $1 and r.meter_id = m.id
       and r.status in ('accepted', 'submitted') order by r.read_on desc limit 1) last on true
 where m.tenant_id = $1 and m.building_id = $2 and m.removed_on is null and ($3 = '' or m.kind = $3)
   and (last.read_on is null or last.read_on < $4)
 order by u.storey nulls first, a.sort_key, m.serial
"""


def _args(tenant_id: UUID, query: TableQuery, month: date) -> tuple[Any, ...]:
    filters = query.filters
    return (tenant_id, containing(query.q), filters.get("kind", ""), filters.get("state", ""), month)


async def meters(tenant_id: UUID, query: TableQuery, month: date, *, most: int = 0) -> list[dict[str, Any]]:
    """Return one page of the meters that are in place, with what each showed last."""
    sort = query.sort or "place"
    order = ORDERS[sort.removeprefix("-")] + (" desc nulls last" if sort.startswith("-") else "")
    found = await rows(
        f"select m.id, m.serial, m.kind, {_PLACE} place, a.sort_key, last.read_on, last.value, last.usage {_FROM}"
        f" order by {order}, a.sort_key, m.serial offset $6 limit $7",
        *_args(tenant_id, query, month),
        0 if most else query.offset,
        most or query.limit,
    )
    return [dict(one) for one in found]


async def count(tenant_id: UUID, query: TableQuery, month: date) -> int:
    """Return how many meters the list has."""
    return int(await value(f"select count(*) {_FROM}", *_args(tenant_id, query, month)))


async def meter(tenant_id: UUID, meter_id: UUID) -> dict[str, Any]:
    """Return one meter with its place; ``NotFound`` when there is none."""
    return await one_of(_ONE, tenant_id, meter_id)


async def readings_of(tenant_id: UUID, meter_id: UUID, *, most: int = 60) -> list[dict[str, Any]]:
    """Return a meter's readings, the latest first."""
    found = await rows(
        "select id, read_on, value, usage, source, status, flag, photo_key, read_by_name, reason, is_rollover"
        " from community_reading where tenant_id = $1 and meter_id = $2"
        " order by read_on desc, created_at desc limit $3",
        tenant_id,
        meter_id,
        most,
    )
    return [dict(one) for one in found]


async def held(tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the readings that wait for a look, the oldest first."""
    return [dict(one) for one in await rows(_HELD, tenant_id)]


async def held_count(tenant_id: UUID) -> int:
    """Return how many readings wait for a look."""
    return int(
        await value(
            "select count(*) from community_reading where tenant_id = $1 and status = 'submitted'", tenant_id
        )
    )


async def to_read(tenant_id: UUID, building_id: UUID, kind: str, since: date) -> list[dict[str, Any]]:
    """Return the meters of a building that were not read since a day, in the order one walks."""
    return [dict(one) for one in await rows(_ROUND, tenant_id, building_id, kind, since)]


MOST = MOST_EXPORTED
