"""The miniature scenario: proof that an industry cloud is one value, and that generic pages need no more."""

from billing.catalogue import FeeTemplate
from scenarios.contract import Scenario
from tenants.kinds import AccountKind, Attribute, ScenarioKinds

MINIATURE = Scenario(
    kinds=ScenarioKinds(
        key="miniature",
        name="Miniature",
        account_kinds=(
            AccountKind("member", "Member", "Members", (Attribute("is_senior", "Senior", "boolean"),)),
        ),
        relations={"member": "Member"},
    ),
    fee_templates=(FeeTemplate("dues", {"en": "Dues", "zh_CN": "会费"}, ("member",)),),
    places=(),
    routes=(),
)
