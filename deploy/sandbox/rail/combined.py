"""Combined orders: one confirmation of the payer pays several merchants, all or none of them."""

import json

from deploy.sandbox import signing
from deploy.sandbox.rail import orders
from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

_MOST, _MADE = 10, 201
_SIGNED = ("merchant", "order", "timestamp", "nonce", "signature")


def create(call: Call) -> tuple[int, Doc]:
    """`{combined_no, expire_at, return_url, sub_orders}`; each sub-order is signed by its own merchant.

    The same again gives the same, other terms give 409. Nothing is made unless all of it can be.
    """
    number, subs = call.text("combined_no", 64), [_verified(call.world, sub) for sub in _subs(call)]
    if call.merchant["id"] not in {sub.merchant["id"] for sub in subs}:
        raise RailError(401, "bad_signature", "A combined order is sent by one of its merchants")
    if len({sub.body.get("currency") for sub in subs}) != 1:
        raise RailError(422, "invalid_currency", "All sub-orders are in one currency")
    known = call.world.store.by_alt("rail.combined", number)
    terms = [sub.body for sub in subs]
    if known is not None:
        if known["terms"] != terms:
            raise RailError(409, "order_differs", "This combined_no has an order with other terms")
        return 200, public(call.world, known)
    return 201, public(call.world, _open(call, number, subs, terms))


def _subs(call: Call) -> list[Doc]:
    subs = call.body.get("sub_orders")
    if not isinstance(subs, list) or not 1 < len(subs) <= _MOST:
        raise RailError(422, "invalid_field", f"sub_orders are two to {_MOST}")
    if any(
        not isinstance(sub, dict) or any(not isinstance(sub.get(n), str) for n in _SIGNED) for sub in subs
    ):
        raise RailError(422, "invalid_field", f"each sub-order has {', '.join(_SIGNED)}")
    return subs


def _verified(world: World, sub: Doc) -> Call:
    """The sub-order as a call of its own merchant."""
    merchant = world.store.get("rail.merchant", sub["merchant"])
    secret = merchant["secret"] if merchant else "-"
    is_right = signing.rail_verified(
        sub["order"], secret, timestamp=sub["timestamp"], nonce=sub["nonce"], signature=sub["signature"]
    )
    if merchant is None or not is_right:
        raise RailError(401, "bad_signature", "A sub-order is not signed by its merchant")
    return Call(world, merchant, dict(json.loads(sub["order"])), {})


def _open(call: Call, number: str, subs: list[Call], terms: list[Doc]) -> Doc:
    made = [_sub_order(sub) for sub in subs]
    combined: Doc = {
        "combined_id": new_id("cmb_"),
        "terms": terms,
        "orders": [order["order_id"] for order in made],
        "return_url": call.text("return_url", 1000, required=False),
        "created_at": iso(call.world.clock.now()),
    }
    for order in made:
        order["combined_id"] = combined["combined_id"]
        call.world.store.save("rail.order", order["order_id"], order)
    return call.world.store.put("rail.combined", Row(combined["combined_id"], combined, "", number))


def _sub_order(sub: Call) -> Doc:
    status, answer = orders.create(sub)
    if status != _MADE:
        raise RailError(409, "order_differs", "A sub-order exists already")
    return sub.world.store.get("rail.order", answer["order_id"]) or {}


def public(world: World, combined: Doc) -> Doc:
    """A combined order as its merchants see it."""
    subs = [world.store.get("rail.order", key) or {} for key in combined["orders"]]
    return {
        "combined_id": combined["combined_id"],
        "created_at": combined["created_at"],
        "status": subs[0]["status"],
        "code_url": world.url(f"/rail/q/{combined['combined_id']}"),
        "cashier_url": world.url(f"/rail/cashier/{combined['combined_id']}"),
        "sub_orders": [orders.public(world, sub) for sub in subs],
    }


def lead(world: World, combined: Doc) -> Doc:
    """The first of its orders: what is done to it is done to all."""
    return world.store.get("rail.order", combined["orders"][0]) or {}
