"""Cards that payers have saved at Stripe: agreed to on Stripe's own page, charged later without anybody there.

Only Stripe knows the card; we keep the ids of customer and payment method, and what is printed on the card's front
for people to know it by. A card is saved on the institution's own connected account, where it is charged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import stripe

from billing.channels.agreements import CardNews, MandateNews
from billing.channels.contract import ChannelRefused, Destination, Order, Outcome
from billing.channels.stripe_client import (
    LOCALES,
    LOOK_BACK,
    answers,
    application_fee,
    client,
    ids_of,
    options_of,
)

BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "unionpay": "UnionPay",
    "jcb": "JCB",
    "discover": "Discover",
    "diners": "Diners Club",
}
_STATES = {"succeeded": "succeeded", "processing": "processing", "canceled": "cancelled"}
"""Stripe's states of an intent in ours; in all others it waits for somebody who is not there, and has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """A payer's wish to save a card. ``after`` is the page that asked before it, so that each has its own key."""

    tenant_id: UUID
    mandate_id: UUID
    customer: str
    return_url: str
    locale: str
    after: str


async def open_customer(to: Destination, *, tenant_id: UUID, person_id: UUID, name: str, email: str) -> str:
    """Return the id of a payer's customer on this account; asked twice within a day, Stripe makes one.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    params = {
        "name": name,
        "metadata": {"tenant_id": str(tenant_id), "person_id": str(person_id)},
        **({"email": email} if email else {}),
    }
    async with answers():
        made = await client().v1.customers.create_async(
            cast("Any", params), options_of(to, f"customer-{person_id}-{to.id}")
        )
    return made.id


async def open_saving(to: Destination, saving: Saving) -> MandateNews:
    """Have Stripe's page ask the payer for a card and their leave to charge it later.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    names = {"tenant_id": str(saving.tenant_id), "mandate_id": str(saving.mandate_id)}
    params = {
        "mode": "setup",
        "customer": saving.customer,
        "client_reference_id": str(saving.mandate_id),
        "payment_method_types": ["card"],
        "metadata": names,
        "setup_intent_data": {"metadata": names},
        "success_url": saving.return_url,
        "cancel_url": saving.return_url,
        "locale": LOCALES.get(saving.locale, "auto"),
    }
    key = f"save-{saving.mandate_id}-{saving.after or 'first'}"
    async with answers():
        made = await client().v1.checkout.sessions.create_async(cast("Any", params), options_of(to, key))
    return MandateNews("authorising", saving.customer, authorise_url=made.url or "")


async def query_saving(to: Destination, customer: str, mandate_id: UUID) -> MandateNews:
    """Return what became of the newest page that asked for a card for this mandate.

    A card that has been taken away since counts as revoked.

    Raises:
        ChannelSilent: no answer.
    """
    options = options_of(to)
    async with answers():
        page = await client().v1.checkout.sessions.list_async({"customer": customer, "limit": 100}, options)
        async for session in page.auto_paging_iter():
            if session.client_reference_id == str(mandate_id):
                return await _saving_news(session.to_dict(), customer, options)
    return MandateNews("absent", customer)


async def _saving_news(session: Mapping[str, Any], customer: str, options: Any) -> MandateNews:
    if session["status"] != "complete":
        state = "authorising" if session["status"] == "open" else "declined"
        return MandateNews(state, customer, authorise_url=session["url"] or "", page=session["id"])
    setup = await client().v1.setup_intents.retrieve_async(
        session["setup_intent"], {"expand": ["payment_method"]}, options
    )
    card = card_of(setup.to_dict()["payment_method"])
    state = "active" if card.customer else "revoked"
    return MandateNews(state, customer, card.method, mask_of(card), card=card, page=session["id"])


def card_of(method: Mapping[str, Any]) -> CardNews:
    """Return a payment method as a card; one that was detached has no customer."""
    card = method["card"]
    return CardNews(
        method=str(method["id"]),
        customer=str(method.get("customer") or ""),
        brand=str(card["brand"]),
        last4=str(card["last4"]),
        exp_month=int(card["exp_month"]),
        exp_year=int(card["exp_year"]),
        fingerprint=str(card.get("fingerprint") or ""),
    )


def mask_of(card: CardNews) -> str:
    """Return what people know a card by, ``Visa **** 4242``."""
    return f"{BRANDS.get(card.brand, card.brand.title())} **** {card.last4}"


async def keeping(order: Order) -> dict[str, Any]:
    """Return what a Checkout Session says besides where the card that pays is kept: for whom, and for what use.

    Only cards are kept; other ways to pay stay on offer. Raises as every call of a channel.
    """
    if order.saver is None:
        return {}
    customer = order.saver.customer or await open_customer(
        order.destination,
        tenant_id=order.tenant_id,
        person_id=order.saver.person_id,
        name=order.saver.name,
        email=order.saver.email,
    )
    options = {"card": {"setup_future_usage": "off_session"}}
    return {"customer": customer, "payment_method_options": options}


async def card_paid_with(order: Order) -> CardNews | None:
    """Return the card that a received payment was made with; ``None`` where it was none, or was not kept.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    async with answers():
        intent = await client().v1.payment_intents.retrieve_async(
            order.channel_payment, {"expand": ["payment_method"]}, options_of(order.destination)
        )
    method = intent.to_dict().get("payment_method")
    is_kept = isinstance(method, dict) and method.get("type") == "card" and method.get("customer")
    return card_of(cast("Any", method)) if is_kept else None


