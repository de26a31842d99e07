"""What pages read about adjustments: lists, those of one bill, those of one account."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.lists import Line, adding, totalled
from billing.payments.staff_queries import Selection
from tenants.actor import Actor
from tenants.scope import rows
from ui.i18n import N_
from ui.tables import TableQuery, Total

FILTERS = ("status", "kind")
_SORTS = {"created_at": "a.created_at", "amount_minor": "a.amount_minor", "number": "a.number"}
_ADJUSTMENTS = """
select a.id, a.number, a.created_at, a.kind, a.status, a.currency, a.amount_minor, a.reason, a.requested_by_name,
       a.decided_by_name, a.applied_at, a.bill_id, b.number bill_number, b.account_number, s.number standing_number
  from billing_adjustment a
  join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id
  left join billing_standing_adjustment s on s.tenant_id = a.tenant_id and s.id = a.standing_id
 where a.tenant_id = $1
"""
_STANDING = """
select a.id, a.number, a.created_at, a.kind, a.status, a.currency, a.amount_minor, a.percent, a.reason,
       a.effective_from, a.effective_until, a.requested_by_name, a.account_id, c.number account_number, i.names
  from billing_standing_adjustment a
  join tenants_account c on c.tenant_id = a.tenant_id and c.id = a.account_id
  left join billing_fee_item i on i.tenant_id = a.tenant_id and i.id = a.fee_item_id
 where a.tenant_id = $1
"""


def _chosen(actor: Actor, query: TableQuery, searched: Sequence[str]) -> Selection:
    chosen = Selection(actor.tenant_id)
    for name in FILTERS:
        if query.get(name):
            chosen.add(f"a.{name} = {{}}", query.get(name))
    if query.q:
        found = [f"{column} ilike {{}}" for column in searched]
        chosen.search(query.q, *found, amount="a.amount_minor", currency=actor.place["currency"])
    return chosen


async def list_adjustments(
    actor: Actor, query: TableQuery, *, limit: int, offset: int
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    """Return adjustments of bills, those to decide first, how many there are and what is let off."""
    actor.require("adjustments.read")
    chosen = _chosen(actor, query, ("a.number", "b.number", "b.account_number", "a.requested_by_name"))
    return await _page(_ADJUSTMENTS, chosen, query, limit, offset, _LET_OFF_LINES)


async def list_standing(
    actor: Actor, query: TableQuery, *, limit: int, offset: int
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    """Return lasting adjustments, those to decide first, and how many there are."""
    actor.require("adjustments.read")
    chosen = _chosen(actor, query, ("a.number", "c.number", "a.requested_by_name"))
    return await _page(_STANDING, chosen, query, limit, offset)


_LET_OFF_LINES = (
    adding("amount_minor", label=N_("Total let off"), only="status = 'applied'"),
    adding("amount_minor", label=N_("Waiting for approval"), only="status = 'requested'"),
)


async def _page(  # noqa: PLR0917 - one list: what, which, in which order, how much of it, and what stands below
    sql: str,
    chosen: Selection,
    query: TableQuery,
    limit: int,
    offset: int,
    lines: Sequence[Line] = (),
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    counted = await totalled(f"{sql}{chosen.where}", chosen.args, lines)
    column = _SORTS.get(query.sort.removeprefix("-"), "a.created_at")
    way = "asc" if query.sort and not query.sort.startswith("-") else "desc"
    first = "" if query.sort else "a.status = 'requested' desc, "
    order = f" order by {first}{column} {way}, a.id {way} limit {limit:d} offset {offset:d}"
    return await rows(sql + chosen.where + order, *chosen.args), *counted


_OF_BILL = """
select a.id, a.number, a.kind, a.status, a.currency, a.amount_minor, a.applied_at, a.reversed_at, a.reason,
       a.reversal_reason, a.reversed_by_name, coalesce(nullif(a.requested_by_name, ''), a.decided_by_name) by_name,
       i.names
  from billing_adjustment a left join billing_fee_item i on i.tenant_id = a.tenant_id and i.id = a.fee_item_id
 where a.tenant_id = $1 and a.bill_id = $2 order by a.created_at, a.id limit 200
"""


async def of_bill(tenant_id: UUID, bill_id: UUID) -> Sequence[Any]:
    """Return a bill's adjustments, oldest first: all for staff, those in effect for its payer (by the scope)."""
    return await rows(_OF_BILL, tenant_id, bill_id)


_LET_OFF = """
select coalesce(a.kind, p.cause) kind, sum(p.amount_minor)::bigint amount_minor, min(p.created_at) applied_at
  from billing_adjustment_part p
  left join billing_adjustment a on a.tenant_id = p.tenant_id and a.id = p.source_id and p.cause = 'adjustment'
 where p.tenant_id = $1 and p.bill_id = $2
 group by p.cause, p.source_id, a.kind having sum(p.amount_minor) <> 0 order by 3, 1 limit 200
"""


async def let_off(tenant_id: UUID, bill_id: UUID) -> Sequence[Any]:
    """Return what a bill no longer asks for, whatever the cause: together its ``adjusted_minor``."""
    return await rows(_LET_OFF, tenant_id, bill_id)


_OF_ACCOUNT = _STANDING + " and a.account_id = $2 order by a.status, a.effective_from desc, a.id limit 50"


async def standing_of(tenant_id: UUID, account_id: UUID) -> Sequence[Any]:
    """Return an account's lasting adjustments."""
    return await rows(_OF_ACCOUNT, tenant_id, account_id)


_FEES = """
select distinct i.id, i.names, i.position from billing_bill_line l
  join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = $2 order by i.position, i.id
"""


async def fees_of_bill(tenant_id: UUID, bill_id: UUID) -> Sequence[Any]:
    """Return the fee items on a bill, in their order."""
    return await rows(_FEES, tenant_id, bill_id)
