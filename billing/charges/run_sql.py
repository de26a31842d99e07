"""The statements of a bill run: one per fee item, whatever the number of accounts.

``$1`` is the tenant and ``$2`` the run in all of them; what else they take is said where they are.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from billing.rules import Charge, LateFee
from billing.rules.compile import compile_sql
from billing.rules.sql_frame import Source
from tenants.scope import execute

ARREARS_FACTS = {
    "balance:arrears": "arrears",
    "balance:principal": "principal",
    "balance:late_fee_charged": "late_fee_charged",
    "quantity:days_late": "days_late",
    "quantity:months_in_arrears": "months_in_arrears",
    "quantity:months_since_late_fee": "months_since_late_fee",
}
_LATE = "".join(f", late.{name}" for name in ARREARS_FACTS.values())
_KEPT = ("account_id", "number", "name", "place", "sort_key")
_LINE_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")

_ACCOUNTS = """
{before}
select a.id account_id, a.number, a.name, a.place, a.sort_key, a.attributes{columns}
  from tenants_account a{joins}
 where a.tenant_id = $1 and a.scenario = $3 and a.is_active and $6::date <= $6 and $7::date <= $7
   and a.kind = any ((select array(select jsonb_array_elements_text(account_kinds)) from billing_fee_item
                      where tenant_id = $1 and id = $4)::text[])
   and not exists (select 1 from billing_bill_line l where l.tenant_id = $1 and l.account_id = a.id
                   and l.fee_item_id = $4 and l.period = $5 and l.is_live)
"""

_OWED = """
with owed as materialized (
  select b.account_id, sum(l.amount_minor - l.paid_minor - l.adjusted_minor)::bigint arrears,
         (sum(l.amount_minor - l.paid_minor - l.adjusted_minor) filter (where i.kind = 'charge'))::bigint principal,
         min(b.due_on) filter (where i.kind = 'charge' and l.amount_minor > l.paid_minor + l.adjusted_minor) late_since,
         min(b.period) filter (where i.kind = 'charge' and l.amount_minor > l.paid_minor + l.adjusted_minor) late_period
    from billing_bill b
    join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
    join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
   where b.tenant_id = $1 and b.status in ('issued', 'part_paid') and b.due_on < $7::date and b.period < $5::date
     and b.currency = (select currency from billing_fee_item where tenant_id = $1 and id = $4)
   group by b.account_id
), charged as materialized (
  select l.account_id, sum(l.amount_minor) filter (where l.period > owed.late_period) since, max(l.period) last
    from owed join billing_bill_line l on l.tenant_id = $1 and l.account_id = owed.account_id
     and l.fee_item_id = $4 and l.is_live
   group by l.account_id
), late as materialized (
  select owed.account_id, arrears, principal, coalesce(since, 0)::bigint late_fee_charged,
         $7::date - late_since days_late,
         (extract(year from age($5::date, last)) * 12 + extract(month from age($5::date, last)))::int
           months_since_late_fee,
         (extract(year from $7::date) * 12 + extract(month from $7::date)
           - extract(year from late_since) * 12 - extract(month from late_since)
           + case when extract(day from $7::date) > extract(day from late_since) then 1 else 0 end)::int
           months_in_arrears
    from owed left join charged using (account_id) where principal > 0
)
"""

_LINE = """, (select sum(l.amount_minor)::bigint from billing_bill_line l
   join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id and i.key = '{name}'
  where l.tenant_id = $1 and l.account_id = a.id and l.period = $5 and l.is_live) line_{name}"""

_DRAFT = """
with computed as materialized (
{rule}
), bills as (
  insert into billing_bill (tenant_id, id, account_id, run_id, scenario, number, period, due_on, currency,
                            total_minor, account_number, account_name, place)
  select $1, fresh.id, account_id, $2, $3, 'draft-' || replace(fresh.id::text, '-', ''), $5, $8, $9,
         amount_minor, number, name, place
    from computed, lateral (select new_id() id where account_id is not null) fresh
   where amount_minor > 0 order by sort_key, number
  on conflict (tenant_id, run_id, account_id) where run_id is not null
  do update set total_minor = billing_bill.total_minor + excluded.total_minor
  returning id, account_id
), lines as (
  insert into billing_bill_line (tenant_id, bill_id, account_id, fee_item_id, fee_rule_id, period, currency,
                                 amount_minor, names, inputs, position)
  select $1, b.id, account_id, $4, $10, $5, $9, c.amount_minor, i.names, c.inputs, i.position
    from computed c join bills b using (account_id)
    join billing_fee_item i on i.tenant_id = $1 and i.id = $4
  returning 1
), odd as (
  insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, fee_item_id, code, detail)
  select $1, $2, account_id, number, $4, coalesce(split_part(exception, ':', 1), 'zero_amount'),
         jsonb_build_object('subject', coalesce(split_part(exception, ':', 2), ''))
    from computed
   where {is_odd}
  returning 1
)
select (select count(*) from lines) lines, (select count(*) from odd) odd
"""

WITHOUT_RULE = """
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, fee_item_id, code, detail)
select $1, $2, a.id, a.number, $4, 'no_rule', '{}'
  from tenants_account a
 where a.tenant_id = $1 and a.scenario = $3 and a.is_active and a.kind = any ((
   select array(select jsonb_array_elements_text(account_kinds)) from billing_fee_item
    where tenant_id = $1 and id = $4)::text[])
