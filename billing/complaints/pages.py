"""All routes of complaints, and their places in the rails."""

from starlette.routing import BaseRoute

from billing.complaints import bank_pages, payer_pages, tenant_pages
from tenants.navigation import Place, add_payer_places, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Complaints"), "/complaints", "complaints.read", "mail", 33))
add_payer_places(Place(N_("Complaints"), "/complaints", "", "flag", 40))

ROUTES: list[BaseRoute] = [*payer_pages.ROUTES, *tenant_pages.ROUTES, *bank_pages.ROUTES]
