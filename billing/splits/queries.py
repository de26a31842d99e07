"""What staff read about shared proceeds."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from billing.payments.staff_queries import Selection
from tenants.actor import Actor
from tenants.scope import each, rows, value
from ui.tables import TableQuery

FILTERS = ("status",)
_SHARES = """
select s.id, s.created_at, s.status, s.error, s.currency, s.amount_minor, s.payment_id, s.return_id,
       p.number payment_number, v.id receiver_id, v.name receiver_name, i.names fee_names,
       coalesce((select sum(b.amount_minor) from billing_share_return b where b.tenant_id = s.tenant_id
         and b.share_id = s.id and b.status in ('returned', 'undone')), 0)::bigint returned_minor
  from billing_share s join billing_payment p on p.tenant_id = s.tenant_id and p.id = s.payment_id
  join billing_receiver v on v.tenant_id = s.tenant_id and v.id = s.receiver_id
  join billing_split_rule r on r.tenant_id = s.tenant_id and r.id = s.rule_id
  join billing_fee_item i on i.tenant_id = r.tenant_id and i.id = r.fee_item_id
 where s.tenant_id = $1
"""
_SORTS = {"created_at": "s.created_at", "amount_minor": "s.amount_minor"}


async def list_shares(actor: Actor, query: TableQuery, receiver_id: UUID) -> tuple[Sequence[Any], int]:
    """Return one page of a receiver's shares, and how many there are."""
    chosen = _chosen(actor, query, receiver_id)
    total = await value(
        f"select count(*) from billing_share s where s.tenant_id = $1{chosen.where}", *chosen.args
    )
    page = f" order by {_order(query)} limit {query.limit:d} offset {query.offset:d}"
    return await rows(_SHARES + chosen.where + page, *chosen.args), int(total)


def all_shares(actor: Actor, query: TableQuery, receiver_id: UUID) -> AsyncIterator[Any]:
    """Return a reader of all of a receiver's shares, for a file, within the open scope."""
    chosen = _chosen(actor, query, receiver_id)
    return each(f"{_SHARES}{chosen.where} order by s.created_at, s.id", *chosen.args)


def _chosen(actor: Actor, query: TableQuery, receiver_id: UUID) -> Selection:
    actor.require("splits.read")
    chosen = Selection(actor.tenant_id)
    chosen.add("s.receiver_id = {}", receiver_id)
    if query.get("status"):
        chosen.add("s.status = {}", query.get("status"))
    return chosen


def _order(query: TableQuery) -> str:
    column = _SORTS.get(query.sort.removeprefix("-"), "s.created_at")
    return f"{column} {'asc' if query.sort and not query.sort.startswith('-') else 'desc'}, s.id"


async def shares_of(tenant_id: UUID, payment_id: UUID) -> list[Any]:
    """Return a payment's shares in the order in which they were made."""
    return await rows(f"{_SHARES} and s.payment_id = $2 order by s.created_at, s.id", tenant_id, payment_id)


_RETURNS = """
select b.id, b.created_at, b.status, b.error, b.cause, b.cause_id, b.amount_minor, s.currency,
       v.name receiver_name, r.number refund_number, d.number dispute_number
  from billing_share_return b join billing_share s on s.tenant_id = b.tenant_id and s.id = b.share_id
  join billing_receiver v on v.tenant_id = s.tenant_id and v.id = s.receiver_id
  left join billing_refund r on r.tenant_id = b.tenant_id and r.id = b.cause_id
  left join billing_dispute d on d.tenant_id = b.tenant_id and d.id = b.cause_id
 where b.tenant_id = $1 and b.payment_id = $2 order by b.created_at, b.id
"""


async def returns_of(tenant_id: UUID, payment_id: UUID) -> list[Any]:
    """Return what has come back of a payment's shares, and why."""
    return await rows(_RETURNS, tenant_id, payment_id)


_NAMES = """
select r.id, i.names, r.version, r.effective_from, r.status, r.created_by_name, r.decided_by_name
  from billing_split_rule r join billing_fee_item i on i.tenant_id = r.tenant_id and i.id = r.fee_item_id
 where r.tenant_id = $1 order by r.status <> 'draft', r.created_at desc, r.id limit 500
"""


async def list_rules(actor: Actor) -> list[Any]:
    """Return the rules with their fees' names, those that wait first."""
    actor.require("splits.read")
    return await rows(_NAMES, actor.tenant_id)


_FEES = """
select id, names from billing_fee_item where tenant_id = $1 and is_active order by position, key limit 500
"""


async def fees(actor: Actor) -> list[Any]:
    """Return the fees for which a rule can be written."""
    return await rows(_FEES, actor.tenant_id)
