"""Lasting adjustments, put on bills when they are issued: one statement, whatever the number of bills."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.adjustments.stacking import STACKED
from tenants.planning import by_stretch, in_bulk
from tenants.scope import execute, row, value

_ANY = (
    "select exists (select 1 from billing_standing_adjustment where tenant_id = $1 and status = 'approved')"
)
_APPLY = f"""
with recursive {STACKED}, taken as materialized (
  select t.*, s.account_id, s.kind, s.currency, s.reason, s.decided_by_name
    from (select new_id() adjustment_id, id, bill_id, bill_place, sum(taken)::bigint amount
            from stacked where taken > 0 group by id, bill_id, bill_place) t
    join (select distinct id, account_id, kind, currency, reason, decided_by_name from standing) s on s.id = t.id
), made as (
  insert into billing_adjustment (tenant_id, id, number, account_id, kind, currency, reason, evidence, status,
                                  decided_by_name, decided_at, bill_id, standing_id, amount_minor, applied_at)
  select $1, adjustment_id, 'A' || to_char($4::timestamptz, 'YYMMDD') || '-'
         || upper(substr(replace(adjustment_id::text, '-', ''), 17)), account_id, kind, currency, reason, '{{}}',
         'applied', decided_by_name, $4, bill_id, id, amount, $4
    from taken
), parts as (
  insert into billing_adjustment_part (tenant_id, bill_id, bill_line_id, cause, source_id, amount_minor)
  select $1, s.bill_id, s.line_id, 'adjustment', t.adjustment_id, s.taken
    from stacked s join taken t on t.id = s.id and t.bill_id = s.bill_id where s.taken > 0
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)
  select $1, new_id(), 'adjustment.applied', adjustment_id, $4 from taken returning id, source_id
), posting as (
  insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
  select $1, e.id, case when k.sign = 1 then 'adjustment:' || t.kind else 'receivable' end, t.account_id, t.bill_id,
         t.currency, k.sign * t.amount
    from entry e join taken t on t.adjustment_id = e.source_id cross join (values (1), (-1)) k (sign)
)
select * from (
  select array_agg(place) lines, array_agg(amount) line_amounts from (
    select line_place place, sum(taken)::bigint amount from stacked where taken > 0 group by line_place) l) l
 cross join (
  select array_agg(place) bills, array_agg(amount) bill_amounts from (
    select bill_place place, sum(amount)::bigint amount from taken group by bill_place) b) b
"""
"""Answers with where the lines and bills lie that ask for less, and by how much."""
_LESS = """(select * from unnest((select $1::tid[]), (select $2::bigint[])) s (place, amount)
              where amount between 1 and 1000000000000000)"""
"""Arrays of a length that PostgreSQL does not look at, and a span that makes them look shorter still: it takes the rows
of a tenant for few, and would compare each of them with each of these (``billing.charges.run_sql.lying``)."""
_LESS_OF_LINES = f"""
update billing_bill_line l set adjusted_minor = l.adjusted_minor + s.amount from {_LESS} s where l.ctid = s.place
"""
_LESS_OF_BILLS = f"""
update billing_bill b set adjusted_minor = b.adjusted_minor + s.amount,
       status = case when b.total_minor > b.paid_minor + b.adjusted_minor + s.amount then b.status
                     when b.paid_minor = 0 then 'written_off' else 'paid' end
  from {_LESS} s where b.ctid = s.place
"""
"""By where they lie, and in statements of their own: what has many rows joined with many would read all lines and bills
of the institution for each stretch of a run."""
_PREVIEW = f"""
with recursive {STACKED}
select count(distinct bill_id) bills, coalesce(sum(taken), 0)::bigint amount from stacked
 where taken > 0 and $1::uuid is not null
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What lasting adjustments would let off some draft bills; minor units."""

    bills: int
    amount_minor: int


async def apply_standing(
    tenant_id: UUID, *, at: datetime, bill_ids: Sequence[UUID], are_many: bool = False
) -> bool:
    """Put the lasting adjustments on bills that are being issued in this transaction; tell whether there are any.

    Each bill gets one adjustment for each lasting one that concerns it, with its parts and journal entry. ``are_many``
    has it planned for a stretch of a run.
    """
    if not bill_ids or not await value(_ANY, tenant_id):
        return False
    async with in_bulk() if are_many else nullcontext():
        less = await row(_APPLY, tenant_id, None, list(bill_ids), at)
    if less is None or less["bills"] is None:
        return False
    async with by_stretch() if are_many else nullcontext():
        await execute(_LESS_OF_LINES, less["lines"], less["line_amounts"])
        await execute(_LESS_OF_BILLS, less["bills"], less["bill_amounts"])
    return True


async def preview_standing(
    tenant_id: UUID, *, run_id: UUID | None = None, bill_id: UUID | None = None
) -> Preview:
    """Return what the lasting adjustments would let off a draft run, or one draft bill, as things are now."""
    if not await value(_ANY, tenant_id):
        return Preview(0, 0)
    async with in_bulk():
        found = await row(_PREVIEW, tenant_id, run_id, [bill_id] if bill_id else None)
    return Preview(found["bills"], found["amount"]) if found else Preview(0, 0)
