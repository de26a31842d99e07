"""Instalment plans: agreed by staff, followed as money comes in, broken with a reason.

A plan's bills are due on the day of its earliest instalment that is not covered, so that lists, reminders and late
fees all go by the instalments; the late fee counts only what of them is late. What is paid covers the oldest first.
Locks are taken in the house's order: bills by id, then the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from billing.models import Bill, Instalment, InstalmentPlan
from billing.payments.allocating import LockedBill, lock_bills
from billing.payments.numbers import new_number
from billing.payments.states import PAYABLE
from billing.plans.spreading import LEAST, MOST, STEPS, Part, amounts, dates, next_due, stand
from billing.plans.states import PLAN
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.models import Account
from tenants.scope import execute, open_scope, rows, tenant_scope, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

NOTE_MAX = 500
MOST_BILLS = 50
LATEST_FIRST = timedelta(days=92)
"""From today to the first instalment."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is agreed: which bills, from which day, in how many instalments, how far apart, who takes the rest."""

    bill_ids: Sequence[UUID]
    first_on: date
    count: int
    step: str
    remainder: str
    note: str = ""


async def agree(actor: Actor, proposal: Proposal) -> InstalmentPlan:
    """Spread what is left of an account's bills over instalments.

    Raises:
        Invalid: the dates, the number or the amounts make no plan; the field says which.
        Conflict: a bill is being paid, is owed no longer, or is in another plan.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("plans.write")
    actor.require_fresh()
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    await _check(actor.tenant_id, proposal)
    locked = await lock_bills(actor.tenant_id, proposal.bill_ids)
    first = await _same_account(actor.tenant_id, locked, proposal)
    await _free(actor.tenant_id, proposal.bill_ids)
    total = sum(bill.left_minor for bill in locked.values())
    if total < proposal.count:
        text = t("This is too little to be spread over so many instalments.")
        raise Invalid("plan.too_little", text, fields={"count": text})
    plan = await _create(actor, first, total, proposal)
    await _fill(plan, locked, proposal)
    await _due(plan, proposal.first_on)
    facts = {"bills": len(locked), "instalments": proposal.count, "note": plan.note}
    await _record(actor, plan, "plan.agreed", facts)
    await publish("plan.agreed", {"plan_id": str(plan.id)})
    return plan


async def _check(tenant_id: UUID, proposal: Proposal) -> None:
    now = await today_at(tenant_id)
    wrong: dict[str, Any] = {}
    if not 0 < len(set(proposal.bill_ids)) <= MOST_BILLS:
        wrong["bills"] = t("Choose the bills to be paid in instalments.")
    if not now <= proposal.first_on <= now + LATEST_FIRST:
        wrong["first_on"] = t("Choose a day from today on, within three months.")
    if not LEAST <= proposal.count <= MOST:
        wrong["count"] = t("Choose between {least} and {most} instalments.", least=LEAST, most=MOST)
    if proposal.step not in STEPS:
        wrong["step"] = t("Choose how far apart they are.")
    if proposal.remainder not in {"first", "last"}:
        wrong["remainder"] = t("Choose the first or the last instalment.")
    if len(proposal.note) > NOTE_MAX:
        wrong["note"] = t("Keep it to {n} characters.", n=NOTE_MAX)
    if wrong:
        raise Invalid("plan.wrong", t("This makes no plan yet."), fields=wrong)


async def _same_account(tenant_id: UUID, locked: dict[UUID, LockedBill], proposal: Proposal) -> LockedBill:
    if len(locked) != len(set(proposal.bill_ids)):
        raise NotFound("bill.not_found", t("There is no such bill."))
    bills = list(locked.values())
    if any(bill.status not in PAYABLE or not bill.left_minor for bill in bills):
        raise Conflict(
            "plan.not_owed", t("Nothing is left to pay on one of these bills. Look at them again.")
        )
    if any(bill.is_held for bill in bills):
        raise Conflict("plan.held", t("One of these bills keeps something for its payer, and is paid whole."))
    if len({(bill.account_id, bill.currency) for bill in bills}) > 1:
        raise Conflict("plan.accounts", t("One plan is for the bills of one account, in one currency."))
    if await value(_IS_IN_PLAN, tenant_id, list(locked)):
        raise Conflict("plan.in_another", t("One of these bills is paid in instalments already."))
    return bills[0]


_IS_IN_PLAN = """
select exists (select 1 from billing_plan_bill where tenant_id = $1 and bill_id = any ($2::uuid[]) and is_live)
"""
_IS_BEING_PAID = """
select exists (select 1 from billing_payment_part where tenant_id = $1 and bill_id = any ($2::uuid[]) and is_live)
"""


async def _free(tenant_id: UUID, bill_ids: Sequence[UUID]) -> None:
    if await value(_IS_BEING_PAID, tenant_id, list(bill_ids)):
        text = t(
            "Somebody is paying one of these bills right now. Wait until the payment has ended, then look again."
        )
        raise Conflict("bill.being_paid", text)


async def _create(actor: Actor, bill: LockedBill, total: int, proposal: Proposal) -> InstalmentPlan:
    account = await Account.get(tenant_id=actor.tenant_id, id=bill.account_id)
    return await InstalmentPlan.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        number=await new_number("I", actor.tenant_id),
        account_id=account.id,
        account_number=account.number,
        account_name=account.name,
        currency=bill.currency,
        total_minor=total,
        remainder=proposal.remainder,
        status="active",
        note=proposal.note.strip(),
        agreed_by=actor.person_id,
        agreed_by_name=actor.name[:100],
    )


async def _fill(plan: InstalmentPlan, locked: dict[UUID, LockedBill], proposal: Proposal) -> None:
    days = dates(proposal.first_on, proposal.count, proposal.step)
    sums = amounts(plan.total_minor, proposal.count, proposal.remainder)
    await Instalment.bulk_create(
        [
            Instalment(tenant_id=plan.tenant_id, plan_id=plan.id, position=n, due_on=day, amount_minor=amount)
            for n, (day, amount) in enumerate(zip(days, sums, strict=True), start=1)
        ]
    )
    due = {bill.id: bill.due_on for bill in await Bill.filter(tenant_id=plan.tenant_id, id__in=list(locked))}
    taken = t("One of these bills is paid in instalments already.")
    try:
        async with open_scope(tenant_scope(plan.tenant_id)):
            for bill in locked.values():
                await execute(_PUT, plan.tenant_id, plan.id, bill.id, bill.left_minor, due[bill.id])
    except asyncpg.UniqueViolationError as error:
        raise Conflict("plan.in_another", taken) from error


_PUT = "insert into billing_plan_bill (tenant_id, plan_id, bill_id, amount_minor, due_on) values ($1, $2, $3, $4, $5)"
_DUE = """
update billing_bill set due_on = $3 where tenant_id = $1 and due_on <> $3 and id in (
  select bill_id from billing_plan_bill where tenant_id = $1 and plan_id = $2 and is_live)
