"""Beginning a payment online: commit first, call the channel second."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NoReturn
from uuid import UUID

import structlog

from billing.bank_terms.reading import fee_of
from billing.channels import CHANNELS, health
from billing.channels.contract import Channel, ChannelRefused, ChannelSilent, Order, Outcome
from billing.idempotency import Answer, once
from billing.mandates.caps import check_caps
from billing.mandates.saving import saver_for
from billing.models import Attempt, Payment, SettlementAccount
from billing.payments import devices
from billing.payments.allocating import Parts
from billing.payments.choosing import Chosen, Wanted, choose, must_see, parts_of, way_for
from billing.payments.holding import Want, when_free
from billing.payments.numbers import new_number
from billing.payments.orders import order_of, request_of
from billing.payments.settling import lose, settle
from billing.payments.states import LIVE
from billing.routing.methods import method_of
from billing.routing.terms import BankFee
from billing.splits.rules import must_be_shareable
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.scope import execute, in_scope, open_scope, rows, tenant_scope
from ui.errors import Conflict
from ui.i18n import current_locale, t

log = structlog.get_logger(__name__)
ASK_JOB = "billing.ask_attempt"
FIRST_ASK = timedelta(seconds=20)
ANSWER_POLL, ANSWER_POLLS = 0.1, 100
PLACE = "{payment_id}"
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StartedPayment:
    """Where the payer goes on. Neither address nor code while the channel's answer is still ``unknown``."""

    payment_id: UUID
    attempt_id: UUID
    status: str
    redirect_url: str
    qr_content: str
    expires_at: datetime


def must_be_outside() -> None:
    """Refuse to run inside a transaction, which would be held open, or rolled back, around a call to the outside.

    Raises:
        RuntimeError: a scope is open; register the route with ``is_transactional=False``.
    """
    if in_scope():
        raise RuntimeError("a payment commits before it calls its channel: call this outside of any scope")


async def start_payment(
    actor: Actor,
    *,
    tenant_id: UUID,
    bills: Wanted,
    channel: str,
    key: str,
    return_url: str,
    cancel_url: str = "",
    checkout_id: UUID | None = None,
    is_saving: bool = False,
) -> StartedPayment:
    """Begin to pay bills of one institution through ``channel``, or go on with a payment begun before.

    ``bills`` are (id, minor units) pairs; ``key`` comes from the form. ``{payment_id}`` in the addresses becomes
    the payment's id. ``is_saving`` is the payer's leave to keep the card. The channel is called after the commit; if
    it stays silent the payment is ``unknown``, and ``refresh`` finds out. Call it outside of any scope.

    Raises:
        NotFound: a bill is not this actor's to see.
        Invalid, Conflict: what ``choose`` and ``clear_way`` find; the channel refuses; the key was used otherwise.
    """
    must_be_outside()
    parts = parts_of(bills)
    await must_see(actor, tenant_id, parts)
    inside = actor.within(tenant_id)
    urls = (return_url, cancel_url or return_url)
    will = Will(parts, channel, key, urls, checkout_id, is_saving=is_saving)
    return await send(inside, await prepare(inside, will))


@dataclass(frozen=True, slots=True)
class Will:
    """What is to be paid in one institution, and how. A payment of a checkout of several names it.

    ``is_saving``: the payer has agreed that the card that pays is kept.
    """

    parts: Parts
    channel: str
    key: str
    urls: tuple[str, str]
    checkout_id: UUID | None = None
    expires_at: datetime | None = None
    is_saving: bool = False


async def prepare(actor: Actor, will: Will) -> UUID:
    """Commit a payment of bills that were proved visible, or find the actor's own that fits; return its attempt.

    Raises:
        Invalid, Conflict: as for ``start_payment``.
    """

    async def commit() -> UUID:
        return await _commit(actor, will)

    want = Want(will.parts, will.channel, will.checkout_id, will.is_saving)
    return await when_free(actor, want, commit)


