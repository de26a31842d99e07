"""Orders as staff look for them."""

from collections.abc import AsyncIterator
from typing import Any

from tenants.actor import Actor
from tenants.days import day_named
from tenants.scope import each, rows, value
from tenants.search import literal
from ui.tables import TableQuery

FILTERS = ("status", "channel", "day")
SORTS = {
    "number": "o.number",
    "day": "o.day",
    "people": "o.people",
    "total_minor": "o.total_minor",
    "created_at": "o.created_at",
}
DEFAULT_SORT = "-created_at"
_SELECT = """
select o.id, o.number, o.day, o.channel, o.status, o.people, o.total_minor, o.refunded_minor, o.currency, o.created_at,
       o.contact_hint, s.starts_at, s.ends_at, a.name account_name
  from tourism_order o join tenants_account a on a.tenant_id = o.tenant_id and a.id = o.account_id
  left join tourism_slot s on s.tenant_id = o.tenant_id and s.id = o.slot_id
"""


def _where(actor: Actor, query: TableQuery) -> tuple[str, list[Any]]:
    args: list[Any] = [actor.tenant_id]
    conditions = ["o.tenant_id = $1"]
    for name in ("status", "channel"):
        if chosen := query.get(name):
            args.append(chosen)
            conditions.append(f"o.{name} = ${len(args)}")
    if (day := day_named(query.get("day"))) is not None:
        args.append(day)
        conditions.append(f"o.day = ${len(args)}")
    if query.q:
        args.append(f"{literal(query.q.upper())}%")
        number = f"${len(args)}"
        args.append(f"%{literal(query.q)}%")
        conditions.append(
            f"(o.number like {number} or a.name ilike ${len(args)} or exists (select 1 from tourism_ticket t"
            f" where t.tenant_id = $1 and t.order_id = o.id and t.number like {number}))"
        )
    return " and ".join(conditions), args


def _order(query: TableQuery) -> str:
    way = "desc" if query.sort.startswith("-") else "asc"
    return f"order by {SORTS.get(query.sort.removeprefix('-'), 'o.created_at')} {way}, o.id {way}"


async def list_orders(actor: Actor, query: TableQuery) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of one page and how many there are in all."""
    actor.require("orders.read")
    where, args = _where(actor, query)
    joined = "tourism_order o join tenants_account a on a.tenant_id = o.tenant_id and a.id = o.account_id"
    total = int(await value(f"select count(*) from {joined} where {where}", *args))
    page = f"{_SELECT} where {where} {_order(query)} limit {query.limit:d} offset {query.offset:d}"
    return [dict(one) for one in await rows(page, *args)], total


def every_order(actor: Actor, query: TableQuery) -> AsyncIterator[Any]:
    """Return a reader of every selected order, within the open scope."""
    actor.require("orders.read")
    where, args = _where(actor, query)
    return each(f"{_SELECT} where {where} {_order(query)}", *args)
