"""A town council's published charges, as data: what a Singapore estate starts from.

Source: the council's own table of monthly service and conservancy charges, inclusive of goods and services tax, due
on the first of the month without demand; penalties by the Town Council of Aljunied (Penalty for Late Payment)
By-laws, S 437/2000. The council has two divisions with slightly different rates.
"""

from collections.abc import Mapping
from typing import Any, Literal

from billing.rules import builders as b
from billing.rules import dump

Division = Literal["main", "kaki_bukit"]
CURRENCY = "SGD"

_BOTH_DIVISIONS: dict[str, tuple[str | None, str]] = {
    "1-room": ("20.00", "58.00"),
    "2-room": ("30.00", "60.00"),
    "3-room": ("46.50", "66.50"),
    "3-room DBSS": ("63.00", "77.00"),
    "4-room": ("63.50", "79.00"),
    "4-room DBSS": ("79.00", "89.00"),
    "5-room": ("79.50", "89.00"),
    "3Gen": (None, "90.00"),
    "5-room DBSS": (None, "103.00"),
    "executive": (None, "102.00"),
}
_KAKI_BUKIT_ALONE: dict[str, tuple[str | None, str]] = {
    "4-room": ("63.50", "78.00"),
    "5-room": ("79.50", "87.50"),
    "executive": (None, "100.00"),
}
RESIDENTIAL: Mapping[Division, Mapping[str, tuple[str | None, str]]] = {
    "main": _BOTH_DIVISIONS,
    "kaki_bukit": _BOTH_DIVISIONS | _KAKI_BUKIT_ALONE,
}
"""Monthly charge by flat type: reduced, normal. The reduced rate is for a flat with a citizen owner or occupier who
owns no other; None where the council offers only the normal rate."""

SHOP_PER_SQM: Mapping[Division, str] = {"main": "2.03", "kaki_bukit": "1.90"}
SHOP_MINIMUM = "61.00"
SHOP_LIVING_QUARTERS: Mapping[str, str] = {
    "1-room": "21.40",
    "2-room": "32.10",
    "3-room": "49.75",
    "4-room": "67.94",
    "5-room": "85.06",
}
"""Added for a shop's living quarters, by their number of rooms."""

BY_LAW_PENALTIES: Mapping[str, str] = {
    "1-room": "1.00",
    "2-room": "2.00",
    "3-room": "3.00",
    "4-room": "4.00",
    "5-room": "5.00",
    "executive": "7.00",
    "HUDC": "10.00",
}
"""For every month in which the charge is in arrears."""
CLASSED_AS: Mapping[str, str] = {
    "3-room DBSS": "3-room",
    "4-room DBSS": "4-room",
    "5-room DBSS": "5-room",
    "3Gen": "5-room",
}
"""Flat types that the by-law does not name: it is older than they are. A DBSS flat counts by its rooms, and a
three-generation flat, of the same size, as a 5-room flat. This is our reading."""
SHOP_PENALTY_AT_LEAST, SHOP_PENALTY_PERCENT = "20.00", "10"


def service_charge(division: Division = "main") -> dict[str, Any]:
    """Return the monthly charge of flats: a table by flat type and rate."""
    cells = {
        (flat_type, is_reduced): amount
        for flat_type, (reduced, normal) in RESIDENTIAL[division].items()
        for is_reduced, amount in ((True, reduced), (False, normal))
    }
    table = b.table(("flat_type", "is_reduced"), cells)
    return dump(b.charge(CURRENCY, table))


def shop_charge(division: Division = "main") -> dict[str, Any]:
    """Return the monthly charge of shops: by area with a minimum, and more for living quarters."""
    by_area = b.bounds(b.rate(SHOP_PER_SQM[division], "area_sqm"), minimum=SHOP_MINIMUM)
    quarters = b.table("room_type", dict(SHOP_LIVING_QUARTERS))
    living = b.choose((b.eq("has_living", True), quarters), otherwise="0")
    return dump(b.charge(CURRENCY, b.total(by_area, living)))


def late_fee() -> dict[str, Any]:
    """Return the penalty of flats, for each month in arrears."""
    classed = {kind: BY_LAW_PENALTIES[alike] for kind, alike in CLASSED_AS.items()}
    table = b.table("flat_type", {**BY_LAW_PENALTIES, **classed})
    return dump(b.late_fee(CURRENCY, table, each="month"))


def shop_late_fee() -> dict[str, Any]:
    """Return the penalty of shops: 20.00 or a tenth of the arrears, whichever is higher, each time it is run.

    It is taken of the unpaid charge alone, so that a penalty bears no penalty.
    """
    share = b.percent(SHOP_PENALTY_PERCENT, b.balance("principal"))
    return dump(b.late_fee(CURRENCY, b.higher(b.fixed(SHOP_PENALTY_AT_LEAST), share), each="time"))
