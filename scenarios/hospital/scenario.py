"""The hospital as the rest of the house sees it."""

from scenarios.contract import Scenario
from scenarios.hospital import acts, jobs, own_words  # noqa: F401 - they register what they hold
from scenarios.hospital.kinds import ACCOUNT_KINDS, RELATIONS, SCENARIO_KEY
from scenarios.hospital.rights import BOOK, CALL, READ, RIGHTS, SEE, SET_UP, STAYS
from scenarios.hospital.routes import ROUTES
from scenarios.hospital.rows import ROWS, SECRETS
from scenarios.hospital.samples import sample
from scenarios.hospital.tariff import FEES
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place, add_payer_places
from ui.i18n import N_

SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("Hospital"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        number_hint=N_("The patient's number, like P0000123."),
    ),
    fee_templates=FEES,
    sample=sample,
    rights=RIGHTS,
    places=(
        Place(N_("Front desk"), "/front-desk", BOOK, "people", 11, SCENARIO_KEY),
        Place(N_("My patients today"), "/consulting", CALL, "check", 11, SCENARIO_KEY),
        Place(N_("Sessions"), "/sessions", READ, "calendar", 12, SCENARIO_KEY),
        Place(N_("Appointments"), "/appointments", READ, "list", 12, SCENARIO_KEY),
        Place(N_("Inpatients"), "/stays", STAYS, "hospital", 12, SCENARIO_KEY),
        Place(N_("Payments at the hospital's system"), "/his-payments", SEE, "run", 55, SCENARIO_KEY),
        Place(N_("Departments"), "/departments", SET_UP, "building", 13, SCENARIO_KEY),
        Place(N_("Doctors"), "/doctors", SET_UP, "people", 13, SCENARIO_KEY),
    ),
    routes=ROUTES,
    example_rows=ROWS,
    secrets=SECRETS,
)

add_payer_places(Place(N_("My visits"), "/care", "", "hospital", 15, SCENARIO_KEY, is_for_newcomers=True))
