"""Giving money back: sent to the channel once, followed until it is certain, booked when it has gone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from billing import ledger
from billing.channels import CHANNELS
from billing.channels.contract import ChannelRefused, ChannelSilent, RefundOrder, RefundOutcome
from billing.channels.counter import KEY as COUNTER
from billing.credit.lots import credit_side, free_of
from billing.ledger import Side
from billing.models import Payment, Refund, Suspense
from billing.payments import room
from billing.payments.allocating import allocate, take_back
from billing.payments.orders import refund_order_of
from billing.payments.reserving import (
    free,
    locked_credit,
    reopen_suspense,
    reserve_credit,
    reserve_suspense,
)
from billing.payments.settling import receivables
from billing.payments.states import HELD, move
from billing.payments.watching import tell_gave_up, tell_returned, tell_went_after_all
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue, publish
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import Conflict
from ui.i18n import t

log = structlog.get_logger(__name__)
SUBMIT_JOB, ASK_JOB = "billing.submit_refund", "billing.ask_refund"
SEND_GRACE = timedelta(seconds=90)
"""How long after sending a refund may still reach the channel."""
PAUSES = (30, 60, 300, 1800, 3600, 6 * 3600, 24 * 3600)
"""Seconds between two questions about a refund on its way; the last one repeats, since some take weeks."""
ERROR_MAX = 500
SETTLEMENT, TRANSFER, TAKEN_BACK = "settlement", "transfer", "taken_back"


Gate = Callable[[Actor, Refund], Awaitable[bool]]
_gates: list[Gate] = []


def before_sending(gate: Gate) -> None:
    """Have ``gate`` asked, in the tenant's scope, before a refund is sent or handed over in cash.

    One that says no keeps in the same transaction why, and brings the refund again itself, when it may go.
    """
    if gate not in _gates:
        _gates.append(gate)


async def may_go(actor: Actor, refund: Refund) -> bool:
    """Tell whether nobody keeps a refund from going, in the open tenant scope."""
    for gate in _gates:
        if not await gate(actor, refund):
            return False
    return True


async def submit_refund(actor: Actor, refund_id: UUID) -> None:
    """Send an approved refund to its channel, or find out about one that may have been sent. Opens own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        if not await may_go(actor, await Refund.get(tenant_id=actor.tenant_id, id=refund_id)):
            return
    async with open_scope(tenant_scope(actor.tenant_id)):
        refund, payment = await locked(actor, refund_id)
        if payment.channel == COUNTER:
            return
        is_first = refund.status == "approved"
        if is_first and await _is_held(actor, refund, payment):
            return
        if is_first:
            move(refund, "submit")
            refund.sent_at = datetime.now(UTC)
            await refund.save(update_fields=["status", "sent_at"])
            await enqueue(ASK_JOB, {"refund_id": str(refund_id), "n": 0}, delay=timedelta(seconds=PAUSES[0]))
        order = await refund_order_of(refund)
    if is_first:
        await _send(actor, order, payment.channel)
    elif refund.status == "submitted":
        await _ask(actor, order, payment.channel, refund.sent_at)


async def locked(actor: Actor, refund_id: UUID) -> tuple[Refund, Payment]:
    """Return a refund and its payment, locked; the payment first, as everybody does who changes either.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such refund (yet).
    """
    found = await Refund.get(tenant_id=actor.tenant_id, id=refund_id)
    payment = await Payment.filter(tenant_id=actor.tenant_id, id=found.payment_id).select_for_update().get()
    return await Refund.filter(tenant_id=actor.tenant_id, id=refund_id).select_for_update().get(), payment


async def _is_held(actor: Actor, refund: Refund, payment: Payment) -> bool:
    """End a refund that has not been sent when a dispute has taken its money: it would go back twice."""
    if payment.status not in HELD and await room.is_there_for(refund, payment):
        return False
    refund.error = "disputed"
    await fail(actor, refund, payment)
    return True


