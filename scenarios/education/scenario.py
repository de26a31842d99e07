"""A school as the rest of the house sees it."""

from scenarios.contract import Scenario
from scenarios.education import acts
from scenarios.education.classes import pages as classes
from scenarios.education.days import pages as days
from scenarios.education.family import beside
from scenarios.education.family import pages as family
from scenarios.education.fees import pages as fees
from scenarios.education.fees.services import provision
from scenarios.education.fees.templates import TEMPLATES
from scenarios.education.importing import PUPILS, added, tidy
from scenarios.education.kinds import ACCOUNT_KINDS, RELATIONS, SCENARIO_KEY
from scenarios.education.notices import family as family_notices
from scenarios.education.notices import pages as notices
from scenarios.education.offers import pages as offers
from scenarios.education.rights import RIGHTS
from scenarios.education.roster import pages as roster
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place
from ui.i18n import N_

acts.register()
beside.register()
SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("School"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        imports=(PUPILS,),
        tidy=tidy,
        added=added,
        number_hint=N_("The school's own number of the pupil, like 2026-0301."),
        place_name=N_("Class"),
        place_hint=N_(
            "The class that the pupil is in, like 3A. It is made where there is none of this name."
        ),
    ),
    fee_templates=TEMPLATES,
    places=(
        Place(N_("Classes"), "/classes", "classes.own", "people", 11, SCENARIO_KEY),
        Place(N_("Leave"), "/leave", "leave.decide", "audit", 12, SCENARIO_KEY),
        Place(N_("Notices"), "/school-notices", "school_notices.own", "mail", 13, SCENARIO_KEY),
        Place(N_("Rosters"), "/rosters", "classes.write", "upload", 16, SCENARIO_KEY),
        Place(N_("Offers"), "/offers", "offers.read", "file", 22, SCENARIO_KEY),
        Place(N_("Approvals"), "/school-fees", "fees.read", "file", 21, SCENARIO_KEY),
    ),
    routes=(
        *classes.ROUTES,
        *roster.ROUTES,
        *fees.ROUTES,
        *offers.ROUTES,
        *days.ROUTES,
        *notices.ROUTES,
        *family_notices.ROUTES,
        *family.ROUTES,
    ),
    provision=provision,
    rights=RIGHTS,
)
