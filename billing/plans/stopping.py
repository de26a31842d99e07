"""An account ends: instalments due afterwards are called off, those due before stay as they are.

What is called off comes off the plan's bills by credit notes, the latest bill first, and off the plan itself, so that
what is still owed stands where it stood: on the earlier instalments. Locks: bills by id, then the plan.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.models import Bill, Instalment, InstalmentPlan
from billing.payments.allocating import lock_bills
from billing.payments.states import PAYABLE
from billing.plans import credit_notes
from billing.plans.service import follow, parts_of
from tenants import audit
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import execute, rows

_BILLS = (
    "select bill_id from billing_plan_bill where tenant_id = $1 and plan_id = $2 and is_live order by bill_id"
)
_KEEP = "update billing_instalment set amount_minor = $3 where tenant_id = $1 and id = $2"
_DROP = "delete from billing_instalment where tenant_id = $1 and id = $2"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is called off of one plan after a day, in minor units."""

    plan_id: UUID
    number: str
    currency: str
    amount_minor: int
    bill_ids: tuple[UUID, ...]


async def to_stop(account: Account, last_on: date) -> list[Stopped]:
    """Return what stopping after a day would call off, plan by plan, in the open tenant scope."""
    plans = await InstalmentPlan.filter(
        tenant_id=account.tenant_id, account_id=account.id, status="active"
    ).order_by("created_at", "id")
    return [await _of(plan, last_on) for plan in plans]


async def _of(plan: InstalmentPlan, last_on: date) -> Stopped:
    later = sum(part.left_minor for part in await parts_of(plan) if part.due_on > last_on)
    bills = tuple(one["bill_id"] for one in await rows(_BILLS, plan.tenant_id, plan.id))
    return Stopped(plan.id, plan.number, plan.currency, later, bills)


async def stop_after(actor: Actor, account: Account, last_on: date, *, reason: str) -> list[Stopped]:
    """Call off every instalment of an account that is due after a day, in the open tenant scope; twice is once.

    Raises:
        Conflict: somebody is paying one of the bills at this moment.
    """
    return [
        await _stop(actor, account, one.plan_id, last_on, reason) for one in await to_stop(account, last_on)
    ]


async def _stop(actor: Actor, account: Account, plan_id: UUID, last_on: date, reason: str) -> Stopped:
    bill_ids = [one["bill_id"] for one in await rows(_BILLS, account.tenant_id, plan_id)]
    await lock_bills(account.tenant_id, bill_ids)
    plan = await InstalmentPlan.filter(tenant_id=account.tenant_id, id=plan_id).select_for_update().get()
    found = await _of(plan, last_on)
    if found.amount_minor:
        await _shorten(plan, last_on, found.amount_minor)
        await _credit(actor, plan, bill_ids, found.amount_minor, reason)
        await follow(actor, plan.id)
        await audit.record(
            actor,
            "plan.shortened",
            subject_kind="plan",
            subject_id=plan.id,
            subject_label=f"{plan.number} {account.number}",
            after={
                "amount_minor": found.amount_minor,
                "currency": plan.currency,
                "last_on": last_on.isoformat(),
            },
        )
    return found


async def _shorten(plan: InstalmentPlan, last_on: date, amount_minor: int) -> None:
    """Take what is left of the later instalments off the plan; one of which nothing is left at all stays as it was."""
    if amount_minor == plan.total_minor:
        return
    parts = {part.position: part for part in await parts_of(plan) if part.due_on > last_on}
    for one in await Instalment.filter(tenant_id=plan.tenant_id, plan_id=plan.id, position__in=list(parts)):
        covered = parts[one.position].covered_minor
        if covered:
            await execute(_KEEP, plan.tenant_id, one.id, covered)
        else:
            await execute(_DROP, plan.tenant_id, one.id)
    plan.total_minor -= amount_minor
    await plan.save(update_fields=["total_minor"])


async def _credit(actor: Actor, plan: InstalmentPlan, bill_ids: list[UUID], amount: int, reason: str) -> None:
    bills = await Bill.filter(tenant_id=plan.tenant_id, id__in=bill_ids, status__in=list(PAYABLE))
    for bill in sorted(bills, key=lambda one: (one.period, one.number), reverse=True):
        share = min(amount, bill.left_minor)
        if share:
            await credit_notes.write_for(actor, bill.id, None, share, reason)
        amount -= share
