"""The statements that issue a run's bills and take them back, a stretch of the estate at a time.

``$1`` is the tenant, ``$2`` the run and ``$3`` the scenario; what else they take is said where they are. They are
written as ``run_sql`` explains.
"""

from billing.charges.run_sql import FRESH, lying, serial, stretch

_ISSUE = """
with chunk as materialized ({chosen}),
fresh as materialized (select {fresh} entry, {fresh} posting),
series as (
  insert into billing_number_series (tenant_id, series, last_number)
  select $1, $4::text, (select count(*) from chunk) where exists (select 1 from chunk)
  on conflict (tenant_id, series) do update
     set last_number = billing_number_series.last_number + excluded.last_number
  returning last_number - (select count(*) from chunk) before
), issued as (
  update billing_bill b
     set status = 'issued', issued_at = $5,
         number = $4::text || '-' || bill_number((select before from series) + chunk.n)
    from {lying} chunk where b.ctid = chunk.place
  returning b.id, b.account_id, b.currency, b.total_minor, {entry_id} entry_id
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)
  select $1, entry_id, 'bill.issued', id, $5 from issued where total_minor > 0
), side as (
  select i.entry_id, s.ledger, i.account_id, i.id bill_id, i.currency, s.amount_minor
    from issued i cross join lateral (
      select 'receivable' ledger, i.total_minor amount_minor
      union all
      select 'income:' || f.key, -l.amount_minor
        from (select fee_item_id, amount_minor from billing_bill_line where bill_id = i.id offset 0) l
        cross join lateral (select key from billing_fee_item where id = l.fee_item_id offset 0) f
       where l.amount_minor <> 0 offset 0) s
   where i.total_minor > 0
), posting as (
  insert into billing_posting (tenant_id, id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
  select $1, {posting_id}, side.* from side
)
select count(*) bills, case when exists (
         select 1 from billing_standing_adjustment where tenant_id = $1 and status = 'approved')
       then array_agg(id) end ids
  from issued
"""
"""Answers with how many bills were issued, and which, where lasting adjustments may concern them."""
_PARTS = {
    "fresh": FRESH,
    "lying": lying("chunk", number="n"),
    "entry_id": serial("(select entry from fresh)", "chunk.n"),
    "posting_id": serial("(select posting from fresh)", "row_number() over ()"),
}
_CHOSEN = (
    "select b.place, row_number() over (order by a.sort_key, a.number) n from tenants_account a"
    " cross join lateral (select ctid place from billing_bill"
    f" where run_id = $2 and account_id = a.id and (status = 'draft') is true offset 0) b where {stretch(6)}"
)
ISSUE_STRETCH = _ISSUE.format(chosen=_CHOSEN, **_PARTS)
"""Parameters: series, time, and the stretch."""
ISSUE_LEFT = _ISSUE.format(
    **_PARTS,
    chosen="select b.ctid place, row_number() over (order by b.account_number) n from billing_bill b"
    " where b.run_id = $2 and (b.status = 'draft') is true and $3::text is not null limit $6::int",
)
"""Drafts whose accounts were put elsewhere in the estate meanwhile. Parameters: series, time, how many at most."""

_FREE = """
   and not exists (select 1 from billing_payment_part p where p.bill_id = b.id and p.is_live offset 0)
   and not exists (select 1 from billing_plan_bill q where q.bill_id = b.id and q.is_live offset 0)
"""
VOIDABLE = f"""
select b.id from tenants_account a cross join lateral (
  select id from billing_bill where run_id = $2 and account_id = a.id and (status = 'issued') is true offset 0) b
 where {stretch(4)} and $1::uuid is not null {_FREE}
 order by b.id
"""
"""Bills of a stretch of which nothing is paid, that nobody is paying and no plan spreads."""
VOIDABLE_LEFT = f"""
select b.id from billing_bill b
 where b.run_id = $2 and (b.status = 'issued') is true and $1::uuid is not null {_FREE} order by b.id limit $3
"""
"""Those whose accounts were put elsewhere in the estate meanwhile; ``$3`` is how many at most."""
LOCK = f"""
with place as materialized (
  select b.place from unnest($1::uuid[]) chosen (id) cross join lateral (
    select ctid place from billing_bill where id = chosen.id offset 0) b
)
select b.id from {lying("place")} place join billing_bill b on b.ctid = place.place
 where (b.status = 'issued') is true for update of b
"""
"""The bills among ``$1`` (in order) that are still unpaid now that they are locked. Locking brings another wall, which
says the tenant as a lookup must not; so they are found first. Those that somebody changes meanwhile stay for later."""

VOID_ENTRY = """
with entry as (
  insert into billing_entry (tenant_id, kind, source_id, occurred_at) values ($1, 'bill.voided', $2, $3)
  returning id
)
insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
select $1, entry.id, p.ledger, p.account_id, p.bill_id, p.currency, -sum(p.amount_minor)
  from entry, billing_posting p
 where p.tenant_id = $1 and p.bill_id = $2
 group by entry.id, p.ledger, p.account_id, p.bill_id, p.currency having sum(p.amount_minor) <> 0
"""
"""Take back all that the bill ``$2`` still stands for: what it charged, less what adjustments let off. Nothing of it is
paid, so payments and their refunds cancel out by themselves. ``$3`` is the time."""

VOID_BILLS = f"""
with place as materialized (
  select b.place from unnest($2::uuid[]) chosen (id) cross join lateral (
    select ctid place from billing_bill where id = chosen.id offset 0) b
), gone as (
  update billing_bill b set status = 'void', closed_reason = $3 from {lying("place")} place where b.ctid = place.place
  returning b.id, b.number, b.account_id, b.total_minor, b.currency, new_id() entry_id
), line_place as materialized (
  select l.place from unnest($2::uuid[]) chosen (id) cross join lateral (
    select ctid place from billing_bill_line where bill_id = chosen.id offset 0) l
), line as (
  update billing_bill_line l set is_live = false from {lying("line_place")} p where l.ctid = p.place
), entry as (
  insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)
  select $1, entry_id, 'bill.voided', id, $4 from gone where total_minor > 0
), posting as (
  insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
  select $1, g.entry_id, p.ledger, p.account_id, g.id, p.currency, -p.amount_minor
    from gone g cross join lateral (
      select ledger, account_id, currency, sum(amount_minor)::bigint amount_minor from billing_posting
       where bill_id = g.id group by ledger, account_id, currency having sum(amount_minor) <> 0 offset 0) p
), trail as (
  insert into tenants_audit (id, tenant_id, act, person_id, person_name, subject_kind, subject_id, subject_label,
                             before, after, ip, request_id)
  select new_id(), $1, 'bill.voided', $5, $6, 'bill', id, number, '{{"status": "issued"}}',
         jsonb_build_object('status', 'void', 'reason', $3::text, 'total_minor', total_minor, 'currency', currency),
         '', ''
    from gone
)
select count(*) bills, coalesce(sum(total_minor), 0)::bigint total from gone
"""
"""Take bills back that are locked and unpaid: ``$2`` the bills, then reason, time, who, their name."""
