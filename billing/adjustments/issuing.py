"""Lasting adjustments, put on bills when they are issued: one statement, whatever the number of bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.adjustments.stacking import STACKED
from tenants.planning import in_bulk
from tenants.scope import execute, row, value

_ANY = (
    "select exists (select 1 from billing_standing_adjustment where tenant_id = $1 and status = 'approved')"
)
_APPLY = f"""
with recursive {STACKED}, taken as materialized (
  select new_id() adjustment_id, id, bill_id, sum(taken)::bigint amount
    from stacked where taken > 0 group by id, bill_id
), made as (
  insert into billing_adjustment (tenant_id, id, number, account_id, kind, currency, reason, evidence, status,
                                  decided_by_name, decided_at, bill_id, standing_id, amount_minor, applied_at)
  select $1, t.adjustment_id, 'A' || to_char($4::timestamptz, 'YYMMDD') || '-'
         || upper(substr(replace(t.adjustment_id::text, '-', ''), 17)), s.account_id, s.kind, b.currency,
         s.reason, '{{}}',         'applied', s.decided_by_name, $4, t.bill_id, s.id, t.amount, $4
    from taken t join billing_standing_adjustment s on s.tenant_id = $1 and s.id = t.id
    join billing_bill b on b.tenant_id = $1 and b.id = t.bill_id
  returning 1
), parts as (
  insert into billing_adjustment_part (tenant_id, bill_id, bill_line_id, cause, source_id, amount_minor)
  select $1, s.bill_id, s.line_id, 'adjustment', t.adjustment_id, s.taken
    from stacked s join taken t on t.id = s.id and t.bill_id = s.bill_id where s.taken > 0
), lines as (
  update billing_bill_line l set adjusted_minor = l.adjusted_minor + s.taken
    from (select line_id, sum(taken)::bigint taken from stacked group by line_id) s
   where l.tenant_id = $1 and l.id = s.line_id and s.taken > 0
), bills as (
  update billing_bill b set adjusted_minor = b.adjusted_minor + s.amount,
         status = case when b.total_minor > b.paid_minor + b.adjusted_minor + s.amount then b.status
                       when b.paid_minor = 0 then 'written_off' else 'paid' end
    from (select bill_id, sum(amount)::bigint amount from taken group by bill_id) s
   where b.tenant_id = $1 and b.id = s.bill_id
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)
  select $1, new_id(), 'adjustment.applied', adjustment_id, $4 from taken returning id, source_id
), side as (
  select e.id entry_id, t.id standing_id, t.bill_id, t.amount, k.sign
    from entry e join taken t on t.adjustment_id = e.source_id cross join (values (1), (-1)) k (sign)
)
insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
select $1, side.entry_id, case when sign = 1 then 'adjustment:' || s.kind else 'receivable' end, s.account_id,
       side.bill_id, s.currency, sign * side.amount
  from side join billing_standing_adjustment s on s.tenant_id = $1 and s.id = side.standing_id
"""
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


async def apply_standing(tenant_id: UUID, *, at: datetime, bill_ids: Sequence[UUID]) -> bool:
    """Put the lasting adjustments on bills that are being issued in this transaction; tell whether there are any.

    Each bill gets one adjustment for each lasting one that concerns it, with its parts and journal entry.
    """
    if not bill_ids or not await value(_ANY, tenant_id):
        return False
    await execute(_APPLY, tenant_id, None, list(bill_ids), at)
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