async def detach(to: Destination, method: str) -> None:
    """Take a card away from us for good; one that is gone already is no error.

    Raises:
        ChannelSilent: no answer; doing it again is safe.
    """
    try:
        async with answers():
            await client().v1.payment_methods.detach_async(method, {}, options_of(to))
    except ChannelRefused:
        return


async def charge(order: Order) -> Outcome:
    """Charge a saved card with nobody there to confirm; the attempt's id is the key, so it happens once.

    A decline is an outcome and no refusal: Stripe has taken note of it under the attempt.
    """
    params = {
        "amount": order.amount_minor,
        "currency": order.currency.lower(),
        "customer": order.mandate,
        "payment_method": order.instrument,
        "payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "description": order.number,
        "metadata": ids_of(order) | {"unasked": "1"},
        **application_fee(order),
    }
    options = options_of(order.destination, f"attempt-{order.attempt_id}")
    async with answers():
        try:
            made = await client().v1.payment_intents.create_async(cast("Any", params), options)
        except stripe.CardError as declined:
            return _declined(declined)
    return charge_outcome(made.to_dict())


def _declined(error: stripe.CardError) -> Outcome:
    told = cast("dict[str, Any]", error.json_body or {}).get("error") or {}
    intent = told.get("payment_intent") or {}
    return Outcome(
        state="failed",
        reference=str(intent.get("id") or ""),
        channel_payment=str(intent.get("id") or ""),
        error=str(told.get("decline_code") or told.get("code") or "card_declined"),
    )


def charge_outcome(intent: Mapping[str, Any]) -> Outcome:
    """Return what an intent that nobody confirms says: whatever is not done or under way has failed."""
    state = _STATES.get(str(intent["status"]), "failed")
    error = intent.get("last_payment_error") or {}
    if error and state == "cancelled":
        state = "failed"
    return Outcome(
        state=cast("Any", state),
        reference=str(intent["id"]),
        channel_payment=str(intent["id"]),
        amount_minor=int(intent["amount_received"]) if state == "succeeded" else None,
        currency=str(intent["currency"]).upper(),
        error=str(error.get("decline_code") or error.get("code") or ""),
    )


async def query_charge(order: Order) -> Outcome:
    """Ask what became of a charge, by its id or among the customer's since then."""
    options = options_of(order.destination)
    async with answers():
        if order.reference:
            known = await client().v1.payment_intents.retrieve_async(order.reference, {}, options)
            return charge_outcome(known.to_dict())
        since = int((order.created_at - LOOK_BACK).timestamp())
        page = await client().v1.payment_intents.list_async(
            {"customer": order.mandate, "created": {"gte": since}, "limit": 100}, options
        )
        async for each in page.auto_paging_iter():
            found = each.to_dict()
            if (found["metadata"] or {}).get("attempt_id") == str(order.attempt_id):
                return charge_outcome(found)
    return Outcome(state="absent")


async def cancel_charge(order: Order) -> Outcome:
    """Make sure that a charge which did not go through never will; one that did says so."""
    known = await query_charge(order)
    if known.state != "failed" or not known.reference:
        return known
    try:
        async with answers():
            await client().v1.payment_intents.cancel_async(known.reference, {}, options_of(order.destination))
    except ChannelRefused:
        return await query_charge(order)
    return known
