"""Asking for money back, and deciding: one person asks, another one agrees where it is more than the asker's limit."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from billing.channels import capabilities
from billing.channels.counter import KEY as COUNTER
from billing.idempotency import Answer, once
from billing.models import Credit, Payment, Refund, Suspense
from billing.payments import room
from billing.payments.amounts import Amount
from billing.payments.numbers import new_number
from billing.payments.refunding import SUBMIT_JOB, TRANSFER, book_refund, fail, may_go
from billing.payments.states import HELD, move
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.jobs import enqueue, publish
from tenants.models import Tenant
from tenants.scope import value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

REASON_MAX = 500
REFUNDABLE = ("succeeded", "part_refunded")

_BELONGS_TO_NO_BILL = """
select (select coalesce(sum(amount_minor), 0) from billing_suspense
         where tenant_id = $1 and payment_id = $2 and status = 'open')::bigint
     + (select coalesce(sum(left_minor - refunding_minor), 0) from billing_credit
         where tenant_id = $1 and payment_id = $2)::bigint
"""


_STORED = """
with stored as (
  select distinct l.bill_id from billing_allocation a
    join billing_bill_line l on l.tenant_id = $1 and l.id = a.bill_line_id
    join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id and i.kind = 'stored'
   where a.tenant_id = $1 and a.payment_id = $2)
select (coalesce((select sum(amount_minor) from billing_allocation where tenant_id = $1 and payment_id = $2
                     and bill_id in (select bill_id from stored)), 0)
      - coalesce((select sum(amount_minor) from billing_refund where tenant_id = $1 and payment_id = $2
                     and bill_id in (select bill_id from stored)
                     and status in ('requested', 'approved', 'submitted')), 0))::bigint
