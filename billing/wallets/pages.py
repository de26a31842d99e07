"""All routes of stored money, and its place in the rail."""

from starlette.routing import BaseRoute

from billing.wallets import payer_pages, staff_pages
from tenants.http import WRITES, person_route, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Stored money"), "/wallets", "payments.read", "cash", 44))

ROUTES: list[BaseRoute] = [
    tenant_route("/wallets", staff_pages.index, permission="payments.read", name="wallets"),
    tenant_route("/wallets/{id}", staff_pages.wallet, permission="payments.read", name="wallet"),
    tenant_route(
        "/wallets/{id}/top-ups/new",
        staff_pages.new_taking,
        permission="payments.take",
        name="wallet_new_taking",
    ),
    tenant_route(
        "/wallets/{id}/payouts/new",
        staff_pages.new_payout,
        permission="refunds.request",
        name="wallet_new_payout",
    ),
    tenant_route(
        "/wallets/{id}/top-ups",
        staff_pages.take,
        permission="payments.take",
        methods=WRITES,
        name="wallet_take",
        is_transactional=False,
    ),
    tenant_route(
        "/wallets/{id}/payouts",
        staff_pages.give_out,
        permission="refunds.request",
        methods=WRITES,
        name="wallet_pay_out",
    ),
    tenant_route(
        "/accounts/{id}/wallets",
        staff_pages.open_one,
        permission="payments.take",
        methods=WRITES,
        name="open_wallet",
    ),
    person_route("/my/accounts/{id}/wallets", payer_pages.wallets, name="my_wallets"),
    person_route("/my/wallets/{id}", payer_pages.wallet, name="my_wallet"),
    person_route("/my/wallets/{id}/top-ups", payer_pages.ask, methods=WRITES, name="my_top_up"),
    person_route("/my/top-ups/{id}", payer_pages.after_paying, name="my_top_up_paid"),
]
