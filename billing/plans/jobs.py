"""Plans follow the money: whatever changes what is left of a bill has its plan looked at again.

Importing this module registers it, as composition does.
"""

from typing import Any

from billing.daily import every_day
from billing.plans import importing, service
from tenants.actor import Actor
from tenants.jobs import job, subscribe
from tenants.scope import open_scope, rows

importing.register()

FOLLOW_JOB = "billing.follow_plans"
EVENTS = (
    "payment.succeeded",
    "refund.succeeded",
    "refund.failed",
    "adjustment.applied",
    "adjustment.reversed",
    "credit.applied",
    "credit_note.written",
    "dispute.lost",
    "dispute.won",
)
_STALE = """
select p.id from billing_instalment_plan p
  cross join lateral (
    select coalesce(sum(b.total_minor - b.paid_minor - b.adjusted_minor)
                    filter (where b.status in ('issued', 'part_paid')), 0) left_minor, min(b.due_on) due_on
      from billing_plan_bill q join billing_bill b on b.tenant_id = $1 and b.id = q.bill_id
     where q.tenant_id = $1 and q.plan_id = p.id and q.is_live) bills
  cross join lateral (
    select min(i.due_on) due_on from (
      select due_on, sum(amount_minor) over (order by position) through from billing_instalment
       where tenant_id = $1 and plan_id = p.id) i
     where i.through > p.total_minor - bills.left_minor) upcoming
 where p.tenant_id = $1 and p.status <> 'broken'
   and (case when bills.left_minor = 0 then p.status <> 'completed' else p.status <> 'active' end
        or upcoming.due_on <> bills.due_on)
"""
"""Plans that do not say what their bills say; few are ever running, so all of them are looked at."""


@job(FOLLOW_JOB)
async def follow_plans(actor: Actor, payload: dict[str, Any]) -> None:
    """Bring every plan of the tenant in line with its bills."""
    del payload
    await follow_all(actor)


async def follow_all(actor: Actor) -> None:
    """Look at every plan that may not say what its bills say, in the open tenant scope."""
    for found in await rows(_STALE, actor.tenant_id):
        await service.follow(actor, found["id"])


@every_day
async def follow_daily(actor: Actor) -> None:
    """Once a day too, so that a lost message is made good."""
    async with open_scope(actor.scope()):
        await follow_all(actor)


for _event in EVENTS:
    subscribe(_event, FOLLOW_JOB)
