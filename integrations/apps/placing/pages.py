"""The page of a record's things: opening them, adding from a tool, taking one away, the marks."""

import json
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.placing import marks, services
from integrations.apps.placing.marks import Line
from integrations.apps.vendors.shown import words
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.exports import export, wants_export
from ui.i18n import t
from ui.render import redirect, respond
from ui.tables import Column

SEE = "apps.open"


def address(actor: Actor, kind: str, record_id: object) -> str:
    """Return the page of the things at a record."""
    return f"/t/{actor.place['slug']}/apps/at/{kind}/{record_id}"


async def show(request: Request, actor: Actor) -> Response:
    """Show what apps have at a record, and the marks."""
    kind, record_id = request.path_params["kind"], path_id(request)
    _, record = await services.record_of(actor, kind, record_id)
    columns, lines = await marks.table(kind, record_id)
    shown = _columns(columns)
    if wants_export(request):
        return await export(request, shown, lines, "marks")
    root = f"/t/{actor.place['slug']}"
    context = {
        "record": record,
        "back": root + record.href,
        "items": await services.on_record(actor, kind, record_id),
        "tools": [_tool(one) for one in await services.tools_for(actor, kind)],
        "columns": shown if columns else [],
        "lines": lines,
        "apps": f"{root}/apps",
        "query": f"record_kind={kind}&record_id={record_id}",
    }
    return await respond(request, "integrations/apps/placing/things.html", context)


def _tool(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": words(json.loads(row["texts"]), "name") or row["name"],
        "icon": f"/app-icons/{row['version_id']}" if row["icon_type"] else "",
    }


def _columns(found: list[marks.Column]) -> tuple[Column, ...]:
    """Return the table's columns: the learner, and each piece of work with what it is out of."""
    name = Column("name", t("Full name"), is_main=True)
    return (
        name,
        *(
            Column(
                f"mark_{n}",
                t("{work} (of {most})", work=one.label, most=f"{one.out_of.normalize():f}"),
                value=partial(_mark, n),
                align="end",
            )
            for n, one in enumerate(found)
        ),
    )


def _mark(n: int, line: Line) -> str:
    """Return one mark as people write it; one that is not final is in brackets."""
    given = line.marks[n]
    if given is None:
        return ""
    text = f"{given.result.normalize():f}"
    return text if given.is_final else f"({text})"


async def remove(request: Request, actor: Actor) -> Response:
    """Take a thing away."""
    found = await services.remove(actor, path_id(request))
    done = t("“{title}” is taken away.", title=found.title)
    return redirect(request, address(actor, found.record_kind, found.record_id), flash=done)


ROUTES: list[BaseRoute] = [
    tenant_route("/apps/at/{kind}/{id}", show, permission=SEE, name="placed_things"),
    tenant_route(
        "/apps/things/{id}/removal", remove, permission=SEE, methods=WRITES, name="placed_thing_removal"
    ),
]
