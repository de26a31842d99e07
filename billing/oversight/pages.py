"""The board, the scorecard and the list of what to do next."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.channels import CHANNEL_KEYS, channel_name
from billing.oversight import action_pages, board
from billing.oversight.board import Asked, success_percent
from billing.oversight.parts import PARTS, Part, percent
from tenants import kinds
from tenants.actor import Actor
from tenants.banks.reach import bank_of, is_union
from tenants.banks.words import TENANT_STATUSES
from tenants.http import bank_route
from tenants.models import Bank
from tenants.navigation import Place, add_bank_places, named
from tenants.onboarding import queries
from ui import charts, formats
from ui.exports import export, wants_export
from ui.i18n import N_, gettext, ngettext, t
from ui.render import respond
from ui.tables import Column, TableQuery

add_bank_places(
    Place(N_("Board"), "/board", "oversight.read", "report", 2),
    Place(N_("What to do next"), "/actions", "oversight.read", "check", 4),
    Place(N_("Scorecard"), "/scorecard", "oversight.read", "list", 6),
)
DAYS = (30, 90, 365)


async def show(request: Request, actor: Actor) -> Response:
    """Show the board: of the bank, of a branch with all below it, or of a union's members; each part has its file."""
    query = TableQuery.parse(request, filters=("days", "currency", "scenario", "channel", "branch", "bank"))
    known, places = await board.currencies(actor), await _places(actor)
    asked = _asked(query, known, places)
    parts = {key: part for key, part in PARTS.items() if part.fits(asked)}
    if wants_export(request) and (part := parts.get(request.query_params.get("of", ""))):
        return await export(
            request, part.columns, await part.read(actor, asked), f"board-{request.query_params['of']}"
        )
    tables = await _tables(actor, asked)
    if wants_export(request):
        name = "institutions" if request.query_params.get("of") == "institutions" else "places"
        found = next((one for one in tables if one.key == name), tables[-1])
        full = await board.by_tenant(actor, asked, most=10_000) if name == "institutions" else found.rows
        return await export(request, found.columns, full, f"board-{name}")
    context = {
        **await _figures(actor, asked, parts),
        **_filters(asked, query, known, places),
        "tables": tables,
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/oversight/board.html", context)


async def _places(actor: Actor) -> "_Places":
    """Return where somebody may look: the member banks of a union, or the branches that they see."""
    if await is_union(bank_of(actor)):
        members = await Bank.filter(union_id=actor.bank_id).order_by("name_en")
        return _Places("bank", {str(one.id): _called(one) for one in members})
    return _Places("branch", {str(one.id): one.name for one in await queries.branches(actor)})


def _called(bank: Bank) -> str:
    return named({"name": bank.name, "name_en": bank.name_en}, "name")


@dataclass(frozen=True, slots=True)
class _Places:
    """The places that can be chosen, and under which name in the address."""

    key: str
    names: dict[str, str]


def _asked(query: TableQuery, known: list[str], places: _Places) -> Asked:
    days, currency, place = query.get("days"), query.get("currency"), query.get(places.key)
    return Asked(
        days=int(days) if days in {str(one) for one in DAYS} else DAYS[0],
        currency=currency if currency in known else (known[0] if known else "SGD"),
        scenario=query.get("scenario") if query.get("scenario") in kinds.SCENARIOS else "",
        channel=query.get("channel") if query.get("channel") in CHANNEL_KEYS else "",
        place=UUID(place) if place in places.names else None,
        is_union=places.key == "bank",
    )


async def _figures(actor: Actor, asked: Asked, parts: dict[str, Part]) -> dict[str, Any]:
    total, stages = await board.totals(actor, asked), await board.stages(actor, asked)
    return {
        "asked": asked,
        "total": total,
        "success": success_percent(total),
        "standing": await board.standing(actor, asked),
        "stages": [(word, stages[key]) for key, word in TENANT_STATUSES.items() if key in stages],
        "over_time": _chart(await board.by_time(actor, asked), asked.currency),
        "parts": [
            (key, part.title, part.columns, await part.read(actor, asked))
            for key, part in parts.items()
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


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of places: its heading, what it says, and under which name it is downloaded."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: list[Any]


async def _tables(actor: Actor, asked: Asked) -> list[_Table]:
    """Return the places asked for, and for one branch its institutions too, beginning with the most money."""
    root, found = f"/bank/{actor.place['slug']}", []
    if asked.is_union:
        name = Column("name", t("Bank"), is_main=True, value=lambda row: named(row, "name"))
        columns = (name, _LIVE, *_shared(asked))
        return [_Table("places", gettext("Member banks"), columns, await board.by_place(actor, asked))]
    branches = await board.by_place(actor, asked)
    if asked.place is None or len(branches) > 1:
        name = Column("name", t("Branch"), is_main=True, href=lambda row: f"{root}/board?branch={row['id']}")
        words = gettext("This branch and those below it") if asked.place else gettext("Branches")
        found.append(_Table("places", words, (name, _LIVE, *_shared(asked)), branches))
    if asked.place:
        name = Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/tenants/{row['id']}")
        tenants = await board.by_tenant(actor, asked)
        found.append(_Table("institutions", _headed(tenants), (name, *_shared(asked)), tenants))
    return found


def _headed(tenants: list[Any]) -> str:
    if len(tenants) < board.MOST:
        return gettext("Institutions of this branch")
    return gettext("The {n} institutions of this branch with the most money in", n=board.MOST)


_LIVE = Column("live", t("Live"), format="number")


def _shared(asked: Asked) -> tuple[Column, ...]:
    """Return the columns of every place; how institutions stand is kept for all channels together."""
    money = (
        Column("paid_count", t("Payments"), format="number"),
        Column("paid_minor", t("Money in"), format="money"),
        Column("success", t("Success"), value=success_percent, format=percent, align="end"),
        Column("refund_minor", t("Given back"), format="money"),
    )
    stood = (
        Column("arrears_minor", t("Overdue"), format="money"),
        Column("breaks", t("Breaks"), format="number"),
        Column("payers", t("Active payers"), format="number"),
    )
    return money if asked.channel else (*money, *stood)


def _filters(asked: Asked, query: TableQuery, known: list[str], places: _Places) -> dict[str, Any]:
    clouds = {key: gettext(scenario.name) for key, scenario in kinds.SCENARIOS.items()}
    everywhere = gettext("All member banks") if asked.is_union else gettext("All branches")
    chosen = (
        places.names.get(str(asked.place), everywhere),
        clouds.get(asked.scenario),
        str(channel_name(asked.channel)) if asked.channel else None,
        gettext("{n} days", n=asked.days),
    )
    return {
        "query": query,
        "days": [(str(days), gettext("{n} days", n=days)) for days in DAYS],
        "currencies": [(code, code) for code in known],
        "clouds": list(clouds.items()),
        "channels": [(key, str(channel_name(key))) for key in CHANNEL_KEYS],
        "places": list(places.names.items()),
        "place_key": places.key,
        "about": " · ".join(filter(None, chosen)),
    }


async def scorecard(request: Request, actor: Actor) -> Response:
    """Show the branches by points."""
    query = TableQuery.parse(request, filters=("days", "currency"))
    known = await board.currencies(actor)
    asked = _asked(query, known, _Places("branch", {}))
    columns = (
        Column("name", t("Branch"), is_main=True),
        Column("points", t("Points"), format="number"),
        Column("volume", t("Payments"), format="number"),
        Column("value", t("Money in"), format="money"),
        Column("reach", t("Active payers"), format="number"),
        Column("live", t("Live"), format="number"),
        Column("seconds", t("Application to live"), format=_span, align="end"),
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


def _span(seconds: Any, row: Any) -> str:
    del row
    minutes = -(-seconds // 60)
    if not seconds:
        return "–"
    if minutes < 120:  # noqa: PLR2004 - two hours
        return ngettext("{n} minute", "{n} minutes", minutes)
    return gettext("{n} h", n=minutes // 60)


READ = "oversight.read"
ROUTES: list[BaseRoute] = [
    bank_route("/board", show, permission=READ, name="bank_board"),
    bank_route("/scorecard", scorecard, permission=READ, name="bank_scorecard"),
    *action_pages.ROUTES,
]
