"""The statements of drafting a bill run: one per fee item for each stretch of the estate.

A stretch is the accounts of a scenario between two places in the estate's order (sort key and number). ``$1`` is the
tenant, ``$2`` the run, ``$3`` the scenario, and the stretch's ends are the four parameters named by ``stretch``.

Everything that belongs to an account is looked up by index, account by account, whatever PostgreSQL knows of the
tables: right after a large import it knows nothing, and in a large database it expects one row of every tenant. So
lookups are written where they cannot be turned around (``lateral``, ``offset 0``), rows are changed by where they lie
(``ctid``), what no lookup should go by is asked as ``(…) is true``, and no lookup says ``tenant_id = $1``: the wall
adds the tenant by itself, and said twice it makes every index look alike.
"""

import re
from collections.abc import Sequence

from billing.answers.conditions import IS_DISPUTED
from billing.charges import pauses, quantities
from billing.rules import Charge, LateFee
from billing.rules.compile import compile_sql
from billing.rules.sql_frame import Source

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


def stretch(first: int, alias: str = "a") -> str:
    """Return the condition that an account lies in the stretch given by four parameters from ``$first`` on."""
    place = f"({alias}.sort_key, {alias}.number)"
    return (
        f"({alias}.scenario = $3) is true and {place} > (${first}::text, ${first + 1}::text)"
        f" and {place} <= (${first + 2}::text, ${first + 3}::text)"
    )


def serial(prefix: str, number: str) -> str:
    """Return a new id made of the first 28 characters of one and a row's number.

    By the hundred thousand, asking for each anew takes a sixth of the time: PostgreSQL may open the system's source of
    chance each time. What stays by chance tells apart whatever is made in the same microsecond.
    """
    return f"({prefix} || lpad(to_hex({number}), 8, '0'))::uuid"


FRESH = "left(new_id()::text, 28)"


def lying(source: str, column: str = "place", number: str = "null::bigint") -> str:
    """Return the rows to change, by where they lie (``place``), each with its number (``n``), as an item of a ``from``.

    PostgreSQL cannot tell how many rows of a tenant there are, and takes them for one when the table is new to it: it
    would read them all and compare each with each of these. So these are made to look fewer still, and are what it
    begins with: an array of unknown length, cut to a span.
    """
    return (
        f"(select p.place, p.n from unnest((select array_agg({column}) from {source}),"
        f" (select array_agg({number}) from {source})) p (place, n)"
        " where coalesce(p.n, 1) between 1 and 1000000)"
    )


IN_PLACES = "coalesce((select r.summary -> 'only' from billing_bill_run r where r.id = $2) ? a.place, true)"
"""Whether the run ($2) is for the account's place: of a class, a building. Most runs are for all."""

NEXT_STRETCH = """
with chosen as materialized (
  select a.sort_key, a.number from tenants_account a
   where a.tenant_id = $1 and (a.scenario = $2) is true and (a.sort_key, a.number) > ($3::text, $4::text)
   order by a.sort_key, a.number limit $5)
select count(*) accounts,
       (select sort_key from chosen order by sort_key desc, number desc limit 1) last_key,
       (select number from chosen order by sort_key desc, number desc limit 1) last_number
  from chosen
"""
"""The next ``$5`` accounts after a place in the order: how many there are, and the last one's place."""

_ACCOUNTS = f"""
select a.id account_id, a.number, a.name, a.place, a.sort_key, a.attributes, a.closed_on{{columns}}
  from tenants_account a{{joins}}
 where a.is_active and (lasts(a.closed_on, $5){{or_counted}}) and $6::date <= $6 and $7::date <= $7
   and {stretch(11)} and {IN_PLACES}
   and a.kind = any ((select array(select jsonb_array_elements_text(account_kinds)) from billing_fee_item
                      where tenant_id = $1 and id = $4)::text[])
   and not exists (select 1 from billing_bill_line l where l.account_id = a.id
                   and l.fee_item_id = $4 and l.period = $5 and l.is_live and l.is_periodic offset 0){{charged}}
"""