async def _commit(actor: Actor, will: Will) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    tenant_id = actor.tenant_id
    bills = sorted([str(bill), amount] for bill, amount in will.parts.items())
    body = {"bills": bills, "channel": will.channel} | ({"is_saving": True} if will.is_saving else {})

    async def do() -> Answer:
        await check_caps(actor, will.parts)
        chosen = await choose(tenant_id, will.parts)
        account = await SettlementAccount.get(tenant_id=tenant_id, id=chosen.settlement_id)
        method, channel = await way_for(will.channel, chosen, account, will.parts)
        await must_be_shareable(tenant_id, will.parts, method.channel)
        until = will.expires_at or datetime.now(UTC) + channel.capabilities.lifetime
        payment = await new_payment(actor, chosen, method.channel, until)
        payment.checkout_id, payment.method = will.checkout_id, method.key
        await payment.save(force_create=True)
        await hold(payment, will.parts)
        saver = await saver_for(actor, account, method) if will.is_saving else {}
        attempt = await new_attempt(actor, payment, chosen, will.urls, saver)
        await begin_asking(attempt)
        return {"attempt_id": str(attempt.id)}

    async with open_scope(tenant_scope(tenant_id)):
        answer = await once(actor, key=will.key, act="payment.start", body=body, do=do)
    return UUID(answer["attempt_id"])


async def begin_asking(attempt: Attempt) -> None:
    """Have the channel asked what became of an attempt, from soon after it is sent until its end is known."""
    await enqueue(ASK_JOB, {"attempt_id": str(attempt.id), "n": 0}, delay=FIRST_ASK)


async def new_payment(actor: Actor, chosen: Chosen, channel: str, expires_at: datetime) -> Payment:
    """Return the will to pay what was chosen, to be saved."""
    return Payment(
        id=new_id(),
        tenant_id=actor.tenant_id,
        number=await new_number("P", actor.tenant_id, chosen.zone),
        currency=chosen.currency,
        amount_minor=chosen.amount_minor,
        channel=channel,
        settlement_account_id=chosen.settlement_id,
        person_id=actor.person_id,
        link_bill_id=actor.bill_id if actor.kind == "link" else None,
        payer_name=actor.name[:100],
        payer_email=actor.email[:200],
        status="created",
        expires_at=expires_at,
        device_mark=devices.mark(actor.tenant_id)
        if actor.tenant_id and actor.kind in {"payer", "link"}
        else None,
    )


async def hold(payment: Payment, parts: Parts, *, is_live: bool = True) -> None:
    """Write what the payment is for; live parts hold their bills.

    Raises:
        asyncpg.UniqueViolationError: another live attempt holds one of them.
    """
    for bill_id in sorted(parts):
        await execute(
            "insert into billing_payment_part (tenant_id, id, payment_id, bill_id, amount_minor, is_live)"
            " values ($1, $2, $3, $4, $5, $6)",
            payment.tenant_id,
            new_id(),
            payment.id,
            bill_id,
            parts[bill_id],
            is_live,
        )


async def new_attempt(
    actor: Actor, payment: Payment, chosen: Chosen, urls: tuple[str, str], more: Mapping[str, Any] = NOTHING
) -> Attempt:
    """Write a try to make the payment, with all that its channel is going to be told; ``more`` goes along."""
    return_url, cancel_url = (url.replace(PLACE, str(payment.id)) for url in urls)
    return await Attempt.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        channel=payment.channel,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        status="created",
        expires_at=payment.expires_at,
        request=await _asked_of(payment)
        | request_of(
            items=list(chosen.items),
            return_url=return_url,
            cancel_url=cancel_url,
            locale=current_locale(),
            payer_email=actor.email,
        )
        | dict(more),
    )


async def _asked_of(payment: Payment) -> dict[str, Any]:
    """Return what the channel is told besides the bills: by which of its ways, and what the bank keeps."""
    method = method_of(payment.method)
    fee = await _fee_of(payment)
    return {
        "methods": list(method.types) if method else [],
        "application_fee_minor": fee.of(payment.amount_minor),
    }


