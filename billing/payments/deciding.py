"""Deciding about a refund that another person asked for, and handing one over in cash."""

from uuid import UUID

from tortoise.exceptions import DoesNotExist

from billing.channels.counter import KEY as COUNTER
from billing.models import Payment, Refund
from billing.payments.refunding import book_refund, give_up, locked, may_go
from billing.payments.refunds import REASON_MAX, check_refundable, note_decision, send_on
from billing.payments.states import move
from tenants.actor import Actor
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t


async def _to_decide(actor: Actor, refund_id: UUID) -> tuple[Refund, Payment]:
    actor.require("refunds.approve")
    actor.require_fresh()
    refund, payment = await _locked(actor, refund_id)
    if refund.requested_by == actor.person_id:
        raise Forbidden(
            "refund.own", t("You asked for this refund yourself. Another person has to decide about it.")
        )
    if refund.status != "requested":
        raise Conflict("refund.decided", t("This refund has been decided already."))
    return refund, payment


async def _locked(actor: Actor, refund_id: UUID) -> tuple[Refund, Payment]:
    try:
        return await locked(actor, refund_id)
    except DoesNotExist:
        raise NotFound("refund.not_found", t("There is no such refund.")) from None


async def approve_refund(actor: Actor, *, refund_id: UUID) -> None:
    """Agree to a refund that another person asked for; it goes to the channel once this has committed.

    Raises:
        Forbidden: the actor asked for it themselves, with whatever login.
        Conflict: it has been decided already.
    """
    refund, payment = await _to_decide(actor, refund_id)
    check_refundable(payment)
    await send_on(actor, refund, payment)


async def reject_refund(actor: Actor, *, refund_id: UUID, reason: str) -> None:
    """Refuse a refund that another person asked for; its amount is refundable again.

    Raises:
        Invalid: no reason given.
        Forbidden, Conflict: as for approving.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("refund.reason", text, fields={"reason": text})
    refund, payment = await _to_decide(actor, refund_id)
    move(refund, "reject")
    payment.refunding_minor -= refund.amount_minor
    await payment.save(update_fields=["refunding_minor"])
    await give_up(refund)
    await note_decision(actor, refund, "refund.rejected", reason)


async def pay_out_refund(actor: Actor, *, refund_id: UUID) -> bool:
    """Record that the cashier has handed over an approved refund of a counter payment, in cash.

    Returns whether it may be handed over: one that the bank has to let go first stays as it is.

    Raises:
        Conflict: it is not approved, or was paid in another way.
    """
    actor.require("payments.take")
    actor.require_fresh()
    refund, payment = await _locked(actor, refund_id)
    if payment.channel != COUNTER or refund.status != "approved":
        raise Conflict("refund.not_payable", t("This refund cannot be paid out at the desk now."))
    if not await may_go(actor, refund):
        return False
    move(refund, "pay_out")
    refund.paid_by, refund.paid_by_name = actor.person_id, actor.name[:100]
    await book_refund(actor, refund, payment)
    return True
