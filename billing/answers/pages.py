"""All routes of answers, and their place in the rail."""

from starlette.routing import BaseRoute

from billing.answers import payer_pages, staff_pages, terms_page, worklist
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Answers"), "/answers", "bills.read", "inbox", 32))
terms_page.register()
worklist.register()

ROUTES: list[BaseRoute] = [*staff_pages.ROUTES, *payer_pages.ROUTES]
