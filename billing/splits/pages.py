"""Shared proceeds for a tenant's staff: rules, receivers, a payment's shares, and what has to be worked."""

from starlette.routing import BaseRoute

from billing.splits import acting, viewing
from billing.splits.work import register
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Sharing"), "/splits", "splits.read", "branch", 46))
register()

READ, WRITE, DECIDE = "splits.read", "splits.write", "splits.approve"
ROUTES: list[BaseRoute] = [
    tenant_route("/splits", viewing.index, permission=READ, name="split_rules"),
    tenant_route("/splits/rules/new", viewing.new_rule, permission=WRITE, name="new_split_rule"),
    tenant_route(
        "/splits/rules", acting.create_rule, permission=WRITE, methods=WRITES, name="create_split_rule"
    ),
    tenant_route("/splits/rules/{id}", viewing.rule, permission=READ, name="split_rule"),
    tenant_route(
        "/splits/rules/{id}/activation",
        acting.activation,
        permission=DECIDE,
        methods=WRITES,
        name="activate_split_rule",
    ),
    tenant_route(
        "/splits/rules/{id}/refusal",
        acting.refusal,
        permission=DECIDE,
        methods=WRITES,
        name="refuse_split_rule",
    ),
    tenant_route("/splits/receivers", viewing.receiver_list, permission=READ, name="receivers"),
    tenant_route(
        "/splits/receivers", acting.create_receiver, permission=WRITE, methods=WRITES, name="create_receiver"
    ),
    tenant_route("/splits/receivers/{id}", viewing.receiver, permission=READ, name="receiver"),
    tenant_route(
        "/splits/receivers/{id}/closing",
        acting.closing,
        permission=WRITE,
        methods=WRITES,
        name="close_receiver",
    ),
    tenant_route(
        "/splits/receivers/{id}/opening",
        acting.opening,
        permission=WRITE,
        methods=WRITES,
        name="open_receiver",
    ),
    tenant_route("/payments/{id}/shares", viewing.payment_shares, permission=READ, name="payment_shares"),
    tenant_route(
        "/splits/shares/{id}/retrial",
        acting.share_retrial,
        permission=WRITE,
        methods=WRITES,
        name="retry_share",
    ),
    tenant_route(
        "/splits/shares/{id}/keeping",
        acting.share_keeping,
        permission=WRITE,
        methods=WRITES,
        name="keep_share",
    ),
    tenant_route(
        "/splits/returns/{id}/retrial",
        acting.return_retrial,
        permission=WRITE,
        methods=WRITES,
        name="retry_share_return",
    ),
    tenant_route(
        "/splits/returns/{id}/bearing",
        acting.return_bearing,
        permission=WRITE,
        methods=WRITES,
        name="bear_share_return",
    ),
]
