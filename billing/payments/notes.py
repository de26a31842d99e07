"""What a channel's message means to us: which attempt or refund, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.channels import bank, stripe, stripe_cards
from billing.channels.agreements import CardNews, MandateNews
from billing.channels.contract import Outcome, RefundOutcome
from billing.channels.rail_agreements import mandate_news
from billing.disputes.news import News, rail_news, stripe_news
from billing.disputes.settling import take_news
from billing.mandates import cards
from billing.mandates.life import PRESENT_JOB, hear
from billing.mandates.states import LIVE
from billing.models import Attempt, Mandate, Payment, Refund, SettlementAccount
from billing.payments import elsewhere
from billing.payments.elsewhere import Found
from billing.payments.landing import Opened
from billing.payments.refunding import settle_refund
from billing.payments.settling import WrongAccount, settle
from billing.payments.starting import ASK_JOB
from billing.transfers.receiving import receive
from tenants.actor import Actor
from tenants.jobs import enqueue

_SESSION = "checkout.session."
_PAID = {f"{_SESSION}completed", f"{_SESSION}async_payment_succeeded", f"{_SESSION}async_payment_failed"}
_REFUNDS = {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
_INTENTS = {"payment_intent.succeeded", "payment_intent.processing"}
_FAILED_INTENT = "payment_intent.payment_failed"
METHODS = "payment_method."
UNNAMED = ("charge.dispute.", METHODS)
"""How the kinds of Stripe's events begin that carry no metadata of ours: disputes, and saved cards."""
_RENEWED = {f"{METHODS}automatically_updated", f"{METHODS}updated"}


class Discarded(Exception):
    """The message is not for us to act on; the reason is kept with it."""


@dataclass(frozen=True, slots=True)
class Note:
    """A message made plain: about an attempt, refund, settlement account, dispute, transfer, mandate or saved card.

    ``account`` is the channel's name of the institution that it concerns. Without an outcome the message is no
    more than a reason to ask.
    """

    tenant_id: UUID
    account: str
    attempt_id: UUID | None = None
    refund_id: UUID | None = None
    settlement_id: UUID | None = None
    outcome: Outcome | None = None
    refund: RefundOutcome | None = None
    elsewhere: Found | None = None
    is_charging: bool = False
    dispute: News | None = None
    transfer: Mapping[str, Any] | None = None
    mandate_id: UUID | None = None
    mandate: MandateNews | None = None
    method: str = ""
    card: CardNews | None = None
    """A saved card as it is now; ``None`` once it was taken away."""


def read(source: str, kind: str, payload: Mapping[str, Any], tenant_id: UUID | None) -> Note:
    """Return what a stored message says.

    Raises:
        Discarded: it is of a kind that we do not use, or not about a payment of ours.
    """
    if source == "stripe" and not is_unnamed(kind, payload):
        return _stripe(kind, payload)
    if tenant_id is None:
        raise Discarded("no institution")
    if source == "stripe" and kind in _REFUNDS:
        return _elsewhere(payload, tenant_id)
    if source == "stripe" and kind.startswith(METHODS):
        return _method(kind, payload, tenant_id)
    if source == "stripe":
        news = stripe_news(kind, payload["data"]["object"])
        return Note(tenant_id, str(payload.get("account") or ""), dispute=news)
    return _bank(kind, payload, tenant_id)


def is_unnamed(kind: str, payload: Mapping[str, Any]) -> bool:
    """Tell whether an event of Stripe names nothing of ours: its account alone says whose it is."""
    return kind.startswith(UNNAMED) or (kind in _REFUNDS and not _metadata(payload).get("refund_id"))


