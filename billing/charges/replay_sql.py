"""A past run's fee under another rule, set-based: one statement for each stretch of accounts.

An account is what it was when it was billed as far as its line remembers: the line's stored inputs come before what
the account says today. Accounts that were not billed then are worked out by what they are today.

What belongs to an account is looked up by index, account by account, as ``run_sql`` explains: joined as they stand, all
bills of the institution would be read for each where PostgreSQL knows little of the tables.
"""

from collections.abc import Sequence

from billing.charges.run_sql import line_names
from billing.rules import Charge, LateFee
from billing.rules.compile import compile_sql
from billing.rules.facts import PERIOD_KEYS
from billing.rules.sql_frame import Source, text

STRETCH = 20_000
"""Accounts worked out in one statement and one transaction."""
_OF_MONTH = {"quantity:months": "1", "quantity:days": "($6::date - $5::date + 1)"}
_TYPES = {"quantity": "numeric", "balance": "bigint", "active": "date"}

_ACCOUNTS = """
(select a.id account_id, a.number, a.place, a.attributes || coalesce(l.inputs, '{{}}') attributes, l.inputs,
        l.amount_minor before_minor{lines}
   from chosen a
   left join lateral ({found}) l on true) source"""
_FOUND = """
 select l.* from (
   select id from billing_bill where run_id = $3 and account_id = a.id and (status <> 'void') is true offset 0) b
  cross join lateral (
   select bill_id, inputs, amount_minor from billing_bill_line
    where bill_id = b.id and (fee_item_id = $4) is true offset 0) l
  offset 0"""
"""The line of an account's bill in the run that is worked out again."""
_LINE = """, (select sum(o.amount_minor)::bigint from (
   select fee_item_id, amount_minor from billing_bill_line where bill_id = l.bill_id offset 0) o
    cross join lateral (select key from billing_fee_item where id = o.fee_item_id offset 0) i
   where i.key = '{name}') line_{name}"""
_WORK = """
with chosen as materialized (
  select a.id, a.number, a.place, a.attributes from tenants_account a
   where a.tenant_id = $1 and a.scenario = $7 and a.number > $8 and $5::date <= $6::date and {population}
   order by a.number limit $9
), computed as materialized (
{rule}
), kept as (
  insert into billing_rehearsal_line (tenant_id, rehearsal_id, account_id, account_number, place, before_minor,
                                      after_minor, difference_minor, exception)
  select $1, $2, account_id, number, place, before_minor, amount_minor,
         coalesce(amount_minor, 0) - coalesce(before_minor, 0), coalesce(left(exception, 200), '')
    from computed
   where before_minor is not null or amount_minor is not null
      or split_part(exception, ':', 1) not in ('not_eligible', 'not_active')
  on conflict (tenant_id, rehearsal_id, account_id) do nothing
)
select count(*) n, max(number) last from chosen
"""
_TODAY = """(a.is_active and a.kind = any ((select array(select jsonb_array_elements_text(account_kinds))
      from billing_fee_item where tenant_id = $1 and id = $4)::text[]) or {billed})"""
_BILLED = f"exists ({_FOUND})"


def replay_sql(document: Charge | LateFee) -> str:
    """Return the statement that works out one stretch of accounts and answers how many, and the last one's number.

    Parameters: tenant, rehearsal, run, fee item, first and last day of the period, scenario, the number of the last
    account of the stretch before, how many accounts. Late fees are replayed for those who were charged one.
    """
    keys = document.core.keys
    names = line_names(keys)
    accounts = _ACCOUNTS.format(found=_FOUND, lines="".join(_LINE.format(name=name) for name in names))
    columns = {key: _column(key) for key in keys if ":" in key}
    keep = ("account_id", "number", "place", "before_minor")
    rule = compile_sql(document, Source(relation=accounts, keep=keep, columns=columns)).sql
    population = _BILLED if isinstance(document, LateFee) else _TODAY.format(billed=_BILLED)
    return _WORK.format(rule=rule, population=population)


def _column(key: str) -> str:
    kind, _, name = key.partition(":")
    if kind == "line":
        return f"line_{name}"
    if key in {"period:first", "period:last"}:
        return "$5::date" if key == PERIOD_KEYS[0] else "$6::date"
    kept = f"(inputs ->> {text(key)})::{_TYPES[kind]}"
    return f"coalesce({kept}, {_OF_MONTH[key]})" if key in _OF_MONTH else kept


TOTALS = """
select count(*) accounts, coalesce(sum(before_minor), 0)::bigint before, coalesce(sum(after_minor), 0)::bigint after,
       coalesce(sum(difference_minor), 0)::bigint difference,
       count(*) filter (where difference_minor > 0) more, count(*) filter (where difference_minor < 0) less,
       count(*) filter (where difference_minor = 0) same, count(*) filter (where before_minor is null) fresh,
       count(*) filter (where after_minor is null and before_minor is not null) gone,
       count(*) filter (where exception <> '' and split_part(exception, ':', 1)
                        not in ('not_eligible', 'not_active')) odd,
       coalesce(min(difference_minor), 0) lowest, coalesce(max(difference_minor), 0) highest
  from billing_rehearsal_line where tenant_id = $1 and rehearsal_id = $2
"""
BINS = """
select case when difference_minor = 0 then null else floor(difference_minor::numeric / $3)::bigint end bin,
       count(*) accounts, sum(difference_minor)::bigint difference
  from billing_rehearsal_line where tenant_id = $1 and rehearsal_id = $2 group by 1 order by 1
"""
LARGEST: Sequence[str] = tuple(
    f"""select account_id, account_number, place, before_minor, after_minor, difference_minor, $3::text currency
          from billing_rehearsal_line where tenant_id = $1 and rehearsal_id = $2 and difference_minor {sign} 0
         order by difference_minor {way}, account_number limit 5"""
    for sign, way in ((">", "desc"), ("<", "asc"))
)
"""The largest changes up, and down."""
