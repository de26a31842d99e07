"""What keeps institutions apart, where an auditor reads it: each week's look from outside, and the last proof."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from tenants.models import IsolationCheck, IsolationReport
from tenants.navigation import Place, add_tenant_places
from tenants.privacy.outside import look_from_outside
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

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
    checks = await IsolationCheck.filter(tenant_id=actor.tenant_id).order_by("-created_at").limit(12)
    found = await IsolationReport.all().order_by("-created_at").limit(12)
    last = found[0] if found else None
    context = {
        "check": checks[0] if checks else None,
        "checks": checks[1:],
        "last": last,
        "earlier": found[1:],
        "sections": _sections(last) if last else [],
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "tenants/privacy/isolation.html", context)


async def look(request: Request, actor: Actor) -> Response:
    """Look from outside now."""
    found = await look_from_outside()
    flash = (
        t("Looked from outside: nothing was seen.") if not found.seen else t("Rows were seen from outside.")
    )
    return redirect(request, f"/t/{actor.place['slug']}/isolation", flash=flash)


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


ROUTES: list[BaseRoute] = [
    tenant_route("/isolation", show, permission="audit.read", name="isolation"),
    tenant_route("/isolation", look, permission="audit.read", methods=WRITES, name="isolation_look"),
]