"""

NO_HOLDER = """
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, code, detail)
select $1, $2, b.account_id, b.account_number, 'no_holder', '{}'
  from billing_bill b
 where b.tenant_id = $1 and b.run_id = $2 and not exists (
   select 1 from tenants_holder h where h.tenant_id = $1 and h.account_id = b.account_id
      and (h.until is null or h.until >= b.period))
"""

JUMPED = """
with lines as (
  select l.account_id, l.amount_minor, true is_now
    from billing_bill b join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
    join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id and i.kind = 'charge'
   where b.tenant_id = $1 and b.run_id = $2
  union all
  select l.account_id, l.amount_minor, false
    from billing_bill b join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id and l.is_live
   where b.tenant_id = $1 and b.period = $3 and b.status <> 'draft' and l.fee_item_id = any ($4::uuid[])
), sums as (
  select account_id, sum(amount_minor) filter (where is_now)::bigint now,
         sum(amount_minor) filter (where not is_now)::bigint before
    from lines group by account_id
)
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, code, detail)
select $1, $2, a.id, a.number, 'jumped', jsonb_build_object('before', sums.before, 'now', sums.now)
  from sums join tenants_account a on a.tenant_id = $1 and a.id = sums.account_id
 where abs(sums.now - sums.before) * 2 > sums.before
"""
"""Both months are summed in one pass: two sums that are joined cost the square of the accounts, since PostgreSQL
expects but one row behind the walls."""

NUMBER_AND_ISSUE = """
with numbered as (
  select b.id, $3::text || '-' || lpad((coalesce((
           select max(split_part(o.number, '-', 2)::bigint) from billing_bill o
            where o.tenant_id = $1 and o.period = $4 and o.number ~ ('^' || $3 || '-[0-9]+$')), 0)
         + row_number() over (order by a.sort_key, a.number))::text, 6, '0') number
    from billing_bill b join tenants_account a on a.tenant_id = b.tenant_id and a.id = b.account_id
   where b.tenant_id = $1 and b.run_id = $2 and b.status = 'draft'
)
update billing_bill b set status = 'issued', issued_at = $5, number = numbered.number
  from numbered where b.tenant_id = $1 and b.id = numbered.id
