"""Community property as the rest of the house sees it."""

from collections.abc import Callable
from typing import Any

from billing.catalogue import FeeTemplate
from scenarios.community import tariff
from scenarios.community.buildings import ROUTES
from scenarios.community.importing import UNITS, added, tidy
from scenarios.community.kinds import ACCOUNT_KINDS, RELATIONS, SCENARIO_KEY
from scenarios.contract import Scenario
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place
from ui.i18n import N_

Document = Callable[[], dict[str, Any]]


def _published(document: Document) -> Callable[[str], dict[str, Any] | None]:
    """Offer a published tariff to institutions that charge in its currency; others draft their own."""
    return lambda currency: document() if currency == tariff.CURRENCY else None


SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("Community property"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        imports=(UNITS,),
        tidy=tidy,
        added=added,
        number_hint=N_("Building, street and door, like 12A Bedok Sth Ave 2 #03-105."),
    ),
    fee_templates=(
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
    ),
    places=(Place(N_("Buildings"), "/buildings", "accounts.read", "building", 12, SCENARIO_KEY),),
    routes=ROUTES,
)
