"""The last proof of isolation, where an institution's auditor reads it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import tenant_route
from tenants.models import IsolationReport
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_
from ui.render import respond

add_tenant_places(Place(N_("Proof of isolation"), "/isolation", "audit.read", "shield", 96))


async def show(request: Request, actor: Actor) -> Response:
    """Show what was tried last, and what came of it."""
    del actor
    found = await IsolationReport.all().order_by("-created_at").limit(12)
    context = {"last": found[0] if found else None, "earlier": found[1:]}
    return await respond(request, "tenants/privacy/isolation.html", context)


ROUTES: list[BaseRoute] = [tenant_route("/isolation", show, permission="audit.read", name="isolation")]
