"""What a dispute does to the books, each step once.

While it is open the money stands in ``disputed``: its bills stay paid, for a dispute that is won must never bill
again, and its credit is frozen. Lost money is first taken from what the payment had left unassigned, then from what is
left of its credit; the rest waits in ``charged_back`` for a
person to decide whether the bills are owed again or the institution bears it. What a channel charges for a dispute is
booked with its other fees, when its statement arrives.
"""

from uuid import UUID

from billing import ledger
from billing.credit import losing
from billing.disputes.states import LOST
from billing.ledger import Side
from billing.models import Dispute, Payment, Suspense
from billing.payments.allocating import Allocated, allocate, take_back
from billing.payments.settling import receivables
from billing.payments.states import move
from billing.payments.watching import held_and_paid, tell_charged_back, tell_paid, tell_won_back
from tenants.actor import Actor
from tenants.scope import rows, value

DISPUTED, CHARGED_BACK, LOSSES = "disputed", "charged_back", "dispute_losses"

_BOOKED = "select kind from billing_entry where tenant_id = $1 and kind like 'dispute.%' and source_id = $2"


async def book(actor: Actor, dispute: Dispute, payment: Payment) -> None:
    """Write the entries that are due now and not written yet; payment and dispute are locked."""
    booked = {each["kind"] for each in await rows(_BOOKED, dispute.tenant_id, dispute.id)}
    if dispute.is_withdrawn and "dispute.opened" not in booked:
        await ledger.post(
            dispute.tenant_id, "dispute.opened", dispute.id, _between(dispute, payment, DISPUTED)
        )
    if dispute.status in LOST and "dispute.lost" not in booked:
        await _lose(dispute, payment)
    if dispute.status == "won" and dispute.is_withdrawn and not booked & {"dispute.won", "dispute.returned"}:
        if "dispute.lost" in booked:
            await _return(actor, dispute, payment)
        else:
            sides = [
                Side(side.ledger, -side.amount_minor, side.currency)
                for side in _between(dispute, payment, DISPUTED)
            ]
            await ledger.post(dispute.tenant_id, "dispute.won", dispute.id, sides)


def _between(dispute: Dispute, payment: Payment, to: str) -> list[Side]:
    """Return the sides that take the money out of the channel's clearing account."""
    return [
        Side(to, dispute.amount_minor, dispute.currency),
        Side(ledger.clearing(payment.channel), -dispute.amount_minor, dispute.currency),
    ]


async def _lose(dispute: Dispute, payment: Payment) -> None:
    """Give up the claim: unassigned money and credit of the payment go first, the rest waits for a decision."""
    dispute.suspense_minor = await _take_unassigned(payment, dispute.amount_minor)
    sides = [
        Side(ledger.SUSPENSE, dispute.suspense_minor, dispute.currency),
        *(await _take_credit(dispute, payment)),
        Side(CHARGED_BACK, dispute.claim_minor, dispute.currency),
        Side(DISPUTED, -dispute.amount_minor, dispute.currency),
    ]
    await ledger.post(dispute.tenant_id, "dispute.lost", dispute.id, sides)


async def _take_credit(dispute: Dispute, payment: Payment) -> list[Side]:
    """Take what is left of the payment's credit for the claim, and return the debits."""
    sides = await losing.lose(payment, dispute.claim_minor)
    dispute.credit_minor += sum(side.amount_minor for side in sides)
    return sides


async def _take_unassigned(payment: Payment, amount: int) -> int:
    """Take up to ``amount`` of the payment's unassigned money and return how much there was."""
    left = amount
    found = Suspense.filter(tenant_id=payment.tenant_id, payment_id=payment.id, status="open")
    for held in await found.order_by("id").select_for_update():
        part = min(left, held.amount_minor)
        if part == held.amount_minor:
            move(held, "charge_back")
            await held.save(update_fields=["status"])
        elif part:
            held.amount_minor -= part
            await held.save(update_fields=["amount_minor"])
            await _suspense(payment, part, held.reason, status="charged_back")
        left -= part
    return amount - left


