"""Money that arrived and belongs to no bill: given an owner, put to a bill, or given back in one click."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from billing import ledger
from billing.idempotency import Answer, once
from billing.ledger import Side
from billing.models import Payment, Suspense
from billing.payments import refunds
from billing.payments.allocating import LockedBill, allocate, lock_bills
from billing.payments.settling import receivables
from billing.payments.states import PAYABLE, move
from billing.payments.watching import held_and_paid, tell_paid
from tenants import audit
from tenants.actor import Actor
from tenants.models import Membership
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

REASONS = {
    "paid_already": N_("The bill was paid already"),
    "late": N_("It arrived late, and the bill was paid in the meantime"),
    "bill_closed": N_("The bill was cancelled in the meantime"),
    "amount_mismatch": N_("Another amount arrived than was asked for"),
    "currency_mismatch": N_("Another currency arrived than was asked for"),
    "found": N_("It was found on a statement"),
    "hold_ended": N_("It arrived after what it was for had been let go"),
    "unknown_reference": N_("A transfer whose reference names no account"),
    "refund_returned": N_("A refund came back, and the bill was paid in the meantime"),
    "refund_failed": N_("A refund did not go through and was set aside"),
    "dispute_won": N_("A lost dispute was won after all, and the bill was paid in the meantime"),
}
"""Why money is unassigned, in English msgids."""
NOTE_MAX = 500


async def locked_suspense(actor: Actor, suspense_id: UUID) -> tuple[Suspense, Payment]:
    """Return unassigned money and its payment, both locked, in that order of the house: the payment first.

    Raises:
        NotFound: there is none.
    """
    actor.require("suspense.work")
    found = await Suspense.get_or_none(tenant_id=actor.tenant_id, id=suspense_id)
    if found is None:
        raise NotFound("suspense.not_found", t("There is no such unassigned money."))
    payment = await refunds.lock_payment(actor, found.payment_id)
    held = await Suspense.filter(tenant_id=actor.tenant_id, id=suspense_id).select_for_update().get()
    return held, payment


def must_be_open(held: Suspense) -> None:
    """Refuse unassigned money that has been worked.

    Raises:
        Conflict: it has been.
    """
    if held.status != "open":
        raise Conflict("suspense.worked", t("Somebody has worked on this money already."))


async def assign_suspense(actor: Actor, *, suspense_id: UUID, person_id: UUID | None) -> None:
    """Make a member of staff the owner of unassigned money, or nobody.

    Raises:
        Invalid: the person does not work here.
        Conflict: it has been worked already.
    """
    held, _ = await locked_suspense(actor, suspense_id)
    must_be_open(held)
    before, name = {"owner": held.owner_name}, ""
    if person_id is not None:
        member = await Membership.filter(
            tenant_id=actor.tenant_id, person_id=person_id, ended_at=None
        ).first()
        if member is None:
            text = t("Choose somebody who works here.")
            raise Invalid("suspense.owner", text, fields={"owner": text})
        name = member.name
    held.owner_id, held.owner_name = person_id, name
    await held.save(update_fields=["owner_id", "owner_name"])
    await _record(actor, held, "suspense.assigned", before, {"owner": name})


async def refund_suspense(actor: Actor, *, suspense_id: UUID, reason: str, key: str) -> UUID:
    """Ask that unassigned money goes back whence it came, and return the refund's id; limits hold as for refunds.

    Raises:
        Invalid: no reason given.
        Conflict: it has been worked already, or the channel's time for refunds is over.
    """
    actor.require("refunds.request")
    actor.require_fresh()

    async def do() -> Answer:
        held, payment = await locked_suspense(actor, suspense_id)
        must_be_open(held)
        move(held, "refund")
        refund = await refunds.create(actor, payment, held.amount_minor, reason, held)
        held.refund_id, held.resolution = refund.id, reason.strip()[:NOTE_MAX]
        await held.save(update_fields=["status", "refund_id", "resolution"])
        return {"refund_id": str(refund.id)}

    body = {"suspense": str(suspense_id), "reason": reason}
    answer = await once(actor, key=key, act="suspense.refund", body=body, do=do)
    return UUID(answer["refund_id"])


async def apply_suspense(actor: Actor, *, suspense_id: UUID, bill_id: UUID, reason: str, key: str) -> int:
    """Put unassigned money to a bill and return how much it took, in minor units; what is over stays unassigned.

    Raises:
        Invalid: no reason given, or the bill is in another currency.
        NotFound: there is no such bill.
        Conflict: it has been worked already, or nothing is left to pay of the bill.
    """
    actor.require_fresh()
    note = reason.strip()[:NOTE_MAX]
    if not note:
        text = t("Say why, in at most {n} characters.", n=NOTE_MAX)
        raise Invalid("suspense.reason", text, fields={"reason": text})

    async def do() -> Answer:
        held, payment = await locked_suspense(actor, suspense_id)
        must_be_open(held)
        bill = await _payable(held, bill_id)
        amount = min(bill.left_minor, int(held.amount_minor))
        await _apply(actor, held, payment, bill, amount, note)
        return {"amount_minor": amount}

    body = {"suspense": str(suspense_id), "bill": str(bill_id), "reason": note}
    answer = await once(actor, key=key, act="suspense.apply", body=body, do=do)
    return int(answer["amount_minor"])


async def _payable(held: Suspense, bill_id: UUID) -> LockedBill:
    bill = (await lock_bills(held.tenant_id, [bill_id])).get(bill_id)
    if bill is None or bill.status == "draft":
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    if bill.currency != held.currency:
        text = t("This bill is in another currency.")
        raise Invalid("suspense.currency", text, fields={"bill": text})
    if bill.status not in PAYABLE or not bill.left_minor:
        raise Conflict("bill.paid", t("Nothing is left to pay of bill {number}.", number=bill.number))
    if bill.is_held and held.amount_minor < bill.left_minor:
        raise Conflict("bill.whole", t("Bill {number} can only be paid whole.", number=bill.number))
    return bill


async def _apply(  # noqa: PLR0917 - what is applied, to what, how much and why
    actor: Actor, held: Suspense, payment: Payment, bill: LockedBill, amount: int, note: str
) -> None:
    done = await allocate(held.tenant_id, payment.id, {bill.id: amount})
    sides = [Side(ledger.SUSPENSE, amount, held.currency), *receivables(done, held.currency)]
    await ledger.post(held.tenant_id, "suspense.applied", held.id, sides)
    await tell_paid(actor, held_and_paid(done))
    rest = held.amount_minor - amount
    move(held, "apply")
    held.amount_minor, held.resolution, held.resolved_at = amount, note, datetime.now(UTC)
    await held.save(update_fields=["status", "amount_minor", "resolution", "resolved_at"])
    if rest:
        await Suspense.create(
            tenant_id=held.tenant_id,
            payment_id=held.payment_id,
            currency=held.currency,
            amount_minor=rest,
            reason=held.reason,
            owner_id=held.owner_id,
            owner_name=held.owner_name,
        )
    after = {"bill": bill.number, "amount_minor": amount, "currency": held.currency, "reason": note}
    await _record(actor, held, "suspense.applied", None, after)


async def _record(
    actor: Actor,
    held: Suspense,
    act: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object],
) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="suspense",
        subject_id=held.id,
        subject_label=f"{held.amount_minor} {held.currency}",
        before=dict(before) if before else None,
        after=dict(after),
    )
