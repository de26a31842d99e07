"""Pools: counters that are changed under the shortest lock there can be, and never beyond their capacity.

A place is taken by one ``UPDATE`` whose condition is the guard; the row stays locked only until the commit, so it is
the last statement of a sale. Rows are locked in the order of their ids, by sales and by what gives places back alike,
so that nobody waits in a circle. A ``CHECK`` refuses what the condition should have.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.tourism.models import Site
from tenants.scope import execute, rows, value
from ui.errors import Conflict
from ui.i18n import t

Places = Mapping[UUID, int]
"""Pool → people."""

LOCKED = """
with wanted as (select unnest($2::uuid[]) id, unnest($3::int[]) n),
     locked as (select p.id, w.n from tourism_pool p join wanted w on w.id = p.id
                 where p.tenant_id = $1 order by p.id for update of p)
"""
TAKE = (
    LOCKED
    + """
update tourism_pool p set held = p.held + l.n from locked l
 where p.tenant_id = $1 and p.id = l.id and p.held + p.sold + l.n <= p.capacity
"""
)
"""The guard of every sale is the last line; a test takes it away and sees that more is sold than there is."""
_CONVERT = (
    LOCKED
    + """
update tourism_pool p set held = p.held - l.n, sold = p.sold + l.n from locked l
 where p.tenant_id = $1 and p.id = l.id
"""
)
_RELEASE = (
    LOCKED
    + """
update tourism_pool p set held = p.held - l.n, capacity = greatest(p.ceiling, p.held + p.sold - l.n) from locked l
 where p.tenant_id = $1 and p.id = l.id
"""
)
_GIVE_BACK = (
    LOCKED
    + """
update tourism_pool p set sold = p.sold - l.n, capacity = greatest(p.ceiling, p.held + p.sold - l.n) from locked l
 where p.tenant_id = $1 and p.id = l.id
"""
)
_LOCK = "select id from tourism_pool where tenant_id = $1 and id = any ($2) order by id for update"
_LOCK_DAYS = """
select id from tourism_pool where tenant_id = $1 and site_id = $2 and day = any ($3::date[]) order by id for update
"""
_WANTED = """
select w.* from unnest($3::date[], $4::text[], $5::uuid[], $6::text[], $7::int[])
  w (day, scope, slot_id, channel, people)
"""
_NEWS = f"""
with wanted as ({_WANTED})
select w.* from wanted w left join tourism_pool p
  on p.tenant_id = $1 and p.site_id = $2 and p.day = w.day and p.scope = w.scope
 and coalesce(p.slot_id, p.site_id) = coalesce(w.slot_id, $2) and p.channel = w.channel
 where p.ceiling is distinct from w.people
"""
_SET = f"""
with wanted as ({_WANTED})
insert into tourism_pool (tenant_id, id, site_id, day, scope, slot_id, channel, ceiling, capacity)
select $1, new_id(), $2, day, scope, slot_id, channel, people, people from wanted order by day, scope, slot_id, channel
on conflict (tenant_id, site_id, day, scope, coalesce(slot_id, site_id), channel) do update
   set ceiling = excluded.ceiling, capacity = greatest(excluded.ceiling, tourism_pool.held + tourism_pool.sold)
"""


class SoldOut(Conflict):
    """Not enough places are left."""

    def __init__(self) -> None:
        super().__init__(
            "pool.sold_out",
            t("So many places are no longer free at this time. Nothing has been taken from you."),
            advice=t("Choose another time or another day, or fewer people."),
        )


@dataclass(frozen=True, slots=True)
class Ceiling:
    """How many people a day, a slot or a channel's part of a slot is to take."""

    day: date
    scope: str
    slot_id: UUID | None
    channel: str
    people: int


def of_visit(free: Mapping[UUID, int], people: int, given: Places | None = None) -> dict[UUID, int]:
    """Return the pools that so many people draw on, each with its free places; ``given`` come back in the same step.

    Raises:
        SoldOut: fewer are free than asked for, or the day has not been opened.
    """
    back = given or {}
    if not free or any(left + back.get(pool, 0) < people for pool, left in free.items()):
        raise SoldOut
    return dict.fromkeys(free, people)