def _metadata(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return payload["data"]["object"].get("metadata") or {}


def _elsewhere(payload: Mapping[str, Any], tenant_id: UUID) -> Note:
    """A refund that somebody has made on Stripe's own pages."""
    found = payload["data"]["object"]
    made = Found(
        str(found["id"]),
        str(found.get("payment_intent") or ""),
        int(found["amount"]),
        str(found["currency"]).upper(),
    )
    refund = stripe.refund_outcome(found)
    return Note(tenant_id, str(payload.get("account") or ""), refund=refund, elsewhere=made)


def _id(values: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(str(values[name]))
    except (KeyError, ValueError):
        raise Discarded(f"not ours: no {name}") from None


def _stripe(kind: str, payload: Mapping[str, Any]) -> Note:
    found, account = payload["data"]["object"], str(payload.get("account") or "")
    ours = found.get("metadata") or {}
    if kind == "account.updated":
        is_charging = bool(found["charges_enabled"])
        settlement = _id(ours, "settlement_account_id")
        return Note(_id(ours, "tenant_id"), found["id"], settlement_id=settlement, is_charging=is_charging)
    if kind in _REFUNDS:
        refund = stripe.refund_outcome(found)
        return Note(_id(ours, "tenant_id"), account, refund_id=_id(ours, "refund_id"), refund=refund)
    if kind.startswith(_SESSION) and found.get("mode") == "setup":
        return Note(_id(ours, "tenant_id"), account, mandate_id=_id(ours, "mandate_id"))
    if kind in _PAID:
        outcome = stripe.outcome_of(_settled(kind, found))
    elif kind in _INTENTS:
        outcome = stripe_cards.charge_outcome(found) if ours.get("unasked") else _intent(found)
    elif kind == _FAILED_INTENT and ours.get("unasked"):
        outcome = stripe_cards.charge_outcome(found)
    elif kind == f"{_SESSION}expired":
        outcome = None
    else:
        raise Discarded(f"unused kind {kind}")
    return Note(_id(ours, "tenant_id"), account, attempt_id=_id(ours, "attempt_id"), outcome=outcome)


def _method(kind: str, payload: Mapping[str, Any], tenant_id: UUID) -> Note:
    """A saved card that its network has renewed, or that somebody took away at Stripe."""
    found, account = payload["data"]["object"], str(payload.get("account") or "")
    if kind == f"{METHODS}detached":
        return Note(tenant_id, account, method=found["id"])
    if kind not in _RENEWED or found.get("type") != "card":
        raise Discarded(f"unused kind {kind}")
    return Note(tenant_id, account, method=found["id"], card=stripe_cards.card_of(found))


def _settled(kind: str, session: Mapping[str, Any]) -> dict[str, Any]:
    """A failed delayed payment shows on its intent alone, which the event does not carry."""
    if kind != f"{_SESSION}async_payment_failed":
        return dict(session)
    intent = {"id": session["payment_intent"], "status": "requires_payment_method"}
    return {**session, "payment_intent": intent}


def _intent(intent: Mapping[str, Any]) -> Outcome:
    is_paid = intent["status"] == "succeeded"
    return Outcome(
        state="succeeded" if is_paid else "processing",
        channel_payment=intent["id"],
        amount_minor=intent["amount_received"] if is_paid else None,
        currency=intent["currency"].upper(),
    )


def _bank(kind: str, payload: Mapping[str, Any], tenant_id: UUID) -> Note:
    found, account = payload["data"], str(payload["merchant"])
    if kind.startswith("refund."):
        refund = bank.refund_outcome(found)
        return Note(tenant_id, account, refund_id=_id(found, "merchant_refund_no"), refund=refund)
    if kind.startswith("order."):
        outcome = bank.order_outcome(found)
        return Note(tenant_id, account, attempt_id=_id(found, "merchant_order_no"), outcome=outcome)
    if kind.startswith("chargeback."):
        return Note(tenant_id, account, dispute=rail_news(found))
    if kind == "transfer.credited":
        return Note(tenant_id, account, transfer=found)
    if kind.startswith("mandate."):
        news = mandate_news(dict(found))
        return Note(tenant_id, account, mandate_id=_id(found, "merchant_mandate_no"), mandate=news)
    raise Discarded(f"unused kind {kind}")


async def act(actor: Actor, note: Note, opened: Opened | None = None) -> None:
    """Do what a message is about, in the open tenant scope; ``opened`` is its payment where it is locked already.

    Raises:
        Discarded: it comes from an account to which this payment does not go.
        tortoise.exceptions.DoesNotExist: what it is about is not here (yet).
    """
    if note.settlement_id is not None:
        await _charging(note, note.settlement_id)
        return
    if note.refund_id is not None and note.refund is not None:
        refund = await Refund.get(tenant_id=note.tenant_id, id=note.refund_id)
        await _must_match(note, refund.payment_id)
        await settle_refund(actor, note.refund_id, note.refund)
        return
    if note.elsewhere is not None and note.refund is not None:
        await _refunded(actor, note, note.elsewhere, note.refund)
        return
    if note.dispute is not None:
        await _dispute(actor, note, note.dispute)
        return
    if note.attempt_id is None:
        await _agreed(actor, note)
        return
    if note.outcome is None:
        attempt = await Attempt.get(tenant_id=note.tenant_id, id=note.attempt_id)
        await _must_match(note, attempt.payment_id)
        await enqueue(ASK_JOB, {"attempt_id": str(attempt.id), "n": 0})
        return
    try:
        await settle(actor, note.attempt_id, note.outcome, account=note.account, opened=opened)
    except WrongAccount as error:
        raise Discarded(str(error)) from None


async def _refunded(actor: Actor, note: Note, found: Found, outcome: RefundOutcome) -> None:
    """Take a refund that was made elsewhere to the payment that the channel names."""
    if not found.payment:
        raise Discarded("it names no payment")
    attempt = await Attempt.get(tenant_id=note.tenant_id, status="succeeded", channel_payment=found.payment)
    await _must_match(note, attempt.payment_id)
    await elsewhere.take(actor, attempt.payment_id, found, outcome)


async def _account_of(note: Note) -> SettlementAccount:
    """Return the settlement account that a message of the rail is about; the signature was made with its key."""
    found = await SettlementAccount.filter(tenant_id=note.tenant_id, rail_merchant=note.account).first()
    if found is None or not note.account:
        raise Discarded(f"account {note.account or '(none)'} is not this institution's")
    return found


async def _agreed(actor: Actor, note: Note) -> None:
    """Take news of what lasts longer than a payment: a transfer to a number, a mandate, a saved card."""
    if note.transfer is not None:
        await receive(actor, await _account_of(note), note.transfer)
    elif note.mandate_id is not None:
        await _mandate(actor, note, note.mandate_id)
    else:
        await _card(actor, note)


async def _mandate(actor: Actor, note: Note, mandate_id: UUID) -> None:
    """Take what a mandate's channel says; a page for saving a card says no more than that it is worth asking."""
    if note.mandate is not None:
        await _account_of(note)
        await hear(actor, mandate_id, note.mandate)
        return
    mandate = await Mandate.get(tenant_id=note.tenant_id, id=mandate_id)
    account = await SettlementAccount.get(tenant_id=note.tenant_id, id=mandate.settlement_account_id)
    if account.stripe_account != note.account:
        raise Discarded(f"account {note.account or '(none)'} is not where this mandate's card is kept")
    await enqueue(PRESENT_JOB, {"mandate_id": str(mandate_id)})


async def _card(actor: Actor, note: Note) -> None:
    if note.card is not None:
        if await cards.hear(actor, note.method, note.card) is None:
            raise Discarded("no card that is saved here")
        return
    live = await Mandate.filter(tenant_id=note.tenant_id, instrument=note.method, status__in=LIVE)
    for mandate in live:
        await hear(actor, mandate.id, MandateNews("revoked"))
    if not await cards.lose(actor, note.method) and not live:
        raise Discarded("no card that is kept here")


async def _dispute(actor: Actor, note: Note, news: News) -> None:
    """Take the news of a dispute to the attempt that the channel names: by its payment, or by our own number."""
    own: dict[str, Any] = {"id": news.payment} if _is_id(news.payment) else {"channel_payment": news.payment}
    attempt = await Attempt.get(tenant_id=note.tenant_id, status="succeeded", **own)
    await _must_match(note, attempt.payment_id)
    await take_news(actor, attempt.id, news)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


async def _must_match(note: Note, payment_id: UUID) -> None:
    payment = await Payment.get(tenant_id=note.tenant_id, id=payment_id)
    account = await SettlementAccount.get(tenant_id=note.tenant_id, id=payment.settlement_account_id)
    expected = account.stripe_account if payment.channel == "stripe" else account.rail_merchant
    if not note.account or note.account != expected:
        raise Discarded(f"account {note.account or '(none)'} is not where payment {payment.number} goes")


async def _charging(note: Note, settlement_id: UUID) -> None:
    account = await SettlementAccount.get(tenant_id=note.tenant_id, id=settlement_id)
    if account.stripe_account != note.account:
        raise Discarded(f"account {note.account} is not this settlement account's")
    account.is_stripe_ready = note.is_charging
    await account.save(update_fields=["is_stripe_ready"])
