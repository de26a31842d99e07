"""QR orders: made by the merchant, paid on the cashier page, asked after, closed, expired."""

from datetime import timedelta

from deploy.sandbox.rail.api import Call, RailError, moment, notify
from deploy.sandbox.rail.days import today
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

OPEN = ("pending", "processing")
_TERMS = (
    "merchant_order_no",
    "amount_minor",
    "currency",
    "description",
    "notify_url",
    "return_url",
    "expire_at",
)


def create(call: Call) -> tuple[int, Doc]:
    """An order by the merchant's own number: the same again gives the same order, other terms give 409."""
    terms = _terms(call)
    alt = f"{call.merchant['id']}|{terms['merchant_order_no']}"
    known = call.world.store.by_alt("rail.order", alt)
    if known is None:
        return 201, public(call.world, _open(call, terms, alt))
    if {k: known["terms"][k] for k in _TERMS} != terms:
        raise RailError(409, "order_differs", "This merchant_order_no has an order with other terms")
    return 200, public(call.world, known)


def _terms(call: Call) -> Doc:
    currency = call.text("currency", 3)
    if currency != call.merchant["currency"]:
        raise RailError(422, "invalid_currency", f"This account settles in {call.merchant['currency']}")
    expire_at = call.body.get("expire_at")
    return {
        "merchant_order_no": call.text("merchant_order_no", 64),
        "amount_minor": call.amount(),
        "currency": currency,
        "description": call.text("description", 127),
        "notify_url": call.text("notify_url", 500, required=False),
        "return_url": call.text("return_url", 1000, required=False),
        "expire_at": None if expire_at is None else iso(moment(str(expire_at), "expire_at")),
    }


def _open(call: Call, terms: Doc, alt: str) -> Doc:
    world, expire_at = call.world, terms["expire_at"] or iso(call.world.clock.now() + timedelta(hours=2))
    due = moment(expire_at, "expire_at")
    if due <= world.clock.now():
        raise RailError(422, "invalid_field", "expire_at is in the past")
    order = _order(call, terms, alt, expire_at)
    world.agenda.later("rail.expire", due.timestamp(), {"order": order["order_id"]})
    return order


def _order(call: Call, terms: Doc, alt: str, expire_at: str) -> Doc:
    order = {
        "order_id": new_id("ord_"),
        "merchant": call.merchant["id"],
        "terms": terms,
        "expire_at": expire_at,
        "status": "pending",
        "created_at": iso(call.world.clock.now()),
        "paid_at": None,
        "refunded_minor": 0,
        "transaction_no": None,
    }
    return call.world.store.put("rail.order", Row(order["order_id"], order, call.merchant["id"], alt))


def paid_before(call: Call) -> Doc:
    """An order that was made and paid at the moment where the clock stands; one that is known stays as it is."""
    terms = _terms(call)
    alt = f"{call.merchant['id']}|{terms['merchant_order_no']}"
    order = call.world.store.by_alt("rail.order", alt)
    if order is None:
        order = _order(call, terms, alt, iso(call.world.clock.now()))
        succeed(call.world, order)
    return public(call.world, order)


def public(world: World, order: Doc) -> Doc:
    """An order as the merchant sees it."""
    hidden = ("notify_url", "return_url", "expire_at")
    merchant = world.store.get("rail.merchant", order["merchant"]) or {"fee_bps": 0}
    fee = fee_of(order["terms"]["amount_minor"], merchant["fee_bps"]) if order["paid_at"] else None
    kept = ("order_id", "status", "expire_at", "created_at", "paid_at", "refunded_minor", "transaction_no")
    shown = order.get("combined_id") or order["order_id"]
    return {
        **{k: order[k] for k in kept},
        **{k: v for k, v in order["terms"].items() if k not in hidden},
        "reason": order.get("reason", ""),
        "fee_minor": fee,
        "code_url": world.url(f"/rail/q/{shown}"),
        "cashier_url": world.url(f"/rail/cashier/{shown}"),
    }


def find(call: Call) -> Doc:
    """The merchant's order by order id in the path, or by `merchant_order_no`. Raises RailError 404."""
    number = call.query.get("merchant_order_no") or call.body.get("merchant_order_no")
    key = call.path.get("order") or call.body.get("order_id")
    store = call.world.store
    order = (
        store.get("rail.order", str(key))
        if key
        else store.by_alt("rail.order", f"{call.merchant['id']}|{number}")
    )
    if order is None or order["merchant"] != call.merchant["id"]:
        raise RailError(404, "order_not_found", "There is no such order")
    return order


