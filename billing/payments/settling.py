"""One function through which every outcome goes, whoever brings it: webhook, return page, query, cancel, expiry.

It holds the attempt's row, compares, and moves at most once; told again, or told late, it changes nothing more.
All that a received payment means is written in the same transaction: allocations, bills, journal, receipt,
unassigned money, audit, event.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from billing import ledger
from billing.channels.contract import Outcome
from billing.credit.lots import credit_side, open_credit
from billing.ledger import Side
from billing.models import Attempt, Payment, Suspense
from billing.payments.allocating import Allocated, plan
from billing.payments.landing import Opened, Rival, land, open_payment
from billing.payments.states import LIVE, move
from billing.payments.watching import LATE, LATE_JOB, held_and_paid, is_let_go, tell_paid
from billing.receipts import service as receipts
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue, publish
from tenants.scope import execute

log = structlog.get_logger(__name__)
WITHDRAW_JOB = "billing.withdraw_attempt"
KEEP_JOB = "billing.keep_card"
ERROR_MAX = 500
_CLOSED = {"failed": "fail", "cancelled": "cancel", "expired": "expire", "absent": "fail"}


class WrongAccount(Exception):
    """The channel speaks of another institution's account than the one this payment goes to."""


async def settle(
    actor: Actor,
    attempt_id: UUID,
    outcome: Outcome,
    *,
    account: str | None = None,
    opened: Opened | None = None,
) -> Attempt:
    """Bring an attempt and its payment to what the channel says, in the open tenant scope.

    Idempotent, in any order: a final state stays, except that money which arrives late always lands. ``account``
    is whose account a message of the channel is about, where it was one; ``opened`` is given by whoever has the
    payment under its locks already.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such attempt (yet).
        WrongAccount: the message is about another account than the payment's.
    """
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    if opened is None:
        opened = await open_payment(actor.tenant_id, attempt_id, is_receiving=outcome.state == "succeeded")
    attempt, payment = opened.attempt, opened.payment
    if account is not None and (not account or account != opened.account):
        raise WrongAccount(f"account {account or '(none)'} is not where payment {payment.number} goes")
    if attempt.status == "succeeded":
        return attempt
    _learn(attempt, outcome)
    if outcome.state == "succeeded":
        await _receive(actor, opened, outcome)
    elif attempt.status in LIVE:
        await _follow(actor, attempt, payment, outcome)
    return attempt


def _learn(attempt: Attempt, outcome: Outcome) -> None:
    """Keep what the channel told about itself; what is known stays when it is not told again."""
    attempt.channel_reference = outcome.reference or attempt.channel_reference
    attempt.channel_payment = outcome.channel_payment or attempt.channel_payment
    attempt.redirect_url = outcome.redirect_url or attempt.redirect_url
    attempt.qr_content = outcome.qr_content or attempt.qr_content
    attempt.error = outcome.error[:ERROR_MAX]
    if attempt.status != "created":
        attempt.asked_at = datetime.now(UTC)


async def _follow(actor: Actor, attempt: Attempt, payment: Payment, outcome: Outcome) -> None:
    edge = _edge(attempt.status, outcome.state)
    if edge:
        move(attempt, edge)
        move(payment, edge)
    if attempt.status not in LIVE:
        attempt.ended_at = datetime.now(UTC)
        await release(payment)
        await publish(f"payment.{payment.status}", _event(payment, attempt))
        if actor.kind != "system":
            await _record(actor, payment, f"payment.{payment.status}", {})
    await attempt.save()
    await payment.save(update_fields=["status"])


def _edge(status: str, state: str) -> str:
    """Return the edge that leads to what the channel says; empty when we are there already."""
    if state == "pending":
        return "accept" if status in {"created", "unknown"} else ""
    if state == "processing":
        return "process" if status != "processing" else ""
    return "fail" if status == "processing" else _CLOSED[state]


async def lose(actor: Actor, attempt_id: UUID, error: str) -> Attempt:
    """Note that the channel did not answer: the attempt's end is unknown until it does."""
    attempt = await Attempt.filter(tenant_id=actor.tenant_id, id=attempt_id).select_for_update().get()
    if attempt.status in {"created", "pending", "processing"}:
        payment = (
            await Payment.filter(tenant_id=actor.tenant_id, id=attempt.payment_id).select_for_update().get()
        )
        move(attempt, "lose")
        move(payment, "lose")
        await payment.save(update_fields=["status"])
    attempt.error = error[:ERROR_MAX]
    await attempt.save(update_fields=["status", "error"])
    return attempt


async def release(payment: Payment) -> None:
    """Let go of the payment's bills, so that another attempt may hold them.

    Whoever also locks bills does that first: a new attempt looks at the bill, then waits for its hold.
    """
    await execute(
        "update billing_payment_part set is_live = false where tenant_id = $1 and payment_id = $2 and is_live",
        payment.tenant_id,
        payment.id,
    )


