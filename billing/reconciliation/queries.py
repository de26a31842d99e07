"""What the pages of reconciliation read: bounded lists in one statement each, always inside the tenant."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.lists import Line, adding, totalled, uuid_of
from billing.payments.staff_queries import Selection
from billing.payments.states import RECEIVED_SQL
from billing.reconciliation.arriving import LINES_OF
from tenants.actor import Actor
from tenants.days import day_named
from tenants.scope import row, rows
from ui.tables import TableQuery, Total

MOST = 100_000
BREAK_FILTERS = ("status", "kind", "owner", "channel", "age")
AGES = {"day": (0, 1), "days": (1, 3), "week": (3, 8), "older": (8, 100_000)}
"""How long breaks have waited, in days: from, and up to but not with."""
_AGE = "((select day_of($1)) - day_of({0}.tenant_id, {0}.created_at))"
BREAK_SORTS = {
    "created_at": "b.created_at",
    "day": "b.day",
    "amount": "abs(coalesce(b.found_minor, b.expected_minor))",
}
_BREAKS = """
select b.id, b.kind, b.status, b.channel, b.subject_kind, b.day, b.currency, b.expected_minor, b.found_minor,
       b.owner_id, b.owner_name, b.created_at, b.resolution, b.reason, b.facts, l.text, l.reference,
       l.kind line_kind, coalesce(b.found_minor, b.expected_minor) shown_minor
  from billing_break b left join billing_statement_line l on l.tenant_id = $1 and l.id = b.line_id
 where b.tenant_id = $1
"""


def _breaks(actor: Actor, query: TableQuery) -> Selection:
    chosen, status = Selection(actor.tenant_id), query.get("status") or "worked"
    if status == "worked":
        chosen.conditions.append("b.status in ('open', 'working')")
    elif status != "all":
        chosen.add("b.status = {}", status)
    for name in ("kind", "channel"):
        if query.get(name):
            chosen.add(f"b.{name} = {{}}", query.get(name))
    if query.get("owner") == "mine":
        chosen.add("b.owner_id = {}", actor.person_id)
    elif query.get("owner") == "nobody":
        chosen.conditions.append("b.owner_id is null")
    if query.get("age") in AGES:
        chosen.add(f"{_AGE.format('b')} >= {{}}", AGES[query.get("age")][0])
        chosen.add(f"{_AGE.format('b')} < {{}}", AGES[query.get("age")][1])
    if query.q:
        searched = ("l.text ilike {}", "l.reference ilike {}", "b.facts::text ilike {}")
        amount = "coalesce(b.found_minor, b.expected_minor)"
        chosen.search(query.q, *searched, amount=amount, currency=actor.place["currency"])
    return chosen


Listed = tuple[Sequence[Any], int, Sequence[Total]]
"""Rows, how many there are without bounds, and what all of them come to."""


async def breaks(actor: Actor, query: TableQuery, *, limit: int, offset: int) -> Listed:
    """Return breaks, the oldest first unless another order is asked for."""
    actor.require("reconciliation.read")
    chosen = _breaks(actor, query)
    sums = adding("expected_minor", "found_minor")
    return await _page(_BREAKS, chosen, query, BREAK_SORTS, "b.created_at, b.id", limit, offset, sums)


async def _page(  # noqa: PLR0917 - one list: what, which, in which order, how much of it
    sql: str,
    chosen: Selection,
    query: TableQuery,
    sorts: dict[str, str],
    standard: str,
    limit: int,
    offset: int,
    *sums: Line,
) -> Listed:
    counted = await totalled(f"{sql}{chosen.where}", chosen.args, sums)
    column = sorts.get(query.sort.removeprefix("-"))
    way = "desc" if query.sort.startswith("-") else "asc"
    order = f"{column} {way}, {standard}" if column else standard
    found = await rows(
        f"{sql}{chosen.where} order by {order} limit {limit:d} offset {offset:d}", *chosen.args
    )
    return found, *counted


@dataclass(frozen=True, slots=True)
class Aged:
    """How many breaks have waited so long, and what they come to."""

    age: str
    count: int
    amount_minor: int
    currency: str


async def break_ages(actor: Actor) -> list[Aged]:
    """Return the breaks to work by how long they have waited, the freshest first, by currency."""
    cases = " ".join(f"when age < {until} then '{key}'" for key, (_, until) in AGES.items())
    found = await rows(
        f"select case {cases} end age, currency, count(*)::int n, sum(amount)::bigint amount_minor from ("
        f" select {_AGE.format('b')} age, b.currency, abs(coalesce(b.found_minor, b.expected_minor, 0)) amount"
        "   from billing_break b where b.tenant_id = $1 and b.status in ('open', 'working')) waiting"
        " group by 1, 2 order by min(age), 2",
        actor.tenant_id,
    )
    return [Aged(each["age"], each["n"], each["amount_minor"], each["currency"]) for each in found]


async def break_counts(actor: Actor) -> dict[str, int]:
    """Return how many breaks of each kind are worked on."""
    found = await rows(
        "select kind, count(*)::int n from billing_break where tenant_id = $1 and status in ('open', 'working')"
        " group by kind",
        actor.tenant_id,
    )
    return {each["kind"]: each["n"] for each in found}


LINE_FILTERS = ("status", "kind", "channel", "account", "statement", "from", "until")
LINE_SORTS = {"occurred_at": "l.occurred_at", "amount_minor": "l.amount_minor"}
_LINES = """
select l.id, l.position, l.kind, l.channel, l.occurred_at, l.day, l.currency, l.amount_minor, l.fee_minor,
       l.reference, l.channel_reference, l.text, l.status, l.matched_by, s.filename
  from billing_statement_line l join billing_statement s on s.tenant_id = $1 and s.id = l.statement_id
 where l.tenant_id = $1
