"""The fees an estate starts with: published tariffs, what meters and pools come to, and what it drafts itself."""

from collections.abc import Callable, Mapping
from typing import Any

from billing.catalogue import FeeTemplate
from billing.rules import builders as b
from billing.rules import dump
from billing.rules.nodes import Known
from scenarios.community import tariff
from scenarios.community.kinds import SHARED_COSTS

Document = Callable[[], dict[str, Any]]
METERED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "water_charge": ("water", {"en": "Water", "zh_CN": "水费"}),
    "power_charge": ("power", {"en": "Power", "zh_CN": "电费"}),
    "gas_charge": ("gas", {"en": "Gas", "zh_CN": "燃气费"}),
    "heat_charge": ("heat", {"en": "Heating", "zh_CN": "采暖费"}),
}
"""Fees by meter: code, kind of meter, names. Each estate drafts its own tiers."""


def _published(document: Document) -> Callable[[str], dict[str, Any] | None]:
    """Offer a published tariff to institutions that charge in its currency; others draft their own."""
    return lambda currency: document() if currency == tariff.CURRENCY else None


def shared_costs(currency: str) -> dict[str, Any]:
    """Return the rule of shared costs in any currency: whatever the pools came to, for those who bear some."""
    found = b.quantity(SHARED_COSTS)
    return dump(b.charge(currency, b.rate("1", found), eligible=Known(of=found)))


FEES = (
    FeeTemplate(
        "service_charge",
        {"en": "Service and conservancy charge", "zh_CN": "物业服务费"},
        ("unit",),
        document=_published(tariff.service_charge),
        is_in_force=False,
    ),
    FeeTemplate(
        "shop_charge",
        {"en": "Shop service charge", "zh_CN": "商铺服务费"},
        ("shop",),
        document=_published(tariff.shop_charge),
        is_in_force=False,
    ),
    FeeTemplate("parking_charge", {"en": "Parking charge", "zh_CN": "车位费"}, ("parking",)),
    FeeTemplate(
        "late_fee",
        {"en": "Late-payment penalty", "zh_CN": "滞纳金"},
        ("unit",),
        "late_fee",
        _published(tariff.late_fee),
    ),
    FeeTemplate(
        "shop_late_fee",
        {"en": "Late-payment penalty, shops", "zh_CN": "商铺滞纳金"},
        ("shop",),
        "late_fee",
        _published(tariff.shop_late_fee),
    ),
    *(FeeTemplate(key, names, ("unit", "shop")) for key, (_, names) in METERED.items()),
    FeeTemplate(
        SHARED_COSTS, {"en": "Shared costs", "zh_CN": "公摊费"}, ("unit", "shop"), document=shared_costs
    ),
    FeeTemplate("repair_fund", {"en": "Repair fund", "zh_CN": "维修基金"}, ("unit", "shop")),
)