async def ask_refund(actor: Actor, refund_id: UUID, n: int) -> None:
    """Ask about a refund on its way, and have it asked again until it has an end."""
    await submit_refund(actor, refund_id)
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        refund = await Refund.get(tenant_id=actor.tenant_id, id=refund_id)
        if refund.status == "submitted":
            pause = timedelta(seconds=PAUSES[min(n + 1, len(PAUSES) - 1)])
            await enqueue(ASK_JOB, {"refund_id": str(refund_id), "n": n + 1}, delay=pause)


async def _send(actor: Actor, order: RefundOrder, channel: str) -> None:
    try:
        outcome = await CHANNELS[channel].refund(order)
    except ChannelSilent as error:
        await _note(actor, order.refund_id, str(error))
        return
    except ChannelRefused as error:
        outcome = RefundOutcome(state="failed", error=str(error))
    await _settle(actor, order.refund_id, outcome)


async def _ask(actor: Actor, order: RefundOrder, channel: str, sent_at: datetime | None) -> None:
    """Ask; one that never arrived is sent again under the same key."""
    try:
        outcome = await CHANNELS[channel].query_refund(order)
    except (ChannelSilent, ChannelRefused) as error:
        await _note(actor, order.refund_id, str(error))
        return
    if outcome.state != "absent":
        await _settle(actor, order.refund_id, outcome)
    elif sent_at is None or datetime.now(UTC) - sent_at > SEND_GRACE:
        await _resend(actor, order, channel)


async def _resend(actor: Actor, order: RefundOrder, channel: str) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await Refund.filter(tenant_id=actor.tenant_id, id=order.refund_id).update(sent_at=datetime.now(UTC))
    await _send(actor, order, channel)


async def _settle(actor: Actor, refund_id: UUID, outcome: RefundOutcome) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle_refund(actor, refund_id, outcome)


async def _note(actor: Actor, refund_id: UUID, error: str) -> None:
    log.warning("channel.silent", refund_id=str(refund_id), error=error)
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await Refund.filter(tenant_id=actor.tenant_id, id=refund_id).update(error=error[:ERROR_MAX])


async def settle_refund(actor: Actor, refund_id: UUID, outcome: RefundOutcome) -> Refund:
    """Bring a refund to what the channel says, in the open tenant scope; told again, nothing changes.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such refund (yet).
    """
    refund, payment = await locked(actor, refund_id)
    refund.channel_reference = outcome.reference or refund.channel_reference
    refund.error = outcome.error[:ERROR_MAX]
    if outcome.state == "succeeded" and refund.status == "submitted":
        move(refund, "succeed")
        await book_refund(actor, refund, payment)
    elif outcome.state == "succeeded" and refund.status == "failed":
        await _land_late(actor, refund, payment)
    elif outcome.state == "failed" and refund.status == "submitted":
        await fail(actor, refund, payment)
    elif outcome.state == "failed" and refund.status == "succeeded":
        await _bounce(actor, refund, payment)
    else:
        await refund.save(update_fields=["channel_reference", "error"])
    return refund


async def _land_late(actor: Actor, refund: Refund, payment: Payment) -> None:
    """Book one that was called failed and has gone all the same; what was begun in its place is given up first."""
    await tell_went_after_all(refund)
    await payment.refresh_from_db(fields=["refunding_minor", "refunded_minor", "status"])
    if payment.refunded_minor + payment.refunding_minor + refund.amount_minor > payment.amount_minor:
        raise twice(refund)
    move(refund, "land_late")
    payment.refunding_minor += refund.amount_minor
    await reserve_suspense(refund)
    await reserve_credit(refund)
    await book_refund(actor, refund, payment)


def twice(refund: Refund) -> Conflict:
    """Say that money has gone back of which nothing is left: whoever works it asks the payer, nothing is booked."""
    return Conflict(
        "refund.twice",
        t(
            "Refund {number} has gone back although its money had gone another way. The payer has it twice: ask for"
            " it back, and settle it in reconciliation.",
            number=refund.number,
        ),
    )


