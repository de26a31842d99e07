"""Adjustments for a tenant's staff: where they stand in the console, and their routes."""

from starlette.routing import BaseRoute

from billing.adjustments import account_panel, staff_adjustments, staff_standing, worklist
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Adjustments"), "/adjustments", "adjustments.read", "edit", 36))
account_panel.register()
worklist.register()
_READ, _ASK, _DECIDE = "adjustments.read", "adjustments.request", "adjustments.approve"

ROUTES: list[BaseRoute] = [
    tenant_route("/adjustments", staff_adjustments.adjustments, permission=_READ),
    tenant_route("/adjustments/standing", staff_standing.standings, permission=_READ),
    tenant_route("/adjustments/standing/{id}", staff_standing.show, permission=_READ, name="standing"),
    tenant_route(
        "/adjustments/standing/{id}/evidence",
        staff_standing.paper,
        permission=_READ,
        name="standing_evidence",
    ),
    tenant_route(
        "/adjustments/standing/{id}/approval",
        staff_standing.approval,
        permission=_DECIDE,
        methods=WRITES,
        name="standing_approval",
    ),
    tenant_route(
        "/adjustments/standing/{id}/rejection",
        staff_standing.rejection,
        permission=_DECIDE,
        methods=WRITES,
        name="standing_rejection",
    ),
    tenant_route(
        "/adjustments/standing/{id}/ending",
        staff_standing.ending,
        permission=_DECIDE,
        methods=WRITES,
        name="standing_ending",
    ),
    tenant_route("/adjustments/{id}", staff_adjustments.adjustment, permission=_READ),
    tenant_route("/adjustments/{id}/evidence", staff_adjustments.paper, permission=_READ, name="evidence"),
    tenant_route(
        "/adjustments/{id}/approval",
        staff_adjustments.approval,
        permission=_DECIDE,
        methods=WRITES,
        name="adjustment_approval",
    ),
    tenant_route(
        "/adjustments/{id}/rejection",
        staff_adjustments.rejection,
        permission=_DECIDE,
        methods=WRITES,
        name="adjustment_rejection",
    ),
    tenant_route(
        "/adjustments/{id}/reversal",
        staff_adjustments.reversal,
        permission=_DECIDE,
        methods=WRITES,
        name="adjustment_reversal",
    ),
    tenant_route("/bills/{id}/adjustments", staff_adjustments.new, permission=_ASK, name="new_adjustment"),
    tenant_route(
        "/bills/{id}/adjustments",
        staff_adjustments.create,
        permission=_ASK,
        methods=WRITES,
        name="request_adjustment",
    ),
    tenant_route(
        "/accounts/{id}/standing-adjustments", staff_standing.new, permission=_ASK, name="new_standing"
    ),
    tenant_route(
        "/accounts/{id}/standing-adjustments",
        staff_standing.create,
        permission=_ASK,
        methods=WRITES,
        name="request_standing",
    ),
]
