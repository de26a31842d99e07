"""Payment intents and charges: what becomes of a payer's try."""

from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api import saved
from deploy.sandbox.stripe_api.balance import application_fee, fee_part, record, stripe_fee
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import PLATFORM, REFUSED, Call, StripeError, truth
from deploy.sandbox.stripe_api.objects import expanded, load, metadata, owner, put, save
from deploy.sandbox.world import World, new_id

_CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
DECLINED = ("card_declined", "generic_decline", "Your card was declined.")


def new_intent(world: World, account: str, *, amount: int, currency: str, data: Doc, types: list[str]) -> Doc:
    """An intent that waits for a payment method. `data` is `payment_intent_data`, or the call's parameters."""
    key = new_id("pi_")
    fee = data.get("application_fee_amount")
    intent: Doc = {
        "id": key,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None if account == PLATFORM else "ca_sandbox",
        "application_fee_amount": None if fee in (None, "") else int(fee),
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{key}_secret_"),
        "confirmation_method": "automatic",
        "created": world.clock.seconds(),
        "currency": currency,
        "customer": None,
        "description": data.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata(data.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_types": types,
        "processing": None,
        "receipt_email": data.get("receipt_email"),
        "statement_descriptor": data.get("statement_descriptor"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    put(world, account, intent)
    emit(world, account, "payment_intent.created", intent)
    return intent


def create(call: Call) -> Doc:
    """`POST /v1/payment_intents`: unconfirmed, or a charge of a saved card that nobody is there to confirm."""
    amount, currency = call.whole("amount"), call.text("currency", required=True) or ""
    if amount is None or amount < 1:
        raise StripeError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    method = _saved(call)
    _large_enough(call, amount, is_confirmed=method is not None)
    intent = new_intent(
        call.world, call.account, amount=amount, currency=currency.lower(), data=call.params, types=["card"]
    )
    return intent if method is None else _charge_saved(call, intent, method)


def _saved(call: Call) -> Doc | None:
    """The card that is to be charged at once. Raises StripeError where it is not the customer's."""
    if not truth(call.params.get("confirm")):
        return None
    customer, key = call.text("customer", required=True) or "", call.text("payment_method", required=True)
    load(call.world, call.account, "cus", customer, "customer")
    method = load(call.world, call.account, "pm", key or "", "payment_method")
    if method["customer"] != customer:
        text = (
            f"The customer {customer} does not have a payment method with the ID {key}. The payment method must be"
            " attached to the customer."
        )
        raise StripeError(text, code="resource_missing", param="payment_method")
    return method


def _large_enough(call: Call, amount: int, *, is_confirmed: bool) -> None:
    if is_confirmed and amount < call.world.settings.checkout_min_minor:
        text = "Amount must convert to at least 50 cents."
        raise StripeError(text, code="amount_too_small", param="amount")


def _charge_saved(call: Call, intent: Doc, method: Doc) -> Doc:
    """Charge a saved card: done at once, under way, or declined with the intent in the error (status 402)."""
    late = call.world.faults.take("stripe", "payment_intents.charge", ("late_success",))
    intent |= {"customer": method["customer"], "payment_method": method["id"]}
    save(call.world, intent)
    if late is not None:
        start_processing(call.world, intent, "card")
        args = {"intent": intent["id"], "method": "card", "outcome": "succeeded"}
        call.world.agenda.later("stripe.settle", call.world.clock.epoch() + late.seconds, args)
        return expanded(call, intent)
    decline = saved.decline_of(call.world, method)
    if not decline:
        succeed(call.world, intent, card=method["card"])
        return expanded(call, intent)
    fail(call.world, intent, decline=decline, saved_card=method)
    error = intent["last_payment_error"]
    return {REFUSED: {**error, "payment_intent": intent}}


def cancel(call: Call) -> Doc:
    """Cancel an intent that no open Checkout Session uses and that has not moved money."""
    intent = load(call.world, call.account, "pi", call.path["id"], "intent")
    session = session_of(call.world, intent)
    if session is not None and session["status"] == "open":
        text = "You cannot cancel this PaymentIntent: it belongs to a Checkout Session. Expire the session instead."
        raise StripeError(text, code="payment_intent_unexpected_state", is_kept=True)
    if intent["status"] not in _CANCELLABLE:
        text = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise StripeError(text, code="payment_intent_unexpected_state", is_kept=True)
    return cancel_intent(call.world, intent, call.text("cancellation_reason") or "requested_by_customer")


def cancel_intent(world: World, intent: Doc, reason: str) -> Doc:
    """Give an intent up."""
    intent |= {"status": "canceled", "canceled_at": world.clock.seconds(), "cancellation_reason": reason}
    save(world, intent)
    emit(world, owner(world, "pi", intent["id"]), "payment_intent.canceled", intent)
    return intent


def session_of(world: World, intent: Doc) -> Doc | None:
    """The Checkout Session that made this intent."""
    return world.store.by_alt("cs", intent["id"])


def start_processing(world: World, intent: Doc, method: str) -> None:
    """The payer is done; the money takes its time."""
    intent |= {"status": "processing", "payment_method": intent["payment_method"] or new_id("pm_")}
    intent["processing"] = {"type": method}
    save(world, intent)
    emit(world, owner(world, "pi", intent["id"]), "payment_intent.processing", intent)


def succeed(world: World, intent: Doc, method: str = "card", *, card: Doc | None = None) -> Doc:
    """The money moved: a charge, its balance transaction and fees, and the events. Returns the charge."""
    account = owner(world, "pi", intent["id"])
    charge = _charge(world, intent, method, card) | {"paid": True, "captured": True, "status": "succeeded"}
    charge |= {"amount_captured": intent["amount"], "outcome": _APPROVED}
    fees = [fee_part("stripe_fee", stripe_fee(intent["amount"]), intent["currency"])]
    if intent["application_fee_amount"] and account != PLATFORM:
        charge["application_fee"] = application_fee(world, account, charge)["id"]
        fees.append(fee_part("application_fee", intent["application_fee_amount"], intent["currency"]))
    charge["balance_transaction"] = record(
        world, account, "charge", charge, amount=charge["amount"], fees=fees
    )["id"]
    put(world, account, charge)
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
    intent |= {"payment_method": charge["payment_method"], "processing": None, "last_payment_error": None}
    save(world, intent)
    emit(world, account, "charge.succeeded", charge)
    emit(world, account, "payment_intent.succeeded", intent)
    return charge


def fail(
    world: World, intent: Doc, method: str = "card", *, decline: str = "", saved_card: Doc | None = None
) -> None:
    """The try was refused; the intent waits for another."""
    account = owner(world, "pi", intent["id"])
    code, _, text = DECLINED
    card = saved_card["card"] if saved_card else None
    charge = _charge(world, intent, method, card) | {
        "status": "failed",
        "failure_code": code,
        "failure_message": text,
    }
    put(world, account, charge)
    intent |= {"status": "requires_payment_method", "latest_charge": charge["id"], "payment_method": None}
    intent["last_payment_error"] = saved.declined(intent, saved_card, decline or DECLINED[1])
    intent["processing"] = None
    save(world, intent)
    emit(world, account, "charge.failed", charge)
    emit(world, account, "payment_intent.payment_failed", intent)


_APPROVED = {
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_CARD = {
    "brand": "visa",
    "country": "US",
    "exp_month": 12,
    "exp_year": 2034,
    "funding": "credit",
    "last4": "4242",
}


def _charge(world: World, intent: Doc, method: str, card: Doc | None) -> Doc:
    key = new_id("ch_")
    return {
        "id": key,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": intent["application"],
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": {"address": None, "email": intent["receipt_email"], "name": None, "phone": None},
        "captured": False,
        "created": world.clock.seconds(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"] or new_id("pm_"),
        "payment_method_details": {"type": method, method: (card or _CARD) if method == "card" else {}},
        "receipt_email": intent["receipt_email"],
        "receipt_url": world.url(f"/stripe/receipts/{key}"),
        "refunded": False,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }
