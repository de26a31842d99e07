"""Faults in what the bank writes down: a line that is missing, wrong, twice, late; a credit that is not the payout.

Each is about one merchant's day, hits one line of it (named by `order`, or the first that no other fault has hit), and
stays, so that the file of a day is the same whenever it is asked for.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, new_id

ONE = ("missing", "amount", "duplicate", "currency", "fee", "late", "next_day")
WHOLE = ("extra", "footer", "cut", "credit_missing", "credit_amount", "credit_twice", "credit_currency")
KINDS = ONE + WHOLE
_MOVES = {"late": 2, "next_day": 1}
_KIND = "rail.paper"


def add(world: World, body: Doc) -> Doc:
    """Have a day's papers be wrong: `{merchant, day, kind, order?, amount_minor?}`. Raises ValueError."""
    if body.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    merchant = world.store.get("rail.merchant", str(body.get("merchant")))
    if merchant is None:
        raise LookupError("no such merchant")
    fault: Doc = {
        "id": new_id("pf_", 12),
        "merchant": str(body["merchant"]),
        "day": date.fromisoformat(str(body["day"])).isoformat(),
        "kind": str(body["kind"]),
        "amount_minor": int(body.get("amount_minor", 100)),
        "order": str(body.get("order", "")),
        "currency": merchant["currency"],
    }
    if fault["kind"] in ONE and not fault["order"]:
        fault["order"] = _free(world, fault)
    return world.store.put(_KIND, Row(fault["id"], fault, fault["merchant"]))


def clear(world: World) -> Doc:
    """Let the papers be right again."""
    world.store.clear(_KIND)
    return {"ok": True}


def _free(world: World, fault: Doc) -> str:
    hit = {each["order"] for each in world.store.find(_KIND, fault["merchant"])}
    for line in world.store.find("rail.line", fault["merchant"], words=fault["day"]):
        number = str(line["merchant_order_no"])
        if line["kind"] == "payment" and number not in hit:
            return number
    raise ValueError("no payment of that day is left to be wrong")


def _on(world: World, merchant: str, day: date, *kinds: str) -> list[Doc]:
    return [
        fault
        for fault in world.store.find(_KIND, merchant)
        if fault["day"] == day.isoformat() and fault["kind"] in kinds
    ]


def told(world: World, merchant: str, day: date, lines: Sequence[Doc]) -> list[Doc]:
    """Return the day's lines as its file tells them."""
    faults = {fault["order"]: fault for fault in _on(world, merchant, day, *ONE)}
    found: list[Doc] = []
    for line in lines:
        found += _wrong(faults.get(line["merchant_order_no"]) if line["kind"] == "payment" else None, line)
    found += [_extra(merchant, day, fault) for fault in _on(world, merchant, day, "extra")]
    return found + _moved(world, merchant, day)


def _wrong(fault: Doc | None, line: Doc) -> list[Doc]:
    """Return the line as a fault leaves it: none, one or two."""
    if fault is None:
        return [line]
    kind, amount = fault["kind"], fault["amount_minor"]
    if kind == "missing" or kind in _MOVES:
        return []
    if kind == "duplicate":
        return [line, {**line, "transaction_no": line["transaction_no"] + "A"}]
    changed: dict[str, Any] = {
        "amount": {"amount_minor": line["amount_minor"] + amount},
        "currency": {"currency": "USD" if line["currency"] != "USD" else "CNY"},
        "fee": {"fee_minor": line["fee_minor"] + amount},
    }[kind]
    return [{**line, **changed}]


def _extra(merchant: str, day: date, fault: Doc) -> Doc:
    return {
        "time": f"{day}T04:00:00Z",
        "kind": "payment",
        "number": "",
        "merchant_order_no": f"unknown-{fault['id']}",
        "order_id": f"ord_{fault['id']}",
        "transaction_no": f"9{fault['id']}",
        "amount_minor": fault["amount_minor"],
        "fee_minor": 0,
        "currency": fault["currency"],
        "description": f"Unknown to {merchant[-6:]}",
    }


def _moved(world: World, merchant: str, day: date) -> list[Doc]:
    """Return lines of earlier days that this day's file has instead, at the same time of day."""
    found = []
    for kind, days in _MOVES.items():
        for fault in _on(world, merchant, day - timedelta(days=days), kind):
            for line in world.store.find("rail.line", merchant, words=fault["day"]):
                if line["merchant_order_no"] == fault["order"] and line["kind"] == "payment":
                    later = datetime.fromisoformat(line["time"]) + timedelta(days=days)
                    found.append({**line, "time": later.isoformat()})
    return found


def is_cut(world: World, merchant: str, day: date) -> bool:
    """Whether the file ends before its totals."""
    return bool(_on(world, merchant, day, "cut"))


def total_error(world: World, merchant: str, day: date) -> int:
    """How much the totals are wrong, in minor units."""
    return sum(fault["amount_minor"] for fault in _on(world, merchant, day, "footer"))


def credits_of(world: World, merchant: str, day: date, amount: int, currency: str) -> list[tuple[int, str]]:
    """Return what the bank credits for a day's payout: normally it, once."""
    found = [(amount, currency)]
    for fault in _on(world, merchant, day, *WHOLE):
        if fault["kind"] == "credit_missing":
            found = []
        elif fault["kind"] == "credit_amount":
            found = [(amount - fault["amount_minor"], currency)]
        elif fault["kind"] == "credit_twice":
            found = [*found, (amount, currency)]
        elif fault["kind"] == "credit_currency":
            found = [(amount, "USD" if currency != "USD" else "CNY")]
    return found