"""
"""What of a payment was stored for an account, and is not on its way back: its store gives that, nobody else."""


class Guard(Protocol):
    """Refuses a refund before it is asked for; ``is_of_bills`` where it is taken off whatever the payment paid."""

    async def __call__(self, payment: Payment, *, is_of_bills: bool) -> None:
        """Raise ``Conflict`` to refuse."""


Inside = Callable[[Actor, Refund], Awaitable[None]]
_guards: list[Guard] = []
_INSIDE: dict[str, Inside] = {}


def before_asking(guard: Guard) -> None:
    """Have ``guard`` asked before any refund; safe to call again."""
    if guard not in _guards:
        _guards.append(guard)


def gives_back_inside(channel: str, give: Inside) -> None:
    """Have refunds of a channel that is ours booked at once, by ``give`` in the same transaction."""
    _INSIDE[channel] = give


async def refundable_minor(tenant_id: UUID, payment_id: UUID) -> int:
    """Return what of a payment's bills can still be given back, in minor units.

    Neither unassigned money, nor credit, nor what topped up stored money: each of them goes back from where it is.
    """
    payment = await Payment.get_or_none(tenant_id=tenant_id, id=payment_id)
    return 0 if payment is None else await _refundable(payment)


async def refundable_with_stored_minor(tenant_id: UUID, payment_id: UUID) -> int:
    """Return the same together with what topped up stored money, for the stores themselves."""
    payment = await Payment.get_or_none(tenant_id=tenant_id, id=payment_id)
    return 0 if payment is None else await _with_stored(payment)


async def stored_minor(payment: Payment) -> int:
    """Return what of a payment is stored for an account and not on its way back."""
    return max(int(await value(_STORED, payment.tenant_id, payment.id)), 0)


async def _refundable(payment: Payment) -> int:
    return max(await _with_stored(payment) - await stored_minor(payment), 0)


async def _with_stored(payment: Payment) -> int:
    if payment.status not in REFUNDABLE:
        return 0
    apart = int(await value(_BELONGS_TO_NO_BILL, payment.tenant_id, payment.id))
    return max(await room.left_minor(payment) - apart, 0)


async def request_refund(
    actor: Actor,
    *,
    payment_id: UUID,
    amount_minor: int,
    seen_refundable_minor: int,
    reason: str,
    key: str,
) -> UUID:
    """Ask for money back of a payment and return the refund's id.

    Within the asker's own limit it is approved at once; above it, it waits for another person. The asker says what
    they saw as refundable, so that two who look at the same page cannot both give it back.

    Raises:
        Invalid: no reason, or an amount that is not above zero or more than is refundable.
        Conflict: the refundable amount has changed, the channel's time for refunds is over, or nothing came in.
    """
    actor.require("refunds.request")
    actor.require_fresh()
    body = {
        "payment": str(payment_id),
        "amount": amount_minor,
        "seen": seen_refundable_minor,
        "reason": reason,
    }

    async def do() -> Answer:
        payment = await lock_payment(actor, payment_id)
        await _ask_guards(payment, is_of_bills=True)
        await _check_amount(payment, amount_minor, seen_refundable_minor)
        refund = await create(actor, payment, amount_minor, reason)
        return {"refund_id": str(refund.id)}

    answer = await once(actor, key=key, act="refund.request", body=body, do=do)
    return UUID(answer["refund_id"])


async def lock_payment(actor: Actor, payment_id: UUID) -> Payment:
    """Return the tenant's payment, locked.

    Raises:
        NotFound: there is none.
    """
    found = await Payment.filter(tenant_id=actor.tenant_id, id=payment_id).select_for_update().get_or_none()
    if found is None:
        raise NotFound("payment.not_found", t("There is no such payment."))
    return found


async def _check_amount(payment: Payment, amount: int, seen: int) -> None:
    left = await _refundable(payment)
    if left != seen:
        raise Conflict(
            "refund.moved",
            t(
                "What can be refunded has changed to {left} since you opened the page. Please check again.",
                left=Amount(left, payment.currency),
            ),
        )
    if type(amount) is not int or amount <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("refund.amount", text, fields={"amount": text})
    if amount > left:
        text = t("At most {left} can be refunded.", left=Amount(left, payment.currency))
        raise Invalid("refund.too_much", text, fields={"amount": text})
    if is_part_refused(payment, amount):
        text = t("This way of paying can only be refunded in full.")
        raise Invalid("refund.part", text, fields={"amount": text})


async def _ask_guards(payment: Payment, *, is_of_bills: bool) -> None:
    for guard in _guards:
        await guard(payment, is_of_bills=is_of_bills)


def check_refundable(payment: Payment) -> None:
    """Refuse a payment of which nothing may go back now.

    Raises:
        Conflict: nothing has come in, all has gone back, or it is in a dispute.
    """
    if payment.status in HELD:
        raise Conflict(
            "refund.disputed",
            t(
                "The payer's bank has taken this money back in a dispute."
                " Nothing is refunded until that is decided, or the payer would get it twice."
            ),
        )
    if payment.status not in REFUNDABLE or payment.succeeded_at is None:
        raise Conflict("refund.nothing", t("There is nothing to refund on this payment."))


def is_window_over(payment: Payment) -> bool:
    """Tell whether the channel gives nothing of this payment back any more."""
    window = capabilities(payment.channel).window(payment.method)
    return (
        window is not None
        and payment.succeeded_at is not None
        and datetime.now(UTC) - payment.succeeded_at > window
    )


def is_part_refused(payment: Payment, amount_minor: int) -> bool:
    """Tell whether the channel gives this payment back whole or not at all, and this is not the whole of it."""
    return amount_minor != payment.amount_minor and not capabilities(payment.channel).has_partial_refund


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_MAX:
        text = t("Say why, in at most {n} characters.", n=REASON_MAX)
        raise Invalid("refund.reason", text, fields={"reason": text})
    return reason


async def create(  # noqa: PLR0917 - how much of what, and why
    actor: Actor,
    payment: Payment,
    amount_minor: int,
    reason: str,
    suspense: Suspense | None = None,
    credit: Credit | None = None,
    *,
    transfer_reference: str = "",
    bill_id: UUID | None = None,
    fee_item_id: UUID | None = None,
    is_agreed: bool = False,
    refund_id: UUID | None = None,
) -> Refund:
    """Reserve the amount and write the refund, approved where the asker may decide alone.

    ``bill_id`` is the one bill that gives it back, ``fee_item_id`` the fee of it that does so first.
    ``is_agreed`` says that a rule has decided, in the system's name.
    ``refund_id`` is the refund's own id, where something refers to it before it is written.
    """
    reason = _checked(reason)
    check_refundable(payment)
    await _must_be_there(payment, amount_minor)
    await _ask_guards(payment, is_of_bills=(suspense, credit, bill_id) == (None, None, None))
    payment.refunding_minor += amount_minor
    await payment.save(update_fields=["refunding_minor"])
    refund = await _write(
        actor,
        payment,
        id=refund_id or new_id(),
        amount_minor=amount_minor,
        suspense_id=suspense.id if suspense else None,
        credit_id=credit.id if credit else None,
        bill_id=bill_id,
        fee_item_id=fee_item_id,
        reason=reason,
        way=TRANSFER if transfer_reference else "channel",
        transfer_reference=transfer_reference,
    )
    await record(actor, refund, "refund.requested", {"reason": reason})
    if is_agreed:
        await send_on(system_actor(refund.tenant_id), refund, payment)
    elif await _may_decide_alone(actor, refund):
        await send_on(actor, refund, payment)
    else:
        await publish("refund.requested", {"refund_id": str(refund.id), "payment_id": str(payment.id)})
    return refund


async def _must_be_there(payment: Payment, amount: int) -> None:
    """Refuse what a lost dispute has taken already, wherever the money lies: it would go back twice."""
    if amount > (left := await room.left_minor(payment)):
        text = t("At most {left} can be refunded.", left=Amount(left, payment.currency))
        raise Conflict("refund.lost", text)


async def _write(actor: Actor, payment: Payment, **facts: Any) -> Refund:
    return await Refund.create(
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        number=await new_number("F", payment.tenant_id),
        currency=payment.currency,
        status="requested",
        requested_by=actor.person_id,
        requested_by_name=actor.name[:100],
        **facts,
    )


_ASKED_SO_FAR = (
    "select coalesce(sum(amount_minor), 0)::bigint from billing_refund where tenant_id = $1 and payment_id = $2"
    " and requested_by = $3 and status not in ('rejected', 'failed')"
)


async def _may_decide_alone(actor: Actor, refund: Refund) -> bool:
    """A limit holds for all that one person gives back of a payment, so that slices do not get around it."""
    if refund.way == TRANSFER:
        return False
    tenant = await Tenant.get(id=refund.tenant_id)
    asked = await value(_ASKED_SO_FAR, refund.tenant_id, refund.payment_id, actor.person_id)
    return bool(refund.currency == tenant.currency and asked <= actor.refund_limit_minor)


async def send_on(actor: Actor, refund: Refund, payment: Payment) -> None:
    """Send it on its way; what its channel gives back no more ends at once, for somebody to find another way."""
    move(refund, "approve")
    await note_decision(actor, refund, "refund.approved", "")
    if not await room.is_there_for(refund, payment):
        refund.error = "disputed"
        await fail(actor, refund, payment)
    elif refund.way == TRANSFER:
        move(refund, "pay_out")
        refund.paid_by_name = refund.requested_by_name
        await book_refund(actor, refund, payment)
    elif is_window_over(payment):
        refund.error = "window"
        await fail(actor, refund, payment)
    elif is_part_refused(payment, refund.amount_minor):
        refund.error = "part"
        await fail(actor, refund, payment)
    elif payment.channel in _INSIDE:
        move(refund, "pay_out")
        refund.paid_by_name = refund.requested_by_name
        await _INSIDE[payment.channel](actor, refund)
        await book_refund(actor, refund, payment)
    elif payment.channel == COUNTER:
        await may_go(actor, refund)
    else:
        await enqueue(SUBMIT_JOB, {"refund_id": str(refund.id)})


async def note_decision(actor: Actor, refund: Refund, act: str, reason: str) -> None:
    """Write down who decided, when and why, on the refund and in the audit trail."""
    refund.decided_by, refund.decided_by_name = actor.person_id, actor.name[:100]
    refund.decided_at, refund.decision_reason = datetime.now(UTC), reason
    await refund.save()
    await record(actor, refund, act, {"reason": reason} if reason else {})


async def record(actor: Actor, refund: Refund, act: str, after: Mapping[str, object]) -> None:
    """Write an act on a refund into the audit trail."""
    facts = {"amount_minor": refund.amount_minor, "currency": refund.currency, "status": refund.status}
    await audit.record(
        actor,
        act,
        subject_kind="refund",
        subject_id=refund.id,
        subject_label=refund.number,
        after={**facts, **after},
    )
