"""The vendor's log of what its apps were told, with every try, and sending again."""

import json
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.doors import vendor_route
from integrations.apps.tenant_models import AppMessage
from integrations.apps.vendors import versions
from integrations.apps.vendors.pages import root_of
from integrations.apps.webhooks.messages import send_again
from tenants import texts
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

WORDS = {
    "waiting": t("Waiting"),
    "delivered": t("Delivered"),
    "failed": t("Failed"),
    "dropped": t("Not sent"),
}
TONES: dict[str, Any] = {"delivered": "success", "failed": "danger", "waiting": "info"}
STATES = (
    ("waiting", N_("Waiting")),
    ("delivered", N_("Delivered")),
    ("failed", N_("Failed")),
    ("dropped", N_("Not sent")),
)
MOST_EXPORTED = 10_000
_FROM = """
from integrations_app_message m join integrations_installation i
  on i.tenant_id = m.tenant_id and i.id = m.installation_id
 where m.vendor_id = $1 and i.app_id = $2 and ($3 = '' or m.status = $3) and ($4 = '' or m.event = $4)
"""


def _columns(here: str) -> tuple[Column, ...]:
    return (
        Column(
            "created_at",
            t("When"),
            format="datetime",
            is_main=True,
            sortable=True,
            href=lambda m: f"{here}/{m['id']}",
        ),
        Column("event", t("Event"), format="code"),
        Column("status", t("State"), format="badge", words=WORDS, tones=TONES),
        Column("tries", t("Tries"), format="number"),
        Column("delivered_at", t("Delivered"), format="datetime"),
    )


async def log(request: Request, actor: Actor) -> Response:
    """List what an app was told, newest first."""
    app = await versions.get_app(actor, path_id(request))
    here = f"{root_of(actor)}/apps/{app.id}/webhooks"
    columns = _columns(here)
    query = TableQuery.parse(
        request, columns=columns, filters=("status", "event"), default_sort="-created_at"
    )
    given = (actor.vendor_id, app.id, query.get("status"), query.get("event"))
    if wants_export(request):
        return await export(request, columns, await _messages(query, given, MOST_EXPORTED, 0), "webhooks")
    found = await _messages(query, given, query.limit, query.offset)
    page = Page.of(query, found, await value(f"select count(*) {_FROM}", *given))
    context = {
        "app": app,
        "page": page,
        "columns": columns,
        "statuses": [(key, t(word)) for key, word in STATES],
        "root": root_of(actor),
        "here": f"{root_of(actor)}/apps/{app.id}",
    }
    return await respond(request, "integrations/apps/webhooks/log.html", context, block="list")


async def _messages(query: TableQuery, given: tuple[Any, ...], limit: int, offset: int) -> list[Any]:
    direction = "desc" if query.sort.startswith("-") else "asc"
    return await rows(
        "select m.id, m.created_at, m.event, m.status, m.tries, m.delivered_at"
        f" {_FROM} order by m.created_at {direction}, m.id limit $5 offset $6",
        *given,
        limit,
        offset,
    )


async def _message(actor: Actor, request: Request) -> AppMessage:
    app = await versions.get_app(actor, path_id(request))
    found = await AppMessage.get_or_none(vendor_id=actor.vendor_id, id=path_id(request, "message"))
    is_theirs = found and await value(
        "select true from integrations_installation where tenant_id = $1 and id = $2 and app_id = $3",
        found.tenant_id,
        found.installation_id,
        app.id,
    )
    if found is None or not is_theirs:
        raise NotFound("message.not_found", t("There is no such message."))
    return found


async def show(request: Request, actor: Actor) -> Response:
    """Show one message with its body and every try."""
    found = await _message(actor, request)
    app = await versions.get_app(actor, path_id(request))
    context = {
        "app": app,
        "message": found,
        "tries": [_shown(one) for one in found.history],
        "body": json.dumps(found.body, indent=2, ensure_ascii=False),
        "status": WORDS[found.status],
        "tone": TONES.get(found.status, "neutral"),
        "may_write": actor.may("vendor.write") and found.status != "waiting",
        "root": root_of(actor),
        "here": f"{root_of(actor)}/apps/{app.id}",
    }
    return await respond(request, "integrations/apps/webhooks/message.html", context)


def _shown(tried: dict[str, Any]) -> dict[str, Any]:
    return tried | {"at": datetime.fromisoformat(tried["at"]), "note": texts.loads(tried["note"])}


async def replay(request: Request, actor: Actor) -> Response:
    """Send one message again; what its tenant no longer agrees to is not sent."""
    found = await _message(actor, request)
    async with open_scope(tenant_scope(found.tenant_id)):
        is_sent = await send_again(found.tenant_id, found.id)
    done = t("It is on its way again.") if is_sent else t("It is still on its way.")
    here = f"{root_of(actor)}/apps/{path_id(request)}/webhooks/{found.id}"
    return redirect(request, here, flash=done)


ONE = "/apps/{id}/webhooks"
ROUTES: list[BaseRoute] = [
    vendor_route(ONE, log, permission="vendor.read", name="vendor_webhooks"),
    vendor_route(ONE + "/{message}", show, permission="vendor.read", name="vendor_webhook"),
    vendor_route(
        ONE + "/{message}/replay",
        replay,
        permission="vendor.write",
        methods=WRITES,
        name="vendor_webhook_replay",
    ),
]
