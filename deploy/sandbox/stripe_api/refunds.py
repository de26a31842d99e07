"""Refunds of charges: whole or partial, never over what is left, settled at once or later."""

from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api.balance import fee_part, record, refund_application_fee
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import Call, StripeError, truth
from deploy.sandbox.stripe_api.objects import expanded, listing, load, metadata, owner, put, save
from deploy.sandbox.world import World, new_id

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(call: Call) -> Doc:
    """`POST /v1/refunds` by `charge` or `payment_intent`."""
    charge = _charge(call)
    amount = _amount(call, charge)
    reason = call.text("reason")
    if reason is not None and reason not in _REASONS:
        raise StripeError(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    tags = metadata(call.params.get("metadata"))
    refund = _refund(call.world, charge, amount, reason, tags)
    fee_back = _fee_back(charge, amount) if truth(call.params.get("refund_application_fee")) else 0
    _book(call, charge, refund, fee_back)
    return expanded(call, refund)


def _charge(call: Call) -> Doc:
    intent_id, charge_id = call.text("payment_intent"), call.text("charge")
    if not intent_id and not charge_id:
        text = "One of the following params should be provided for this request: payment_intent or charge."
        raise StripeError(text, code="parameter_missing")
    if intent_id:
        intent = load(call.world, call.account, "pi", intent_id, "payment_intent")
        if intent["status"] != "succeeded":
            text = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise StripeError(text, code="payment_intent_unexpected_state", is_kept=True)
        charge_id = intent["latest_charge"]
    charge = load(call.world, call.account, "ch", charge_id or "", "charge")
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {charge_id} cannot be refunded: it did not succeed.", is_kept=True)
    return charge


def _amount(call: Call, charge: Doc) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"]:
        text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(text, code="charge_disputed", is_kept=True)
    if left == 0:
        text = f"Charge {charge['id']} has already been refunded."
        raise StripeError(text, code="charge_already_refunded", is_kept=True)
    amount = call.whole("amount")
    amount = left if amount is None else amount
    if amount < 1:
        raise StripeError("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        text = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise StripeError(text, param="amount", is_kept=True)
    return amount


def _refund(world: World, charge: Doc, amount: int, reason: str | None, tags: dict[str, str]) -> Doc:
    method = charge["payment_method_details"]["type"]
    return {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.clock.seconds(),
        "currency": charge["currency"],
        "destination_details": {"type": method, method: {"type": "refund"} if method == "card" else {}},
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": tags,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }


def _fee_back(charge: Doc, amount: int) -> int:
    """The application fee's share of this refund: cumulative, so that full refunds give all of it back."""
    fee = charge["application_fee_amount"] or 0
    before = fee * charge["amount_refunded"] // charge["amount"]
    return int(fee * (charge["amount_refunded"] + amount) // charge["amount"] - before)


def _book(call: Call, charge: Doc, refund: Doc, fee_back: int) -> None:
    world, account = call.world, call.account
    fees = [fee_part("application_fee", -fee_back, charge["currency"])] if fee_back else []
    refund["balance_transaction"] = record(
        world, account, "refund", refund, amount=-refund["amount"], fees=fees
    )["id"]
    if fee_back:
        refund_application_fee(world, charge, fee_back)
    put(world, account, refund)
    charge["amount_refunded"] += refund["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    save(world, charge)
    slow = world.faults.take("stripe", "refunds", ("refund_pending",))
    bad = world.faults.take("stripe", "refunds", ("refund_fail",))
    if slow is None and bad is None:
        refund["status"] = "succeeded"
        save(world, refund)
    emit(world, account, "refund.created", refund)
    emit(world, account, "charge.refunded", charge)
    if slow is not None or bad is not None:
        due = world.clock.epoch() + (slow.seconds if slow else 0)
        outcome = {"refund": refund["id"], "status": "failed" if bad else "succeeded"}
        world.agenda.later("stripe.refund", due, outcome)


def finish_later(world: World, args: Doc) -> None:
    """The outcome of a refund that took its time."""
    refund = world.store.get("re", args["refund"])
    if refund is not None and refund["status"] == "pending":
        finish(world, refund, args["status"])


def finish(world: World, refund: Doc, status: str) -> Doc:
    """Settle a pending refund: `succeeded`, or `failed`, which puts the money back on the balance."""
    if refund["status"] != "pending":
        raise StripeError(f"The refund is {refund['status']}.")
    account = owner(world, "re", refund["id"])
    refund["status"] = status
    if status == "failed":
        back = record(world, account, "refund_failure", refund, amount=refund["amount"])
        refund |= {"failure_reason": "unknown", "failure_balance_transaction": back["id"]}
        charge = world.store.get("ch", refund["charge"]) or {}
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        save(world, charge)
    save(world, refund)
    emit(world, account, "refund.updated", refund)
    if status == "failed":
        emit(world, account, "refund.failed", refund)
    return refund


def list_refunds(call: Call) -> Doc:
    """`GET /v1/refunds` by `charge` and `payment_intent`."""
    return listing(call, "re", "/v1/refunds", by=("charge", "payment_intent"))
