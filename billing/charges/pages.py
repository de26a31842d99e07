"""The console's pages of charging, and their places in the rail."""

from starlette.routing import BaseRoute

from billing.charges import (
    bill_pages,
    destination_pages,
    fee_pages,
    replay_pages,
    run_control_pages,
    run_pages,
    starting,
)
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(
    Place(N_("Fees"), "/fees", "fees.read", "rule", 20),
    Place(N_("Bill runs"), "/runs", "runs.read", "run", 25),
    Place(N_("Bills"), "/bills", "bills.read", "bill", 30),
)

ROUTES: list[BaseRoute] = [
    *starting.ROUTES,
    *fee_pages.ROUTES,
    *destination_pages.ROUTES,
    *replay_pages.ROUTES,
    *run_pages.ROUTES,
    *run_control_pages.ROUTES,
    *bill_pages.ROUTES,
]