async def _fee_of(payment: Payment) -> BankFee:
    """Return what the bank keeps of it: as agreed with the institution, else the bank's own."""
    if payment.channel != "stripe":
        return BankFee()
    return (await fee_of(await Tenant.get(id=payment.tenant_id)))[0]


async def send(actor: Actor, attempt_id: UUID) -> StartedPayment:
    """Send a committed attempt to its channel unless that has been done; the same key makes it happen once there.

    One that was sent before without an answer is asked after first: it may be there already.

    Raises:
        Conflict: the channel refused it, or it ended while the channel was answering.
    """
    claimed = await claim(actor, attempt_id)
    if not claimed:
        return await _answered(actor, attempt_id)
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        order = await order_of(actor.tenant_id, attempt_id)
        channel = CHANNELS[(await Attempt.get(tenant_id=actor.tenant_id, id=attempt_id)).channel]
    try:
        outcome = await _call(channel, order, is_again=claimed[0]["sent_at"] is not None)
        health.note(channel.key, is_answered=True)
    except ChannelSilent as error:
        health.note(channel.key, is_answered=False)
        async with open_scope(tenant_scope(actor.tenant_id)):
            return _started(await lose(actor, attempt_id, str(error)))
    except ChannelRefused as error:
        await _refuse(actor, attempt_id, str(error))
    return _started(await _keep(actor, order, outcome))


async def _call(channel: Channel, order: Order, *, is_again: bool) -> Outcome:
    if is_again:
        known = await channel.query(order)
        if known.state != "absent":
            return known
    return await channel.start(order)


_CLAIM = """
with before as (
  select id, sent_at from billing_attempt where tenant_id = $1 and id = $2 for update
)
update billing_attempt a set sent_at = now() from before
 where a.tenant_id = $1 and a.id = before.id and a.status in ('created', 'unknown') and a.redirect_url = ''
   and (a.sent_at is null or a.sent_at < now() - interval '15 seconds') and a.expires_at > now()
returning before.sent_at
"""


async def claim(actor: Actor, attempt_id: UUID) -> Sequence[Any]:
    """Let one request send the attempt; another one that comes along meanwhile waits for its answer."""
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await rows(_CLAIM, actor.tenant_id, attempt_id)


async def _answered(actor: Actor, attempt_id: UUID) -> StartedPayment:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    for _ in range(ANSWER_POLLS):
        async with open_scope(tenant_scope(actor.tenant_id)):
            attempt = await Attempt.get(tenant_id=actor.tenant_id, id=attempt_id)
        if attempt.status != "created":
            break
        await asyncio.sleep(ANSWER_POLL)
    return _started(attempt)


async def _refuse(actor: Actor, attempt_id: UUID, error: str) -> NoReturn:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    log.error("channel.refused", attempt_id=str(attempt_id), error=error)
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle(actor, attempt_id, Outcome(state="failed", error=error))
    raise Conflict(
        "channel.refused",
        t("This way of paying could not be started, and nothing was taken. Please choose another one."),
    )


async def _keep(actor: Actor, order: Order, outcome: Outcome) -> Attempt:
    """Keep the channel's answer; an attempt that has ended in the meantime must not stay open over there."""
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        attempt = await settle(actor, order.attempt_id, outcome)
    if attempt.status in {"failed", "cancelled", "expired"}:
        await CHANNELS[attempt.channel].cancel(replace(order, reference=outcome.reference))
        raise Conflict("payment.ended", t("This payment took too long to start. Please start it again."))
    return attempt


def _started(attempt: Attempt) -> StartedPayment:
    is_open = attempt.status in LIVE
    return StartedPayment(
        payment_id=attempt.payment_id,
        attempt_id=attempt.id,
        status=attempt.status,
        redirect_url=attempt.redirect_url if is_open else "",
        qr_content=attempt.qr_content if is_open else "",
        expires_at=attempt.expires_at,
    )