async def book_refund(actor: Actor, refund: Refund, payment: Payment) -> None:
    """Write all that a paid-back refund means: allocations or unassigned money, bills, journal, audit, event."""
    amount, currency = int(refund.amount_minor), refund.currency
    refund.succeeded_at = datetime.now(UTC)
    payment.refunding_minor -= amount
    payment.refunded_minor += amount
    if payment.status not in HELD:
        is_all = payment.refunded_minor == payment.amount_minor
        move(payment, "refund_all" if is_all else "refund_part")
    await payment.save(update_fields=["refunding_minor", "refunded_minor", "status"])
    await refund.save()
    source = SETTLEMENT if refund.way == TRANSFER else ledger.clearing(payment.channel)
    sides = [Side(source, -amount, currency), *(await _returned(actor, refund, payment))]
    await ledger.post(payment.tenant_id, "refund.succeeded", refund.id, sides)
    await _tell(actor, refund, "refund.succeeded")


async def _returned(actor: Actor, refund: Refund, payment: Payment) -> list[Side]:
    """Take the money off what it had paid, and return the debits."""
    if refund.credit_id is not None:
        return await _credit_returned(actor, refund, payment)
    if refund.suspense_id is None:
        return await _bills_returned(actor, refund, payment, refund.amount_minor)
    held = await Suspense.filter(tenant_id=refund.tenant_id, id=refund.suspense_id).select_for_update().get()
    move(held, "pay_back")
    held.resolved_at = datetime.now(UTC)
    await held.save(update_fields=["status", "resolved_at"])
    return [Side(ledger.SUSPENSE, refund.amount_minor, refund.currency)]


_PAYS = """
select coalesce(sum(a.amount_minor), 0)::bigint from billing_allocation a
  join billing_bill_line l on l.tenant_id = $1 and l.id = a.bill_line_id
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
 where a.tenant_id = $1 and a.payment_id = $2 and ($3::uuid is null and i.kind <> 'stored' or a.bill_id = $3)
"""


async def _bills_returned(actor: Actor, refund: Refund, payment: Payment, amount: int) -> list[Side]:
    """Take the money off the bills; what a credit note has freed of them since it was asked for goes off the credit."""
    part = min(amount, int(await value(_PAYS, payment.tenant_id, payment.id, refund.bill_id)))
    taken = await take_back(
        payment.tenant_id,
        payment.id,
        refund.id,
        part,
        bill_id=refund.bill_id,
        fee_item_id=refund.fee_item_id,
    )
    await tell_returned(actor, taken, refund.reason)
    freed = await _freed_returned(refund, amount - part) if amount > part else []
    return [*receivables(taken, refund.currency), *freed]


async def _freed_returned(refund: Refund, amount: int) -> list[Side]:
    sides, left = list[Side](), amount
    for credit, share in await free_of(refund.tenant_id, refund.payment_id, amount):
        credit.left_minor -= share
        credit.refunded_minor += share
        await credit.save(update_fields=["left_minor", "refunded_minor"])
        sides.append(credit_side(credit.account_id, share, refund.currency))
        left -= share
    if left:
        raise twice(refund)
    return sides


async def _credit_returned(actor: Actor, refund: Refund, payment: Payment) -> list[Side]:
    """Take the money off the credit; what has been used since it was reserved goes off the bills it pays."""
    credit = await locked_credit(refund)
    reserved = min(int(credit.refunding_minor), int(refund.amount_minor))
    credit.left_minor -= reserved
    credit.refunding_minor -= reserved
    credit.refunded_minor += reserved
    await credit.save(update_fields=["left_minor", "refunding_minor", "refunded_minor"])
    sides = [credit_side(credit.account_id, reserved, refund.currency)]
    rest = refund.amount_minor - reserved
    return sides + (await _bills_returned(actor, refund, payment, rest) if rest else [])