"""
_RESTORE = """
update billing_bill b set due_on = q.due_on from billing_plan_bill q
 where b.tenant_id = $1 and q.tenant_id = $1 and q.plan_id = $2 and q.is_live and b.id = q.bill_id
"""
_END_BILLS = "update billing_plan_bill set is_live = false where tenant_id = $1 and plan_id = $2"
_BILLS = "select bill_id from billing_plan_bill where tenant_id = $1 and plan_id = $2 order by bill_id"


async def _due(plan: InstalmentPlan, day: date) -> None:
    await execute(_DUE, plan.tenant_id, plan.id, day)


async def get(actor: Actor, plan_id: UUID) -> InstalmentPlan:
    """Return a plan of this tenant; ``NotFound`` when there is none."""
    actor.require("bills.read")
    plan = await InstalmentPlan.get_or_none(tenant_id=actor.tenant_id, id=plan_id)
    if plan is None:
        raise NotFound("plan.not_found", t("There is no such instalment plan."))
    return plan


async def parts_of(plan: InstalmentPlan) -> list[Part]:
    """Return the plan's instalments as they stand, in any scope that sees the plan and its bills.

    A broken plan's count as they stood when it was agreed, for nothing is due by it any more.
    """
    found = await Instalment.filter(tenant_id=plan.tenant_id, plan_id=plan.id).order_by("position")
    left = plan.total_minor if plan.status == "broken" else await left_of(plan)
    return stand([(one.position, one.due_on, one.amount_minor) for one in found], min(left, plan.total_minor))


_LEFT = """
select coalesce(sum(b.total_minor - b.paid_minor - b.adjusted_minor), 0)::bigint
  from billing_plan_bill q join billing_bill b on b.tenant_id = $1 and b.id = q.bill_id
 where q.tenant_id = $1 and q.plan_id = $2 and b.status in ('issued', 'part_paid')