async def take(tenant_id: UUID, places: Places) -> None:
    """Hold places; the last statement of a sale.

    Raises:
        SoldOut: fewer are left than asked for. The caller's transaction ends with it.
    """
    if await execute(TAKE, tenant_id, *arrays(places)) < len(places):
        raise SoldOut


async def convert(tenant_id: UUID, places: Places) -> None:
    """Turn held places into sold ones; the number of free ones stays."""
    await execute(_CONVERT, tenant_id, *arrays(places))


async def release(tenant_id: UUID, places: Places) -> None:
    """Give held places back."""
    await execute(_RELEASE, tenant_id, *arrays(places))


async def give_back(tenant_id: UUID, places: Places) -> None:
    """Give sold places back."""
    await execute(_GIVE_BACK, tenant_id, *arrays(places))


async def lock(tenant_id: UUID, ids: Iterable[UUID]) -> None:
    """Lock pools in the order of their ids, before several statements change them."""
    await execute(_LOCK, tenant_id, sorted(ids))


async def lock_days(site: Site, days: Iterable[date]) -> None:
    """Lock all pools of some days in the order of their ids, before several of them are set one after the other.

    Ids of the same millisecond are in no order: a day's own pool may well come after those of its slots.
    """
    await execute(_LOCK_DAYS, site.tenant_id, site.id, sorted(days))


async def swap(tenant_id: UUID, taken: Places, given: Places) -> None:
    """Sell places of some pools and give sold ones of others back; a pool in both keeps its count.

    All rows are locked in the order of their ids first, whichever way each one goes.

    Raises:
        SoldOut: fewer are left than asked for.
    """
    more = {pool: people - given.get(pool, 0) for pool, people in taken.items()}
    less = {pool: people - taken.get(pool, 0) for pool, people in given.items()}
    await lock(tenant_id, {*taken, *given})
    gained = {pool: people for pool, people in more.items() if people > 0}
    if gained:
        await take(tenant_id, gained)
        await convert(tenant_id, gained)
    await give_back(tenant_id, {pool: people for pool, people in less.items() if people > 0})


def arrays(places: Places) -> tuple[list[UUID], list[int]]:
    """Return pools and people as a statement takes them, in the order in which rows are locked."""
    ordered = sorted(places.items())
    return [pool for pool, _ in ordered], [people for _, people in ordered]


async def set_ceilings(site: Site, ceilings: Sequence[Ceiling]) -> None:
    """Make or change pools, those alone that differ. What is sold stays: a lower ceiling only ends further sales."""
    different = await rows(_NEWS, site.tenant_id, site.id, *_columns(ceilings))
    if not different:
        return
    await lock_days(site, {one["day"] for one in different})
    news = [Ceiling(*one) for one in different]
    await execute(_SET, site.tenant_id, site.id, *_columns(news))


def _columns(ceilings: Sequence[Ceiling]) -> tuple[list[Any], ...]:
    return (
        [one.day for one in ceilings],
        [one.scope for one in ceilings],
        [one.slot_id for one in ceilings],
        [one.channel for one in ceilings],
        [one.people for one in ceilings],
    )


def stored(places: Places) -> dict[str, int]:
    """Return places as an order keeps them."""
    return {str(pool): people for pool, people in places.items()}


def kept(stored: Mapping[str, int]) -> dict[UUID, int]:
    """Return what an order keeps as places."""
    return {UUID(pool): people for pool, people in stored.items()}


def part(places: Mapping[str, int], people: int) -> dict[UUID, int]:
    """Return so many people's places of what an order keeps."""
    return {UUID(pool): people for pool in places}


def as_json(data: Any) -> str:
    """Return data as a raw statement takes it for a JSON column."""
    return json.dumps(data, ensure_ascii=False)


async def free_places(tenant_id: UUID, site_id: UUID, day: date) -> int:
    """Return how many people a site's day still takes."""
    found = await value(
        "select capacity - held - sold from tourism_pool"
        " where tenant_id = $1 and site_id = $2 and day = $3 and scope = 'day'",
        tenant_id,
        site_id,
        day,
    )
    return max(int(found or 0), 0)
