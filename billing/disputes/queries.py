"""What staff read about disputes."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.lists import adding, totalled
from billing.payments.staff_queries import Selection
from tenants.actor import Actor
from tenants.scope import rows
from ui.tables import TableQuery, Total

FILTERS = ("status",)
_LIST = """
select d.id, d.number, d.created_at, d.reason, d.status, d.evidence_due_at, d.decision, d.currency, d.amount_minor,
       d.fee_minor - d.fee_returned_minor fee_minor, d.channel, d.closed_at, p.id payment_id,
       p.number payment_number, p.payer_name
  from billing_dispute d join billing_payment p on p.tenant_id = d.tenant_id and p.id = d.payment_id
 where d.tenant_id = $1
"""
_SORTS = {
    "created_at": "d.created_at",
    "evidence_due_at": "d.evidence_due_at",
    "amount_minor": "d.amount_minor",
}


async def list_disputes(
    actor: Actor, query: TableQuery, *, limit: int, offset: int
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    """Return disputes, those that wait for an answer first by their day, how many there are and what they come to."""
    actor.require("payments.read")
    chosen = Selection(actor.tenant_id)
    if query.get("status"):
        chosen.add("d.status = {}", query.get("status"))
    if query.q:
        searched = ("d.number ilike {}", "p.number ilike {}", "p.payer_name ilike {}")
        chosen.search(query.q, *searched, amount="d.amount_minor", currency=actor.place["currency"])
    count, totals = await totalled(f"{_LIST}{chosen.where}", chosen.args, [adding("amount_minor")])
    found = await rows(
        f"{_LIST}{chosen.where} order by {_order(query)} limit {limit:d} offset {offset:d}", *chosen.args
    )
    return found, count, totals


def _order(query: TableQuery) -> str:
    column = _SORTS.get(query.sort.removeprefix("-"))
    if column:
        return f"{column} {'desc' if query.sort.startswith('-') else 'asc'} nulls last, d.id"
    return "d.status <> 'evidence_due', d.evidence_due_at nulls last, d.created_at desc, d.id"


_MONTHS = """
select date_trunc('month', created_at at time zone $3)::date as month, count(*) n,
       coalesce(sum(amount_minor) filter (where end_ = 'open'), 0)::bigint open_minor,
       coalesce(sum(amount_minor) filter (where end_ = 'kept'), 0)::bigint won_minor,
       coalesce(sum(amount_minor) filter (where end_ = 'lost'), 0)::bigint lost_minor
  from billing_dispute
 cross join lateral (select case when status in ('won', 'dropped') then 'kept'
   when status in ('lost', 'accepted') then 'lost' else 'open' end end_) e
 where tenant_id = $1 and currency = $2 group by 1 order by 1 desc limit 12
"""


async def months(tenant_id: UUID, currency: str, zone: str) -> list[Any]:
    """Return the latest months with disputes, oldest first: how much is open, kept and lost."""
    return list(reversed(await rows(_MONTHS, tenant_id, currency, zone)))


_ENTRIES = """
select e.kind, e.occurred_at, p.ledger, p.currency, p.amount_minor
  from billing_entry e join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
 where e.tenant_id = $1 and e.source_id = $2 and e.kind like 'dispute.%'
 order by e.occurred_at, array_position(array['opened', 'lost', 'reopened', 'borne', 'won', 'returned'],
       substr(e.kind, 9)), p.amount_minor desc, p.id
"""
_STORY = """
select act, created_at at, person_name, after from tenants_audit
 where tenant_id = $1 and subject_kind = 'dispute' and subject_id = $2 order by created_at desc, id desc limit 100
"""


async def entries_of(tenant_id: UUID, dispute_id: UUID) -> Sequence[Any]:
    """Return what the dispute did to the books, posting by posting."""
    return await rows(_ENTRIES, tenant_id, dispute_id)


async def acts_on(tenant_id: UUID, dispute_id: UUID) -> list[dict[str, Any]]:
    """Return the audit trail of a dispute, newest first."""
    found = await rows(_STORY, tenant_id, dispute_id)
    return [{**dict(each), "after": json.loads(each["after"]) if each["after"] else {}} for each in found]
