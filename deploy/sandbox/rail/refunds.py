"""Refunds of QR orders: partial, several, never over the amount, settled at once or later."""

from deploy.sandbox.rail.api import Call, RailError, notify
from deploy.sandbox.rail.orders import add_line, find
from deploy.sandbox.rail.shares import shared
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id


def create(call: Call) -> tuple[int, Doc]:
    """A refund by the merchant's own number; the same again gives the same refund, other terms give 409."""
    number, amount, order = call.text("merchant_refund_no", 64), call.amount(), find(call)
    alt = f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt("rail.refund", alt)
    if known is None:
        return 201, public(_open(call, order, number, amount, alt))
    if (known["order_id"], known["amount_minor"]) != (order["order_id"], amount):
        raise RailError(409, "refund_differs", "This merchant_refund_no has a refund with other terms")
    return 200, public(known)


def _open(call: Call, order: Doc, number: str, amount: int, alt: str) -> Doc:
    if order["paid_at"] is None:
        raise RailError(409, "order_not_paid", "Only a paid order can be refunded")
    left = order["terms"]["amount_minor"] - order["refunded_minor"]
    if amount > left:
        raise RailError(409, "refund_exceeds_payment", f"At most {left} can still be refunded")
    if amount > left - shared(call.world, order):
        raise RailError(409, "shares_not_returned", "Shares of the order are taken back before a refund")
    world = call.world
    refund = {
        "refund_id": new_id("rfd_"),
        "merchant_refund_no": number,
        "order_id": order["order_id"],
        "merchant_order_no": order["terms"]["merchant_order_no"],
        "amount_minor": amount,
        "currency": order["terms"]["currency"],
        "status": "processing",
        "created_at": iso(world.clock.now()),
        "finished_at": None,
        "merchant": call.merchant["id"],
        "notify_url": call.text("notify_url", 500, required=False) or order["terms"]["notify_url"],
    }
    order["refunded_minor"] += amount
    world.store.save("rail.order", order["order_id"], order)
    world.store.put("rail.refund", Row(refund["refund_id"], refund, order["order_id"], alt))
    _process(world, refund)
    return refund


def _process(world: World, refund: Doc) -> None:
    slow = world.faults.take("rail", "refund", ("refund_pending",))
    status = "failed" if world.faults.take("rail", "refund", ("refund_fail",)) else "succeeded"
    if slow is None:
        finish(world, refund, status)
        return
    due = world.clock.epoch() + slow.seconds
    world.agenda.later("rail.refund", due, {"refund": refund["refund_id"], "status": status})


def finish_later(world: World, args: Doc) -> None:
    """The outcome of a refund that took its time."""
    refund = world.store.get("rail.refund", args["refund"])
    if refund is not None:
        finish(world, refund, args["status"])


def finish(world: World, refund: Doc, status: str) -> None:
    """Settle a refund once: `succeeded`, or `failed`, which makes its amount refundable again."""
    if refund["status"] != "processing":
        return
    refund |= {"status": status, "finished_at": iso(world.clock.now())}
    world.store.save("rail.refund", refund["refund_id"], refund)
    order = world.store.get("rail.order", refund["order_id"]) or {}
    if status == "succeeded":
        number = refund["merchant_refund_no"]
        add_line(world, order, "refund", amount_minor=-refund["amount_minor"], fee_minor=0, number=number)
    else:
        order["refunded_minor"] -= refund["amount_minor"]
        world.store.save("rail.order", order["order_id"], order)
    notify(world, f"refund.{status}", refund["notify_url"], refund["merchant"], public(refund))


def public(refund: Doc) -> Doc:
    """A refund as the merchant sees it."""
    return {k: v for k, v in refund.items() if k not in ("merchant", "notify_url")}


def query(call: Call) -> tuple[int, Doc]:
    """What became of a refund, by its id or by `merchant_refund_no`."""
    key, number = call.path.get("refund"), call.query.get("merchant_refund_no")
    store = call.world.store
    found = (
        store.get("rail.refund", key)
        if key
        else store.by_alt("rail.refund", f"{call.merchant['id']}|{number}")
    )
    if found is None or found["merchant"] != call.merchant["id"]:
        raise RailError(404, "refund_not_found", "There is no such refund")
    return 200, public(found)
