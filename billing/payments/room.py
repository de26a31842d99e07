"""How much of a payment can still go back: never more, by refunds and lost disputes together, than has come in."""

from billing.models import Payment, Refund
from tenants.scope import value

_LOST = (
    "select coalesce(sum(amount_minor), 0)::bigint from billing_dispute"
    " where tenant_id = $1 and payment_id = $2 and is_withdrawn and status <> 'won'"
)
_GOING = (
    "select coalesce(sum(amount_minor), 0)::bigint from billing_refund"
    " where tenant_id = $1 and payment_id = $2 and id <> $3 and status = 'submitted'"
)


async def lost_minor(payment: Payment) -> int:
    """Return what the payer's bank has taken back and not returned, in minor units."""
    return int(await value(_LOST, payment.tenant_id, payment.id))


async def left_minor(payment: Payment) -> int:
    """Return what has neither gone back, nor is reserved for going back, nor was taken in a dispute."""
    left = payment.amount_minor - payment.refunded_minor - payment.refunding_minor
    return max(0, int(left) - await lost_minor(payment))


async def is_there_for(refund: Refund, payment: Payment) -> bool:
    """Tell whether a refund that has not gone yet finds its money there still, whatever a dispute took meanwhile."""
    going = int(await value(_GOING, payment.tenant_id, payment.id, refund.id))
    gone = payment.refunded_minor + going + await lost_minor(payment)
    return bool(gone + refund.amount_minor <= payment.amount_minor)
