"""Payments, refunds and unassigned money for a tenant's staff."""

from starlette.routing import BaseRoute

from billing.payments import account_panel, staff_payments, staff_refunds, staff_suspense
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(
    Place(N_("Payments"), "/payments", "payments.read", "payment", 41),
    Place(N_("Refunds"), "/refunds", "payments.read", "refund", 42),
    Place(N_("Unassigned money"), "/suspense", "suspense.work", "inbox", 44),
)
account_panel.register()

ROUTES: list[BaseRoute] = [
    tenant_route("/payments", staff_payments.payments, permission="payments.read"),
    tenant_route("/payments/{id}", staff_payments.payment, permission="payments.read"),
    tenant_route(
        "/payments/{id}/enquiry",
        staff_payments.enquiry,
        permission="refunds.request",
        methods=WRITES,
        name="payment_enquiry",
        is_transactional=False,
    ),
    tenant_route("/payments/{id}/receipt", staff_payments.receipt, permission="payments.read"),
    tenant_route(
        "/payments/{id}/receipt/proof",
        staff_payments.receipt_proof,
        permission="payments.read",
        name="payment_receipt_proof",
    ),
    tenant_route(
        "/payments/{id}/refunds",
        staff_payments.ask_back,
        permission="refunds.request",
        methods=WRITES,
        name="request_refund",
    ),
    tenant_route("/refunds", staff_refunds.refunds, permission="payments.read"),
    tenant_route("/refunds/{id}", staff_refunds.refund, permission="payments.read"),
    tenant_route(
        "/refunds/{id}/approval", staff_refunds.approval, permission="refunds.approve", methods=WRITES
    ),
    tenant_route(
        "/refunds/{id}/rejection", staff_refunds.rejection, permission="refunds.approve", methods=WRITES
    ),
    tenant_route(
        "/refunds/{id}/retrial", staff_refunds.retrial, permission="refunds.request", methods=WRITES
    ),
    tenant_route(
        "/refunds/{id}/transfer",
        staff_refunds.transfer,
        permission="refunds.request",
        methods=WRITES,
        name="refund_transfer",
    ),
    tenant_route(
        "/refunds/{id}/setting-aside",
        staff_refunds.setting_aside,
        permission="refunds.request",
        methods=WRITES,
    ),
    tenant_route("/refunds/{id}/payout", staff_refunds.payout, permission="payments.take", methods=WRITES),
    tenant_route("/suspense", staff_suspense.suspense_list, permission="suspense.work"),
    tenant_route("/suspense/{id}", staff_suspense.suspense, permission="suspense.work"),
    tenant_route(
        "/suspense/{id}/assignment", staff_suspense.assignment, permission="suspense.work", methods=WRITES
    ),
    tenant_route(
        "/suspense/{id}/application", staff_suspense.application, permission="suspense.work", methods=WRITES
    ),
    tenant_route("/suspense/{id}/refund", staff_suspense.refund, permission="suspense.work", methods=WRITES),
]
