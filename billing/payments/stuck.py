"""Money that did not go back: the time was over, the account closed, the refund refused. Worked, never hidden.

Three ways out, each by a named person: ask the channel again; transfer it from the institution's own account, recorded
by one person with the transfer's reference and confirmed by another; or set it aside as unassigned money, from where it
goes to the account's credit or to another bill.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from billing import ledger
from billing.idempotency import Answer, once
from billing.ledger import Side
from billing.models import Payment, Refund, Suspense
from billing.payments import refunds
from billing.payments.allocating import take_back
from billing.payments.refunding import TRANSFER, fail, locked
from billing.payments.settling import receivables
from billing.payments.staff_queries import made_instead
from billing.payments.states import move
from billing.payments.watching import Watcher, tell_returned, watch
from tenants import audit
from tenants.actor import Actor, system_actor
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

Do = Callable[[], Awaitable[Answer]]
RETRIED, SET_ASIDE, WENT = "retried", "set_aside", "went_after_all"
SET_ASIDE_REASON = "refund_failed"
REFERENCE_MAX = 100


async def retry(actor: Actor, *, refund_id: UUID, key: str) -> UUID:
    """Ask the channel once more and return the new refund's id; limits hold as for any refund.

    Raises:
        Conflict: it is no failed refund, or its way out was found; or the channel's time is over.
    """

    async def do() -> Answer:
        failed, payment = await _failed(actor, refund_id)
        if refunds.is_window_over(payment):
            text = t("This way of paying gives nothing back any more, so asking again is of no use.")
            raise Conflict("refund.window", text)
        made = await _again(actor, failed, payment, failed.reason)
        await _resolve(actor, failed, RETRIED, {"refund": made.number})
        return {"refund_id": str(made.id)}

    return await _once(actor, "refund.retry", refund_id, key, do)


async def by_transfer(actor: Actor, *, refund_id: UUID, reference: str, key: str) -> UUID:
    """Record that the money was transferred from the institution's own account; another person confirms it.

    Raises:
        Invalid: no reference of the transfer.
        Conflict: it is no failed refund, or its way out was found.
    """
    kept = reference.strip()
    if not 0 < len(kept) <= REFERENCE_MAX:
        text = t("Enter the transfer's reference, as the bank statement shows it.")
        raise Invalid("refund.reference", text, fields={"reference": text})

    async def do() -> Answer:
        failed, payment = await _failed(actor, refund_id)
        made = await _again(actor, failed, payment, failed.reason, reference=kept)
        await _resolve(actor, failed, TRANSFER, {"refund": made.number, "reference": kept})
        return {"refund_id": str(made.id)}

    return await _once(actor, "refund.transfer", refund_id, key, do, reference=kept)


async def set_aside(actor: Actor, *, refund_id: UUID, key: str) -> UUID:
    """Take the money off its bills and keep it as unassigned; return what it is now. The bills are owed again.

    Raises:
        Conflict: it is no failed refund, its way out was found, or the money is unassigned or credit already.
    """

    async def do() -> Answer:
        failed, payment = await _failed(actor, refund_id)
        if failed.suspense_id is not None or failed.credit_id is not None:
            text = t("This money belongs to no bill as it is. Work it where it is kept.")
            raise Conflict("refund.apart", text)
        if await refunds.refundable_minor(payment.tenant_id, payment.id) < failed.amount_minor:
            raise Conflict("refund.moved", t("Less than that is left of the payment. Look at it again."))
        return {"suspense_id": str(await _aside(actor, failed, payment))}

    return await _once(actor, "refund.set_aside", refund_id, key, do)


async def _once(actor: Actor, act: str, refund_id: UUID, key: str, do: Do, **more: str) -> UUID:
    actor.require("refunds.request")
    actor.require_fresh()
    answer = await once(actor, key=key, act=act, body={"refund": str(refund_id), **more}, do=do)
    return UUID(next(iter(answer.values())))


async def _failed(actor: Actor, refund_id: UUID) -> tuple[Refund, Payment]:
    found = await Refund.get_or_none(tenant_id=actor.tenant_id, id=refund_id)
    if found is None:
        raise NotFound("refund.not_found", t("There is no such refund."))
    payment = await refunds.lock_payment(actor, found.payment_id)
    failed = await Refund.filter(tenant_id=actor.tenant_id, id=refund_id).select_for_update().get()
    if failed.status != "failed" or failed.resolution:
        raise Conflict("refund.settled", t("This refund needs nothing more: look what became of it."))
    return failed, payment


async def _again(
    actor: Actor, failed: Refund, payment: Payment, reason: str, *, reference: str = ""
) -> Refund:
    """Ask for the same money again, reserving what it is taken from."""
    if failed.credit_id is not None:
        raise Conflict(
            "refund.credit", t("This is credit of an account. Ask for it again on the account's page.")
        )
    held = None
    if failed.suspense_id is not None:
        held = (
            await Suspense.filter(tenant_id=failed.tenant_id, id=failed.suspense_id).select_for_update().get()
        )
        if held.status != "open":
            raise Conflict("suspense.worked", t("Somebody has worked on this money already."))
        move(held, "refund")
    elif await refunds.refundable_minor(payment.tenant_id, payment.id) < failed.amount_minor:
        raise Conflict("refund.moved", t("Less than that is left of the payment. Look at it again."))
    made = await refunds.create(
        actor,
        payment,
        failed.amount_minor,
        reason,
        held,
        transfer_reference=reference,
        bill_id=failed.bill_id,
    )
    if held is not None:
        held.refund_id = made.id
        await held.save(update_fields=["status", "refund_id"])
    return made


async def _aside(actor: Actor, failed: Refund, payment: Payment) -> UUID:
    taken = await take_back(
        payment.tenant_id, payment.id, failed.id, failed.amount_minor, bill_id=failed.bill_id
    )
    await tell_returned(actor, taken, failed.reason)
    held = await Suspense.create(
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        currency=failed.currency,
        amount_minor=failed.amount_minor,
        reason=SET_ASIDE_REASON,
        owner_id=actor.person_id,
        owner_name=actor.name[:100],
    )
    sides = [
        Side(ledger.SUSPENSE, -failed.amount_minor, failed.currency),
        *receivables(taken, failed.currency),
    ]
    await ledger.post(payment.tenant_id, "refund.set_aside", failed.id, sides)
    await _resolve(actor, failed, SET_ASIDE, {})
    return held.id


async def _resolve(actor: Actor, failed: Refund, resolution: str, after: dict[str, str]) -> None:
    failed.resolution, failed.resolved_by_name = resolution, actor.name[:100]
    failed.resolved_at = datetime.now(UTC)
    await failed.save(update_fields=["resolution", "resolved_by_name", "resolved_at"])
    await audit.record(
        actor,
        "refund.resolved",
        subject_kind="refund",
        subject_id=failed.id,
        subject_label=failed.number,
        after={"resolution": resolution, "amount_minor": failed.amount_minor, **after},
    )


async def _went_after_all(refund: Refund) -> None:
    """Give up what was begun in a refund's place once that has gone after all, where it has not gone itself."""
    if refund.resolution == SET_ASIDE:
        held = Suspense.filter(
            tenant_id=refund.tenant_id,
            payment_id=refund.payment_id,
            reason=SET_ASIDE_REASON,
            status="open",
            amount_minor=refund.amount_minor,
        )
        found = await held.order_by("id").first()
        refund.suspense_id = found.id if found else None
    instead = await made_instead(refund) if refund.resolution in {RETRIED, TRANSFER} else None
    if instead is not None and instead["status"] in {"requested", "approved"}:
        await _give_up(system_actor(refund.tenant_id), instead["id"])


async def _give_up(actor: Actor, refund_id: UUID) -> None:
    made, payment = await locked(actor, refund_id)
    if made.status == "requested":
        move(made, "approve")
    made.error, made.resolution = WENT, WENT
    await fail(actor, made, payment)


def register() -> None:
    """Have the ways around a refund given up once it has gone after all; safe to call again."""
    watch(Watcher(went_after_all=_went_after_all))