"""

ISSUE_ENTRIES = """
with entry as (
  insert into billing_entry (tenant_id, kind, source_id, occurred_at)
  select $1, 'bill.issued', id, $3 from billing_bill where tenant_id = $1 and run_id = $2 and total_minor > 0
  returning id, source_id
), side as (
  select e.id entry_id, 'receivable' ledger, b.account_id, b.id bill_id, b.currency, b.total_minor amount_minor
    from entry e join billing_bill b on b.tenant_id = $1 and b.id = e.source_id
  union all
  select e.id, 'income:' || i.key, l.account_id, l.bill_id, l.currency, -l.amount_minor
    from entry e join billing_bill_line l on l.tenant_id = $1 and l.bill_id = e.source_id
    join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
   where l.amount_minor <> 0
)
insert into billing_posting (tenant_id, entry_id, ledger, account_id, bill_id, currency, amount_minor)
select $1, side.* from side
"""

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
"""Takes back all that the bill still stands for: what it charged, less what adjustments let off. Nothing of it is paid,
so payments and their refunds cancel out by themselves."""

CANCEL = (
    "delete from billing_bill_exception where tenant_id = $1 and run_id = $2",
    "delete from billing_bill_line where tenant_id = $1 and bill_id in"
    " (select id from billing_bill where tenant_id = $1 and run_id = $2)",
    "delete from billing_bill where tenant_id = $1 and run_id = $2",
    "delete from billing_bill_run where tenant_id = $1 and id = $2",
)


@asynccontextmanager
async def in_bulk() -> AsyncIterator[None]:
    """Have PostgreSQL plan for many rows inside the block.

    A run's bills were written a moment ago, so there are no statistics of them: taken for a handful, they would be
    joined by comparing each with each. And this connection may have planned its foreign-key checks when the tables
    were nearly empty, by reading them whole for each row. Without either line, 10,000 bills took 90 s to issue
    instead of 1 s.
    """
    await execute("discard plans")
    await execute("set local enable_nestloop = off")
    yield
    await execute("set local enable_nestloop = on")


def draft_sql(document: Charge | LateFee) -> str:
    """Return the statement that drafts one fee item for all its accounts that have no live line yet.

    Parameters: tenant, run, scenario, fee item, first and last day of the period, the day up to which lateness
    counts, due day, currency, rule id. It answers with how many lines and exceptions it added.
    """
    keys = document.core.keys
    columns = {**month_facts("$5", "$6"), **_line_columns(keys)}
    late = isinstance(document, LateFee) or any(key in ARREARS_FACTS for key in keys)
    if late:
        columns |= ARREARS_FACTS
    accounts = _ACCOUNTS.format(
        columns="".join(_LINE.format(name=name) for name in _lines(keys)) + (_LATE if late else ""),
        joins=" join late on late.account_id = a.id" if late else "",
        before=_OWED if late else "",
    )
    rule = compile_sql(document, Source(relation=f"({accounts}) source", keep=_KEPT, columns=columns)).sql
    is_odd = "exception is not null and split_part(exception, ':', 1) not in ('not_eligible', 'not_active')"
    return _DRAFT.format(rule=rule, is_odd=is_odd if late else f"amount_minor = 0 or ({is_odd})")


def month_facts(first: str, last: str) -> dict[str, str]:
    """Return what a month itself tells a rule; ``first`` and ``last`` are the parameters with its days."""
    return {
        "quantity:months": "1",
        "quantity:days": f"({last}::date - {first}::date + 1)",
        "period:first": f"{first}::date",
        "period:last": f"{last}::date",
        "active:from": "NULL",
        "active:to": "NULL",
    }


def _lines(keys: Sequence[str]) -> list[str]:
    names = [key.removeprefix("line:") for key in keys if key.startswith("line:")]
    if not all(_LINE_NAME.fullmatch(name) for name in names):
        raise ValueError("a line's name that no rule may contain")
    return names


def _line_columns(keys: Sequence[str]) -> dict[str, str]:
    return {f"line:{name}": f"line_{name}" for name in _lines(keys)}
