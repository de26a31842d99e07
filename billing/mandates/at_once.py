"""Taking one bill today by leave that its payer has just used: no notice is owed, and it is taken once like any other.

A debit that was announced for another day is brought forward; a bill has one live debit, by partial unique index.
"""

from datetime import UTC, datetime
from uuid import UUID

from billing.mandates.conditions import is_of
from billing.mandates.debiting import TAKE_JOB
from billing.mandates.states import DEBIT, WAITING
from billing.models import Debit, Mandate
from billing.plans.conditions import IS_IN_PLAN
from tenants.actor import Actor
from tenants.days import today_at
from tenants.jobs import enqueue
from tenants.scope import value

_MAKE = f"""
insert into billing_debit (tenant_id, mandate_id, account_id, bill_id, currency, amount_minor, due_on, status)
select $1, m.id, b.account_id, b.id, b.currency, b.total_minor - b.paid_minor - b.adjusted_minor, $3::date, 'announced'
  from billing_bill b join billing_mandate m on m.tenant_id = $1 and m.account_id = b.account_id
   and m.status = 'active' and m.currency = b.currency
 where b.tenant_id = $1 and b.id = $2 and b.status in ('issued', 'part_paid')
   and b.total_minor - b.paid_minor - b.adjusted_minor between 1 and m.ceiling_minor and not {IS_IN_PLAN}
   and {is_of("m.person_id")}
   and not exists (select 1 from billing_debit x where x.tenant_id = $1 and x.bill_id = b.id
                      and (x.mandate_id = m.id or x.status in ('announced', 'trying', 'waiting')))
on conflict do nothing returning id
"""
_FORWARD = """
update billing_debit set due_on = $3::date
 where tenant_id = $1 and bill_id = $2 and status in ('announced', 'waiting') and due_on > $3::date and tries = 0
 returning id
"""


async def mandate_for(tenant_id: UUID, account_id: UUID, person_id: UUID | None) -> Mandate | None:
    """Return the person's own active mandate for an account, in any scope that sees it."""
    return await Mandate.get_or_none(
        tenant_id=tenant_id, account_id=account_id, person_id=person_id, status="active"
    )


async def due_today(actor: Actor, bill_id: UUID) -> UUID | None:
    """Make a bill's debit due today, in the open tenant scope, and return it for ``debiting.take``.

    ``None`` where no mandate may take it, or it was tried before and goes on by its own plan.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    now = await today_at(actor.tenant_id)
    made: UUID | None = await value(_MAKE, actor.tenant_id, bill_id, now)
    return made or await value(_FORWARD, actor.tenant_id, bill_id, now)


async def take_at_once(mandate: Mandate, bill_id: UUID, amount_minor: int) -> Debit:
    """Have a bill that its payer has asked to be taken as it arises debited now, in the open tenant scope.

    What the plan announces days ahead is for bills that come by themselves; a held bill is never among them.
    """
    debit = await Debit.create(
        tenant_id=mandate.tenant_id,
        mandate_id=mandate.id,
        account_id=mandate.account_id,
        bill_id=bill_id,
        currency=mandate.currency,
        amount_minor=amount_minor,
        due_on=await today_at(mandate.tenant_id),
        status="announced",
    )
    await enqueue(TAKE_JOB, {"debit_id": str(debit.id)})
    return debit


async def call_off(tenant_id: UUID, bill_id: UUID) -> None:
    """Take nothing more for a bill by itself, in the open tenant scope; a try that is under way goes on to its end."""
    await Debit.filter(tenant_id=tenant_id, bill_id=bill_id, status__in=WAITING).update(
        status=DEBIT.after("waiting", "stop"), ended_at=datetime.now(UTC)
    )
