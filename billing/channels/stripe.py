"""Stripe Checkout as a direct charge on the institution's own connected account.

Our ids go into the metadata of session, payment intent and refund, so that everything at Stripe can be led back
to us; keys for idempotent requests are made from the same ids. A session is looked for by ``client_reference_id``
when its own id never reached us: Stripe may forget keys after a day, sessions it does not forget.
"""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from billing.channels import stripe_cards
from billing.channels.contract import (
    Capabilities,
    ChannelRefused,
    Destination,
    Item,
    Order,
    Outcome,
    RefundOrder,
    RefundOutcome,
    RefundState,
)
from billing.channels.stripe_client import (
    LOCALES,
    LOOK_BACK,
    answers,
    application_fee,
    client,
    ids_of,
    options_of,
)
from billing.runtime import channel_settings
from ui.i18n import t

CURRENCIES = frozenset(
    {"AUD", "BND", "CAD", "CHF", "CNY", "EUR", "GBP", "HKD", "IDR", "INR", "JPY", "KRW", "MOP", "MYR", "NZD"}
    | {"PHP", "SGD", "THB", "TWD", "USD", "VND"}
)
"""Those in which Stripe counts the same minor units as CLDR does, and that pay out without further rules."""
MINIMUM_MINOR = {"SGD": 50, "USD": 50, "EUR": 50, "AUD": 50, "CAD": 50, "NZD": 50, "CHF": 50, "GBP": 30} | {
    "HKD": 400,
    "CNY": 400,
    "JPY": 50,
    "MYR": 200,
    "THB": 1000,
}
"""Smallest charges (docs.stripe.com/currencies); where a currency is not named, Stripe itself decides."""
_DONE = {"succeeded": "succeeded", "processing": "processing"}


class StripeChannel:
    """Cards and wallets on Stripe's hosted page."""

    key = "stripe"
    name = t("Card or wallet")
    capabilities = Capabilities(
        currencies=CURRENCIES,
        refund_window=timedelta(days=180),
        refund_windows={
            "stripe.wechat_pay": timedelta(days=180),
            "stripe.alipay": timedelta(days=90),
        },
        lifetime=timedelta(minutes=35),
        minimum_minor=MINIMUM_MINOR,
    )

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether keys are set and the institution's connected account may take charges."""
        return bool(channel_settings().stripe_api_key and destination.stripe_account)

    async def start(self, order: Order) -> Outcome:
        """Make the Checkout Session."""
        if order.mandate:
            return await stripe_cards.charge(order)
        params = _session(order) | await stripe_cards.keeping(order)
        async with answers():
            session = await client().v1.checkout.sessions.create_async(
                cast("Any", params), options_of(order.destination, f"attempt-{order.attempt_id}")
            )
        return outcome_of(session.to_dict())

    async def query(self, order: Order) -> Outcome:
        """Read the session with its payment intent."""
        if order.mandate:
            return await stripe_cards.query_charge(order)
        async with answers():
            reference = order.reference or await _find(order)
            if not reference:
                return Outcome(state="absent")
            session = await client().v1.checkout.sessions.retrieve_async(
                reference, {"expand": ["payment_intent"]}, options_of(order.destination)
            )
        return outcome_of(session.to_dict())

    async def cancel(self, order: Order) -> Outcome:
        """Expire the session, which an open one allows; a payment under way goes on, and the answer says so."""
        if order.mandate:
            return await stripe_cards.cancel_charge(order)
        known = await self.query(order)
        if known.state != "pending":
            return known
        try:
            async with answers():
                await client().v1.checkout.sessions.expire_async(
                    known.reference, {}, options_of(order.destination)
                )
        except ChannelRefused:
            return await self.query(order)
        return await self.query(order)

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Refund the payment intent."""
        params = {
            "payment_intent": order.order.channel_payment,
            "amount": order.amount_minor,
            "reason": "requested_by_customer",
            "metadata": ids_of(order.order) | {"refund_id": str(order.refund_id)},
        }
        async with answers():
            made = await client().v1.refunds.create_async(
                cast("Any", params), options_of(order.order.destination, f"refund-{order.refund_id}")
            )
        return refund_outcome(made.to_dict())

    async def query_refund(self, order: RefundOrder) -> RefundOutcome:
        """Read the refund; without its id, look through those of the payment intent for ours."""
        options = options_of(order.order.destination)
        async with answers():
            if order.reference:
                found = await client().v1.refunds.retrieve_async(order.reference, {}, options)
                return refund_outcome(found.to_dict())
            page = await client().v1.refunds.list_async(
                {"payment_intent": order.order.channel_payment, "limit": 100}, options
            )
            async for each in page.auto_paging_iter():
                found_refund = each.to_dict()
                if (found_refund["metadata"] or {}).get("refund_id") == str(order.refund_id):
                    return refund_outcome(found_refund)
        return RefundOutcome(state="absent")


def _session(order: Order) -> dict[str, Any]:
    return (
        {
            "mode": "payment",
            "client_reference_id": str(order.attempt_id),
            "metadata": ids_of(order),
            "payment_intent_data": {
                "metadata": ids_of(order),
                "description": order.number,
                **application_fee(order),
            },
            "line_items": [_line(item, order.currency) for item in order.items],
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(order.expires_at.timestamp()),
            "locale": LOCALES.get(order.locale, "auto"),
        }
        | _ways(order)
        | ({"customer_email": order.payer_email} if order.payer_email and not order.saver else {})
    )


def _ways(order: Order) -> dict[str, Any]:
    """Name the ways to pay that are allowed; WeChat Pay wants to know that it is used in a browser."""
    if not order.methods:
        return {}
    options = (
        {"payment_method_options": {"wechat_pay": {"client": "web"}}} if "wechat_pay" in order.methods else {}
    )
    return {"payment_method_types": list(order.methods), **options}


def _line(item: Item, currency: str) -> dict[str, Any]:
    return {
        "quantity": 1,
        "price_data": {
            "currency": currency.lower(),
            "unit_amount": item.amount_minor,
            "product_data": {"name": item.name},
        },
    }


async def _find(order: Order) -> str:
    """Return the id of the attempt's session, looked for among those made since; empty when there is none."""
    since = int((order.created_at - LOOK_BACK).timestamp())
    page = await client().v1.checkout.sessions.list_async(
        {"created": {"gte": since}, "limit": 100}, options_of(order.destination)
    )
    async for session in page.auto_paging_iter():
        if session.client_reference_id == str(order.attempt_id):
            return session.id
    return ""


