"""What waits for the bank: refunds and payouts in one list, of the institutions of the actor's branches."""

from typing import Any

from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.onboarding.queries import BELOW
from tenants.scope import rows, value
from ui.tables import TableQuery

FILTERS = ("kind", "state")
OPEN = ("held", "placing", "releasing")
_ALL = """
select h.id, 'refund' kind, h.created_at, h.tenant_id, t.name tenant, h.number, h.amount_minor, h.currency,
       h.status, a.id alert_id, a.key, '' asked_by_name, h.decided_by_name, h.reason decision, '' reason
  from billing_risk_hold h join billing_risk_alert a on a.id = h.alert_id join tenants_tenant t on t.id = h.tenant_id
 where h.bank_id = $1 and a.branch_id in (select id from below)
union all
select p.id, 'payouts', p.created_at, p.tenant_id, t.name, p.number, null, '', p.status, p.alert_id, '',
       p.asked_by_name, p.released_by_name, p.release_reason, p.reason
  from billing_payout_hold p join tenants_tenant t on t.id = p.tenant_id
 where p.bank_id = $1 and p.branch_id in (select id from below)
"""
_FOUND = (
    f"{BELOW} select * from ({_ALL}) q where ($3 = '' or q.kind = $3) and ($4 = 'all' or q.status = $4"
    " or ($4 in ('', 'open') and q.status = any ($5::text[])))"
)


def _args(actor: Actor, query: TableQuery) -> tuple[Any, ...]:
    return bank_of(actor), list(actor.branches), query.get("kind"), query.get("state"), list(OPEN)


async def waiting(actor: Actor, query: TableQuery, most: int | None = None) -> list[Any]:
    """Return what waits, or has waited, the newest first."""
    limit, offset = (most, 0) if most else (query.limit, query.offset)
    order = "order by q.created_at desc, q.id"
    return list(await rows(f"{_FOUND} {order} limit {limit:d} offset {offset:d}", *_args(actor, query)))


async def count(actor: Actor, query: TableQuery) -> int:
    """Return how many the list has."""
    return int(await value(f"select count(*) from ({_FOUND}) n", *_args(actor, query)))
