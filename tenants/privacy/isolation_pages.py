"""The last proof of isolation, where an institution's auditor reads it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import tenant_route
from tenants.models import IsolationReport
from tenants.navigation import Place, add_tenant_places
from ui.i18n import N_, gettext
from ui.render import respond

OUTCOMES = {
    "200": N_("answered"),
    "303": N_("sent elsewhere"),
    "401": N_("token refused"),
    "403": N_("not allowed"),
    "404": N_("not found"),
    "405": N_("no such act"),
    "422": N_("form sent back"),
    "changed": N_("changed"),
    "failed": N_("failed"),
    "ran": N_("ran, and touched nothing"),
    "refused": N_("refused"),
    "rows seen: 0": N_("no row seen"),
    "rows touched: 0": N_("no row touched"),
    "unchanged": N_("unchanged"),
}
"""What may come of a try, in words; an answer's number that is not here is shown as it is."""
add_tenant_places(Place(N_("Proof of isolation"), "/isolation", "audit.read", "shield", 96))


async def show(request: Request, actor: Actor) -> Response:
    """Show what was tried last, and what came of it."""
    del actor
    found = await IsolationReport.all().order_by("-created_at").limit(12)
    last = found[0] if found else None
    context = {"last": last, "earlier": found[1:], "sections": _sections(last) if last else []}
    return await respond(request, "tenants/privacy/isolation.html", context)


def _sections(report: IsolationReport) -> list[dict[str, Any]]:
    """Return what was tried in the reader's language; leaks stay as whoever mends them needs them."""
    return [
        one
        | {
            "title": gettext(one["title"]),
            "meaning": gettext(one["meaning"]),
            "answers": {
                gettext(OUTCOMES[name]) if name in OUTCOMES else name: count
                for name, count in one["answers"].items()
            },
        }
        for one in report.document["sections"]
    ]


ROUTES: list[BaseRoute] = [tenant_route("/isolation", show, permission="audit.read", name="isolation")]
