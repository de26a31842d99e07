"""The list of bills: what a search, filters and an order in the address select, page by page or to a file."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from billing.charges.states import OPEN_BILLS
from billing.lists import uuid_of
from tenants.actor import Actor
from tenants.scope import each, row, rows
from tenants.search import containing
from ui.tables import TableQuery

FILTERS = ("status", "period", "place", "run", "overdue")
SORTS = {
    "number": "b.number",
    "period": "b.period",
    "due_on": "b.due_on",
    "account_number": "b.account_number",
    "place": "b.place",
    "total_minor": "b.total_minor",
    "left_minor": "left_minor",
}
DEFAULT_SORT = "-period"
_SELECT = """
select b.id, b.number, b.account_id, b.account_number, b.account_name, b.place, b.period, b.due_on, b.currency,
       b.status, b.total_minor, b.paid_minor, b.adjusted_minor, b.issued_at, b.reminded_at, b.run_id,
       case when b.status in ('issued', 'part_paid')
            then b.total_minor - b.paid_minor - b.adjusted_minor else 0 end left_minor,
       b.status in ('issued', 'part_paid') and b.due_on < $2 is_overdue
  from billing_bill b
"""


class Selection:
    """A where clause with its parameters: ``$1`` the tenant, ``$2`` today there, then what the query asks."""

    def __init__(self, tenant_id: UUID, today: date, query: TableQuery) -> None:
        self.args: list[Any] = [tenant_id, today]
        self.conditions = ["b.tenant_id = $1", "$2::date is not null"]
        self._status(query)
        self._narrow(query)

    @property
    def where(self) -> str:
        """All conditions together."""
        return " and ".join(self.conditions)

    def add(self, condition: str, value: Any) -> None:
        """Add a condition on one more parameter, written ``{}`` in it."""
        self.args.append(value)
        self.conditions.append(condition.replace("{}", f"${len(self.args)}"))

    def _status(self, query: TableQuery) -> None:
        if status := query.get("status"):
            self.add("b.status = {}", status)
        elif not query.get("run"):
            self.conditions.append("b.status <> 'draft'")
        if query.get("overdue"):
            self.conditions.append(f"b.status in {OPEN_BILLS} and b.due_on < $2")

    def _narrow(self, query: TableQuery) -> None:
        if (period := month_of(query.get("period"))) is not None:
            self.add("b.period = {}", period)
        if place := query.get("place"):
            self.add("b.place = {}", place)
        if (run := uuid_of(query.get("run"))) is not None:
            self.add("b.run_id = {}", run)
        if query.q:
            fields = ("number", "account_number", "account_name", "place")
            self.add("(" + " or ".join(f"b.{name} ilike {{}}" for name in fields) + ")", containing(query.q))


def month_of(text: str) -> date | None:
    """Return the month that a filter names (``2026-07``), or nothing."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _order(query: TableQuery) -> str:
    name = query.sort.removeprefix("-")
    column = SORTS.get(name, "b.period")
    direction = "desc" if query.sort.startswith("-") else "asc"
    return f" order by {column} {direction}, b.number {direction if name == 'number' else 'asc'}, b.id"


async def list_bills(actor: Actor, query: TableQuery, today: date) -> list[dict[str, Any]]:
    """Return the rows of one page, and one more where there is a next page."""
    actor.require("bills.read")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    chosen = Selection(actor.tenant_id, today, query)
    page = f"{_in_order(chosen, query)} limit {query.limit:d} offset {query.offset:d}"
    return [dict(one) for one in await rows(page, *chosen.args)]


def _in_order(chosen: Selection, query: TableQuery) -> str:
    return f"{_SELECT} where {chosen.where}{_order(query)}"


def every_bill(actor: Actor, query: TableQuery, today: date) -> AsyncIterator[Any]:
    """Return a reader of every selected bill, in its order, within the open scope."""
    actor.require("bills.read")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    chosen = Selection(actor.tenant_id, today, query)
    return each(_in_order(chosen, query), *chosen.args)


async def totals(actor: Actor, query: TableQuery, today: date) -> dict[str, Any]:
    """Return how many bills are selected and what they come to: billed, paid and left, in minor units."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    chosen = Selection(actor.tenant_id, today, query)
    found = await row(
        "select count(*)::int count, coalesce(sum(total_minor) filter (where status <> 'void'), 0)::bigint total,"
        " coalesce(sum(paid_minor), 0)::bigint paid, coalesce(sum(total_minor - paid_minor - adjusted_minor)"
        " filter (where status in ('issued', 'part_paid')), 0)::bigint left_minor, count(*) filter"
        " (where status in ('issued', 'part_paid') and due_on < $2) overdue"
        f" from billing_bill b where {chosen.where}",
        *chosen.args,
    )
    return dict(found) if found else {}


_MONTHS = """
with recursive month as (
  (select period from billing_bill where tenant_id = $1 and status <> 'draft' order by period desc limit 1)
  union all
  select (select period from billing_bill b where b.tenant_id = $1 and b.status <> 'draft' and b.period < month.period
           order by period desc limit 1) from month where month.period is not null)
select period from month where period is not null limit 60
"""
_PLACES = """
with recursive found as (
  select wanted.period, next.place from unnest($2::date[]) wanted (period) cross join lateral (
    select min(place) place from billing_bill b where b.tenant_id = $1 and b.status <> 'draft'
       and b.period = wanted.period and b.place > '') next
  union all
  select found.period, (select min(b.place) from billing_bill b where b.tenant_id = $1 and b.status <> 'draft'
     and b.period = found.period and b.place > found.place) from found where found.place is not null)
select distinct place from (select place from found where place is not null limit 3000) seen order by place limit 1000
"""
"""From one month to the one before, and from one place to the next: no bill is read to learn what is on the others."""
LATEST = 2


async def choices(tenant_id: UUID, chosen: date | None = None) -> dict[str, list[Any]]:
    """Return what the filters offer: the latest months billed, and the places billed in the last or the chosen ones."""
    months = [one["period"] for one in await rows(_MONTHS, tenant_id)]
    wanted = sorted({*months[:LATEST], *([chosen] if chosen else [])})
    places = await rows(_PLACES, tenant_id, wanted)
    return {"months": months, "places": [one["place"] for one in places]}