"""


async def lines(actor: Actor, query: TableQuery, *, limit: int, offset: int) -> Listed:
    """Return statement lines in the order of their statements."""
    actor.require("reconciliation.read")
    chosen = Selection(actor.tenant_id)
    if query.get("status") == "loose":
        chosen.conditions.append("l.status in ('open', 'differs')")
    elif query.get("status"):
        chosen.add("l.status = {}", query.get("status"))
    for name in ("kind", "channel"):
        if query.get(name):
            chosen.add(f"l.{name} = {{}}", query.get(name))
    if (account := uuid_of(query.get("account"))) is not None:
        chosen.add("l.settlement_account_id = {}", account)
    if (statement := uuid_of(query.get("statement"))) is not None:
        chosen.add(LINES_OF.format(s="{}::uuid"), statement)
    for name, sign in (("from", ">="), ("until", "<=")):
        if (day := day_named(query.get(name))) is not None:
            chosen.add(f"l.day {sign} {{}}", day)
    if query.q:
        searched = ("l.reference ilike {}", "l.channel_reference ilike {}", "l.text ilike {}")
        chosen.search(query.q, *searched, amount="l.amount_minor", currency=actor.place["currency"])
    standard = "l.id" if query.get("statement") else "l.id desc"
    sums = adding("fee_minor", "amount_minor")
    return await _page(_LINES, chosen, query, LINE_SORTS, standard, limit, offset, sums)


STATEMENT_FILTERS = ("channel",)
_STATEMENTS = """
select s.id, s.source, s.channel, s.reference, s.day_from, s.day_until, s.currency, s.filename, s.line_count,
       s.in_minor, s.out_minor, s.fee_minor, s.created_at, s.read_by_name, s.is_provisional, a.account_mask
  from billing_statement s join billing_settlement_account a on a.tenant_id = $1 and a.id = s.settlement_account_id
 where s.tenant_id = $1
"""


async def statements(actor: Actor, query: TableQuery, *, limit: int, offset: int) -> Listed:
    """Return statements, the newest day first."""
    actor.require("reconciliation.read")
    chosen = Selection(actor.tenant_id)
    if query.get("channel"):
        chosen.add("s.channel = {}", query.get("channel"))
    return await _page(_STATEMENTS, chosen, query, {}, "s.day_until desc, s.created_at desc", limit, offset)


_DAYS = f"""
with span as (select d::date as day from generate_series($3::date, $4::date, interval '1 day') d),
ours as (
  select (p.succeeded_at at time zone $5)::date as day, sum(p.amount_minor)::bigint amount, count(*)::int n
    from billing_payment p where p.tenant_id = $1 and p.settlement_account_id = $2 and p.channel in ('stripe', 'bank')
     and p.status in {RECEIVED_SQL}
     and p.succeeded_at >= ($3::date::timestamp at time zone $5)
     and p.succeeded_at < (($4::date + 1)::timestamp at time zone $5) group by 1),
theirs as (
  select x.day, sum(x.in_minor)::bigint amount, sum(x.fee_minor)::bigint fee, count(*) n
    from billing_statement s cross join lateral (
      select s.day_until as day, s.in_minor, s.fee_minor where s.day_from = s.day_until
      union all
      select l.day, sum(l.amount_minor) filter (where l.kind = 'payment'), sum(l.fee_minor)
        from billing_statement_line l
       where l.tenant_id = $1 and {LINES_OF.format(s="s.id")} and s.day_from < s.day_until
       group by l.day) x
   where s.tenant_id = $1 and s.settlement_account_id = $2 and s.channel <> 'account' and not s.is_provisional
     and s.source <> 'rail_fund' and s.day_until >= $3 and s.day_from <= $4 group by 1),
