"""Learning tools on a child's page: what the teachers have placed at the child's classes, and the marks for it."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from integrations.apps.launching import service
from integrations.apps.placing import marks, services
from integrations.apps.vendors.shown import words
from scenarios.education.classes.tools import KIND, classes_of
from scenarios.education.family import consents
from scenarios.education.family.children import Child, child_of
from tenants.actor import Actor
from tenants.http import path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict
from ui.flash import Flash
from ui.i18n import t
from ui.render import redirect

_NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Tools:
    """What there is for a child; ``waits`` is whether a guardian has to agree first."""

    things: list[dict[str, Any]]
    marks: list[tuple[str, str]]
    waits: bool


async def tools_of(child: Child) -> Tools:
    """Return what was placed at a child's classes, as far as the school lets families open it."""
    async with open_scope(tenant_scope(child.tenant_id)):
        classes = await classes_of(child.account_id)
        found = [_named(one) for one in await services.for_visitors(KIND, list(classes))]
        given = [each for class_id in classes for each in await _marks(child, class_id)] if found else []
        return Tools(found, given, waits=bool(found) and not await _is_agreed(child))


def _named(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "tool": words(json.loads(row["texts"]), "name") or row["tool"],
    }


async def _marks(child: Child, class_id: Any) -> list[tuple[str, str]]:
    """Return the final marks of a child, as people write them."""
    columns = await marks.of_record(KIND, class_id)
    return [
        (column.label, f"{mark.result.normalize():f} / {column.out_of.normalize():f}")
        for column in columns
        if (mark := column.marks.get(child.account_id)) and mark.is_final
    ]


async def _is_agreed(child: Child) -> bool:
    try:
        await consents.must_allow(child.tenant_id, child.account_id, consents.TOOLS, child.timezone)
    except Conflict:
        return False
    return True


async def launch(request: Request, actor: Actor) -> Response:
    """Open a thing for the child, in a page of the tool's own."""
    child = await child_of(actor, path_id(request, "account_id"))
    item_id = path_id(request)
    async with open_scope(tenant_scope(child.tenant_id)):
        try:
            opening = await service.open_as_visitor(actor.within(child.tenant_id), item_id, child.account_id)
        except Conflict as error:
            return redirect(
                request, f"/my/school/{child.account_id}", flash=Flash(error.message, tone="warning")
            )
    if not opening.url:
        text = t("{app} does not answer right now", app=opening.name)
        return redirect(request, f"/my/school/{child.account_id}", flash=text)
    return RedirectResponse(opening.url, 303, _NEVER_KEPT)


ROUTES: list[BaseRoute] = [
    person_route("/my/school/{account_id}/tools/{id}", launch, name="my_child_tool"),
]
