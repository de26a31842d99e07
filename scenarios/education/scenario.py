"""A school as the rest of the house sees it."""

from scenarios.contract import Scenario
from scenarios.education import acts, own_words  # noqa: F401 - they register their words
from scenarios.education.canteen import family as family_canteen
from scenarios.education.canteen import pages as canteen
from scenarios.education.canteen import terms as canteen_terms
from scenarios.education.classes import pages as classes
from scenarios.education.classes import tools
from scenarios.education.days import (
    attendance_pages,
    billed,  # noqa: F401 - it listens to bills
)
from scenarios.education.days import pages as days
from scenarios.education.enrolment import family as family_enrolment
from scenarios.education.enrolment import office as enrolment
from scenarios.education.family import app_consents, beside, sharing_pages, statement_pages
from scenarios.education.family import pages as family
from scenarios.education.family import tools as family_tools
from scenarios.education.fees import pages as fees
from scenarios.education.fees.services import provision
from scenarios.education.fees.templates import TEMPLATES
from scenarios.education.importing import PUPILS, added, tidy
from scenarios.education.kinds import ACCOUNT_KINDS, QUANTITIES, RELATIONS, SCENARIO_KEY
from scenarios.education.notices import family as family_notices
from scenarios.education.notices import pages as notices
from scenarios.education.offers import pages as offers
from scenarios.education.oneroster import routes as oneroster
from scenarios.education.partners import pages as partners
from scenarios.education.rights import RIGHTS
from scenarios.education.roster import pages as roster
from scenarios.education.rows import ROWS
from scenarios.education.samples import sample
from scenarios.education.year import pages as year
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place, add_payer_places
from ui.i18n import N_

acts.register()
beside.register()
tools.register()
canteen_terms.register()
year.register()
SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("School"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        imports=(PUPILS,),
        quantities=QUANTITIES,
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
        Place(N_("Till"), "/till", "canteen.sell", "cash", 14, SCENARIO_KEY),
        Place(N_("Canteen"), "/canteen", "canteen.write", "cash", 23, SCENARIO_KEY),
        Place(N_("Enrolment"), "/enrolment", "enrolment.read", "people", 14, SCENARIO_KEY),
        Place(N_("Rosters"), "/rosters", "classes.write", "upload", 16, SCENARIO_KEY),
        Place(N_("Offers"), "/offers", "offers.read", "file", 22, SCENARIO_KEY),
        Place(N_("Approvals"), "/school-fees", "fees.read", "file", 21, SCENARIO_KEY),
    ),
    routes=(
        *year.ROUTES,
        *classes.ROUTES,
        *roster.ROUTES,
        *fees.ROUTES,
        *partners.ROUTES,
        *offers.ROUTES,
        *attendance_pages.ROUTES,
        *days.ROUTES,
        *notices.ROUTES,
        *enrolment.ROUTES,
        *family_enrolment.ROUTES,
        *canteen.ROUTES,
        *family_canteen.ROUTES,
        *family_notices.ROUTES,
        *statement_pages.ROUTES,
        *app_consents.ROUTES,
        *family_tools.ROUTES,
        *oneroster.ROUTES,
        *sharing_pages.ROUTES,
        *family.ROUTES,
    ),
    provision=provision,
    sample=sample,
    rights=RIGHTS,
    example_rows=ROWS,
)

add_payer_places(Place(N_("My children"), "/school", "", "people", 14, SCENARIO_KEY))