bank as (
  select p.day_until as day, sum(p.amount_minor)::bigint expected,
         sum(p.amount_minor) filter (where p.status = 'received')::bigint amount,
         bool_and(p.status = 'received') is_all
    from billing_payout p where p.tenant_id = $1 and p.settlement_account_id = $2 and p.channel <> 'counter'
     and p.day_until between $3 and $4 group by 1),
odd as (
  select b.day, count(*)::int n from billing_break b where b.tenant_id = $1 and b.settlement_account_id = $2
     and b.status in ('open', 'working') and b.day between $3 and $4 group by 1)
select span.day, ours.amount ours_minor, ours.n ours_count, theirs.amount theirs_minor, theirs.fee fee_minor,
       coalesce(theirs.n, 0) > 0 has_channel, bank.expected expected_minor, bank.amount bank_minor, bank.is_all,
       coalesce(odd.n, 0) breaks
  from span left join ours using (day) left join theirs using (day) left join bank using (day) left join odd using (day)
 order by span.day desc
"""


async def days(actor: Actor, account_id: UUID, first: date, last: date, zone: str) -> Sequence[Any]:
    """Return for each day of a span what we, the channels and the bank say of it, the newest first."""
    actor.require("reconciliation.read")
    return await rows(_DAYS, actor.tenant_id, account_id, first, last, zone)


async def clearing(actor: Actor) -> Sequence[Any]:
    """Return what each channel still holds for the tenant according to the ledger."""
    return await rows(
        "select substr(ledger, 10) channel, currency, sum(amount_minor)::bigint amount_minor from billing_posting"
        " where tenant_id = $1 and ledger like 'clearing:%' group by ledger, currency order by ledger, currency",
        actor.tenant_id,
    )


_LINE = """
select l.*, s.filename, s.source, p.id payment_id, p.number payment_number, p.amount_minor payment_minor,
       p.currency payment_currency, r.number refund_number, r.amount_minor refund_minor, po.reference payout_reference,
       po.amount_minor payout_minor, po.status payout_status
  from billing_statement_line l join billing_statement s on s.tenant_id = $1 and s.id = l.statement_id
  left join billing_refund r on r.tenant_id = $1 and r.id = l.refund_id
  left join billing_attempt a on a.tenant_id = $1 and a.id = l.attempt_id
  left join billing_payment p on p.tenant_id = $1 and p.id = coalesce(a.payment_id, r.payment_id)
  left join billing_payout po on po.tenant_id = $1 and po.id = coalesce(l.payout_id, s.payout_id)
 where l.tenant_id = $1 and l.id = $2
"""


async def line(actor: Actor, line_id: UUID) -> Any | None:
    """Return a line with its statement and what it was matched with."""
    actor.require("reconciliation.read")
    return await row(_LINE, actor.tenant_id, line_id)


_SUGGESTIONS = """
select g.id, g.score, g.reasons, g.subject_kind, g.status, g.decided_by_name,
       coalesce(p.number, rp.number, po.reference) number, coalesce(p.amount_minor, -r.amount_minor, po.amount_minor)
       amount_minor, coalesce(p.currency, r.currency, po.currency) currency,
       coalesce(p.payer_name, rp.payer_name, '') name,
       coalesce(a.ended_at, r.succeeded_at, po.arrives_on::timestamptz) at, coalesce(p.id, rp.id) payment_id
  from billing_match_suggestion g
  left join billing_attempt a on a.tenant_id = $1 and a.id = g.subject_id
  left join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
  left join billing_refund r on r.tenant_id = $1 and r.id = g.subject_id
  left join billing_payment rp on rp.tenant_id = $1 and rp.id = r.payment_id
  left join billing_payout po on po.tenant_id = $1 and po.id = g.subject_id
 where g.tenant_id = $1 and g.line_id = $2
   and (g.status <> 'proposed' or coalesce(po.status, 'on_the_way') = 'on_the_way'
   and not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.attempt_id = g.subject_id)
   and not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.refund_id = g.subject_id))
 order by g.score desc, g.id
"""


async def suggestions(actor: Actor, line_id: UUID) -> list[dict[str, Any]]:
    """Return what a line might be, the likeliest first; no longer what another line has been matched with since."""
    found = await rows(_SUGGESTIONS, actor.tenant_id, line_id)
    return [{**dict(each), "reasons": json.loads(each["reasons"])} for each in found]


async def acts_on(actor: Actor, *ids: UUID | None) -> list[dict[str, Any]]:
    """Return the audit trail of these subjects, newest first."""
    found = await rows(
        "select act, created_at at, person_name, after from tenants_audit where tenant_id = $1"
        " and subject_id = any ($2::uuid[]) order by created_at desc limit 100",
        actor.tenant_id,
        [one for one in ids if one],
    )
    return [{**dict(each), "after": json.loads(each["after"]) if each["after"] else {}} for each in found]
