"""Credit of a payment in a dispute: kept from being used meanwhile, taken when it is lost, given again when won.

What the payer's bank has taken back must not be spent as well. The caller holds the payment's lock.
"""

from datetime import UTC, datetime

from billing.credit.lots import APPLY_JOB, credit_side, free_of
from billing.ledger import Side
from billing.models import Credit, Payment
from billing.payments.states import HELD
from tenants.jobs import enqueue
from tenants.scope import rows

_FREEZE = """
update billing_credit set is_frozen = $3 where tenant_id = $1 and payment_id = $2 and is_frozen <> $3
returning account_id
"""


async def follow(payment: Payment) -> None:
    """Freeze the payment's credit while a dispute holds it; what is free again is looked at anew."""
    is_frozen = payment.status in HELD
    found = await rows(_FREEZE, payment.tenant_id, payment.id, is_frozen)
    if not is_frozen:
        for account_id in sorted({each["account_id"] for each in found}):
            await enqueue(APPLY_JOB, {"account_id": str(account_id)})


async def lose(payment: Payment, amount: int) -> list[Side]:
    """Take up to ``amount`` of what is left of the payment's credit, and return the debits of the accounts."""
    sides = []
    for credit, part in await free_of(payment.tenant_id, payment.id, amount):
        credit.left_minor -= part
        credit.lost_minor, credit.lost_at = credit.lost_minor + part, datetime.now(UTC)
        await credit.save(update_fields=["left_minor", "lost_minor", "lost_at"])
        sides.append(credit_side(credit.account_id, part, credit.currency))
    return sides


async def give_again(payment: Payment, amount: int) -> list[Side]:
    """Give the accounts what a dispute that is won after all had taken of their credit, and return the credits."""
    sides, left = list[Side](), amount
    lost = Credit.filter(tenant_id=payment.tenant_id, payment_id=payment.id, lost_minor__gt=0)
    for credit in await lost.order_by("id").select_for_update():
        part = min(left, credit.lost_minor)
        if part:
            credit.left_minor, credit.lost_minor = credit.left_minor + part, credit.lost_minor - part
            await credit.save(update_fields=["left_minor", "lost_minor"])
            sides.append(credit_side(credit.account_id, -part, credit.currency))
            left -= part
    return sides
