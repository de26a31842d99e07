"""Community property as the rest of the house sees it."""

from billing.catalogue import FeeTemplate
from scenarios.contract import Scenario
from tenants.kinds import AccountKind, Attribute, ScenarioKinds
from ui.i18n import N_

FLAT_TYPES = {
    "1-room": N_("1-room"),
    "2-room": N_("2-room"),
    "3-room": N_("3-room"),
    "4-room": N_("4-room"),
    "5-room": N_("5-room"),
    "3Gen": N_("3-generation"),
    "executive": N_("Executive"),
}

SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key="community",
        name=N_("Community property"),
        account_kinds=(
            AccountKind(
                "unit",
                N_("Flat"),
                N_("Flats"),
                (
                    Attribute("flat_type", N_("Flat type"), "choice", FLAT_TYPES, is_required=True),
                    Attribute("is_reduced", N_("Reduced rate"), "boolean"),
                    Attribute("area_sqm", N_("Area"), "decimal", unit="m²"),
                ),
            ),
        ),
        relations={"owner": N_("Owner"), "resident": N_("Resident")},
    ),
    fee_templates=(
        FeeTemplate("service_charge", {"en": "Service charge", "zh_CN": "物业服务费"}, ("unit",)),
    ),
    places=(),
    routes=(),
)
