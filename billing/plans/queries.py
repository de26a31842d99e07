"""What pages of plans and credit notes show."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.models import CreditNote, InstalmentPlan, PlanBill
from tenants.actor import Actor
from tenants.scope import rows, value
from ui.tables import TableQuery

_LIST = """
select p.*, s.next_on, coalesce(s.left_minor, 0)::bigint left_minor,
       p.status = 'active' and s.next_on < $2::date is_missed
  from billing_instalment_plan p
  left join lateral (
    select min(b.due_on) next_on, sum(b.total_minor - b.paid_minor - b.adjusted_minor) left_minor
      from billing_plan_bill q join billing_bill b on b.tenant_id = $1 and b.id = q.bill_id
     where q.tenant_id = $1 and q.plan_id = p.id and b.status in ('issued', 'part_paid')) s on true
 where p.tenant_id = $1 and ($4 = '' or p.account_number ilike '%' || $4 || '%' or p.number ilike '%' || $4 || '%')
   and case $3 when '' then true when 'missed' then p.status = 'active' and s.next_on < $2::date
            else p.status = $3 end
"""
SORTS = {
    "number": "number",
    "account_number": "account_number",
    "next_on": "next_on",
    "total_minor": "total_minor",
}
MOST = 10_000


async def listed(actor: Actor, query: TableQuery, today: Any, *, most: int = 0) -> tuple[list[Any], int]:
    """Return one page of plans (or the first ``most``) and how many there are."""
    actor.require("bills.read")
    args = (actor.tenant_id, today, query.get("status"), query.q)
    total: int = await value(f"select count(*) from ({_LIST}) found", *args)
    column = SORTS.get(query.sort.removeprefix("-"), "created_at")
    direction = "desc" if query.sort.startswith("-") else "asc"
    found = await rows(
        f"select * from ({_LIST}) found order by {column} {direction} nulls last, id limit $5 offset $6",
        *args,
        most or query.limit,
        0 if most else query.offset,
    )
    return found, total


_OPEN = """
select b.id, b.number, b.period, b.due_on, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from billing_bill b
 where b.tenant_id = $1 and b.account_id = $2 and b.status in ('issued', 'part_paid') and b.held_until is null
   and b.total_minor > b.paid_minor + b.adjusted_minor and not exists (
     select 1 from billing_plan_bill q where q.tenant_id = $1 and q.bill_id = b.id and q.is_live)
 order by b.due_on, b.number limit 50
"""


async def open_bills(tenant_id: UUID, account_id: UUID) -> list[Any]:
    """Return an account's bills that could be spread, oldest first."""
    return await rows(_OPEN, tenant_id, account_id)


_OF_PLAN = """
select b.id, b.number, b.period, b.currency, b.status, q.amount_minor,
       case when b.status in ('issued', 'part_paid') then b.total_minor - b.paid_minor - b.adjusted_minor else 0 end
         left_minor
  from billing_plan_bill q join billing_bill b on b.tenant_id = $1 and b.id = q.bill_id
 where q.tenant_id = $1 and q.plan_id = $2 order by b.period, b.number
"""


async def bills_of(plan: InstalmentPlan) -> list[Any]:
    """Return the plan's bills with what was left of each when it was agreed, and what is left now."""
    return await rows(_OF_PLAN, plan.tenant_id, plan.id)


async def plan_of_bill(tenant_id: UUID, bill_id: UUID) -> InstalmentPlan | None:
    """Return the plan that a bill is paid by, as the open scope sees it."""
    link = await PlanBill.get_or_none(tenant_id=tenant_id, bill_id=bill_id, is_live=True)
    return await InstalmentPlan.get_or_none(tenant_id=tenant_id, id=link.plan_id) if link else None


async def plans_of_account(tenant_id: UUID, account_id: UUID) -> Sequence[InstalmentPlan]:
    """Return an account's plans, newest first."""
    found = InstalmentPlan.filter(tenant_id=tenant_id, account_id=account_id)
    return await found.order_by("-created_at").limit(20)


async def notes_of_bill(tenant_id: UUID, bill_id: UUID) -> Sequence[CreditNote]:
    """Return a bill's credit notes, oldest first, as the open scope sees them."""
    return await CreditNote.filter(tenant_id=tenant_id, bill_id=bill_id).order_by("created_at").limit(100)