_OWED = """
 cross join lateral (
  select sum(l.left_minor)::bigint arrears,
         (sum(l.left_minor) filter (where i.kind <> 'late_fee'))::bigint principal,
         min(b.due_on) filter (where i.kind <> 'late_fee' and l.left_minor > 0) late_since,
         min(b.period) filter (where i.kind <> 'late_fee' and l.left_minor > 0) late_period
    from billing_bill b
    cross join lateral (
      select fee_item_id, amount_minor - paid_minor - adjusted_minor left_minor
        from billing_bill_line where bill_id = b.id offset 0) l
    cross join lateral (select kind from billing_fee_item where id = l.fee_item_id offset 0) i
   where b.account_id = a.id and (b.status in ('issued', 'part_paid')) is true and b.due_on < $7::date
     and b.period < $5::date and b.held_until is null
     and not {disputed}
     and b.currency = (select currency from billing_fee_item where tenant_id = $1 and id = $4)
  offset 0
 ) owed
 cross join lateral (
  select sum(l.amount_minor) filter (where l.period > owed.late_period) since, max(l.period) last
    from billing_bill_line l
   where l.account_id = a.id and l.fee_item_id = $4 and l.is_live and l.is_periodic
     and owed.principal > 0
  offset 0
 ) charged
 cross join lateral (
  select coalesce(sum(least(plans.left_minor, plans.later_minor)), 0)::bigint not_due from (
    select (select coalesce(sum(b.total_minor - b.paid_minor - b.adjusted_minor), 0)
              from billing_plan_bill q
             cross join lateral (select * from billing_bill where id = q.bill_id offset 0) b
             where q.plan_id = p.id and q.is_live and b.status in ('issued', 'part_paid') and b.due_on < $7::date
               and b.period < $5::date) left_minor,
           (select coalesce(sum(i.amount_minor), 0) from billing_instalment i
             where i.plan_id = p.id and i.due_on >= $7::date) later_minor
      from billing_instalment_plan p
     where p.account_id = a.id and (p.status = 'active') is true and owed.principal > 0) plans
  offset 0
 ) spread
 cross join lateral (
  select arrears - not_due arrears, principal - not_due principal, coalesce(since, 0)::bigint late_fee_charged,
         $7::date - late_since days_late,
         (extract(year from age($5::date, last)) * 12 + extract(month from age($5::date, last)))::int
           months_since_late_fee,
         (extract(year from $7::date) * 12 + extract(month from $7::date)
           - extract(year from late_since) * 12 - extract(month from late_since)
           + case when extract(day from $7::date) > extract(day from late_since) then 1 else 0 end)::int
           months_in_arrears{only}
 ) late
""".replace("{disputed}", IS_DISPUTED)

_ONLY_LATE = "\n    where principal > not_due"
_LINE = """, (select sum(l.amount_minor)::bigint from billing_bill_line l
   join billing_fee_item i on i.id = l.fee_item_id and i.key = '{name}'
  where l.account_id = a.id and l.period = $5 and l.is_live and l.is_periodic) line_{name}"""

_DRAFT = """
with computed as materialized (
{rule}
), fresh as materialized (select {fresh} bill, {fresh} line
), billed as materialized ({billed}
), bills as (
  insert into billing_bill (tenant_id, id, account_id, run_id, scenario, number, period, due_on, currency,
                            total_minor, account_number, account_name, place)
  select $1, bill_id, account_id, $2, $3, 'draft-' || replace(bill_id::text, '-', ''), $5, $8, $9,
         amount_minor, number, name, place
    from billed
  {again}
), lines as (
  insert into billing_bill_line (tenant_id, id, bill_id, account_id, fee_item_id, fee_rule_id, period, currency,
                                 amount_minor, names, inputs, position)
  select $1, {line_id}, bill_id, account_id, $4, $10, $5, $9, amount_minor, i.names, billed.inputs, i.position
    from billed cross join (select names, position from billing_fee_item where tenant_id = $1 and id = $4) i
), odd as (
  insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, fee_item_id, code, detail)
  select $1, $2, account_id, number, $4, coalesce(split_part(exception, ':', 1), 'zero_amount'),
         jsonb_build_object('subject', coalesce(split_part(exception, ':', 2), ''))
    from computed
   where {is_odd}
)
select count(*) lines from billed
"""

_PLACED = (
    "select computed.*, row_number() over (order by sort_key, number) n from computed where amount_minor > 0"
)
_NEW_BILL = serial("(select bill from fresh)", "n")
_FIRST = f"""
  select c.*, {_NEW_BILL} bill_id
    from ({_PLACED} and not exists (
      select 1 from billing_bill b where b.run_id = $2 and b.account_id = computed.account_id offset 0)) c
   order by n"""
_FURTHER = f"""
  select c.*, coalesce((select b.id from billing_bill b where b.run_id = $2 and b.account_id = c.account_id),
                       {_NEW_BILL}) bill_id
    from ({_PLACED}) c order by n"""