async def _receive(actor: Actor, opened: Opened, outcome: Outcome) -> None:
    attempt, payment = opened.attempt, opened.payment
    is_late = attempt.status not in LIVE
    edge = "land_late" if is_late else "succeed"
    move(attempt, edge)
    move(payment, edge)
    attempt.ended_at = payment.succeeded_at = datetime.now(UTC)
    mismatch = _take_amount(attempt, payment, outcome)
    done = plan(opened.bills, opened.lines, opened.parts) if not mismatch else Allocated((), {}, {})
    rest = payment.amount_minor - sum(done.by_bill().values())
    is_credit = payment.account_id is not None and mismatch != "currency_mismatch"
    receipt = receipts.draw(
        payment,
        done.shares,
        place=opened.place,
        unassigned_minor=rest,
        is_credit=is_credit,
        reference=_reference(attempt, payment),
    )
    await land(attempt, payment, done, receipt)
    own = 0 if is_credit or mismatch else await _keep_late(payment, done)
    why = "" if is_credit else mismatch or _why(attempt, done, is_late=is_late)
    await _keep_rest(actor, payment, attempt, rest - own, why)
    await _book(payment, attempt, done, rest, is_credit=is_credit)
    await _warn_others(opened.rivals, done)
    if "saver" in attempt.request:
        await enqueue(KEEP_JOB, {"attempt_id": str(attempt.id)})
    await tell_paid(actor, held_and_paid(done))
    await _tell(actor, payment, attempt, 0 if is_credit else rest, is_late=is_late)


async def _keep_late(payment: Payment, done: Allocated) -> int:
    """Keep the money of each bill that had been let go by itself, for its hold to say what becomes of it."""
    late = {bill_id: over for bill_id, over in done.left_over.items() if is_let_go(done.bills[bill_id])}
    for bill_id, over in late.items():
        held = await _suspend(payment, over, LATE)
        await enqueue(LATE_JOB, {"suspense_id": str(held.id), "bill_id": str(bill_id)})
    return sum(late.values())


async def _keep_rest(actor: Actor, payment: Payment, attempt: Attempt, rest: int, why: str) -> None:
    """Keep what no bill takes: as the account's credit, or, for the reason given, as unassigned money."""
    if not rest:
        return
    if why or payment.account_id is None:
        await _suspend(payment, rest, why)
        return
    await open_credit(
        actor,
        payment,
        account_id=payment.account_id,
        amount_minor=rest,
        source="prepayment" if rest == payment.amount_minor else "overpayment",
        source_id=attempt.id,
    )


def _take_amount(attempt: Attempt, payment: Payment, outcome: Outcome) -> str:
    """Take down what was received; return why it cannot be what was asked for, empty when it is exactly that."""
    amount = attempt.amount_minor if outcome.amount_minor is None else outcome.amount_minor
    currency = outcome.currency or attempt.currency
    if (amount, currency) == (attempt.amount_minor, attempt.currency):
        return ""
    log.error("payment.mismatch", payment_id=str(payment.id), asked=attempt.amount_minor, received=amount)
    payment.amount_minor, payment.currency = amount, currency
    return "amount_mismatch" if currency == attempt.currency else "currency_mismatch"


def _why(attempt: Attempt, done: Allocated, *, is_late: bool) -> str:
    if attempt.request.get("transfer"):
        return "unknown_reference"
    closed = [done.bills[bill_id].status for bill_id in done.left_over]
    if any(status not in {"issued", "part_paid", "paid"} for status in closed):
        return "bill_closed"
    return "late" if is_late else "paid_already"


async def _suspend(payment: Payment, amount: int, reason: str) -> Suspense:
    held = await Suspense.create(
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        currency=payment.currency,
        amount_minor=amount,
        reason=reason,
    )
    await publish("suspense.opened", {"suspense_id": str(held.id), "payment_id": str(payment.id)})
    return held


async def _book(payment: Payment, attempt: Attempt, done: Allocated, rest: int, *, is_credit: bool) -> None:
    sides = [Side(ledger.clearing(payment.channel), payment.amount_minor, payment.currency)]
    sides += receivables(done, payment.currency)
    sides.append(
        credit_side(payment.account_id, -rest, payment.currency)
        if is_credit
        else Side(ledger.SUSPENSE, -rest, payment.currency)
    )
    await ledger.post(payment.tenant_id, "payment.succeeded", attempt.id, sides)


def receivables(done: Allocated, currency: str) -> list[Side]:
    """Return what was paid of each bill (or taken back) as postings."""
    return [
        Side(ledger.RECEIVABLE, -amount, currency, done.bills[bill_id].account_id, bill_id)
        for bill_id, amount in done.by_bill().items()
    ]


def _reference(attempt: Attempt, payment: Payment) -> str:
    return payment.counter_reference or attempt.channel_payment or attempt.channel_reference


async def _warn_others(rivals: Sequence[Rival], done: Allocated) -> None:
    """Have attempts withdrawn that would pay again what has just been paid."""
    paid = done.by_bill()
    for rival in rivals:
        bill = done.bills.get(rival.bill_id)
        if bill is not None and rival.amount_minor > bill.left_minor - paid.get(bill.id, 0):
            await enqueue(WITHDRAW_JOB, {"attempt_id": str(rival.attempt_id)})


async def _tell(actor: Actor, payment: Payment, attempt: Attempt, unassigned: int, *, is_late: bool) -> None:
    after = {"unassigned_minor": unassigned, "is_late": is_late}
    await _record(actor, payment, "payment.succeeded", after)
    await publish("payment.succeeded", _event(payment, attempt) | {"is_late": is_late})


async def _record(actor: Actor, payment: Payment, act: str, after: Mapping[str, object]) -> None:
    facts = {"amount_minor": payment.amount_minor, "currency": payment.currency, "channel": payment.channel}
    await audit.record(
        actor,
        act,
        subject_kind="payment",
        subject_id=payment.id,
        subject_label=payment.number,
        after={**facts, **after},
    )


def _event(payment: Payment, attempt: Attempt) -> dict[str, str | int | bool]:
    return {
        "payment_id": str(payment.id),
        "attempt_id": str(attempt.id),
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
    }
