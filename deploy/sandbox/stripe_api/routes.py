"""Addresses of the Stripe API and of its hosted pages."""

from starlette.routing import BaseRoute, Route

from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api import (
    accounts,
    balance,
    checkout,
    disputes,
    events,
    files,
    hosted,
    payments,
    refunds,
    saved,
    schedules,
)
from deploy.sandbox.stripe_api.http import Call, Handler, endpoint
from deploy.sandbox.stripe_api.objects import get_one, listing

_BASES = ("/stripe/v1", "/v1")


def routes() -> list[BaseRoute]:
    """The API under `/stripe/v1`, and under `/v1` for whoever names the bare host; hosted pages under `/stripe`."""
    both = ["GET", "POST"]
    return [
        *(_api(base, *entry) for base in _BASES for entry in _API),
        *(_read(base, path, prefix) for base in _BASES for path, prefix in _READABLE.items()),
        *(Route(f"{base}/files", files.upload, methods=["POST"]) for base in _BASES),
        Route("/stripe/pay/{session}", hosted.pay, methods=both),
        Route("/stripe/onboard/{token}", accounts.onboard, methods=both),
    ]


def _api(base: str, method: str, path: str, operation: str, handler: Handler) -> Route:
    return Route(base + path, endpoint(operation, handler), methods=[method])


def _read(base: str, path: str, prefix: str) -> Route:
    def one(call: Call) -> Doc:
        return get_one(call, prefix)

    return Route(f"{base}/{path}/{{id}}", endpoint(f"{path}.retrieve", one), methods=["GET"])


def _list(prefix: str, path: str, *by: str) -> Handler:
    return lambda call: listing(call, prefix, f"/v1/{path}", by=by)


_READABLE = {
    "payment_intents": "pi",
    "charges": "ch",
    "refunds": "re",
    "balance_transactions": "txn",
    "payouts": "po",
    "disputes": "dp",
    "files": "file",
    "events": "evt",
    "application_fees": "fee",
    "customers": "cus",
    "payment_methods": "pm",
    "setup_intents": "seti",
}
_API: list[tuple[str, str, str, Handler]] = [
    ("POST", "/accounts", "accounts.create", accounts.create),
    ("GET", "/accounts", "accounts.list", accounts.list_accounts),
    ("GET", "/account", "accounts.retrieve", accounts.retrieve),
    ("GET", "/accounts/{id}", "accounts.retrieve", accounts.retrieve),
    ("POST", "/accounts/{id}", "accounts.update", accounts.update),
    ("POST", "/account_links", "account_links.create", accounts.create_link),
    ("GET", "/balance", "balance.retrieve", balance.balance),
    ("GET", "/balance_settings", "balance_settings.retrieve", schedules.retrieve),
    ("POST", "/balance_settings", "balance_settings.update", schedules.update),
    ("POST", "/checkout/sessions", "checkout.sessions.create", checkout.create),
    ("GET", "/checkout/sessions", "checkout.sessions.list", checkout.list_sessions),
    ("GET", "/checkout/sessions/{id}", "checkout.sessions.retrieve", checkout.retrieve),
    ("POST", "/checkout/sessions/{id}/expire", "checkout.sessions.expire", checkout.expire_call),
    ("GET", "/checkout/sessions/{id}/line_items", "checkout.sessions.line_items", checkout.line_items),
    ("POST", "/payment_intents", "payment_intents.create", payments.create),
    ("GET", "/payment_intents", "payment_intents.list", _list("pi", "payment_intents", "customer")),
    ("POST", "/payment_intents/{id}/cancel", "payment_intents.cancel", payments.cancel),
    ("POST", "/customers", "customers.create", saved.create_customer),
    ("GET", "/customers", "customers.list", _list("cus", "customers", "email")),
    ("GET", "/payment_methods", "payment_methods.list", saved.methods_of),
    ("POST", "/payment_methods/{id}/detach", "payment_methods.detach", saved.detach),
    ("GET", "/setup_intents", "setup_intents.list", _list("seti", "setup_intents", "customer")),
    ("GET", "/charges", "charges.list", _list("ch", "charges", "payment_intent")),
    ("POST", "/refunds", "refunds.create", refunds.create),
    ("GET", "/refunds", "refunds.list", refunds.list_refunds),
    ("GET", "/balance_transactions", "balance_transactions.list", balance.list_transactions),
    ("GET", "/payouts", "payouts.list", _list("po", "payouts", "status")),
    (
        "GET",
        "/disputes",
        "disputes.list",
        _list("dp", "disputes", "charge", "payment_intent"),
    ),
    ("POST", "/disputes/{id}", "disputes.update", disputes.update),
    ("POST", "/disputes/{id}/close", "disputes.close", disputes.close),
    ("GET", "/events", "events.list", events.list_events),
    ("GET", "/application_fees", "application_fees.list", _list("fee", "application_fees", "charge")),
]
