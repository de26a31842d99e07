"""The pages of those who pay: what they owe, paying it, what they have paid, and the pay-link of one bill."""

from starlette.routing import BaseRoute

from billing.payer import account, history, holding, links, outcome, overview, paying, verifying, yearly
from tenants.http import WRITES, person_route, public_route

ROUTES: list[BaseRoute] = [
    person_route("/my", overview.owed, name="my_owed"),
    person_route("/my/bills/{id}", overview.bill, name="my_bill"),
    person_route("/my/bills/{id}/pdf", overview.bill_pdf, name="my_bill_pdf"),
    person_route("/my/checkout", paying.new_payment, name="my_new_payment"),
    person_route("/my/payments", history.payments, name="my_payments"),
    person_route(
        "/my/payments", paying.create, methods=WRITES, name="my_create_payment", is_transactional=False
    ),
    person_route("/my/payments/{id}", outcome.payment, name="my_payment", is_transactional=False),
    person_route(
        "/my/payments/{id}/cancellation",
        outcome.cancel,
        methods=WRITES,
        name="my_cancellation",
        is_transactional=False,
    ),
    person_route("/my/receipts/{id}", history.receipt, name="my_receipt"),
    person_route("/my/receipts/{id}/pdf", history.receipt_pdf, name="my_receipt_pdf"),
    person_route("/my/receipts/{id}/proof", history.receipt_proof, name="my_receipt_proof"),
    person_route("/my/accounts", holding.accounts, name="my_accounts"),
    person_route("/my/accounts/confirmation", holding.accounts, name="my_confirmation"),
    person_route("/my/accounts/{id}", account.account, name="my_account"),
    person_route(
        "/my/accounts/confirmation",
        holding.confirm,
        methods=WRITES,
        name="my_confirm",
        is_transactional=False,
    ),
    public_route("/verify", verifying.ask, reason=verifying.REASON, name="verify_receipt"),
    public_route("/verify/{code}", verifying.verify, reason=verifying.REASON, name="verified_receipt"),
    *links.ROUTES,
    *yearly.ROUTES,
]
