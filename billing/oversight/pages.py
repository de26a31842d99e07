"""The board, the scorecard and the list of what to do next."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.oversight import action_pages, board
from billing.oversight.board import Asked, success_percent
from billing.oversight.parts import PARTS, percent
from tenants import kinds
from tenants.actor import Actor
from tenants.banks.words import TENANT_STATUSES
from tenants.http import bank_route
from tenants.navigation import Place, add_bank_places, named
from tenants.onboarding import queries
from ui import charts, formats
from ui.exports import export, wants_export
from ui.i18n import N_, gettext, t
from ui.render import respond
from ui.tables import Column, TableQuery

add_bank_places(
    Place(N_("Board"), "/board", "oversight.read", "report", 2),
    Place(N_("What to do next"), "/actions", "oversight.read", "check", 4),
    Place(N_("Scorecard"), "/scorecard", "oversight.read", "list", 6),
)
DAYS = (30, 90, 365)


async def show(request: Request, actor: Actor) -> Response:
    """Show the board: of the bank, of a branch, or of a union's members."""
    query = TableQuery.parse(request, filters=("days", "currency", "scenario", "branch"))
    known = await board.currencies(actor)
    asked = _asked(query, known)
    if await board.is_union(actor):
        return await _union(request, actor, query, asked, known)
    if wants_export(request) and (part := PARTS.get(request.query_params.get("of", ""))):
        return await export(
            request, part.columns, await part.read(actor, asked), f"board-{request.query_params['of']}"
        )
    columns, found = await _rows(actor, asked)
    if wants_export(request):
        return await export(request, columns, found, "board")
    context = {
        **await _figures(actor, asked),
        **await _filters(actor, query, known),
        "columns": columns,
        "rows": found,
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/oversight/board.html", context)


def _asked(query: TableQuery, known: list[str]) -> Asked:
    days = query.get("days")
    currency = query.get("currency")
    return Asked(
        days=int(days) if days in {str(one) for one in DAYS} else DAYS[0],
        currency=currency if currency in known else (known[0] if known else "SGD"),
        scenario=query.get("scenario"),
        branch=query.get("branch"),
    )


async def _figures(actor: Actor, asked: Asked) -> dict[str, Any]:
    total = await board.totals(actor, asked)
    return {
        "asked": asked,
        "total": total,
        "success": success_percent(total),
        "standing": await board.standing(actor, asked),
        "stages": [(TENANT_STATUSES[key], n) for key, n in (await board.stages(actor, asked.branch)).items()],
        "over_time": _chart(await board.by_time(actor, asked), asked.currency),
        "parts": [
            (key, part.title, part.columns, await part.read(actor, asked))
            for key, part in PARTS.items()
            if part.is_card
        ],
    }


def _chart(found: list[Any], currency: str) -> charts.Chart | None:
    if not found:
        return None
    names = [formats.day_text(each["day"]) for each in found]
    paid = charts.Series(gettext("Money in"), [each["paid_minor"] for each in found])
    back = charts.Series(gettext("Given back"), [each["refund_minor"] for each in found])
    return charts.bar(
        gettext("Day"),
        names,
        [paid, back],
        lambda minor: formats.money(int(minor), currency),
        lambda minor: formats.number(int(formats.major(int(minor), currency))),
    )


async def _rows(actor: Actor, asked: Asked) -> tuple[tuple[Column, ...], list[Any]]:
    root = f"/bank/{actor.place['slug']}"
    shared = (
        Column("paid_count", t("Payments"), format="number"),
        Column("paid_minor", t("Money in"), format="money"),
        Column("success", t("Success"), value=success_percent, format=percent, align="end"),
        Column("refund_minor", t("Given back"), format="money"),
        Column("arrears_minor", t("Overdue"), format="money"),
        Column("breaks", t("Breaks"), format="number"),
        Column("payers", t("Active payers"), format="number"),
    )
    if asked.branch:
        name = Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/tenants/{row['id']}")
        return (name, *shared), await board.by_tenant(actor, asked)
    name = Column("name", t("Branch"), is_main=True, href=lambda row: f"{root}/board?branch={row['id']}")
    return (name, Column("live", t("Live"), format="number"), *shared), await board.by_branch(actor, asked)


async def _filters(actor: Actor, query: TableQuery, known: list[str]) -> dict[str, Any]:
    return {
        "query": query,
        "days": [(str(days), gettext("{n} days", n=days)) for days in DAYS],
        "currencies": [(code, code) for code in known],
        "clouds": [(key, gettext(scenario.name)) for key, scenario in kinds.SCENARIOS.items()],
        "branches": [(str(b.id), b.name) for b in await queries.branches(actor)],
    }


async def _union(
    request: Request, actor: Actor, query: TableQuery, asked: Asked, known: list[str]
) -> Response:
    columns = (
        Column("name", t("Bank"), is_main=True, value=lambda row: named(row, "name")),
        Column("paid_count", t("Payments"), format="number"),
        Column("paid_minor", t("Money in"), format="money"),
        Column("success", t("Success"), value=success_percent, format=percent, align="end"),
        Column("refund_minor", t("Given back"), format="money"),
        Column("arrears_minor", t("Overdue"), format="money"),
        Column("payers", t("Active payers"), format="number"),
    )
    found = await board.by_member(actor, asked)
    if wants_export(request):
        return await export(request, columns, found, "board")
    context = {
        "rows": found,
        "columns": columns,
        "query": query,
        "asked": asked,
        "root": f"/bank/{actor.place['slug']}",
        "days": [(str(days), gettext("{n} days", n=days)) for days in DAYS],
        "currencies": [(code, code) for code in known],
    }
    return await respond(request, "billing/oversight/union.html", context)


async def scorecard(request: Request, actor: Actor) -> Response:
    """Show the branches by points."""
    query = TableQuery.parse(request, filters=("days", "currency"))
    known = await board.currencies(actor)
    asked = _asked(query, known)
    columns = (
        Column("name", t("Branch"), is_main=True),
        Column("points", t("Points"), format="number"),
        Column("volume", t("Payments"), format="number"),
        Column("value", t("Money in"), format="money"),
        Column("reach", t("Active payers"), format="number"),
        Column("live", t("Live"), format="number"),
        Column("seconds", t("Application to live"), value=lambda row: row["seconds"] // 3600, format=_hours),
        Column("complaints", t("Complaints"), format="number"),
    )
    found = await board.scorecard(actor, asked)
    if wants_export(request):
        return await export(request, columns, found, "scorecard")
    context = {
        "rows": found,
        "columns": columns,
        "query": query,
        "days": [(str(days), gettext("{n} days", n=days)) for days in DAYS],
        "may_weigh": actor.may("policy.write"),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/oversight/scorecard.html", context)


def _hours(found: Any, row: Any) -> str:
    del row
    return gettext("{n} h", n=found) if found else "–"


READ = "oversight.read"
ROUTES: list[BaseRoute] = [
    bank_route("/board", show, permission=READ, name="bank_board"),
    bank_route("/scorecard", scorecard, permission=READ, name="bank_scorecard"),
    *action_pages.ROUTES,
]
