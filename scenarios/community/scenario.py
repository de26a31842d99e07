"""Community property as the rest of the house sees it."""

import scenarios.community.acts
import scenarios.community.own_words  # noqa: F401 - and what is kept about people
from scenarios.community.buildings import ROUTES
from scenarios.community.estate import lease_pages, reshape_pages
from scenarios.community.estate import pages as estate_pages
from scenarios.community.facilities import pages as facility_pages
from scenarios.community.fees import FEES
from scenarios.community.figures import pages as figure_pages
from scenarios.community.home import beside as _beside  # noqa: F401 - adds cards beside a resident's bills
from scenarios.community.home import pages as home_pages
from scenarios.community.household import pages as household_pages
from scenarios.community.importing import UNITS, added, tidy
from scenarios.community.kinds import ACCOUNT_KINDS, QUANTITIES, RELATIONS, SCENARIO_KEY
from scenarios.community.leaving import deposit_pages, move_pages
from scenarios.community.merchants import basket_pages, promotion_pages
from scenarios.community.merchants import pages as merchant_pages
from scenarios.community.merchants import resident_pages as market_pages
from scenarios.community.meters import feed as _feed  # noqa: F401 - offers what apps may do with meters
from scenarios.community.meters import held_pages, resident_pages, round_pages
from scenarios.community.meters import importing as meter_files
from scenarios.community.meters import pages as meter_pages
from scenarios.community.notices import pages as notice_pages
from scenarios.community.pools import pages as pool_pages
from scenarios.community.prepaid import pages as prepaid_pages
from scenarios.community.rights import RIGHTS
from scenarios.community.rows import ROWS, SECRETS
from scenarios.community.service import away_pages, settings_pages
from scenarios.community.service import pages as service_pages
from scenarios.community.service import resident_pages as repair_pages
from scenarios.community.service.settings import provision_categories
from scenarios.community.visitors import gate_pages, parcel_pages
from scenarios.community.visitors import pages as visitor_pages
from scenarios.community.votes import pages as vote_pages
from scenarios.contract import Scenario
from tenants.kinds import ScenarioKinds
from tenants.navigation import Place, add_payer_places
from ui.i18n import N_

SCENARIO = Scenario(
    kinds=ScenarioKinds(
        key=SCENARIO_KEY,
        name=N_("Community property"),
        account_kinds=ACCOUNT_KINDS,
        relations=RELATIONS,
        imports=(UNITS, meter_files.METERS, meter_files.READINGS),
        tidy=tidy,
        added=added,
        quantities=QUANTITIES,
        number_hint=N_("Building, street and door, like 12A Bedok Sth Ave 2 #03-105."),
    ),
    fee_templates=FEES,
    places=(
        Place(N_("Buildings"), "/buildings", "accounts.read", "building", 12, SCENARIO_KEY),
        Place(N_("Meters"), "/meters", "accounts.read", "contrast", 13, SCENARIO_KEY),
        Place(N_("Repairs"), "/work", "service.read", "settings", 14, SCENARIO_KEY),
        Place(N_("Notices"), "/notices", "accounts.read", "bell", 16, SCENARIO_KEY),
        Place(N_("Gatehouse"), "/gate", "gate.work", "qr", 17, SCENARIO_KEY),
        Place(N_("Parcels"), "/parcels", "gate.work", "inbox", 18, SCENARIO_KEY),
        Place(N_("Facilities"), "/facilities", "accounts.read", "calendar", 18, SCENARIO_KEY),
        Place(N_("Votes"), "/votes", "accounts.read", "check", 19, SCENARIO_KEY),
        Place(N_("Shops"), "/merchants", "shop.work", "cash", 19, SCENARIO_KEY),
        Place(N_("Figures of the estate"), "/estate-figures", "reports.read", "report", 69, SCENARIO_KEY),
        Place(N_("Deposits"), "/deposits", "accounts.read", "cash", 26, SCENARIO_KEY),
        Place(N_("Shared costs"), "/pools", "bills.read", "branch", 25, SCENARIO_KEY),
    ),
    routes=(
        *ROUTES,
        *estate_pages.ROUTES,
        *lease_pages.ROUTES,
        *reshape_pages.ROUTES,
        *round_pages.ROUTES,
        *meter_pages.ROUTES,
        *held_pages.ROUTES,
        *resident_pages.ROUTES,
        *prepaid_pages.ROUTES,
        *pool_pages.ROUTES,
        *settings_pages.ROUTES,
        *away_pages.ROUTES,
        *service_pages.ROUTES,
        *repair_pages.ROUTES,
        *notice_pages.ROUTES,
        *gate_pages.ROUTES,
        *parcel_pages.ROUTES,
        *visitor_pages.ROUTES,
        *vote_pages.ROUTES,
        *deposit_pages.ROUTES,
        *move_pages.ROUTES,
        *home_pages.ROUTES,
        *household_pages.ROUTES,
        *figure_pages.ROUTES,
        *facility_pages.ROUTES,
        *merchant_pages.ROUTES,
        *market_pages.ROUTES,
        *basket_pages.ROUTES,
        *promotion_pages.ROUTES,
    ),
    rights=RIGHTS,
    provision=provision_categories,
    example_rows=ROWS,
    secrets=SECRETS,
)

add_payer_places(Place(N_("My home"), "/home", "", "building", 12, SCENARIO_KEY))