_ADD_TO_IT = """on conflict (tenant_id, run_id, account_id) where run_id is not null
  do update set total_minor = billing_bill.total_minor + excluded.total_minor"""

WITHOUT_RULE = f"""
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, fee_item_id, code, detail)
select $1, $2, a.id, a.number, $4, 'no_rule', '{{}}'
  from tenants_account a
 where a.is_active and {stretch(5)} and {IN_PLACES} and a.kind = any ((
   select array(select jsonb_array_elements_text(account_kinds)) from billing_fee_item
    where tenant_id = $1 and id = $4)::text[])
"""

HELD_HERE = "h.tenant_id = any ((select scope_tenants())::uuid[])"
"""(The wall of holders has a door of its own for each person, so that here the tenant is said, in the wall's words.)"""
_OURS = """tenants_account a
 cross join lateral (select * from billing_bill where run_id = $2 and account_id = a.id offset 0) b"""
"""Accounts with their bills in the run."""
NO_HOLDER = f"""
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, code, detail)
select $1, $2, b.account_id, b.account_number, 'no_holder', '{{}}'
  from {_OURS}
 where {stretch(4)} and not exists (
   select 1 from tenants_holder h where {HELD_HERE} and h.account_id = b.account_id
      and lasts(h.until, b.period) offset 0)
"""

_CHARGED = """(select sum(l.amount_minor)::bigint from billing_bill_line l
  cross join lateral (select status, run_id from billing_bill where id = l.bill_id offset 0) b
  where l.account_id = a.id and l.fee_item_id = any ($8::uuid[]) and l.period = {period}
    and l.is_live and l.is_periodic and (b.status <> 'draft' or b.run_id = $2))"""
CHARGED_NOW, CHARGED_BEFORE = _CHARGED.format(period="$9::date"), _CHARGED.format(period="$10::date")
"""What an account is charged for a month (``$9``) and the one before (``$10``), by the fee items ``$8``."""

HAS_LAST_MONTH = """
select exists (select 1 from billing_bill where tenant_id = $1 and period = $2 and status not in ('draft', 'void'))
"""
COMPARED = f"""
with charged as materialized (
  select a.id, a.number, {CHARGED_NOW} now, {CHARGED_BEFORE} before,
         exists (select 1 from billing_bill b where b.run_id = $2 and b.account_id = a.id) is_ours,
         exists (select 1 from billing_bill_exception e where e.run_id = $2
                  and e.account_number = a.number and e.account_id = a.id and e.code <> 'no_holder') is_known
    from tenants_account a where {stretch(4)} and {IN_PLACES}
     and (lasts(a.closed_on, $9::date) or not a.is_active)
)
insert into billing_bill_exception (tenant_id, run_id, account_id, account_number, code, detail)
select $1, $2, id, number, case when now is null then 'missing' else 'jumped' end,
       jsonb_build_object('before', before, 'now', now)
  from charged
 where before > 0 and case when now is null then not is_known
                           else is_ours and abs(now - before) * 100 > before * $11::int end
"""
"""Whoever was charged last month and is not now, and whoever is charged more or less by over ``$11`` per cent."""

_GONE = f"""
with gone as materialized (select {{found}}.ctid place from {{accounts}} where {{stretch}} and $1::uuid is not null)
delete from {{table}} using {lying("gone")} gone where {{table}}.ctid = gone.place
"""
CANCEL = (
    _GONE.format(
        table="billing_bill_exception",
        found="e",
        accounts="tenants_account a cross join lateral (select ctid from billing_bill_exception"
        " where run_id = $2 and account_number = a.number and account_id = a.id offset 0) e",
        stretch=stretch(4),
    ),
    _GONE.format(
        table="billing_bill_line",
        found="l",
        accounts=f"{_OURS} cross join lateral (select ctid from billing_bill_line where bill_id = b.id offset 0) l",
        stretch=stretch(4),
    ),
    _GONE.format(table="billing_bill", found="b", accounts=_OURS.replace("*", "ctid, *"), stretch=stretch(4)),
)
CANCEL_LEFT = (
    "delete from billing_bill_exception where run_id = $2 and $1::uuid is not null",
    _GONE.format(
        table="billing_bill_line",
        found="l",
        accounts="(select id from billing_bill where run_id = $2 offset 0) b"
        " cross join lateral (select ctid from billing_bill_line where bill_id = b.id offset 0) l",
        stretch="true",
    ),
    "delete from billing_bill where run_id = $2 and $1::uuid is not null",
    "delete from billing_bill_run where tenant_id = $1 and id = $2",
)
"""What no stretch holds any more, and the run itself."""


