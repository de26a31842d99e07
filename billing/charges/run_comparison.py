"""A run beside the month before, account by account: who pays more, less, for the first time, or no longer."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from billing.charges.periods import months_after
from billing.models import BillRun
from tenants.planning import in_bulk
from tenants.scope import each, rows, value
from tenants.search import containing
from ui.i18n import N_
from ui.tables import TableQuery

CHANGES: dict[str, str] = {
    "more": N_("Higher"),
    "less": N_("Lower"),
    "new": N_("Newly charged"),
    "missing": N_("No longer charged"),
    "same": N_("No change"),
}
"""How an account may stand beside its last month."""
STEPS = (-50, -20, -5, 0, 5, 20, 50)
"""Per cent of change at which the bars of the distribution begin and end."""
SORTS = {
    "account_number": "number",
    "place": "place",
    "before_minor": "before_minor",
    "now_minor": "now_minor",
    "difference_minor": "difference_minor",
}
DEFAULT_SORT = "-difference_minor"
_COMPARED = """
with lines as (
  select l.account_id, l.amount_minor, b.period = $3 is_now, coalesce(b.run_id = $2, false) is_ours
    from billing_bill b join billing_bill_line l
      on l.tenant_id = b.tenant_id and l.bill_id = b.id and l.is_live and l.is_periodic
   where b.tenant_id = $1 and b.period in ($3::date, $4::date) and l.fee_item_id = any ($5::uuid[])
     and (b.status not in ('draft', 'void') or (b.run_id = $2 and b.status <> 'void'))
), sums as (
  select account_id, sum(amount_minor) filter (where is_now)::bigint now_minor,
         sum(amount_minor) filter (where not is_now)::bigint before_minor, bool_or(is_now and is_ours) is_ours
    from lines group by account_id
), compared as (
  select account_id, now_minor, before_minor, coalesce(now_minor, 0) - coalesce(before_minor, 0) difference_minor,
         case when before_minor is null then 'new' when now_minor is null then 'missing'
              when now_minor > before_minor then 'more' when now_minor < before_minor then 'less'
              else 'same' end change
    from sums where is_ours or now_minor is null
)
"""
_LIST = f"""{_COMPARED}, chosen as (
  select c.*, a.number, a.name, a.place from compared c
    join tenants_account a on a.tenant_id = $1 and a.id = c.account_id
   where ($6 = '' or c.change = $6) and ($7 = '' or a.place = $7)
     and ($8 = '' or a.number ilike $8 or a.name ilike $8))
"""


def _args(run: BillRun) -> tuple[Any, ...]:
    items = [UUID(item) for item in run.fee_items]
    return run.tenant_id, run.id, run.period, months_after(run.period, -1), items


async def changes(run: BillRun) -> dict[str, dict[str, int]]:
    """Return by kind of change how many accounts there are and the sum of their differences, in minor units."""
    found = await rows(
        f"{_COMPARED} select change, count(*) count, sum(difference_minor)::bigint total from compared group by 1",
        *_args(run),
    )
    by_change = {one["change"]: {"count": one["count"], "total": one["total"]} for one in found}
    return {change: by_change[change] for change in CHANGES if change in by_change}


async def spread(run: BillRun) -> list[int]:
    """Return how many accounts changed by how much: below the first step, between two, …, above the last.

    Those without a change are counted apart, by ``changes``; so are the new and the missing.
    """
    percent = "(difference_minor * 100.0 / before_minor)"
    found = await rows(
        f"{_COMPARED} select width_bucket({percent}, $6::numeric[]) place, count(*) count from compared"
        " where change in ('more', 'less') and before_minor > 0 group by 1",
        *_args(run),
        list(STEPS),
    )
    counts = {one["place"]: one["count"] for one in found}
    return [counts.get(place, 0) for place in range(len(STEPS) + 1)]


async def listed(run: BillRun, query: TableQuery, root: str) -> tuple[list[dict[str, Any]], int]:
    """Return one page of accounts beside their last month, and how many there are."""
    async with in_bulk():
        total: int = await value(f"{_LIST} select count(*) from chosen", *_args(run), *_filters(query))
        page = f"{_in_order(query)} limit {query.limit:d} offset {query.offset:d}"
        found = await rows(page, *_args(run), *_filters(query))
    return [_row(one, run, root) for one in found], total


def _filters(query: TableQuery) -> tuple[str, str, str]:
    return query.get("change"), query.get("place"), containing(query.q) if query.q else ""


def _in_order(query: TableQuery) -> str:
    column = SORTS.get(query.sort.removeprefix("-"), "difference_minor")
    direction = "desc" if query.sort.startswith("-") else "asc"
    return f"{_LIST} select * from chosen order by {column} {direction} nulls last, number"


def _row(found: Any, run: BillRun, root: str) -> dict[str, Any]:
    return {
        "account_number": found["number"],
        "account_name": found["name"],
        "place": found["place"],
        "before_minor": found["before_minor"],
        "now_minor": found["now_minor"],
        "difference_minor": found["difference_minor"],
        "change": found["change"],
        "currency": run.currency,
        "href": f"{root}/accounts/{found['account_id']}",
    }


async def everything(run: BillRun, query: TableQuery, root: str) -> AsyncIterator[dict[str, Any]]:
    """Yield every account that the list shows, within the open scope; the estate is compared once."""
    async with in_bulk():
        async for one in each(_in_order(query), *_args(run), *_filters(query)):
            yield _row(one, run, root)
