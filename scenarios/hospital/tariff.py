"""What a visit costs and what is kept when it is cancelled, as fee rules that finance can change.

The amounts are a usual public hospital's; they start as rules in force so that a hospital can open, and finance puts
its own into force from a month on. Cancelling: an eye hospital's published rule.
"""

from collections.abc import Callable
from typing import Any

from billing.catalogue import FeeTemplate
from billing.rules import builders as b
from billing.rules import dump

REGISTRATION, CANCELLATION, ORDERS, INPATIENT = "registration", "cancellation", "outpatient", "inpatient"
REGISTRATION_PRICES = {
    ("chief", False): "50.00",
    ("chief", True): "20.00",
    ("associate", False): "30.00",
    ("associate", True): "12.00",
    ("attending", False): "15.00",
    ("attending", True): "6.00",
    ("resident", False): "10.00",
    ("resident", True): "4.00",
}
"""By the doctor's title and whether the patient is insured."""
EVENING = "5.00"
"""More for a number in the evening or at a weekend."""
FREE_DAYS = 3
"""A return visit to the same service within so many days is free."""
FULL_HOURS, PART_HOURS, PART_KEPT = 24, 12, "20"
"""Cancelled so many hours before: nothing is kept, or so many percent, or all."""


def registration(currency: str) -> dict[str, Any]:
    """Return the registration fee: by title and insurance, more out of hours, a soon return free."""
    base = b.table(("title", "is_insured"), REGISTRATION_PRICES)
    late = b.choose(
        (b.any_of(b.eq("part", "evening"), b.eq("is_weekend", True)), EVENING),
        otherwise="0",
    )
    soon = b.all_of(b.eq("visit", "return"), b.known("days_since"), b.compare("days_since", "le", FREE_DAYS))
    return dump(b.charge(currency, b.choose((soon, "0"), otherwise=b.total(base, late)), period="once"))


def cancellation(currency: str) -> dict[str, Any]:
    """Return what is kept of a paid registration fee, by how early it is cancelled."""
    kept = b.choose(
        (b.compare("hours_before", "ge", FULL_HOURS), "0"),
        (b.compare("hours_before", "ge", PART_HOURS), b.percent(PART_KEPT, "price")),
        otherwise="price",
    )
    return dump(b.charge(currency, kept, period="once"))


def _template(key: str, english: str, chinese: str, document: Callable[[str], dict[str, Any]]) -> FeeTemplate:
    return FeeTemplate(key, {"en": english, "zh_CN": chinese}, ("visit",), document=document)


FEES = (
    FeeTemplate(ORDERS, {"en": "Outpatient charges", "zh_CN": "门诊费用"}, ("patient",)),
    FeeTemplate(INPATIENT, {"en": "Inpatient charges", "zh_CN": "住院费用"}, ("patient",)),
    _template(REGISTRATION, "Registration", "挂号费", registration),
    _template(CANCELLATION, "Kept when an appointment is cancelled", "退号手续费", cancellation),
)
