"""Shares of a paid order: part of it to other merchants' accounts, and back again. Whoever closed theirs refuses both.

A merchant is closed by ``"is_closed": true`` at ``/control/merchants``.
"""

from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.rail.orders import fee_of, find
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

_CLOSED = "receiver_closed"


def create(call: Call) -> tuple[int, Doc]:
    """A share by the merchant's own number; the same again gives the same share, other terms give 409."""
    number, receiver, amount = call.text("merchant_share_no", 64), call.text("receiver", 60), call.amount()
    order, alt = find(call), f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt("rail.share", alt)
    terms = {"order_id": order["order_id"], "receiver": receiver, "amount_minor": amount}
    if known is None:
        return 201, public(_share(call, order, terms, number, alt))
    if {name: known[name] for name in terms} != terms:
        raise RailError(409, "share_differs", "This merchant_share_no has a share with other terms")
    return 200, public(known)


def _share(call: Call, order: Doc, terms: Doc, number: str, alt: str) -> Doc:
    world = call.world
    if order["paid_at"] is None:
        raise RailError(409, "order_not_paid", "Only a paid order can be shared")
    receiver = world.store.get("rail.merchant", terms["receiver"])
    if receiver is None or receiver["id"] == call.merchant["id"]:
        raise RailError(409, "receiver_unknown", "The receiver is another merchant of this rail")
    if terms["amount_minor"] > left_to_share(world, call.merchant, order):
        raise RailError(409, "share_exceeds_payment", "The order has less than that left")
    is_closed = bool(receiver.get("is_closed"))
    share = terms | {
        "share_id": new_id("shr_"),
        "merchant_share_no": number,
        "merchant": call.merchant["id"],
        "returned_minor": 0,
        "status": "failed" if is_closed else "succeeded",
        "reason": _CLOSED if is_closed else "",
        "created_at": iso(world.clock.now()),
    }
    return world.store.put("rail.share", Row(share["share_id"], share, order["order_id"], alt))


def shared(world: World, order: Doc) -> int:
    """What other merchants hold of an order, in minor units."""
    found = world.store.find("rail.share", order["order_id"])
    return sum(s["amount_minor"] - s["returned_minor"] for s in found if s["status"] == "succeeded")


def left_to_share(world: World, merchant: Doc, order: Doc) -> int:
    """What an order has left after the bank's fee, refunds and shares."""
    amount = order["terms"]["amount_minor"]
    fee = fee_of(amount, merchant["fee_bps"])
    return int(amount - fee - order["refunded_minor"] - shared(world, order))


def query(call: Call) -> tuple[int, Doc]:
    """What became of a share, by `merchant_share_no`."""
    return 200, public(_known(call, "rail.share", call.query.get("merchant_share_no", "")))


def give_back(call: Call) -> tuple[int, Doc]:
    """A return by the merchant's own number; the same again gives the same return, other terms give 409."""
    number, amount = call.text("merchant_return_no", 64), call.amount()
    share = _known(call, "rail.share", call.text("merchant_share_no", 64))
    alt = f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt("rail.share_return", alt)
    if known is None:
        return 201, public(_return(call, share, number, amount, alt))
    if (known["share_id"], known["amount_minor"]) != (share["share_id"], amount):
        raise RailError(409, "return_differs", "This merchant_return_no has a return with other terms")
    return 200, public(known)


def _return(call: Call, share: Doc, number: str, amount: int, alt: str) -> Doc:
    world = call.world
    if share["status"] != "succeeded" or amount > share["amount_minor"] - share["returned_minor"]:
        raise RailError(409, "return_exceeds_share", "The receiver does not hold that much of it")
    receiver = world.store.get("rail.merchant", share["receiver"]) or {}
    is_closed = bool(receiver.get("is_closed"))
    if not is_closed:
        share["returned_minor"] += amount
        world.store.save("rail.share", share["share_id"], share)
    back = {
        "return_id": new_id("srt_"),
        "merchant_return_no": number,
        "share_id": share["share_id"],
        "merchant": call.merchant["id"],
        "amount_minor": amount,
        "status": "failed" if is_closed else "succeeded",
        "reason": _CLOSED if is_closed else "",
        "created_at": iso(world.clock.now()),
    }
    return world.store.put("rail.share_return", Row(back["return_id"], back, share["share_id"], alt))


def query_return(call: Call) -> tuple[int, Doc]:
    """What became of a return, by `merchant_return_no`."""
    return 200, public(_known(call, "rail.share_return", call.query.get("merchant_return_no", "")))


def public(found: Doc) -> Doc:
    """A share or a return as the merchant sees it."""
    return {name: value for name, value in found.items() if name != "merchant"}


def _known(call: Call, kind: str, number: str) -> Doc:
    found = call.world.store.by_alt(kind, f"{call.merchant['id']}|{number}")
    if found is None:
        raise RailError(404, "share_not_found", "There is no such share or return")
    return found
