"""What a drafted run comes to: count and total, by item and by place, beside the month before.

``exception_count`` is what nobody has decided about yet; ``summary`` counts all that was found, by reason.
"""

from datetime import date
from typing import Any
from uuid import UUID

from billing.charges import run_comparison, run_sql
from billing.charges.periods import months_after
from billing.models import BillRun
from tenants.scope import row, rows, value

MOST_PLACES = 300
"""Places kept with the run; an estate with more is read from the list of bills instead."""

_TOTALS = """
select (select count(*) from billing_bill where tenant_id = $1 and run_id = $2) bills,
       (select coalesce(sum(total_minor), 0)::bigint from billing_bill where tenant_id = $1 and run_id = $2) total,
       (select count(*) from billing_bill_exception where tenant_id = $1 and run_id = $2 and decision = '') odd
"""
_LIKE = """
   and (not $5::boolean or exists (
     select 1 from billing_bill o join billing_bill_line m on m.tenant_id = o.tenant_id and m.bill_id = o.id
      where o.tenant_id = $1 and o.run_id = $2 and o.account_id = b.account_id and m.fee_item_id = l.fee_item_id))"""
"""A run that completes its month is held beside what its own accounts were charged for the same fees."""
_BEFORE = f"""
select count(distinct b.id) bills, coalesce(sum(l.amount_minor), 0)::bigint total
  from billing_bill b
  join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id and l.is_live and l.is_periodic
 where b.tenant_id = $1 and b.period = $3 and b.status <> 'draft' and l.fee_item_id = any ($4::uuid[])
{_LIKE}
"""
_BY_ITEM = f"""
select i.id, i.names, i.kind, coalesce(now.count, 0) count, coalesce(now.total, 0)::bigint total,
       coalesce(before.total, 0)::bigint before
  from billing_fee_item i
  left join (select l.fee_item_id, count(*) count, sum(l.amount_minor) total
               from billing_bill b join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
              where b.tenant_id = $1 and b.run_id = $2 group by 1) now on now.fee_item_id = i.id
  left join (select l.fee_item_id, sum(l.amount_minor) total
               from billing_bill b join billing_bill_line l
                 on l.tenant_id = b.tenant_id and l.bill_id = b.id and l.is_live and l.is_periodic
              where b.tenant_id = $1 and b.period = $3 and b.status <> 'draft'
                {_LIKE} group by 1) before
    on before.fee_item_id = i.id
 where i.tenant_id = $1 and i.id = any ($4::uuid[]) order by array_position($4::uuid[], i.id)
"""
_BY_PLACE = f"""
select coalesce(now.place, before.place) place, coalesce(now.count, 0) count,
       coalesce(now.total, 0)::bigint total, coalesce(before.total, 0)::bigint before
  from (select place, count(*) count, sum(total_minor) total from billing_bill
         where tenant_id = $1 and run_id = $2 group by place) now
  full join (select b.place, sum(l.amount_minor) total from billing_bill b
               join billing_bill_line l
                 on l.tenant_id = b.tenant_id and l.bill_id = b.id and l.is_live and l.is_periodic
              where b.tenant_id = $1 and b.period = $3 and b.status <> 'draft'
                and l.fee_item_id = any ($4::uuid[]) {_LIKE}
              group by b.place) before on before.place = now.place
 order by 1 limit $6
"""
_BY_CODE = """
select code, count(*) count from billing_bill_exception where tenant_id = $1 and run_id = $2
 group by code order by code
"""
_COMPLETED = """
with completed as (
  select b.id from billing_bill b
   where b.tenant_id = $1 and b.run_id = $2
     and exists (select 1 from billing_bill_line l join billing_bill o on o.id = l.bill_id
                  where l.account_id = b.account_id and l.period = $3 and l.is_live and l.is_periodic
                    and o.id <> b.id and o.status <> 'draft'))
select (select count(*) from completed) bills,
       array(select distinct l.fee_item_id::text from completed c join billing_bill_line l on l.bill_id = c.id) fees
"""
_EARLIER = """
select exists (select 1 from billing_bill_run where tenant_id = $1 and period = $2 and id <> $3 and status = 'issued')
"""


_IS_LATER = """
select exists (select 1 from billing_bill_run where tenant_id = $1 and period = $2 and id <> $3 and status = 'issued'
                  and fee_items ?| $4::text[])
"""


async def summarise(run: BillRun) -> None:
    """Fill in the run's figures from its draft bills; the caller saves it."""
    await count_anew(run)
    run.summary = {**run.summary, **await _figures(run)}


async def _figures(run: BillRun) -> dict[str, Any]:
    before = months_after(run.period, -1)
    items = [UUID(item) for item in run.fee_items]
    is_later = await value(_IS_LATER, run.tenant_id, run.period, run.id, run.fee_items)
    beside = (run.tenant_id, run.id, before, items, is_later)
    last = await row(_BEFORE, *beside)
    assert last is not None  # noqa: S101 - an aggregate always answers
    by_item = await rows(_BY_ITEM, *beside)
    by_place = await rows(_BY_PLACE, *beside, MOST_PLACES)
    by_code = await rows(_BY_CODE, run.tenant_id, run.id)
    return {
        "before": {"bills": last["bills"], "total": last["total"]},
        "items": [
            {
                "id": str(found["id"]),
                "count": found["count"],
                "total": found["total"],
                "before": found["before"],
            }
            for found in by_item
        ],
        "places": [dict(found) for found in by_place],
        "exceptions": {found["code"]: found["count"] for found in by_code},
        **await _beside_last_month(run, before),
        **await _completed(run),
    }


async def _completed(run: BillRun) -> dict[str, Any]:
    """Return how many accounts have a bill of this month already, and the fees that these bills add to it."""
    if not await value(_EARLIER, run.tenant_id, run.period, run.id):
        return {"completed": None}
    found = await row(_COMPLETED, run.tenant_id, run.id, run.period)
    return {
        "completed": {"bills": found["bills"], "fees": found["fees"]} if found and found["bills"] else None
    }


async def _beside_last_month(run: BillRun, before: date) -> dict[str, Any]:
    """Return how accounts changed; where nothing was billed last month, everybody is new."""
    if not await value(run_sql.HAS_LAST_MONTH, run.tenant_id, before):
        everybody = {"count": run.bill_count, "total": run.total_minor}
        return {"changes": {"new": everybody} if run.bill_count else {}, "spread": []}
    return {"changes": await run_comparison.changes(run), "spread": await run_comparison.spread(run)}


async def count_anew(run: BillRun) -> None:
    """Fill in count, total and what is undecided, without the rest of the summary; the caller saves the run."""
    totals = await row(_TOTALS, run.tenant_id, run.id)
    assert totals is not None  # noqa: S101 - an aggregate always answers
    run.bill_count, run.total_minor, run.exception_count = totals["bills"], totals["total"], totals["odd"]
