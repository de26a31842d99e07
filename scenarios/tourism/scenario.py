"""Tourism as the rest of the house sees it."""

from scenarios.contract import Scenario
from scenarios.tourism import acts, jobs, routes  # noqa: F401 - acts and jobs register what they hold
from scenarios.tourism.agencies import beside
from scenarios.tourism.fees import TEMPLATES
from scenarios.tourism.kinds import ACCOUNT_KINDS, RELATIONS, SCENARIO_KEY
from scenarios.tourism.rights import RIGHTS
from scenarios.tourism.rows import ROWS, SECRETS
from scenarios.tourism.setup import FIRST_STEPS, provision
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place
from ui.i18n import N_

SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("Tourism"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        first_steps=FIRST_STEPS,
        number_hint=N_("A travel agency's number, like A-001. Visitors get theirs when they order."),
    ),
    fee_templates=TEMPLATES,
    rights=RIGHTS,
    places=(
        Place(N_("Sites"), "/sites", "sites.read", "flag", 12, SCENARIO_KEY),
        Place(N_("Gates"), "/gates", "gates.read", "qr", 14, SCENARIO_KEY),
        Place(N_("Travel agencies"), "/agencies", "agencies.read", "people", 15, SCENARIO_KEY),
        Place(N_("Holders of passes"), "/passes", "passes.read", "key", 16, SCENARIO_KEY),
        Place(N_("Blocked visitors"), "/visitor-blocks", "blocks.read", "lock", 16, SCENARIO_KEY),
        Place(N_("Orders"), "/ticket-orders", "orders.read", "ticket", 13, SCENARIO_KEY),
    ),
    routes=routes.ROUTES,
    provision=provision,
    example_rows=ROWS,
    secrets=SECRETS,
)
beside.register()
