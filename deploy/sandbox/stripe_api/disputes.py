"""Disputes: opened by the payer's bank, money withdrawn at once, closed won or lost."""

from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api.balance import fee_part, record
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import Call, StripeError, missing, truth
from deploy.sandbox.stripe_api.objects import load, owner, put, save
from deploy.sandbox.world import World, new_id

FEE = 1500
_OPEN = ("needs_response", "under_review")
_FILES = {"receipt", "service_documentation", "customer_communication", "uncategorized_file"}


def open_dispute(world: World, charge_id: str, reason: str = "general", *, is_inquiry: bool = False) -> Doc:
    """The payer objects to a charge; an inquiry takes no money yet.

    Raises StripeError when there is no such paid, undisputed charge.
    """
    charge = world.store.get("ch", charge_id)
    if charge is None:
        raise missing("charge", charge_id)
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise StripeError("Only a paid charge can be disputed, once.")
    account, now = owner(world, "ch", charge_id), world.clock.seconds()
    dispute: Doc = {
        "id": new_id("dp_"),
        "object": "dispute",
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge_id,
        "created": now,
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": now + 7 * 86400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "case_type": "chargeback"}},
        "reason": reason,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }
    put(world, account, dispute)
    if is_inquiry:
        emit(world, account, "charge.dispute.created", dispute)
    else:
        _withdraw(world, account, dispute, "created")
    return dispute


def _withdraw(world: World, account: str, dispute: Doc, event: str) -> None:
    _move_money(world, account, dispute, -dispute["amount"], FEE)
    save(world, dispute)
    charge = world.store.get("ch", dispute["charge"]) or {}
    charge["disputed"] = True
    save(world, charge)
    emit(world, account, f"charge.dispute.{event}", dispute)
    emit(world, account, "charge.dispute.funds_withdrawn", dispute)


def end_inquiry(world: World, dispute_id: str, status: str) -> Doc:
    """An inquiry is closed without a claim, or becomes a dispute. Raises StripeError."""
    dispute = world.store.get("dp", dispute_id)
    if dispute is None:
        raise missing("dispute", dispute_id)
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise StripeError("Only an open inquiry can end.")
    account = owner(world, "dp", dispute_id)
    dispute["status"] = status
    save(world, dispute)
    if status == "needs_response":
        _withdraw(world, account, dispute, "updated")
    else:
        emit(world, account, "charge.dispute.closed", dispute)
    return dispute


def close_dispute(world: World, dispute_id: str, outcome: str) -> Doc:
    """Decide a dispute: `won` brings the money back, `lost` does not. Raises StripeError."""
    dispute = world.store.get("dp", dispute_id)
    if dispute is None:
        raise missing("dispute", dispute_id)
    if dispute["status"] not in _OPEN or outcome not in ("won", "lost"):
        raise StripeError("Only an open dispute can be closed, as won or lost.")
    account = owner(world, "dp", dispute_id)
    dispute["status"] = outcome
    if outcome == "won":
        _move_money(world, account, dispute, dispute["amount"], -FEE)
        emit(world, account, "charge.dispute.funds_reinstated", dispute)
    save(world, dispute)
    emit(world, account, "charge.dispute.closed", dispute)
    return dispute


def _move_money(world: World, account: str, dispute: Doc, amount: int, fee: int) -> None:
    fees = [fee_part("stripe_fee", fee, dispute["currency"])]
    dispute["balance_transactions"].append(
        record(world, account, "adjustment", dispute, amount=amount, fees=fees)
    )


def update(call: Call) -> Doc:
    """`POST /v1/disputes/{id}`: evidence, handed in unless `submit` is false."""
    dispute = load(call.world, call.account, "dp", call.path["id"], "dispute")
    if dispute["status"] not in _OPEN and not dispute["status"].startswith("warning_"):
        raise StripeError("This dispute is already closed.", code="dispute_closed")
    evidence = call.params.get("evidence") or {}
    for name in sorted(_FILES & set(evidence)):
        load(call.world, call.account, "file", str(evidence[name]), f"evidence[{name}]")
    dispute["evidence"] |= evidence
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if truth(call.params.get("submit", "true")) and dispute["evidence"]:
        is_inquiry = dispute["status"].startswith("warning_")
        dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
        dispute["evidence_details"]["submission_count"] += 1
    save(call.world, dispute)
    emit(call.world, call.account, "charge.dispute.updated", dispute)
    return dispute


def close(call: Call) -> Doc:
    """`POST /v1/disputes/{id}/close`: accept the loss."""
    load(call.world, call.account, "dp", call.path["id"], "dispute")
    return close_dispute(call.world, call.path["id"], "lost")
