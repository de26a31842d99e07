"""Agencies, their bookings and statements as lists: one statement each, for the page and for the file."""

from typing import Any
from uuid import UUID

from billing.lists import Listing
from scenarios.tourism.agencies.desk import Desk
from scenarios.tourism.models import Contract, Product
from tenants.scope import rows
from ui.tables import TableQuery

CONTRACTS = Listing(
    name="agencies",
    filters=("status",),
    sorts={"name": "a.sort_key", "until": "c.until", "limit_minor": "c.limit_minor"},
    default_sort="name",
    sql="""
select c.id, c.account_id, a.number, a.name, c.status, c.since, c.until, c.counts, c.limit_minor, c.allotment,
       coalesce(w.balance_minor, 0) deposit_minor, n.currency,
       (select count(*) from tourism_statement s where s.tenant_id = c.tenant_id and s.contract_id = c.id
          and s.status = 'draft') drafts
  from tourism_contract c join tenants_account a on a.tenant_id = c.tenant_id and a.id = c.account_id
  join tenants_tenant n on n.id = c.tenant_id
  left join billing_wallet w on w.tenant_id = c.tenant_id and w.account_id = c.account_id
       and w.kind = 'agency_deposit'
 where c.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2) and ($3 = '' or c.status = $3)""",
)
STATEMENTS = Listing(
    name="statements",
    filters=("status", "agency"),
    sorts={"period": "s.period", "total_minor": "s.total_minor", "name": "a.sort_key"},
    default_sort="-period",
    sql="""
select s.id, s.period, s.status, s.total_minor, s.currency, s.counts, a.number, a.name, b.number bill_number,
       coalesce(b.total_minor - b.paid_minor - b.adjusted_minor, 0)::bigint left_minor
  from tourism_statement s join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
  left join billing_bill b on b.tenant_id = s.tenant_id and b.id = s.bill_id
 where s.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2) and ($3 = '' or s.status = $3)
   and ($4 = '' or s.contract_id::text = $4)""",
)
_BOOKINGS = """
select o.id, o.number, o.day, o.status, o.people, o.total_minor, o.currency, o.created_at, o.by_name, s.starts_at,
       s.ends_at, coalesce((select sum(least(t.used, t.people)) from tourism_ticket t
         where t.tenant_id = $1 and t.order_id = o.id and (t.places > 0 or t.product_id = t.bought_id)), 0)::int used
  from tourism_order o left join tourism_slot s on s.tenant_id = $1 and s.id = o.slot_id
 where o.tenant_id = $1 and o.account_id = $2 and o.contract_id is not null
   and ($3 = '' or o.number ilike $3 or o.by_name ilike $3) and ($4 = '' or o.day::text = $4)
"""
_SORTS = {"day": "day", "number": "number", "people": "people", "created_at": "created_at"}
MOST = 10_000


async def bookings(desk: Desk, query: TableQuery, *, is_whole: bool = False) -> tuple[list[Any], int]:
    """Return one page of an agency's bookings (or all of them) and how many there are."""
    words = f"%{query.q.upper()}%" if query.q else ""
    args = (desk.tenant.id, desk.account.id, words, query.get("day"))
    way = "desc" if query.sort.startswith("-") else "asc"
    column = _SORTS.get(query.sort.removeprefix("-"), "created_at")
    limit, offset = (MOST, 0) if is_whole else (query.limit, query.offset)
    page = (
        f"select * from ({_BOOKINGS}) b order by {column} {way}, id {way} limit {limit:d} offset {offset:d}"
    )
    (count,) = await rows(f"select count(*) n from ({_BOOKINGS}) b", *args)
    return [dict(one) for one in await rows(page, *args)], count["n"]


_ALLOTMENTS = """
select p.day, s.starts_at, s.ends_at, p.ceiling, p.sold, greatest(p.capacity - p.held - p.sold, 0) left_
  from tourism_pool p join tourism_slot s on s.tenant_id = $1 and s.id = p.slot_id
 where p.tenant_id = $1 and p.channel = $2 and p.is_reserved and p.day >= $3 and p.capacity > 0
 order by p.day, s.starts_at limit 14
"""


async def allotments_of(contract: Contract, day: Any) -> list[Any]:
    """Return the coming times of which places are kept for the agency, with what is left of them."""
    return await rows(_ALLOTMENTS, contract.tenant_id, str(contract.id), day)


async def products_sold(contract: Contract) -> dict[UUID, Product]:
    """Return the products that the contract has prices for, in their order."""
    ids = {one["product"] for one in contract.prices}
    found = await Product.filter(tenant_id=contract.tenant_id, id__in=ids).order_by("position", "key")
    return {one.id: one for one in found}