def outcome_of(session: dict[str, Any]) -> Outcome:
    """Return what a Checkout Session says; with its payment intent expanded it knows more."""
    intent = session.get("payment_intent")
    details = intent if isinstance(intent, dict) else {}
    received = details.get("amount_received") or session.get("amount_total")
    return Outcome(
        state=_state(session, str(details.get("status", ""))),
        reference=session["id"],
        channel_payment=str(details.get("id", "") or intent or ""),
        amount_minor=received,
        currency=str(session.get("currency") or "").upper(),
        redirect_url=session.get("url") or "",
        error=((details.get("last_payment_error") or {}).get("code") or ""),
    )


def _state(session: dict[str, Any], intent: str) -> Any:
    """A payment intent's own success or processing outweighs the session, which may have expired before it."""
    if intent in _DONE:
        return _DONE[intent]
    if session["status"] == "complete":
        if session["payment_status"] in {"paid", "no_payment_required"}:
            return "succeeded"
        return "failed" if intent in {"requires_payment_method", "canceled"} else "processing"
    return "expired" if session["status"] == "expired" else "pending"


def refund_outcome(refund: dict[str, Any]) -> RefundOutcome:
    """Return what a refund object says."""
    states: dict[str, RefundState] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
    return RefundOutcome(
        state=states.get(refund["status"], "pending"),
        reference=refund["id"],
        error=refund.get("failure_reason") or "",
    )


async def create_account(*, settlement_id: UUID, tenant_id: UUID, name: str, email: str, country: str) -> Any:
    """Make the institution's connected account; asked twice for one settlement account, Stripe makes one.

    The institution pays Stripe's fees and Stripe bears its losses, as direct charges need.
    """
    params = {
        "country": country,
        "email": email,
        "business_profile": {"name": name},
        "controller": {
            "fees": {"payer": "account"},
            "losses": {"payments": "stripe"},
            "stripe_dashboard": {"type": "full"},
            "requirement_collection": "stripe",
        },
        "metadata": {"tenant_id": str(tenant_id), "settlement_account_id": str(settlement_id)},
    }
    async with answers():
        made = await client().v1.accounts.create_async(
            cast("Any", params), {"idempotency_key": f"account-{settlement_id}"}
        )
    return made.to_dict()


async def onboarding_url(account: str, *, return_url: str) -> str:
    """Return a short-lived address of Stripe's own pages where the institution completes its account."""
    async with answers():
        link = await client().v1.account_links.create_async(
            {
                "account": account,
                "type": "account_onboarding",
                "return_url": return_url,
                "refresh_url": return_url,
            }
        )
    return link.url


async def account_facts(account: str) -> Any:
    """Return the connected account as Stripe knows it now."""
    async with answers():
        found = await client().v1.accounts.retrieve_async(account)
    return found.to_dict()
