"""The figures of a day: people on site, in and out by gate and hour, tickets by what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from scenarios.tourism.calendar.days import moment
from scenarios.tourism.gates.presence import on_site
from scenarios.tourism.models import Site
from tenants.scope import row, rows

_HOURS = """
select extract(hour from r.scanned_at at time zone $4)::int "hour", r.gate_id, g.name gate,
       coalesce(sum(r.people) filter (where r.direction = 'entry'), 0)::int entered,
       coalesce(sum(r.people) filter (where r.direction = 'exit'), 0)::int left_
  from tourism_redemption r join tourism_gate g on g.tenant_id = $1 and g.id = r.gate_id
 where r.tenant_id = $1 and r.site_id = $2 and r.scanned_at >= $3 and r.scanned_at < $5
   and r.verdict in ('accepted', 'conflict') and not r.is_repeat
 group by 1, 2, 3 order by 1, 3
"""
_TICKETS = """
select coalesce(sum(t.people) filter (where t.status in ('issued', 'part_used', 'used', 'no_show')), 0)::int sold,
       coalesce(sum(t.used) filter (where t.uses_per_day = 0), 0)::int used,
       coalesce(sum(t.people) filter (where t.status in ('refunding', 'refunded')), 0)::int given_back,
       coalesce(sum(t.people) filter (where t.status = 'no_show'), 0)::int missed,
       coalesce(sum(t.price_minor) filter (where t.status in ('issued', 'part_used', 'used', 'no_show')), 0)::bigint
         sold_minor,
       coalesce(sum(t.refund_minor), 0)::bigint back_minor
  from tourism_ticket t where t.tenant_id = $1 and t.site_id = $2 and t.day = $3
"""
_CHANNELS = """
select o.channel, count(distinct o.id)::int orders, coalesce(sum(t.people), 0)::int people
  from tourism_order o join tourism_ticket t on t.tenant_id = $1 and t.order_id = o.id
   and t.status in ('issued', 'part_used', 'used', 'no_show')
 where o.tenant_id = $1 and o.site_id = $2 and t.day = $3 group by o.channel order by 3 desc
"""
_REPORT = """
select p.day, p.ceiling, p.sold, coalesce(r.cap_percent, 100) cap_percent, coalesce(r.reason, '') reason,
       coalesce(r.weather, '') weather,
       coalesce(s.entered, 0) entered, coalesce(s.exited, 0) exited,
       coalesce(t.given_back, 0) given_back, coalesce(t.missed, 0) missed
  from tourism_pool p
  left join tourism_day_rule r on r.tenant_id = $1 and r.site_id = $2 and r.day = p.day
  left join (select day, sum(people) filter (where direction = 'entry')::int entered,
                    sum(people) filter (where direction = 'exit')::int exited
               from tourism_redemption where tenant_id = $1 and site_id = $2 and verdict in ('accepted', 'conflict')
                and not is_repeat and day between $3 and $4 group by day) s on s.day = p.day
  left join (select day, sum(people) filter (where status in ('refunding', 'refunded'))::int given_back,
                    sum(people) filter (where status = 'no_show')::int missed
               from tourism_ticket where tenant_id = $1 and site_id = $2 and day between $3 and $4 group by day) t
    on t.day = p.day
 where p.tenant_id = $1 and p.site_id = $2 and p.scope = 'day' and p.day between $3 and $4 order by p.day desc
"""


@dataclass(frozen=True, slots=True)
class Presence:
    """How many people are on site against the approved cap."""

    people: int
    cap: int
    alarm_percent: int

    @property
    def percent(self) -> int:
        """How much of the cap that is."""
        return self.people * 100 // self.cap if self.cap else 0

    @property
    def is_alarming(self) -> bool:
        """Whether the cap is so near that something has to be done."""
        return self.percent >= self.alarm_percent

    @property
    def left(self) -> int:
        """How many more may come in at this moment."""
        return max(self.cap - self.people, 0)


@dataclass(frozen=True, slots=True)
class Hour:
    """What passed a gate in one hour."""

    hour: int
    gate_id: UUID
    gate: str
    entered: int
    left: int


async def presence(site: Site) -> Presence:
    """Return how many people are on site now."""
    return Presence(await on_site(site.tenant_id, site.id), site.instant_cap, site.alarm_percent)


async def hours(site: Site, zone: str, day: date) -> list[Hour]:
    """Return who passed which gate in which hour of a day."""
    begin, end = moment(day, 0, zone), moment(day + timedelta(days=1), 0, zone)
    found = await rows(_HOURS, site.tenant_id, site.id, begin, zone, end)
    return [Hour(*one.values()) for one in found]


def by_hour(found: Sequence[Hour], gates: Sequence[str]) -> list[tuple[int, dict[str, Hour], int, int]]:
    """Return the hours of a day with each gate's figures and the sums of all."""
    made = []
    for hour in sorted({one.hour for one in found}):
        own = {one.gate: one for one in found if one.hour == hour and one.gate in gates}
        made.append(
            (hour, own, sum(one.entered for one in own.values()), sum(one.left for one in own.values()))
        )
    return made


async def tickets(site: Site, day: date) -> Any:
    """Return what became of a day's tickets, in people and money."""
    return await row(_TICKETS, site.tenant_id, site.id, day)


async def channels(site: Site, day: date) -> Sequence[Any]:
    """Return where a day's tickets were sold."""
    return await rows(_CHANNELS, site.tenant_id, site.id, day)


async def report(site: Site, first: date, last: date) -> list[dict[str, Any]]:
    """Return a span of days as the authority asks for them: cap, sold, entered, given back, not come."""
    return [dict(one) for one in await rows(_REPORT, site.tenant_id, site.id, first, last)]
