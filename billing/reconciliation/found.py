"""Money that only the outside knew of: recorded as what it is, asked after at the channel, or asked to go back."""

from uuid import UUID

from billing import ledger
from billing.ledger import Side
from billing.models import Attempt, Payment, StatementLine, Suspense
from billing.payments.asking import conclude
from billing.payments.numbers import new_number
from billing.payments.service import refund_suspense
from billing.payments.starting import must_be_outside
from billing.reconciliation import breaks, finding
from billing.reconciliation.accounts import account as account_of
from billing.reconciliation.accounts import one_at_a_time
from billing.reconciliation.credits import receive_transfer
from billing.reconciliation.intake import agreed_fee
from billing.reconciliation.matching import rematch
from billing.reconciliation.states import move
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import publish
from tenants.scope import open_scope
from ui.errors import Conflict
from ui.i18n import t

REASON = "found"
"""Why such money is unassigned, as ``billing.payments.suspense.REASONS`` names it."""


async def to_suspense(actor: Actor, *, break_id: UUID, reason: str) -> UUID:
    """Record what a line says arrived as a payment without a bill, and return the unassigned money's id.

    It is booked like any payment, its line is matched with it, and it waits to be put to a bill or given back. Asked
    twice, the second finds the break ended.

    Raises:
        Invalid: no reason.
        Conflict: the break has ended, or its line is no money that arrived.
    """
    actor.require_fresh()
    why = breaks.reason_of(reason)
    return (await _record(actor, break_id, why, "suspense")).id


async def give_back(actor: Actor, *, break_id: UUID, reason: str, key: str) -> UUID:
    """Record it, ask in the same step that it goes back the way it came, and return the refund's id.

    Raises:
        as ``to_suspense`` and ``billing.payments.service.refund_suspense``.
    """
    actor.require("refunds.request")
    actor.require("suspense.work")
    actor.require_fresh()
    why = breaks.reason_of(reason)
    held = await _record(actor, break_id, why, "refunded")
    return await refund_suspense(actor, suspense_id=held.id, reason=why, key=key)


async def ask_channel(actor: Actor, *, break_id: UUID) -> bool:
    """Ask the channel about the attempt that a line names, and match it if its money has arrived.

    Returns whether it has. Call it outside of any scope.
    """
    must_be_outside()
    actor.require("reconciliation.work")
    async with open_scope(actor.scope()):
        found = await breaks.locked(actor, break_id)
        attempt_id = found.facts.get("attempt")
    if not attempt_id:
        raise Conflict("break.no_attempt", t("This line names no payment of ours that could be asked after."))
    status = await conclude(actor, UUID(attempt_id))
    async with open_scope(actor.scope()):
        account = await account_of(actor, found.settlement_account_id)
        await one_at_a_time(account.id)
        fee = await agreed_fee(account, found.channel)
        await rematch(found.tenant_id, account.id, found.channel, fee=fee)
        await finding.find_in_channel(found.tenant_id, account.id, found.channel, fee=fee)
        await finding.clear(found.tenant_id, account.id)
    return status == "succeeded"


async def _record(actor: Actor, break_id: UUID, reason: str, resolution: str) -> Suspense:
    found = await breaks.locked(actor, break_id)
    await one_at_a_time(found.settlement_account_id)
    line = await breaks.loose_line(found)
    if line.amount_minor <= 0 or line.kind not in {"payment", "credit", "other"}:
        raise Conflict("break.no_money", t("Only money that arrived can be recorded."))
    payment, attempt = await _write(actor, line)
    held = await _suspend(payment, attempt)
    if line.channel == "account":
        facts = {"number": payment.number, "currency": payment.currency, "amount_minor": payment.amount_minor}
        await receive_transfer(line.tenant_id, line.settlement_account_id, line.id, attempt.id, facts, REASON)
    else:
        move(line, "match")
        line.matched_by, line.attempt_id = REASON, attempt.id
        await line.save(update_fields=["status", "matched_by", "attempt_id"])
    await _tell(actor, payment, attempt, held, reason)
    await breaks.end(actor, found, resolution, reason)
    return held


async def _write(actor: Actor, line: StatementLine) -> tuple[Payment, Attempt]:
    is_bank = line.channel == "account"
    common = {"tenant_id": line.tenant_id, "currency": line.currency, "amount_minor": line.amount_minor}
    channel = "counter" if is_bank else line.channel
    payment = await Payment.create(
        id=new_id(),
        **common,
        number=await new_number("P", line.tenant_id),
        status="succeeded",
        channel=channel,
        settlement_account_id=line.settlement_account_id,
        payer_name=line.text[:100],
        taken_by=actor.person_id if is_bank else None,
        taken_by_name=actor.name[:100] if is_bank else "",
        counter_method="transfer" if is_bank else "",
        counter_reference=(line.reference or line.channel_reference or line.line_key)[:100]
        if is_bank
        else "",
        succeeded_at=line.occurred_at,
    )
    attempt = await Attempt.create(
        id=new_id(),
        **common,
        payment_id=payment.id,
        channel=channel,
        status="succeeded",
        channel_payment=line.channel_reference,
        request={"items": [], "return_url": "", "cancel_url": "", "locale": "en", "payer_email": ""},
        expires_at=line.occurred_at,
        ended_at=line.occurred_at,
    )
    return payment, attempt


async def _suspend(payment: Payment, attempt: Attempt) -> Suspense:
    held = await Suspense.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        reason=REASON,
    )
    sides = [
        Side(ledger.clearing(payment.channel), payment.amount_minor, payment.currency),
        Side(ledger.SUSPENSE, -payment.amount_minor, payment.currency),
    ]
    await ledger.post(payment.tenant_id, "payment.succeeded", attempt.id, sides)
    return held


async def _tell(actor: Actor, payment: Payment, attempt: Attempt, held: Suspense, reason: str) -> None:
    facts = {"amount_minor": payment.amount_minor, "currency": payment.currency, "channel": payment.channel}
    await audit.record(
        actor,
        "payment.recorded",
        subject_kind="payment",
        subject_id=payment.id,
        subject_label=payment.number,
        after={**facts, "reason": reason},
    )
    await publish("suspense.opened", {"suspense_id": str(held.id), "payment_id": str(payment.id)})
    event = {"payment_id": str(payment.id), "attempt_id": str(attempt.id)}
    await publish("payment.succeeded", {**event, **facts, "is_late": True})
