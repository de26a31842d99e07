"""Chargebacks of QR orders: the payer asks the bank, the money goes back at once, the merchant may answer."""

from datetime import timedelta

from deploy.sandbox.rail.api import Call, RailError, notify
from deploy.sandbox.rail.orders import add_line
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

FEE = 1000
DAYS = 10
_TEXT, _FILE, _FILES = 20_000, 7_000_000, 5
_OPEN = ("evidence_due", "under_review")
_HIDDEN = ("merchant", "notify_url", "evidence")


def open_one(world: World, order: Doc, reason: str) -> Doc:
    """The payer wants back what is left of a paid order. Raises ValueError."""
    left = order["terms"]["amount_minor"] - order["refunded_minor"]
    known = world.store.by_alt("rail.chargeback", order["order_id"])
    if order["paid_at"] is None or known is not None or left <= 0:
        raise ValueError("only a paid order can be charged back, once")
    made = {
        "chargeback_id": new_id("cbk_"),
        "merchant": order["merchant"],
        "order_id": order["order_id"],
        "merchant_order_no": order["terms"]["merchant_order_no"],
        "amount_minor": left,
        "currency": order["terms"]["currency"],
        "reason": reason,
        "status": "evidence_due",
        "fee_minor": FEE,
        "fee_returned_minor": 0,
        "evidence_due_at": iso(world.clock.now() + timedelta(days=DAYS)),
        "created_at": iso(world.clock.now()),
        "closed_at": None,
        "evidence": {},
        "notify_url": order["terms"]["notify_url"],
    }
    world.store.put("rail.chargeback", Row(made["chargeback_id"], made, made["merchant"], order["order_id"]))
    _line(world, order, made, -left, FEE)
    _announce(world, made, "opened")
    return public(made)


def close(world: World, found: Doc, status: str) -> Doc:
    """Decide: `won` gives the money and the fee back to the merchant. Raises ValueError."""
    if found["status"] not in _OPEN:
        raise ValueError("only an open chargeback can be decided")
    found |= {"status": status, "closed_at": iso(world.clock.now())}
    if status == "won":
        found["fee_returned_minor"] = found["fee_minor"]
        order = world.store.get("rail.order", found["order_id"]) or {}
        _line(world, order, found, found["amount_minor"], -found["fee_minor"])
    world.store.save("rail.chargeback", found["chargeback_id"], found)
    _announce(world, found, status)
    return public(found)


def query(call: Call) -> tuple[int, Doc]:
    """What became of a chargeback."""
    return 200, public(_find(call))


def answer(call: Call) -> tuple[int, Doc]:
    """Evidence: `{text, files: [{name, content_type, content}]}`, content in base64; sent again, it is replaced."""
    found = _find(call)
    if found["status"] not in _OPEN:
        raise RailError(409, "chargeback_closed", "This chargeback is decided")
    files = call.body.get("files") or []
    is_right = isinstance(files, list) and len(files) <= _FILES and all(_is_file(each) for each in files)
    if not is_right:
        raise RailError(422, "invalid_field", f"files are at most {_FILES}, each with name and content")
    found["evidence"] = {"text": call.text("text", _TEXT), "files": [each["name"] for each in files]}
    found["status"] = "under_review"
    call.world.store.save("rail.chargeback", found["chargeback_id"], found)
    _announce(call.world, found, "under_review")
    return 200, public(found)


def _is_file(file: object) -> bool:
    return (
        isinstance(file, dict)
        and bool(file.get("name"))
        and isinstance(file.get("content"), str)
        and 0 < len(file["content"]) <= _FILE
    )


def accept(call: Call) -> tuple[int, Doc]:
    """The merchant gives in; doing it twice is the same as once."""
    found = _find(call)
    if found["status"] in _OPEN:
        close(call.world, found, "accepted")
    elif found["status"] != "accepted":
        raise RailError(409, "chargeback_closed", "This chargeback is decided")
    return 200, public(found)


def _find(call: Call) -> Doc:
    found = call.world.store.get("rail.chargeback", call.path["chargeback"])
    if found is None or found["merchant"] != call.merchant["id"]:
        raise RailError(404, "chargeback_not_found", "There is no such chargeback")
    return found


def public(found: Doc) -> Doc:
    """A chargeback as the merchant sees it."""
    return {k: v for k, v in found.items() if k not in _HIDDEN} | {"has_evidence": bool(found["evidence"])}


def _line(world: World, order: Doc, found: Doc, amount: int, fee: int) -> None:
    number = found["chargeback_id"]
    add_line(world, order, "chargeback", amount_minor=amount, fee_minor=fee, number=number)


def _announce(world: World, found: Doc, event: str) -> None:
    notify(world, f"chargeback.{event}", found["notify_url"], found["merchant"], public(found))
