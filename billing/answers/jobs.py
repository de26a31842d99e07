"""Answers come to their end: promises kept or broken, voluntary items that nobody has paid lapse."""

from billing.answers import service
from billing.answers.states import PROMISE
from billing.daily import every_day
from tenants.actor import Actor
from tenants.days import today_at
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict

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
        now = await today_at(actor.tenant_id)
        await execute(_KEPT, actor.tenant_id, PROMISE.after("made", "keep"))
        await execute(_BROKEN, actor.tenant_id, PROMISE.after("made", "break"), now)
        await execute(_DISPUTES, actor.tenant_id)


MOST_LAPSING = 5_000
"""Lines of one institution in one day; the rest follow on the next."""
_VOLUNTARY = f"""
select l.bill_id, l.id
  from billing_bill b
  join billing_bill_line l on l.tenant_id = $1 and l.bill_id = b.id
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id and i.is_voluntary
 where b.tenant_id = $1 and b.status in ('issued', 'part_paid') and b.due_on < $2
   and l.amount_minor > 0 and l.paid_minor = 0 and l.adjusted_minor = 0
   and not exists (select 1 from billing_payment_part p where p.tenant_id = $1 and p.bill_id = b.id and p.is_live)
   and not exists (select 1 from billing_plan_bill q where q.tenant_id = $1 and q.bill_id = b.id and q.is_live)
 order by b.due_on, l.id limit {MOST_LAPSING}
"""


@every_day
async def lapse_voluntary(actor: Actor) -> None:
    """Take off bills what was voluntary and stayed unpaid beyond its day, before anybody is reminded of it."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        now = await today_at(actor.tenant_id)
        waiting = await rows(_VOLUNTARY, actor.tenant_id, now)
    for one in waiting:
        try:
            async with open_scope(tenant_scope(actor.tenant_id)):
                await service.lapse(
                    actor, tenant_id=actor.tenant_id, bill_id=one["bill_id"], line_id=one["id"]
                )
        except Conflict:
            continue  # it has been paid or closed in this moment
