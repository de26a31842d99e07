"""The estate's buildings: each with its units storey by storey, and which of them owe."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import tenant_of
from scenarios.community.estate.map import VIEWS, drawing_of
from scenarios.community.estate.models import EstatePhase
from scenarios.community.estate.phases import care_of
from scenarios.community.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.http import path_id, tenant_route
from tenants.scope import row, rows, value
from tenants.search import containing
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.i18n import t
from ui.render import respond
from ui.shell import NavItem
from ui.tables import Column, Page, TableQuery

MOST_EXPORTED = 20_000
ORDERS = {"code": "sorted", "units": "units", "owing": "owing", "overdue_minor": "overdue_minor"}
_OVERDUE = """
left join lateral (
  select sum(b.total_minor - b.paid_minor - b.adjusted_minor)::bigint overdue_minor from billing_bill b
   where b.tenant_id = $1 and b.account_id = u.account_id and b.status in ('issued', 'part_paid')
     and b.due_on < (select day_of($1))
) owed on true
"""
_LIST = f"""
select b.id, b.code, b.storeys, min(a.sort_key) sorted, count(a.id) units,
       count(*) filter (where owed.overdue_minor > 0) owing,
       coalesce(sum(owed.overdue_minor), 0)::bigint overdue_minor
  from community_building b
  left join community_unit u on u.tenant_id = $1 and u.building_id = b.id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id {_OVERDUE}
 where b.tenant_id = $1 and ($2 = '' or b.code ilike $2)
 group by b.tenant_id, b.id, b.code, b.storeys
"""


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}"


def _columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{_root(actor)}/buildings"
    currency = actor.place["currency"]
    return (
        Column("code", t("Building"), sortable=True, is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("storeys", t("Storeys"), format="number"),
        Column("units", t("Units"), format="number", sortable=True),
        Column("owing", t("Units that owe"), format="number", sortable=True),
        Column("overdue_minor", t("Overdue ({currency})", currency=currency), format="amount", sortable=True),
    )


def _require_estate(actor: Actor) -> None:
    """Only an institution with this industry cloud has buildings."""
    if SCENARIO_KEY not in actor.place["scenarios"]:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


async def buildings(request: Request, actor: Actor) -> Response:
    """List the buildings, in the order people look for them."""
    _require_estate(actor)
    columns = _columns(actor)
    query = TableQuery.parse(request, columns=columns, default_sort="code")
    if wants_export(request):
        return await export(request, columns, await _list(actor, query, 0, MOST_EXPORTED), "buildings")
    context = {
        "page": Page.of(
            query, await _list(actor, query, query.offset, query.limit), await _count(actor, query)
        ),
        "columns": columns,
        "may_import": actor.may("imports.write"),
        "root": _root(actor),
    }
    return await respond(request, "community/buildings.html", context, block="list")


async def _list(actor: Actor, query: TableQuery, offset: int, limit: int) -> list[dict[str, Any]]:
    order = ORDERS[query.sort.removeprefix("-")] + (" desc" if query.sort.startswith("-") else "")
    found = await rows(
        f"{_LIST} order by {order}, b.code offset $3 limit $4",
        actor.tenant_id,
        containing(query.q),
        offset,
        limit,
    )
    return [{**dict(one), "currency": actor.place["currency"]} for one in found]


async def _count(actor: Actor, query: TableQuery) -> int:
    counted = await value(
        "select count(*) from community_building where tenant_id = $1 and ($2 = '' or code ilike $2)",
        actor.tenant_id,
        containing(query.q),
    )
    return int(counted)


async def building(request: Request, actor: Actor) -> Response:
    """Show one building as it is drawn, and the same as a table."""
    _require_estate(actor)
    building_id = path_id(request)
    found = await row(
        "select id, code, storeys from community_building where tenant_id = $1 and id = $2",
        actor.tenant_id,
        building_id,
    )
    if found is None:
        raise NotFound("building.not_found", t("There is no such building, or it is not yours to see."))
    asked = request.query_params.get("by", "")
    view, currency = asked if asked in VIEWS else "arrears", actor.place["currency"]
    drawing = await drawing_of(tenant_of(actor), building_id, view, currency)
    care = await care_of(tenant_of(actor), building_id)
    phase = (
        await EstatePhase.get_or_none(tenant_id=actor.tenant_id, id=care.phase_id) if care.phase_id else None
    )
    units = [{**unit, "currency": currency} for unit in drawing.units]
    context = {
        "building": found,
        "drawing": drawing,
        "care": care,
        "phase": phase.title if phase else "",
        "views": _tabs(actor, building_id, view),
        "columns": _unit_columns(_root(actor)),
        "units": units,
        "owing": sum(unit["overdue_minor"] > 0 for unit in units),
        "overdue_minor": sum(unit["overdue_minor"] for unit in units),
        "currency": currency,
        "may_write": actor.may("accounts.write"),
        "root": _root(actor),
    }
    return await respond(request, "community/building.html", context)


def _tabs(actor: Actor, building_id: UUID, view: str) -> list[NavItem]:
    address = f"{_root(actor)}/buildings/{building_id}"
    return [
        NavItem(label=t(label), href=f"{address}?by={key}", is_current=key == view)
        for key, label in VIEWS.items()
    ]


def _unit_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("storey", t("Storey"), format="number"),
        Column("door", t("Door"), is_main=True, href=lambda unit: f"{root}/accounts/{unit['id']}"),
        Column("holders", t("Holders")),
        Column("overdue_minor", t("Overdue"), format="money"),
        Column("open_work", t("Open work"), format="number"),
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/buildings", buildings, permission="accounts.read"),
    tenant_route("/buildings/{id}", building, permission="accounts.read"),
]