async def give_up(refund: Refund) -> None:
    """Free what a refund had reserved that was rejected or refused: unassigned money, or credit."""
    await free(refund)
    await tell_gave_up(refund)


async def stop(actor: Actor, refund_id: UUID, error: str) -> None:
    """End an approved refund that has not gone, in the open tenant scope, for somebody to find another way."""
    refund, payment = await locked(actor, refund_id)
    if refund.status == "approved":
        refund.error = error
        await fail(actor, refund, payment)


async def fail(actor: Actor, refund: Refund, payment: Payment) -> None:
    """The channel refused: the amount is refundable again, and somebody has to know."""
    move(refund, "fail")
    payment.refunding_minor -= refund.amount_minor
    await payment.save(update_fields=["refunding_minor"])
    await give_up(refund)
    await refund.save()
    await _tell(actor, refund, "refund.failed")


_GAVE_BACK = (
    "select bill_id, -sum(amount_minor)::bigint amount from billing_allocation"
    " where tenant_id = $1 and refund_id = $2 group by bill_id"
)


async def _bounce(actor: Actor, refund: Refund, payment: Payment) -> None:
    """Money that had gone back returned: it pays its bills again, or waits where they have been paid since."""
    amount, currency = int(refund.amount_minor), refund.currency
    move(refund, "bounce")
    payment.refunded_minor -= amount
    if payment.status not in HELD:
        move(payment, "bounce_part" if payment.refunded_minor else "bounce_all")
    await payment.save(update_fields=["refunded_minor", "status"])
    await refund.save()
    sides = [Side(ledger.clearing(payment.channel), amount, currency)]
    if refund.suspense_id is not None:
        await reopen_suspense(refund)
        sides.append(Side(ledger.SUSPENSE, -amount, currency))
    else:
        sides += await _pay_again(refund, payment)
    await ledger.post(payment.tenant_id, "refund.bounced", refund.id, sides)
    await _tell(actor, refund, "refund.failed")


async def _credit_again(refund: Refund, amount: int) -> list[Side]:
    credit = await locked_credit(refund)
    credit.left_minor += amount
    credit.refunded_minor -= amount
    await credit.save(update_fields=["left_minor", "refunded_minor"])
    return [credit_side(credit.account_id, -amount, refund.currency)]


async def _pay_again(refund: Refund, payment: Payment) -> list[Side]:
    """Put returned money where it was: to the bills that gave it back, the rest to the credit it was of."""
    parts = {r["bill_id"]: r["amount"] for r in await rows(_GAVE_BACK, payment.tenant_id, refund.id)}
    done = await allocate(payment.tenant_id, payment.id, parts)
    was_credit = refund.amount_minor - sum(parts.values())
    if refund.credit_id is None:
        return [
            *receivables(done, refund.currency),
            *(await _waiting(refund, done.left_over_minor + was_credit)),
        ]
    return [
        *receivables(done, refund.currency),
        *(await _waiting(refund, done.left_over_minor)),
        *(await _credit_again(refund, was_credit) if was_credit else []),
    ]


async def _waiting(refund: Refund, amount: int) -> list[Side]:
    """Have money that came back wait for somebody where what it had paid is paid since, or was credit by then."""
    if not amount:
        return []
    await Suspense.create(
        tenant_id=refund.tenant_id,
        payment_id=refund.payment_id,
        currency=refund.currency,
        amount_minor=amount,
        reason="refund_returned",
    )
    return [Side(ledger.SUSPENSE, -amount, refund.currency)]


async def _tell(actor: Actor, refund: Refund, act: str) -> None:
    facts = {"amount_minor": refund.amount_minor, "currency": refund.currency, "error": refund.error}
    await audit.record(
        actor,
        act,
        subject_kind="refund",
        subject_id=refund.id,
        subject_label=refund.number,
        after=facts,
    )
    await publish(act, {"refund_id": str(refund.id), "payment_id": str(refund.payment_id)})
