"""The worklist's page, and giving work to somebody."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

import billing.worklist.kinds  # noqa: F401 - registers the kinds that belong to no later module
from billing.lists import uuid_of
from billing.worklist import queries, services
from billing.worklist.queries import Item
from billing.worklist.registry import kinds_for
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from tenants.navigation import Place, add_tenant_places
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.formats import money, number
from ui.i18n import N_, gettext, ngettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

add_tenant_places(Place(N_("Work to do"), "/worklist", "worklist.read", "flag", 5, counter="/worklist/count"))
COUNTED_FOR = 20
"""Seconds for which a browser keeps the count of what waits."""


def _money(value: Any, row: Item) -> str:
    return money(value, row.currency) if value is not None else ""


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = _root(actor)
    names = {kind.key: t(kind.name) for kind in kinds_for(actor)}
    return (
        Column("title", t("What"), is_main=True, href=lambda row: root + row.path),
        Column("kind", t("Kind"), words=names),
        Column("detail", t("About")),
        Column("since", t("Waiting since"), format="ago", sortable=True),
        Column("due_at", t("To do by"), format="datetime", sortable=True),
        Column("amount_minor", t("Amount"), format=_money, align="end", sortable=True),
        Column("owner_name", t("Owner")),
    )


async def worklist(request: Request, actor: Actor) -> Response:
    """Everything that waits for somebody, the most urgent first; or all of it as a file."""
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS, default_sort="")
    if wants_export(request):
        every, _ = await queries.items(actor, query, limit=queries.MOST, offset=0)
        return await export(request, columns, every, "work-to-do")
    return await _page(request, actor, query, columns)


async def _page(request: Request, actor: Actor, query: TableQuery, columns: tuple[Column, ...]) -> Response:
    found, total = await queries.items(actor, query, limit=query.limit, offset=query.offset)
    people = await services.colleagues(actor)
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "counts": await queries.counts(actor, actor.place["currency"]),
        "kinds": [(kind.key, gettext(kind.name)) for kind in kinds_for(actor)],
        "owners": [(queries.MINE, gettext("Mine")), (queries.NOBODY, gettext("Nobody's")), *people],
        "people": people,
        "may_assign": actor.may("worklist.write"),
        "me": str(actor.person_id),
        "root": _root(actor),
        "currency": actor.place["currency"],
    }
    return await respond(request, "billing/worklist/worklist.html", context, block="list")


async def count(request: Request, actor: Actor) -> Response:
    """Say how much waits, for the menu; kept for a moment, since every page asks."""
    del request
    waits = await queries.waiting(actor)
    headers = {"Cache-Control": f"private, max-age={COUNTED_FOR}", "Vary": "Cookie"}
    return PlainTextResponse(number(waits) if waits else "", headers=headers)


async def step(request: Request, actor: Actor) -> Response:
    """Go on to what waits next after the item named; back to the list when nothing does."""
    kind, _, digits = request.query_params.get("after", "").partition(":")
    path = await queries.next_path(actor, kind, uuid_of(digits) or UUID(int=0))
    if path is None:
        return redirect(request, _root(actor) + "/worklist", flash=t("Nothing else waits for you."))
    return redirect(request, _root(actor) + path)


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}"


async def assignment(request: Request, actor: Actor) -> Response:
    """Give the chosen items, or the whole page of them, to the person chosen; go back to the list as it was."""
    sent = await request.form()
    field = "listed" if sent.get("all") else "item"
    chosen = [text for text in sent.getlist(field) if isinstance(text, str)]
    owner = str(sent.get("owner", ""))
    back = f"{_root(actor)}/worklist{f'?{request.url.query}' if request.url.query else ''}"
    try:
        count = await services.assign(actor, items=chosen, person_id=_person(owner))
    except Invalid as refused:
        return redirect(request, back, flash=Flash(refused.message, tone="warning"))
    text = ngettext("{n} line has its owner now.", "{n} lines have their owner now.", count)
    return redirect(request, back, flash=Flash(text))


def _person(text: str) -> UUID | None:
    """Return the person chosen; an empty choice is nobody.

    Raises:
        Invalid: it is no person's id.
    """
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        words = t("Choose somebody who works here.")
        raise Invalid("work.owner", words, fields={"owner": words}) from None


ROUTES: list[BaseRoute] = [
    tenant_route("/worklist", worklist, permission="worklist.read"),
    tenant_route("/worklist/count", count, permission="worklist.read", name="work_count"),
    tenant_route("/worklist/next", step, permission="worklist.read", name="next_work"),
    tenant_route(
        "/worklist/assignment",
        assignment,
        permission="worklist.write",
        methods=WRITES,
        name="work_assignment",
    ),
]
