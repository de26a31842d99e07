"""Micro-deposits: a few cents to an account, whose owner reads the amount on their own statement."""

import hmac
import secrets

from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import iso, new_id

_TRIES = 3
_HIDDEN = ("amount_minor", "merchant")


def create(call: Call) -> tuple[int, Doc]:
    """Send 0.01 to 0.99. The amount is not in the answer; the same `reference` is sent once only."""
    reference, account = call.text("reference", 64), call.text("account_number", 34)
    alt = f"{call.merchant['id']}|{reference}"
    known = call.world.store.by_alt("rail.deposit", alt)
    if known is not None:
        if known["account_number"] != account:
            raise RailError(409, "deposit_differs", "This reference has a deposit to another account")
        return 200, public(known)
    deposit = {
        "deposit_id": new_id("mdp_"),
        "reference": reference,
        "account_number": account,
        "account_name": call.text("account_name", 120),
        "currency": call.text("currency", 3),
        "amount_minor": secrets.randbelow(99) + 1,
        "status": "sent",
        "tries_left": _TRIES,
        "created_at": iso(call.world.clock.now()),
        "merchant": call.merchant["id"],
    }
    call.world.store.put("rail.deposit", Row(deposit["deposit_id"], deposit, account, alt))
    return 201, public(deposit)


def query(call: Call) -> tuple[int, Doc]:
    """Whether the deposit was sent, verified or given up."""
    return 200, public(_find(call))


def verify(call: Call) -> tuple[int, Doc]:
    """Compare the amount that the account's owner read; three tries."""
    deposit, amount = _find(call), call.amount()
    if deposit["status"] == "sent":
        right = hmac.compare_digest(str(amount), str(deposit["amount_minor"]))
        deposit["tries_left"] -= 1
        deposit["status"] = "verified" if right else ("sent" if deposit["tries_left"] else "failed")
        call.world.store.save("rail.deposit", deposit["deposit_id"], deposit)
        return 200, {**public(deposit), "is_match": right}
    return 200, {**public(deposit), "is_match": deposit["status"] == "verified"}


def public(deposit: Doc) -> Doc:
    """A deposit as the caller sees it."""
    return {k: v for k, v in deposit.items() if k not in _HIDDEN}


def _find(call: Call) -> Doc:
    deposit = call.world.store.get("rail.deposit", call.path["deposit"])
    if deposit is None or deposit["merchant"] != call.merchant["id"]:
        raise RailError(404, "deposit_not_found", "There is no such deposit")
    return deposit
