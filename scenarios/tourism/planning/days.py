"""A site's days in figures: how many each takes, what is held and sold."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scenarios.tourism.models import Site
from tenants.scope import rows

SHOWN = 14
_RESERVED = """
(select coalesce(sum(a.capacity - a.sold), 0)::int from tourism_pool a
  where a.tenant_id = $1 and a.site_id = $2 and a.day = p.day and a.is_reserved)
"""
"""What agencies have been promised and not booked yet: held in slot and day, but nobody is paying for it."""
_DAYS = f"""
select p.day, p.ceiling, p.capacity, p.held, p.sold, {_RESERVED} reserved, coalesce(r.is_shut, false) is_shut,
       coalesce(r.reason, '') reason, coalesce(r.cap_percent, 100) cap_percent
  from tourism_pool p
  left join tourism_day_rule r on r.tenant_id = $1 and r.site_id = $2 and r.day = p.day
 where p.tenant_id = $1 and p.site_id = $2 and p.scope = 'day' and p.day between $3 and $4 order by p.day
"""
_POOLS = f"""
select p.scope, p.channel, p.ceiling, p.capacity, p.held, p.sold,
       case p.scope when 'channel' then 0 when 'day' then {_RESERVED} else (
         select coalesce(sum(a.capacity - a.sold), 0)::int from tourism_pool a
          where a.tenant_id = $1 and a.slot_id = p.slot_id and a.is_reserved) end reserved,
       t.id slot_id, t.names, t.starts_at, t.ends_at, t.status, t.reason
  from tourism_pool p left join tourism_slot t on t.tenant_id = $1 and t.id = p.slot_id
 where p.tenant_id = $1 and p.site_id = $2 and p.day = $3
 order by t.starts_at nulls first, p.scope desc, p.channel
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """How full something is."""

    ceiling: int
    held: int
    sold: int

    @property
    def left(self) -> int:
        """How many people it still takes."""
        return max(self.ceiling - self.held - self.sold, 0)

    @property
    def percent(self) -> int:
        """How much of it is sold or held."""
        return (self.held + self.sold) * 100 // self.ceiling if self.ceiling else 0


async def of_site(site: Site, first: date, count: int) -> list[dict[str, Any]]:
    """Return the days of a span that have been made, each with how full it is."""
    last = first + timedelta(days=count - 1)
    found = await rows(_DAYS, site.tenant_id, site.id, first, last)
    return [{**dict(one), "filled": filled(one)} for one in found]


async def pools_of(site: Site, day: date) -> list[dict[str, Any]]:
    """Return a day's pools: itself first, then each slot with its allotments."""
    found = await rows(_POOLS, site.tenant_id, site.id, day)
    return [{**dict(one), "names": json.loads(one["names"] or "{}"), "filled": filled(one)} for one in found]


def filled(one: Any) -> Filled:
    """Return how full a pool is."""
    return Filled(one["ceiling"], one["held"], one["sold"])
