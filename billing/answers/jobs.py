"""Promises come to their end: kept when the bill is paid, broken when the day has passed."""

from billing.answers.states import PROMISE
from billing.charges.periods import today
from billing.daily import every_day
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import execute, open_scope, tenant_scope

_KEPT = """
update billing_answer a set status = $2, closed_at = now() from billing_bill b
 where a.tenant_id = $1 and a.kind = 'promise' and a.closed_at is null and b.tenant_id = $1 and b.id = a.bill_id
   and b.status not in ('issued', 'part_paid')
"""
_BROKEN = """
update billing_answer a set status = $2, closed_at = now()
 where a.tenant_id = $1 and a.kind = 'promise' and a.closed_at is null and a.promised_on < $3
"""
_DISPUTES = """
update billing_answer a set status = 'withdrawn', closed_at = now() from billing_bill b
 where a.tenant_id = $1 and a.kind = 'dispute' and a.closed_at is null and b.tenant_id = $1 and b.id = a.bill_id
   and b.status = 'paid'
"""


@every_day
async def end_answers(actor: Actor) -> None:
    """Close what the last day has decided: promises, and disputes of bills that their payers paid after all."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        now = today((await Tenant.get(id=actor.tenant_id)).timezone)
        await execute(_KEPT, actor.tenant_id, PROMISE.after("made", "keep"))
        await execute(_BROKEN, actor.tenant_id, PROMISE.after("made", "break"), now)
        await execute(_DISPUTES, actor.tenant_id)
