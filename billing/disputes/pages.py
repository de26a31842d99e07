"""Disputes for a tenant's staff: the list, one dispute with its answer, and what becomes of a lost one."""

from starlette.routing import BaseRoute

from billing.disputes import acting, viewing
from billing.disputes.work import register
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_

add_tenant_places(Place(N_("Disputes"), "/disputes", "payments.read", "shield", 43))
register()

READ, WORK, DECIDE = "payments.read", "disputes.work", "refunds.approve"
ROUTES: list[BaseRoute] = [
    tenant_route("/disputes", viewing.disputes, permission=READ),
    tenant_route("/disputes/{id}", viewing.dispute, permission=READ),
    tenant_route("/disputes/{id}/files/{file}", viewing.file, permission=READ, name="dispute_file"),
    tenant_route(
        "/disputes/{id}/enquiry", acting.enquiry, permission=READ, methods=WRITES, is_transactional=False
    ),
    tenant_route("/disputes/{id}/evidence", acting.evidence, permission=WORK, methods=WRITES),
    tenant_route("/disputes/{id}/files", acting.new_file, permission=WORK, methods=WRITES),
    tenant_route(
        "/disputes/{id}/acceptance", acting.acceptance, permission=WORK, methods=WRITES, name="accept_dispute"
    ),
    tenant_route(
        "/disputes/{id}/decision", acting.decision, permission=WORK, methods=WRITES, name="decide_dispute"
    ),
    tenant_route(
        "/disputes/{id}/approval", acting.approval, permission=DECIDE, methods=WRITES, name="approve_loss"
    ),
    tenant_route(
        "/disputes/{id}/rejection", acting.rejection, permission=DECIDE, methods=WRITES, name="refuse_loss"
    ),
]
