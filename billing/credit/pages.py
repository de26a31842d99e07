"""All routes of credit, and its place in the rail."""

from starlette.routing import BaseRoute

from billing.credit import account_panel, payer_pages, staff_pages, suspense_pages, terms_page
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Credit"), "/credit", "payments.read", "cash", 43))
account_panel.register()
terms_page.register()

ROUTES: list[BaseRoute] = [
    tenant_route("/credit", staff_pages.index, permission="payments.read", name="credits"),
    tenant_route("/credit/{id}", staff_pages.credit, permission="payments.read", name="credit"),
    tenant_route(
        "/credit/{id}/refunds",
        staff_pages.give_back,
        permission="refunds.request",
        methods=WRITES,
        name="credit_refund",
    ),
    tenant_route(
        "/desk/accounts/{id}/prepayments",
        staff_pages.new_taking,
        permission="payments.take",
        name="desk_prepayment",
    ),
    tenant_route(
        "/desk/accounts/{id}/prepayments",
        staff_pages.take,
        permission="payments.take",
        methods=WRITES,
        name="desk_take_prepayment",
    ),
    tenant_route(
        "/suspense/{id}/credit", suspense_pages.choose, permission="suspense.work", name="suspense_to_credit"
    ),
    tenant_route(
        "/suspense/{id}/credit",
        suspense_pages.credit,
        permission="suspense.work",
        methods=WRITES,
        name="suspense_credit",
    ),
    *payer_pages.ROUTES,
]
