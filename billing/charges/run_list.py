"""What the pages of bill runs show: the list, the figures of one, and the accounts that need a look."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from billing.charges.periods import day_in, last_day, months_after
from billing.charges.run_words import explain
from billing.charges.runs import TIME_TO_PAY, rule_in_force
from billing.models import Bill, BillRun, FeeItem
from billing.names import localized
from billing.rules import Charge, Period, due_date, parse
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import each, open_scope, rows, value
from ui.tables import TableQuery

_MOST_RUNS = 5000
_EXCEPTIONS = """
select e.id, e.decision, e.account_id, e.account_number, a.name account_name, a.place, e.code, e.detail, i.names
  from billing_bill_exception e join tenants_account a on a.tenant_id = e.tenant_id and a.id = e.account_id
  left join billing_fee_item i on i.tenant_id = e.tenant_id and i.id = e.fee_item_id
 where e.tenant_id = $1 and e.run_id = $2 and ($3 = '' or e.code = $3)
   and case $5 when '' then true when 'open' then e.decision = '' else e.decision = $5 end
   and ($4 = '' or e.account_number ilike '%' || $4 || '%' or a.name ilike '%' || $4 || '%')
"""


async def list_runs(actor: Actor, query: TableQuery, root: str) -> tuple[list[dict[str, Any]], int]:
    """Return one page of runs and how many there are."""
    actor.require("runs.read")
    chosen = BillRun.filter(tenant_id=actor.tenant_id)
    if status := query.get("status"):
        chosen = chosen.filter(status=status)
    found = await chosen.order_by(query.sort, "-created_at").offset(query.offset).limit(query.limit)
    return [_row(run, root) for run in found], await chosen.count()


def _row(run: BillRun, root: str) -> dict[str, Any]:
    names = (
        "period",
        "status",
        "due_on",
        "bill_count",
        "total_minor",
        "currency",
        "exception_count",
        "issued_at",
    )
    href = f"{root}/runs/{run.id}"
    return {name: getattr(run, name) for name in names} | {"by": run.created_by_name, "href": href}


async def stream_runs(actor: Actor, query: TableQuery, root: str) -> AsyncIterator[dict[str, Any]]:
    """Yield every run that the list shows."""
    async with open_scope(actor.scope()):
        chosen = BillRun.filter(tenant_id=actor.tenant_id).order_by(query.sort)
        status = query.get("status")
        found = await (chosen.filter(status=status) if status else chosen).limit(_MOST_RUNS)
    for run in found:
        yield _row(run, root)


async def next_period(tenant: Tenant) -> date:
    """Return the first month after the last one billed, the current one where nothing was."""
    last: date | None = await value(
        "select max(period) from billing_bill_run where tenant_id = $1 and status = 'issued'", tenant.id
    )
    now = today(tenant.timezone).replace(day=1)
    return months_after(last, 1) if last and last >= months_after(now, -12) else now


async def due_day(tenant: Tenant, period: date, item_ids: Sequence[UUID]) -> date:
    """Propose when a month is due: the day of the first chosen charge's rule, or later so that there is time to pay."""
    return max(await _rules_day(tenant, period, item_ids), today(tenant.timezone) + TIME_TO_PAY)


async def _rules_day(tenant: Tenant, period: date, item_ids: Sequence[UUID]) -> date:
    for item_id in item_ids:
        rule = await rule_in_force(tenant.id, item_id, period)
        document = parse(rule.document) if rule else None
        if isinstance(document, Charge):
            return due_date(document, Period(period, last_day(period)))
    return day_in(period, 1)


async def figures(run: BillRun) -> dict[str, Any]:
    """Return the run's summary with names: totals, by fee, by place, each beside the month before."""
    kept = run.summary
    items = {
        str(item.id): item for item in await FeeItem.filter(tenant_id=run.tenant_id, id__in=run.fee_items)
    }
    by_item = [
        {**one, "name": localized(items[one["id"]].names), "currency": run.currency}
        for one in kept.get("items", [])
        if one["id"] in items
    ]
    places = [{**one, "currency": run.currency} for one in kept.get("places", [])]
    before = kept.get("before", {"bills": 0, "total": 0})
    return {
        "by_item": by_item,
        "by_place": places,
        "before": before,
        "codes": kept.get("exceptions", {}),
        "last_month": months_after(run.period, -1),
        "completed": _completed(kept.get("completed"), items),
    }


def _completed(kept: dict[str, Any] | None, items: Mapping[str, FeeItem]) -> dict[str, Any] | None:
    """Return how many of the bills add to one of the same month, and what they add."""
    if not kept:
        return None
    fees = [localized(item.names) for key, item in items.items() if key in kept["fees"]]
    return {"bills": kept["bills"], "fees": " · ".join(fees)}


async def list_exceptions(run: BillRun, query: TableQuery, root: str) -> tuple[list[dict[str, Any]], int]:
    """Return one page of the accounts that need a look, and how many there are."""
    args = (run.tenant_id, run.id, query.get("code"), query.q, query.get("decision"))
    total: int = await value(f"select count(*) from ({_EXCEPTIONS}) e", *args)
    found = await rows(f"{_in_order(query)} limit {query.limit:d} offset {query.offset:d}", *args)
    return [_exception(one, run, root) for one in found], total


def _in_order(query: TableQuery) -> str:
    column = "a.place" if query.sort.removeprefix("-") == "place" else "e.account_number"
    direction = "desc" if query.sort.startswith("-") else "asc"
    return f"{_EXCEPTIONS} order by {column} {direction}, e.account_number, e.code"


def _exception(found: Any, run: BillRun, root: str) -> dict[str, Any]:
    return {
        "account_number": found["account_number"],
        "account_name": found["account_name"],
        "place": found["place"],
        "fee": localized(json.loads(found["names"])) if found["names"] else "",
        "problem": explain(found["code"], json.loads(found["detail"]), run.currency, run.jump_percent),
        "decision": found["decision"],
        "href": f"{root}/runs/{run.id}/exceptions/{found['id']}",
    }


_OPEN_CODES = """
select code, count(*) count from billing_bill_exception where tenant_id = $1 and run_id = $2 and decision = ''
 group by code order by code
"""


async def open_codes(run: BillRun) -> dict[str, int]:
    """Return how many undecided entries there are by reason."""
    return {one["code"]: one["count"] for one in await rows(_OPEN_CODES, run.tenant_id, run.id)}


async def draft_of(run: BillRun, account_id: UUID) -> Bill | None:
    """Return the account's bill in the run, if there is one."""
    return await Bill.get_or_none(tenant_id=run.tenant_id, run_id=run.id, account_id=account_id)


async def every_exception(run: BillRun, query: TableQuery, root: str) -> AsyncIterator[dict[str, Any]]:
    """Yield every account that needs a look, within the open scope."""
    args = (run.tenant_id, run.id, query.get("code"), query.q, query.get("decision"))
    async for one in each(_in_order(query), *args):
        yield _exception(one, run, root)
