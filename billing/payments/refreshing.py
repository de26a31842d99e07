"""What the payer's pages ask: what became of my payment, and please stop it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.models import Attempt, Payment, Receipt
from billing.payments.asking import ask, conclude, withdraw
from billing.payments.starting import must_be_outside
from billing.payments.states import LIVE, RECEIVED
from tenants.actor import Actor
from tenants.scope import open_scope
from ui.errors import Conflict, NotFound
from ui.i18n import t

ASK_EVERY = timedelta(seconds=1)
"""A page that refreshes itself does not ask the channel more often than this."""


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as its payer sees it. ``redirect_url`` and ``qr_content`` are there while it can still be made."""

    payment: Payment
    redirect_url: str
    qr_content: str
    receipt_number: str

    @property
    def is_final(self) -> bool:
        """Tell whether the page may stop asking."""
        return self.payment.status not in LIVE

    @property
    def is_received(self) -> bool:
        """Tell whether the money has arrived (some of it may have gone back since)."""
        return self.payment.status in RECEIVED


async def view(actor: Actor, payment_id: UUID) -> PaymentView:
    """Return the payment as this actor sees it, without asking anybody. Opens the actor's own scope.

    Raises:
        NotFound: there is none, or it is not theirs.
    """
    async with open_scope(actor.scope()):
        payment = await Payment.get_or_none(id=payment_id)
        if payment is None:
            raise NotFound("payment.not_found", t("There is no such payment, or it is not yours to see."))
        attempt = await _last(payment)
        receipt = await Receipt.get_or_none(tenant_id=payment.tenant_id, payment_id=payment.id)
    is_open = attempt is not None and attempt.status in {"pending", "unknown"}
    return PaymentView(
        payment=payment,
        redirect_url=attempt.redirect_url if attempt and is_open else "",
        qr_content=attempt.qr_content if attempt and is_open else "",
        receipt_number=receipt.number if receipt else "",
    )


async def _last(payment: Payment) -> Attempt | None:
    return (
        await Attempt.filter(tenant_id=payment.tenant_id, payment_id=payment.id)
        .order_by("-created_at")
        .first()
    )


async def refresh(actor: Actor, payment_id: UUID) -> PaymentView:
    """Return the payment after asking its channel, where its end is not known: for the page one returns to.

    Call it outside of any scope.

    Raises:
        NotFound: there is none, or it is not this actor's.
    """
    must_be_outside()
    seen = await view(actor, payment_id)
    if seen.is_final:
        return seen
    async with open_scope(actor.scope()):
        attempt = await _last(seen.payment)
    if attempt is None or (attempt.asked_at and datetime.now(UTC) - attempt.asked_at < ASK_EVERY):
        return seen
    await conclude(actor.within(seen.payment.tenant_id), attempt.id)
    return await view(actor, payment_id)


async def cancel_payment(actor: Actor, payment_id: UUID) -> PaymentView:
    """Withdraw a payment that has not been made, at its channel first; then its bills can be paid otherwise.

    Call it outside of any scope.

    Raises:
        NotFound: there is none, or it is not this actor's.
        Conflict: it is under way, or the channel cannot say; it may still succeed.
    """
    must_be_outside()
    seen = await view(actor, payment_id)
    if seen.is_final:
        return seen
    inside = actor.within(seen.payment.tenant_id)
    async with open_scope(actor.scope()):
        attempt = await _last(seen.payment)
    if attempt is not None and await ask(inside, attempt.id) in LIVE:
        status = await withdraw(inside, attempt.id)
        if status in LIVE:
            raise Conflict(
                "payment.not_cancelled",
                t(
                    "This payment is already under way or being checked, so it cannot be stopped. Please wait."
                ),
            )
    return await view(actor, payment_id)
