"""Money that an institution has given back at its channel itself, on the channel's own pages, and not here.

The channel tells of it as of any refund, without an id of ours: it becomes a refund like every other, of whatever the
payment still has, so that nothing of it can go back here as well and the books stay what the channel says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.channels.contract import RefundOutcome
from billing.models import Credit, Payment, Refund, Suspense
from billing.payments import refunds, room
from billing.payments.numbers import new_number
from billing.payments.refunding import ASK_JOB, PAUSES, settle_refund
from billing.payments.reserving import reserve_credit, reserve_suspense
from billing.reasons import standard
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from ui.errors import Conflict
from ui.i18n import N_, t

REASON = standard(N_("Refunded on the channel's own pages"))
BY = "Stripe"
"""Who asked for it, as far as we know."""
Source = Suspense | Credit | None
"""What gives the money: unassigned money, credit, or else the bills."""


@dataclass(frozen=True, slots=True)
class Found:
    """A refund that only the channel knew of; ``payment`` is its name of the payment."""

    reference: str
    payment: str
    amount_minor: int
    currency: str


async def take(actor: Actor, payment_id: UUID, found: Found, outcome: RefundOutcome) -> None:
    """Take a refund down that was made elsewhere, once, and bring it to what the channel says of it.

    Raises:
        Conflict: the payment has not so much left by our books; somebody has to look.
    """
    payment = await refunds.lock_payment(actor, payment_id)
    known = await Refund.get_or_none(
        tenant_id=payment.tenant_id, payment_id=payment.id, channel_reference=found.reference
    )
    if known is None and outcome.state == "failed":
        return
    refund = known or await _write(actor, payment, found)
    await settle_refund(actor, refund.id, outcome)


async def _write(actor: Actor, payment: Payment, found: Found) -> Refund:
    source = await _source(payment, found)
    payment.refunding_minor += found.amount_minor
    await payment.save(update_fields=["refunding_minor"])
    refund = await Refund.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        number=await new_number("F", payment.tenant_id),
        currency=payment.currency,
        amount_minor=found.amount_minor,
        suspense_id=source.id if isinstance(source, Suspense) else None,
        credit_id=source.id if isinstance(source, Credit) else None,
        reason=REASON,
        status="submitted",
        channel_reference=found.reference,
        requested_by_name=BY,
        sent_at=datetime.now(UTC),
    )
    await reserve_suspense(refund)
    await reserve_credit(refund)
    await refunds.record(actor, refund, "refund.found", {"reason": REASON})
    await enqueue(ASK_JOB, {"refund_id": str(refund.id), "n": 0}, delay=timedelta(seconds=PAUSES[0]))
    return refund


async def _source(payment: Payment, found: Found) -> Source:
    """Return what gives it: the same sum unassigned, what its bills still hold, or credit that is whole enough."""
    amount = found.amount_minor
    if found.currency != payment.currency or not 0 < amount <= await room.left_minor(payment):
        raise _too_much(payment)
    of = {"tenant_id": payment.tenant_id, "payment_id": payment.id}
    held = await Suspense.filter(**of, status="open", amount_minor=amount).order_by("id").first()
    if held is not None or amount <= await refunds.refundable_minor(payment.tenant_id, payment.id):
        return held
    for credit in await Credit.filter(**of, left_minor__gte=amount).order_by("id").select_for_update():
        if credit.left_minor - credit.refunding_minor >= amount:
            return credit
    raise _too_much(payment)


def _too_much(payment: Payment) -> Conflict:
    text = t(
        "More of payment {number} was refunded on the channel's own pages than it has left here. Look at the payment.",
        number=payment.number,
    )
    return Conflict("refund.elsewhere", text)