"""


async def left_of(plan: InstalmentPlan) -> int:
    """Return what is left to pay on the plan's bills, in minor units."""
    found: int = await value(_LEFT, plan.tenant_id, plan.id)
    return found


async def follow(actor: Actor, plan_id: UUID) -> None:
    """Bring a plan in line with what its bills say: due days move on, a paid plan is complete, a reopened one runs."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    bills = [one["bill_id"] for one in await rows(_BILLS, actor.tenant_id, plan_id)]
    await lock_bills(actor.tenant_id, bills)
    plan = await InstalmentPlan.filter(tenant_id=actor.tenant_id, id=plan_id).select_for_update().first()
    if plan is None or plan.status == "broken":
        return
    part = next_due(await parts_of(plan))
    edge = "reopen" if part and plan.status == "completed" else "complete" if part is None else ""
    if part is not None:
        await _due(plan, part.due_on)
    if edge and PLAN.can(plan.status, edge):
        plan.status = PLAN.after(plan.status, edge)
        plan.ended_at = datetime.now(UTC) if edge == "complete" else None
        await plan.save(update_fields=["status", "ended_at"])
        await _record(actor, plan, f"plan.{plan.status}", {})


async def break_off(actor: Actor, plan_id: UUID, *, reason: str) -> InstalmentPlan:
    """End a plan: what is left of its bills is due as it was before the plan.

    Raises:
        Invalid: no reason was given.
        Conflict: the plan has ended.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("plans.write")
    plan = await get(actor, plan_id)
    actor.require_fresh()
    if not reason.strip() or len(reason) > NOTE_MAX:
        text = t("Say why in at most {n} characters; the payer sees it.", n=NOTE_MAX)
        raise Invalid("plan.no_reason", text, fields={"reason": text})
    await lock_bills(plan.tenant_id, [one["bill_id"] for one in await rows(_BILLS, plan.tenant_id, plan.id)])
    plan = await InstalmentPlan.filter(tenant_id=plan.tenant_id, id=plan.id).select_for_update().get()
    if not PLAN.can(plan.status, "break"):
        raise Conflict("plan.ended", t("This plan has ended, so it can no longer be broken."))
    await execute(_RESTORE, plan.tenant_id, plan.id)
    await execute(_END_BILLS, plan.tenant_id, plan.id)
    plan.status, plan.ended_reason = PLAN.after(plan.status, "break"), reason.strip()
    plan.ended_by, plan.ended_by_name, plan.ended_at = actor.person_id, actor.name[:100], datetime.now(UTC)
    await plan.save()
    await _record(actor, plan, "plan.broken", {"reason": plan.ended_reason})
    await publish("plan.broken", {"plan_id": str(plan.id)})
    return plan


async def _record(actor: Actor, plan: InstalmentPlan, act: str, more: dict[str, Any]) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="plan",
        subject_id=plan.id,
        subject_label=f"{plan.number} {plan.account_number}",
        after={"total_minor": plan.total_minor, "currency": plan.currency, **more},
    )
