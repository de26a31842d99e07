"""What is left of days and slots, read in one statement each: never more than is true at that moment."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from scenarios.tourism.calendar.days import sale_of
from scenarios.tourism.models import Site
from tenants.scope import rows

State = Literal["free", "few", "full", "shut", "later", "over"]
FEW_PERCENT = 10
_DAYS = """
select d.day, d.ceiling, d.capacity - d.held - d.sold free, coalesce(s.free, 0) in_slots, coalesce(s.count, 0) slots
  from tourism_pool d
  left join lateral (
    select sum(least(p.capacity - p.held - p.sold, c.capacity - c.held - c.sold))::int free, count(*) count
      from tourism_slot t
      join tourism_pool p on p.tenant_id = $1 and p.slot_id = t.id and p.scope = 'slot'
      left join tourism_pool c on c.tenant_id = $1 and c.slot_id = t.id and c.scope = 'channel' and c.channel = $5
     where t.tenant_id = $1 and t.site_id = $2 and t.day = d.day and t.status = 'open' and t.ends_at > $6
       and t.starts_at > $6 - make_interval(mins => $7)
  ) s on true
 where d.tenant_id = $1 and d.site_id = $2 and d.scope = 'day' and d.day between $3 and $4 order by d.day
"""
_SLOTS = """
select t.id, t.names, t.starts_at, t.ends_at, t.status, p.ceiling, t.day, m.opens_days, m.opens_minute,
       greatest(least(p.capacity - p.held - p.sold, d.capacity - d.held - d.sold, c.capacity - c.held - c.sold), 0) free
  from tourism_slot t
  join tourism_pool p on p.tenant_id = $1 and p.slot_id = t.id and p.scope = 'slot'
  join tourism_pool d on d.tenant_id = $1 and d.site_id = $2 and d.day = t.day and d.scope = 'day'
  left join tourism_pool c on c.tenant_id = $1 and c.slot_id = t.id and c.scope = 'channel' and c.channel = $4
  left join tourism_slot_template m on m.tenant_id = $1 and m.id = t.template_id
 where t.tenant_id = $1 and t.site_id = $2 and t.day = $3 order by t.starts_at
"""


@dataclass(frozen=True, slots=True)
class DayLeft:
    """A day as the calendar shows it. ``opens_at`` is set where its sale has yet to begin."""

    day: date
    state: State
    free: int = 0
    opens_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether tickets can be bought for it now."""
        return self.state in {"free", "few"}


@dataclass(frozen=True, slots=True)
class SlotLeft:
    """A slot of a day, with how many people it still takes."""

    id: UUID
    names: dict[str, str]
    starts_at: datetime
    ends_at: datetime
    state: State
    free: int
    opens_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether tickets can be bought for it now."""
        return self.state in {"free", "few"}


async def days_left(site: Site, zone: str, first: date, last: date, channel: str = "web") -> list[DayLeft]:
    """Return every day of the span; one that has not been opened is shut."""
    now = datetime.now(UTC)
    found = {
        one["day"]: one
        for one in await rows(_DAYS, site.tenant_id, site.id, first, last, channel, now, site.closes_minutes)
    }
    count = (last - first).days + 1
    return [_day(site, zone, first + timedelta(days=n), found, now) for n in range(count)]


def _day(site: Site, zone: str, day: date, found: dict[date, Any], now: datetime) -> DayLeft:
    sale, one = sale_of(site, day, zone), found.get(day)
    if now >= sale.until:
        return DayLeft(day, "over")
    if one is None or one["ceiling"] == 0 or not site.is_open:
        return DayLeft(day, "shut")
    if now < sale.since:
        return DayLeft(day, "later", opens_at=sale.since)
    if not one["slots"]:
        return DayLeft(day, "over")
    free = max(min(one["free"], one["in_slots"]), 0)
    return DayLeft(day, _state(free, one["ceiling"]), free)


def _state(free: int, ceiling: int) -> State:
    if free <= 0:
        return "full"
    return "few" if free * 100 <= ceiling * FEW_PERCENT else "free"


@dataclass(frozen=True, slots=True)
class Own:
    """A slot's own window of sale."""

    opens_days: int | None
    opens_minute: int | None


async def slots_left(
    site: Site, day: date, channel: str = "web", *, is_staff: bool = False, zone: str = ""
) -> Sequence[SlotLeft]:
    """Return the slots of a day in their order; with ``zone``, those with a later window of sale wait for it."""
    now = datetime.now(UTC)
    found = await rows(_SLOTS, site.tenant_id, site.id, day, channel)
    return [_slot(site, one, now, "" if is_staff else zone, is_staff=is_staff) for one in found]


def _slot(site: Site, one: Any, now: datetime, zone: str, *, is_staff: bool) -> SlotLeft:
    last = one["ends_at"]
    if not is_staff:
        last = min(last, one["starts_at"] + timedelta(minutes=site.closes_minutes))
    state: State = "over" if now >= last else _state(one["free"], one["ceiling"])
    if one["status"] != "open" or one["ceiling"] == 0:
        state = "shut"
    opens_at = _opens_at(site, one, zone) if zone else None
    if opens_at is not None and now < opens_at and state in {"free", "few"}:
        state = "later"
    return SlotLeft(
        one["id"], json.loads(one["names"]), one["starts_at"], one["ends_at"], state, one["free"], opens_at
    )


def _opens_at(site: Site, one: Any, zone: str) -> datetime | None:
    if one["opens_days"] is None:
        return None
    return sale_of(site, one["day"], zone, Own(one["opens_days"], one["opens_minute"])).since
