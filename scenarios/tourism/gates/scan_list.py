"""Scans as staff look for them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from scenarios.tourism.models import Redemption
from tenants.actor import Actor
from tenants.scope import each, rows, value
from tenants.search import literal
from ui.tables import TableQuery

FILTERS = ("verdict", "mode", "gate")
_FROM = """
  from tourism_redemption r join tourism_gate g on g.tenant_id = r.tenant_id and g.id = r.gate_id
  left join tourism_ticket t on t.tenant_id = r.tenant_id and t.id = r.ticket_id
"""
_SELECT = f"""
select r.id, r.scanned_at, r.received_at, r.direction, r.mode, r.people, r.verdict, r.reason, r.is_repeat,
       r.settled_at, g.name gate, t.number, t.order_id {_FROM}
"""


def _where(actor: Actor, query: TableQuery) -> tuple[str, list[Any]]:
    args: list[Any] = [actor.tenant_id]
    conditions = ["r.tenant_id = $1"]
    for name in ("verdict", "mode"):
        if chosen := query.get(name):
            args.append(chosen)
            conditions.append(f"r.{name} = ${len(args)}")
    if (gate := _uuid(query.get("gate"))) is not None:
        args.append(gate)
        conditions.append(f"r.gate_id = ${len(args)}")
    if query.q:
        args.append(f"{literal(query.q.upper())}%")
        conditions.append(f"t.number like ${len(args)}")
    return " and ".join(conditions), args


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _order(query: TableQuery) -> str:
    way = "desc" if query.sort.startswith("-") else "asc"
    return f"order by r.scanned_at {way}, r.id {way}"


async def page_of(actor: Actor, query: TableQuery) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of one page and how many there are in all."""
    actor.require("gates.read")
    where, args = _where(actor, query)
    total = int(await value(f"select count(*) {_FROM} where {where}", *args))
    page = f"{_SELECT} where {where} {_order(query)} limit {query.limit:d} offset {query.offset:d}"
    return [dict(one) for one in await rows(page, *args)], total


def everything(actor: Actor, query: TableQuery) -> AsyncIterator[Any]:
    """Return a reader of every selected scan, within the open scope."""
    actor.require("gates.read")
    where, args = _where(actor, query)
    return each(f"{_SELECT} where {where} {_order(query)}", *args)


async def of_ticket(actor: Actor, scan: Redemption) -> list[dict[str, Any]]:
    """Return all scans of a scan's ticket, itself among them, in the order of their times."""
    key = "r.ticket_id = $2" if scan.ticket_id else "r.id = $2"
    found = await rows(
        f"{_SELECT} where r.tenant_id = $1 and {key} order by r.scanned_at, r.nonce",
        actor.tenant_id,
        scan.ticket_id or scan.id,
    )
    return [dict(one) for one in found]
