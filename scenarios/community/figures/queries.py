"""The figures, each one statement over the estate's own rows."""

from datetime import date
from typing import Any
from uuid import UUID

from tenants.scope import rows

COUNTED = "('issued', 'part_paid', 'paid', 'written_off')"
_COLLECTED = f"""
select {{key}} name, count(*) bills, sum(b.total_minor - b.adjusted_minor)::bigint billed_minor,
       sum(b.paid_minor)::bigint paid_minor,
       sum(b.total_minor - b.adjusted_minor - b.paid_minor)::bigint left_minor, $3::text currency
  from billing_bill b
  left join community_unit u on u.tenant_id = $1 and u.account_id = b.account_id
  left join community_tenure e on e.tenant_id = $1 and e.account_id = b.account_id
  left join community_unit v on v.tenant_id = $1 and v.id = e.unit_id
  left join community_building d on d.tenant_id = $1 and d.id = coalesce(u.building_id, v.building_id)
  left join community_care c on c.tenant_id = $1 and c.building_id = d.id
 where b.tenant_id = $1 and b.scenario = 'community' and b.status in {COUNTED} and b.currency = $3
   and b.period >= $2 and b.held_until is null
 group by 1 order by 1
"""
KEYS = {
    "building": "coalesce(d.code, '–')",
    "manager": "coalesce(nullif(c.manager, ''), '–')",
    "month": "b.period",
}
_AGES = """
with open as (
  select b.id, b.due_on, b.total_minor - b.paid_minor - b.adjusted_minor left_minor,
         coalesce((select sum(a.amount_minor) from billing_allocation a where a.tenant_id = $1 and a.bill_id = b.id
                    and a.created_at > now() - interval '30 days'), 0) lately_minor
    from billing_bill b
   where b.tenant_id = $1 and b.scenario = 'community' and b.currency = $3 and b.held_until is null
     and b.status in ('issued', 'part_paid', 'paid') and b.due_on < $2),
bands (place, least, most) as (values (1, 1, 30), (2, 31, 60), (3, 61, 90), (4, 91, 100000))
select n.place, n.least, n.most,
       coalesce(sum(o.left_minor) filter (where $2 - o.due_on between n.least and n.most), 0)::bigint left_minor,
       count(*) filter (where $2 - o.due_on between n.least and n.most and o.left_minor > 0) bills,
       coalesce(sum(o.lately_minor) filter (where $2 - 30 - o.due_on between n.least and n.most), 0)::bigint came_minor,
       coalesce(sum(o.left_minor + o.lately_minor)
                filter (where $2 - 30 - o.due_on between n.least and n.most), 0)::bigint was_minor, $3::text currency
  from bands n cross join open o group by n.place, n.least, n.most order by n.place
"""
_POOLS = """
select p.id, p.names, p.period, p.budget_minor, p.total_minor, p.total_minor - p.budget_minor over_minor, p.currency
  from community_pool p where p.tenant_id = $1 and p.period >= $2 order by p.period, p.names::text
"""
_ENERGY = """
select b.code name, m.kind, date_trunc('month', r.read_on)::date period, sum(r.usage) used, area.sqm,
       round(sum(r.usage) / nullif(area.sqm, 0), 3) per_sqm
  from community_meter m
  join community_reading r on r.tenant_id = $1 and r.meter_id = m.id and r.status = 'accepted'
  join community_building b on b.tenant_id = $1 and b.id = m.building_id
  cross join lateral (
    select coalesce(sum((a.attributes ->> 'area_sqm')::numeric), 0) sqm from community_unit u
      join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
     where u.tenant_id = $1 and u.building_id = b.id) area
 where m.tenant_id = $1 and m.unit_id is null and m.kind in ('power', 'heat', 'gas') and r.read_on >= $2
 group by b.code, m.kind, 3, area.sqm order by b.code, 3
"""
_BY_FEE = """
select i.key, i.names, l.period, sum(l.amount_minor - l.adjusted_minor)::bigint billed_minor,
       sum(l.paid_minor)::bigint paid_minor, l.currency
  from billing_bill_line l join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
  join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id and b.status in ('issued', 'part_paid', 'paid')
 where l.tenant_id = $1 and b.scenario = 'community' and l.period >= $2 and b.kind = 'periodic' and i.kind = 'charge'
 group by i.key, i.names, i.position, l.period, l.currency order by l.period desc, i.position
"""
_SPENT = """
select p.names, p.period, sum(v.amount_minor)::bigint amount_minor, count(*) invoices, p.currency
  from community_pool p join community_pool_invoice v on v.tenant_id = $1 and v.pool_id = p.id
 where p.tenant_id = $1 and p.status = 'closed' and p.period >= $2
 group by p.id, p.names, p.period, p.currency order by p.period desc, p.names::text
"""


async def collected(tenant_id: UUID, since: date, currency: str, by: str) -> list[Any]:
    """Return what was billed and what came in since a month, by building, manager or month."""
    return await rows(_COLLECTED.format(key=KEYS[by]), tenant_id, since, currency)


async def ages(tenant_id: UUID, today: date, currency: str) -> list[dict[str, Any]]:
    """Return arrears by age, and what of each band comes in within 30 days if payers go on as they did.

    ``share`` is what came in during the last 30 days of what was owed at that age 30 days ago, nothing where nothing
    was owed; ``expected_minor`` is as much of what is owed now.
    """
    found = []
    for one in await rows(_AGES, tenant_id, today, currency):
        share = one["came_minor"] / one["was_minor"] if one["was_minor"] else None
        expected = None if share is None else one["left_minor"] * one["came_minor"] // one["was_minor"]
        found.append({**dict(one), "share": share, "expected_minor": expected})
    return found


async def pools(tenant_id: UUID, since: date) -> list[Any]:
    """Return the pools since a month beside their budgets."""
    return await rows(_POOLS, tenant_id, since)


async def energy(tenant_id: UUID, since: date) -> list[Any]:
    """Return what buildings used by their own meters, by month and square metre."""
    return await rows(_ENERGY, tenant_id, since)


async def by_fee(tenant_id: UUID, since: date) -> list[Any]:
    """Return what each fee came to by month, and what came in; no unit and no person."""
    return await rows(_BY_FEE, tenant_id, since)


async def spent(tenant_id: UUID, since: date) -> list[Any]:
    """Return what shared costs came to by month; no unit and no person."""
    return await rows(_SPENT, tenant_id, since)
