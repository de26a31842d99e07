"""Reading work orders: the list, the shift's board, one order with its story."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from billing.names import localized
from scenarios.community.common import MOST_EXPORTED, named
from scenarios.community.service.models import WorkCategory, WorkMaterial, WorkNote, WorkOrder
from scenarios.community.service.states import OPEN
from tenants.scope import row, rows, value
from tenants.search import containing
from ui.tables import TableQuery

ORDERS = {"number": "w.number", "due_at": "w.due_at", "created_at": "w.created_at", "place": "w.place"}
MOST = MOST_EXPORTED
_FROM = """
  from community_work_order w join community_work_category c on c.tenant_id = $1 and c.id = w.category_id
 where w.tenant_id = $1
   and ($2 = '' or w.number ilike $2 or w.place ilike $2 or w.text ilike $2 or w.reported_by_name ilike $2)
   and ($3 = '' or ($3 = 'open' and w.status = any ($6::text[])) or w.status = $3)
   and ($4 = '' or w.category_id::text = $4) and ($5 = '' or w.kind = $5)
"""
_COLUMNS = """
select w.id, w.number, w.kind, w.status, w.place, w.text, w.due_at, w.created_at, w.done_at, w.assignee_id,
       w.assignee_name, w.is_urgent, w.rating, w.consent, w.unanswered_since, c.names,
       w.due_at < now() and w.status = any (array['reported', 'assigned', 'started']) is_late
"""
_BOARD = (
    _COLUMNS
    + """
  from community_work_order w join community_work_category c on c.tenant_id = $1 and c.id = w.category_id
 where w.tenant_id = $1 and (w.status = any ($2::text[]) or w.done_at > now() - interval '24 hours')
   and ($3::uuid is null or w.assignee_id = $3)
 order by w.is_urgent desc, w.due_at limit 300
"""
)
_ALONG = (
    _COLUMNS.replace("w.text,", "w.text, w.checklist, w.phone, w.reported_by_name,")
    + """
  from community_work_order w join community_work_category c on c.tenant_id = $1 and c.id = w.category_id
 where w.tenant_id = $1 and w.status = any ($2::text[]) and w.assignee_id = $3
 order by w.is_urgent desc, w.due_at limit 50
"""
)
_FIGURES = """
select localized.names, count(*) n, count(*) filter (where w.status in ('done', 'confirmed')) done,
       avg(extract(epoch from w.done_at - w.created_at) / 3600) filter (where w.done_at is not null) hours,
       count(*) filter (where w.done_at <= w.due_at) in_time, avg(w.rating) rating
  from community_work_order w
  join community_work_category localized on localized.tenant_id = $1 and localized.id = w.category_id
 where w.tenant_id = $1 and w.created_at >= $2 and w.kind <> 'planned'
 group by localized.id, localized.names, localized.position order by localized.position
"""


def _args(tenant_id: UUID, query: TableQuery) -> tuple[Any, ...]:
    filters = query.filters
    return (
        tenant_id,
        containing(query.q),
        filters.get("status", ""),
        filters.get("category", ""),
        filters.get("kind", ""),
        list(OPEN),
    )


def _named(found: Sequence[Any]) -> list[dict[str, Any]]:
    return named(found, name="category")


async def listed(tenant_id: UUID, query: TableQuery, *, most: int = 0) -> list[dict[str, Any]]:
    """Return one page of the orders."""
    sort = query.sort or "-created_at"
    order = ORDERS[sort.removeprefix("-")] + (" desc" if sort.startswith("-") else "")
    found = await rows(
        f"{_COLUMNS} {_FROM} order by {order}, w.id offset $7 limit $8",
        *_args(tenant_id, query),
        0 if most else query.offset,
        most or query.limit,
    )
    return _named(found)


async def count(tenant_id: UUID, query: TableQuery) -> int:
    """Return how many orders the list has."""
    return int(await value(f"select count(*) {_FROM}", *_args(tenant_id, query)))


async def board(tenant_id: UUID, person_id: UUID | None) -> list[dict[str, Any]]:
    """Return what is open, and what was done within a day; of one person, or of all."""
    return _named(await rows(_BOARD, tenant_id, list(OPEN), person_id))


async def to_take_along(tenant_id: UUID, person_id: UUID | None) -> list[dict[str, Any]]:
    """Return what somebody still has to do, with all that they need to know where there is no network."""
    found = _named(await rows(_ALONG, tenant_id, list(OPEN), person_id))
    return [{**one, "checklist": json.loads(one["checklist"])} for one in found]


async def notes_of(order: WorkOrder, *, is_staff: bool) -> list[WorkNote]:
    """Return an order's story; residents see what is not internal."""
    query = WorkNote.filter(tenant_id=order.tenant_id, order_id=order.id)
    if not is_staff:
        query = query.filter(is_internal=False)
    return await query.order_by("created_at", "id")


async def materials_of(order: WorkOrder) -> list[WorkMaterial]:
    """Return the materials that an order has taken."""
    found = WorkMaterial.filter(tenant_id=order.tenant_id, order_id=order.id)
    return await found.order_by("created_at", "id")


async def category_of(order: WorkOrder) -> str:
    """Return what an order is sorted into, in the reader's language."""
    found = await WorkCategory.get(tenant_id=order.tenant_id, id=order.category_id)
    return localized(found.names)


async def bill_number(order: WorkOrder) -> str:
    """Return the number of the bill that an order came to, nothing without one."""
    if order.bill_id is None:
        return ""
    found = await row(
        "select number from billing_bill where tenant_id = $1 and id = $2", order.tenant_id, order.bill_id
    )
    return found["number"] if found else ""


async def figures(tenant_id: UUID, since: date) -> list[dict[str, Any]]:
    """Return work by category since a day: how much, how much of it in time, how many hours it took."""
    return _named(await rows(_FIGURES, tenant_id, since))
