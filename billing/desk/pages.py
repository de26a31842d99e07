"""The cashier's desk."""

from starlette.routing import BaseRoute

from billing.desk import closing, taking
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Desk"), "/desk", "payments.take", "cash", 40))

ROUTES: list[BaseRoute] = [
    tenant_route("/desk", taking.desk, permission="payments.take"),
    tenant_route("/desk/accounts/{id}", taking.account, permission="payments.take", name="desk_account"),
    tenant_route(
        "/desk/accounts/{id}/payments",
        taking.take,
        permission="payments.take",
        methods=WRITES,
        name="desk_take",
        is_transactional=False,
    ),
    tenant_route("/desk/payments/{id}", taking.receipt, permission="payments.take", name="desk_receipt"),
    tenant_route("/desk/close", closing.preview, permission="payments.take", name="desk_close"),
    tenant_route("/desk/closes", closing.closes, permission="payments.take", name="desk_closes"),
    tenant_route(
        "/desk/closes", closing.close, permission="payments.take", methods=WRITES, name="desk_close_day"
    ),
    tenant_route("/desk/closes/{id}", closing.report, permission="payments.take", name="desk_report"),
]
