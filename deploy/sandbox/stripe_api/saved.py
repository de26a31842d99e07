"""Customers, their payment methods and setup intents: cards that a payer saves to be charged later, unasked.

Shapes: Stripe API reference 2026-10-28. What a saved card does when it is charged unasked is fixed by which test
card it is (docs.stripe.com/testing), or set by the control API.
"""

from dataclasses import dataclass

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import Call, StripeError
from deploy.sandbox.stripe_api.objects import expanded, listing, load, metadata, owner, put, save
from deploy.sandbox.world import World, new_id


@dataclass(frozen=True, slots=True)
class TestCard:
    """One of the play bank's cards; ``decline`` is the decline code of each charge that nobody confirms."""

    name: str
    brand: str
    last4: str
    decline: str = ""
    months_left: int = 60


CARDS = {
    "visa": TestCard("Visa", "visa", "4242"),
    "mastercard": TestCard("Mastercard", "mastercard", "4444"),
    "empty": TestCard("Visa without funds", "visa", "0341", "insufficient_funds"),
    "lost": TestCard("Visa that gets lost", "visa", "9987", "lost_card"),
    "asks": TestCard("Visa that asks each time", "visa", "3184", "authentication_required"),
    "ending": TestCard("Visa that expires this month", "visa", "1117", months_left=0),
}
"""What a payer may save on the hosted page."""
DECLINES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "expired_card": "Your card has expired.",
}
_CODES = {"authentication_required": "authentication_required", "expired_card": "expired_card"}
"""The error's code where it is not `card_declined`."""


def create_customer(call: Call) -> Doc:
    """`POST /v1/customers`."""
    customer: Doc = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": call.world.clock.seconds(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": call.text("description"),
        "email": call.text("email"),
        "invoice_prefix": new_id("", 8).upper(),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
        "livemode": False,
        "metadata": metadata(call.params.get("metadata")),
        "name": call.text("name"),
        "phone": call.text("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    put(call.world, call.account, customer)
    emit(call.world, call.account, "customer.created", customer)
    return customer


def new_setup(world: World, account: str, *, customer: str | None, data: Doc) -> Doc:
    """A setup intent that waits for a card, as a Checkout Session in setup mode makes one."""
    key = new_id("seti_")
    setup: Doc = {
        "id": key,
        "object": "setup_intent",
        "application": "ca_sandbox",
        "cancellation_reason": None,
        "client_secret": new_id(f"{key}_secret_"),
        "created": world.clock.seconds(),
        "customer": customer,
        "description": data.get("description"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": metadata(data.get("metadata")),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    put(world, account, setup)
    emit(world, account, "setup_intent.created", setup)
    return setup


def save_card(world: World, setup: Doc, card: str) -> Doc:
    """The payer has agreed on the hosted page: the card belongs to the customer from now on."""
    account = owner(world, "seti", setup["id"])
    method = new_method(world, account, setup["customer"], card)
    setup |= {"status": "succeeded", "payment_method": method["id"]}
    save(world, setup)
    emit(world, account, "setup_intent.succeeded", setup)
    return method


def new_method(world: World, account: str, customer: str | None, card: str) -> Doc:
    """A card of one of the kinds that the play bank has, attached to its customer."""
    kind, now = CARDS.get(card, CARDS["visa"]), world.clock.now()
    month = now.year * 12 + now.month - 1 + kind.months_left
    method: Doc = {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": {
            "brand": kind.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": kind.brand,
            "exp_month": month % 12 + 1,
            "exp_year": month // 12,
            "fingerprint": f"sandbox{kind.last4}",
            "funding": "credit",
            "last4": kind.last4,
            "networks": {"available": [kind.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": world.clock.seconds(),
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    put(world, account, method)
    _behave(world, method, kind.decline)
    emit(world, account, "payment_method.attached", method)
    return method


def methods_of(call: Call) -> Doc:
    """`GET /v1/payment_methods` by `customer` and `type`; those detached belong to nobody."""
    return listing(call, "pm", "/v1/payment_methods", by=("customer", "type"))


def detach(call: Call) -> Doc:
    """`POST /v1/payment_methods/{id}/detach`; it can never be charged again."""
    method = load(call.world, call.account, "pm", call.path["id"], "payment_method")
    if method["customer"] is None:
        text = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise StripeError(text)
    return expanded(call, let_go(call.world, method))


def let_go(world: World, method: Doc) -> Doc:
    """Take a card from its customer, and tell."""
    method["customer"] = None
    save(world, method)
    emit(world, owner(world, "pm", method["id"]), "payment_method.detached", method)
    return method


def _behave(world: World, method: Doc, decline: str) -> None:
    world.store.put("stripe.card", Row(method["id"], {"decline": decline}))


def decline_of(world: World, method: Doc) -> str:
    """How a charge of this card ends when nobody confirms it: a decline code, or empty when it goes through."""
    card, now = method["card"], world.clock.now()
    if (card["exp_year"], card["exp_month"]) < (now.year, now.month):
        return "expired_card"
    return str((world.store.get("stripe.card", method["id"]) or {}).get("decline", ""))


def change(world: World, method: Doc, body: Doc) -> Doc:
    """What happens to a card outside: its network renews it, its bank begins to decline it, its owner takes it away.

    `{exp_month, exp_year}`, `{decline: code or ""}`, `{act: detach}`.
    """
    if body.get("act") == "detach":
        return let_go(world, method)
    if "decline" in body:
        _behave(world, method, str(body["decline"]))
    if "exp_month" in body or "exp_year" in body:
        method["card"] |= {name: int(body[name]) for name in ("exp_month", "exp_year") if name in body}
        save(world, method)
        account = owner(world, "pm", method["id"])
        emit(world, account, "payment_method.automatically_updated", method)
    return method


def declined(intent: Doc, method: Doc | None, decline: str) -> Doc:
    """The error of a declined charge, as Stripe words it."""
    code = _CODES.get(decline, "card_declined")
    return {
        "type": "card_error",
        "code": code,
        "decline_code": decline,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": DECLINES.get(decline, "Your card was declined."),
        "charge": intent["latest_charge"],
        "payment_method": method,
    }