def query(call: Call) -> tuple[int, Doc]:
    """What became of an order."""
    return 200, public(call.world, find(call))


def close(call: Call) -> tuple[int, Doc]:
    """Close an order that is not paid. Closing twice is the same as once."""
    order = find(call)
    if order["status"] not in ("pending", "closed", "expired", "failed"):
        raise RailError(409, "order_not_closable", f"The order is {order['status']}")
    for each in together(call.world, order):
        if each["status"] == "pending":
            _move(call.world, each, "closed")
    return 200, public(call.world, order)


def together(world: World, order: Doc) -> list[Doc]:
    """The order and all others of its combined order: what happens to one of them happens to all."""
    if not order.get("combined_id"):
        return [order]
    combined = world.store.get("rail.combined", order["combined_id"]) or {"orders": []}
    others = [world.store.get("rail.order", key) for key in combined["orders"] if key != order["order_id"]]
    return [order, *(other for other in others if other is not None)]


def pay(world: World, order: Doc) -> None:
    """The payer confirmed. Normally paid at once; with late success on, only after the order has expired."""
    late = world.faults.take("rail", "order", ("late_success",))
    if late is None:
        succeed(world, order)
        return
    for each in together(world, order):
        _move(world, each, "expired")
    world.agenda.later("rail.succeed", world.clock.epoch() + late.seconds, {"order": order["order_id"]})


def decline(world: World, order: Doc) -> None:
    """The payer said no."""
    for each in together(world, order):
        _move(world, each, "failed")
        _announce(world, each, "order.failed")


def process(world: World, order: Doc) -> None:
    """A debit that the bank has taken on."""
    _move(world, order, "processing")


def refuse(world: World, order: Doc, reason: str) -> None:
    """The bank could not take the money, and says why."""
    order["reason"] = reason
    _move(world, order, "failed")
    _announce(world, order, "order.failed")


def succeed(world: World, order: Doc) -> None:
    """The money moved, whatever the order's state was; once only, and for a combined order all of it. It is told."""
    for each in together(world, order):
        if each["paid_at"] is None:
            credit(world, each)
            _announce(world, each, "order.succeeded")


def credit(world: World, order: Doc) -> None:
    """Put the money to the merchant's account and onto its statement."""
    order |= {"paid_at": iso(world.clock.now()), "transaction_no": new_id("", 20)}
    _move(world, order, "succeeded")
    merchant = world.store.get("rail.merchant", order["merchant"]) or {}
    terms, fee = order["terms"], fee_of(order["terms"]["amount_minor"], merchant["fee_bps"])
    number = terms["merchant_order_no"]
    add_line(world, order, "payment", amount_minor=terms["amount_minor"], fee_minor=fee, number=number)


def expire(world: World, args: Doc) -> None:
    """An unpaid order's time is over."""
    order = world.store.get("rail.order", args["order"])
    if order is not None and order["status"] == "pending":
        _move(world, order, "expired")


def succeed_later(world: World, args: Doc) -> None:
    """The money arrives after all."""
    order = world.store.get("rail.order", args["order"])
    if order is not None:
        succeed(world, order)


def fee_of(amount_minor: int, fee_bps: int) -> int:
    """The bank's fee in minor units, half up."""
    return (amount_minor * fee_bps + 5000) // 10000


def add_line(world: World, order: Doc, kind: str, *, amount_minor: int, fee_minor: int, number: str) -> None:
    """A line for the day statement: payments positive, refunds negative."""
    line = {
        "time": iso(world.clock.now()),
        "kind": kind,
        "number": number,
        "merchant_order_no": order["terms"]["merchant_order_no"],
        "order_id": order["order_id"],
        "transaction_no": order["transaction_no"],
        "amount_minor": amount_minor,
        "fee_minor": fee_minor,
        "currency": order["terms"]["currency"],
        "description": order["terms"]["description"],
    }
    day = today(world).isoformat()
    world.store.put("rail.line", Row(new_id("rl_"), line, order["merchant"], words=day))


def _announce(world: World, order: Doc, event: str) -> None:
    notify(world, event, order["terms"]["notify_url"], order["merchant"], public(world, order))


def _move(world: World, order: Doc, status: str) -> None:
    order["status"] = status
    world.store.save("rail.order", order["order_id"], order)