async def _suspense(payment: Payment, amount: int, reason: str, *, status: str = "open") -> None:
    await Suspense.create(
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        currency=payment.currency,
        amount_minor=amount,
        reason=reason,
        status=status,
    )


_ALLOCATED = (
    "select coalesce(sum(amount_minor), 0)::bigint from billing_allocation"
    " where tenant_id = $1 and payment_id = $2"
)


async def reopen(actor: Actor, dispute: Dispute, payment: Payment) -> None:
    """Have the bills owed again that the lost money had paid; what paid none by now is the institution's loss."""
    claim, credit = dispute.claim_minor, await _take_credit(dispute, payment)
    rest = dispute.claim_minor
    part = min(rest, int(await value(_ALLOCATED, payment.tenant_id, payment.id)))
    taken = await take_back(payment.tenant_id, payment.id, None, part, dispute_id=dispute.id)
    dispute.reopened_minor, dispute.borne_minor = part, rest - part
    sides = [
        *credit,
        *receivables(taken, dispute.currency),
        Side(LOSSES, rest - part, dispute.currency),
        Side(CHARGED_BACK, -claim, dispute.currency),
    ]
    await ledger.post(dispute.tenant_id, "dispute.reopened", dispute.id, sides)
    await tell_charged_back(actor, taken, dispute.id)


async def bear(dispute: Dispute, payment: Payment) -> None:
    """Have the institution bear the loss; the bills stay paid."""
    claim, credit = dispute.claim_minor, await _take_credit(dispute, payment)
    dispute.borne_minor = dispute.claim_minor
    sides = [
        *credit,
        Side(LOSSES, dispute.borne_minor, dispute.currency),
        Side(CHARGED_BACK, -claim, dispute.currency),
    ]
    await ledger.post(dispute.tenant_id, "dispute.borne", dispute.id, sides)


_TOOK = (
    "select bill_id, -sum(amount_minor)::bigint amount from billing_allocation"
    " where tenant_id = $1 and dispute_id = $2 group by bill_id"
)


async def _return(actor: Actor, dispute: Dispute, payment: Payment) -> None:
    """Money that was lost comes back: to bills, credit and stores it was taken from, or waits where none needs it."""
    done = await allocate(payment.tenant_id, payment.id, await _parts(dispute))
    stored = await _store_again(actor, dispute, payment, done)
    waiting = done.left_over_minor - sum(stored.by_bill().values()) + dispute.suspense_minor
    if waiting:
        await _suspense(payment, waiting, "dispute_won")
    undecided = dispute.claim_minor - dispute.reopened_minor - dispute.borne_minor
    sides = [
        Side(ledger.clearing(payment.channel), dispute.amount_minor, dispute.currency),
        *receivables(done, dispute.currency),
        *receivables(stored, dispute.currency),
        *(await losing.give_again(payment, dispute.credit_minor)),
        Side(ledger.SUSPENSE, -waiting, dispute.currency),
        Side(LOSSES, -dispute.borne_minor, dispute.currency),
        Side(CHARGED_BACK, -undecided, dispute.currency),
    ]
    dispute.suspense_minor = dispute.credit_minor = dispute.reopened_minor = dispute.borne_minor = 0
    await ledger.post(dispute.tenant_id, "dispute.returned", dispute.id, sides)


async def _store_again(actor: Actor, dispute: Dispute, payment: Payment, done: Allocated) -> Allocated:
    """Pay what takes the rest: stored money that the lost dispute had taken is asked for anew, and stored at once."""
    asked = await tell_won_back(actor, done.left_over, dispute.id)
    stored = await allocate(payment.tenant_id, payment.id, asked)
    await tell_paid(actor, held_and_paid(stored))
    return stored


async def _parts(dispute: Dispute) -> dict[UUID, int]:
    if not dispute.reopened_minor:
        return {}
    return {r["bill_id"]: r["amount"] for r in await rows(_TOOK, dispute.tenant_id, dispute.id)}
