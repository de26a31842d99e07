"""Counters against counts: what each pool says is held and sold, and what the orders that draw on it say."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.scope import rows

_DIFFERENCES = """
with drawn as (
  select pool.key::uuid id,
         sum(case when o.status = 'held' then t.places else 0 end)::int held,
         sum(case when o.status in ('paid', 'part_refunded') then t.places else 0 end)::int sold
    from tourism_order o
    cross join lateral jsonb_object_keys(o.pools) pool(key)
    join tourism_ticket t on t.tenant_id = $1 and t.order_id = o.id
     and t.status in ('held', 'issued', 'part_used', 'used', 'no_show')
   where o.tenant_id = $1 and o.status in ('held', 'paid', 'part_refunded') group by pool.key
), kept as (
  select site_id, day, slot_id, sum(capacity - held - sold)::int places from tourism_pool
   where tenant_id = $1 and is_reserved group by grouping sets ((site_id, day), (site_id, day, slot_id))
), counted as (
  select p.id, p.held, p.sold, coalesce(d.held, 0) + coalesce(k.places, 0) held_counted,
         coalesce(d.sold, 0) sold_counted
    from tourism_pool p left join drawn d on d.id = p.id
    left join kept k on k.site_id = p.site_id and k.day = p.day and k.slot_id is not distinct from p.slot_id
     and p.scope in ('day', 'slot')
   where p.tenant_id = $1
)
select * from counted where (held, sold) is distinct from (held_counted, sold_counted)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A pool whose counters are wrong."""

    pool_id: UUID
    held: int
    sold: int
    held_counted: int
    sold_counted: int

    def facts(self) -> dict[str, Any]:
        """Return it as a log line has it."""
        return {
            "pool_id": str(self.pool_id),
            "held": self.held,
            "sold": self.sold,
            "held_counted": self.held_counted,
            "sold_counted": self.sold_counted,
        }


async def differences(tenant_id: UUID) -> list[Difference]:
    """Return every pool of an institution whose counters differ from what they count; none is right."""
    return [Difference(*one.values()) for one in await rows(_DIFFERENCES, tenant_id)]