def draft_sql(document: Charge | LateFee, *, is_first: bool = False) -> str:
    """Return the statement that drafts one fee item for a stretch's accounts that have no live line yet.

    ``is_first`` says that the run has drafted nothing for the stretch so far, so that every bill is a new one.

    Parameters: tenant, run, scenario, fee item, first and last day of the period, the day up to which lateness
    counts, due day, currency, rule id, and the stretch. It answers with how many lines it added.
    """
    rule = computed_sql(document)
    late = _reads_arrears(document)
    is_odd = "exception is not null and split_part(exception, ':', 1) not in ('not_eligible', 'not_active')"
    bills = {"billed": _FIRST, "again": ""} if is_first else {"billed": _FURTHER, "again": _ADD_TO_IT}
    bills |= {"fresh": FRESH, "line_id": serial("(select line from fresh)", "billed.n")}
    return _DRAFT.format(**bills, rule=rule, is_odd=is_odd if late else f"amount_minor = 0 or ({is_odd})")


def _reads_arrears(document: Charge | LateFee) -> bool:
    return isinstance(document, LateFee) or any(key in ARREARS_FACTS for key in document.core.keys)


def computed_sql(document: Charge | LateFee) -> str:
    """Return what one fee item comes to for a stretch's accounts that have no live line yet, as a query.

    Its parameters are those of ``draft_sql``; it uses neither the due day nor the currency nor the rule's id.
    """
    keys = document.core.keys
    is_late, is_by_day = isinstance(document, LateFee), document.core.is_by_day
    columns = {**month_facts("$5", "$6"), "active:to": "closed_on", **_line_columns(keys)}
    if is_by_day and not is_late:
        columns["active:from"] = pauses.active_from(columns["active:from"])
        columns["active:to"] = pauses.active_to("closed_on")
    found = quantities.names_of(keys, {*columns, *ARREARS_FACTS})
    columns |= {f"quantity:{name}": f"quantity_{name}" for name in found}
    late = _reads_arrears(document)
    joins = ""
    if late:
        is_charge = isinstance(document, Charge)
        columns |= {fact: _or_nothing(name) if is_charge else name for fact, name in ARREARS_FACTS.items()}
        joins = _OWED.replace("{only}", "" if is_charge else _ONLY_LATE)
    accounts = _ACCOUNTS.format(
        columns="".join(_LINE.format(name=name) for name in line_names(keys))
        + quantities.select_of(found)
        + (_LATE if late else ""),
        joins=joins,
        or_counted=quantities.counted(found),
        charged="" if is_by_day or is_late else pauses.is_charged(quantities.counted(found)),
    )
    return compile_sql(document, Source(relation=f"({accounts}) source", keep=_KEPT, columns=columns)).sql


_SINCE = f"""(select case when bool_and(h.since is not null) then min(h.since) end from tenants_holder h
   where {HELD_HERE} and h.account_id = source.account_id and h.sees is null
     and lasts(h.until, {{first}}::date))"""
"""The day on which the first of its present holders moved in: for rules that go by days. From a change of owner within
the month on, somebody holds the account all the time; one that nobody holds is charged whole."""


def month_facts(first: str, last: str) -> dict[str, str]:
    """Return what a month itself tells a rule; ``first`` and ``last`` are the parameters with its days."""
    return {
        "quantity:months": "1",
        "quantity:days": f"({last}::date - {first}::date + 1)",
        "period:first": f"{first}::date",
        "period:last": f"{last}::date",
        "active:from": _SINCE.format(first=first),
        "active:to": "NULL",
    }


def _or_nothing(name: str) -> str:
    """Return what a charge reads of arrears where there are none: zero, but no month of a last late fee."""
    return name if name == "months_since_late_fee" else f"coalesce({name}, 0)"


def line_names(keys: Sequence[str]) -> list[str]:
    """Return the codes of the fee items whose lines a rule reads, safe to be written into a statement."""
    names = [key.removeprefix("line:") for key in keys if key.startswith("line:")]
    if not all(_LINE_NAME.fullmatch(name) for name in names):
        raise ValueError("a line's name that no rule may contain")
    return names


def _line_columns(keys: Sequence[str]) -> dict[str, str]:
    return {f"line:{name}": f"line_{name}" for name in line_names(keys)}
