"""What a loose line might be: candidates by amount and time, scored in words that a person can weigh."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tenants.scope import execute, rows
from ui.i18n import N_

MOST_LINES = 200
BEST = 3
LOWEST = 50
REASONS: dict[str, str] = {
    "amount": N_("The amount is the same"),
    "close": N_("The amount is close"),
    "hour": N_("Within an hour"),
    "day": N_("Within a day"),
    "days": N_("Within a few days"),
    "number": N_("The text names its number"),
    "name": N_("The text names the payer"),
}
"""Why something is suggested, in English msgids."""
_POINTS = {"amount": 50, "close": 25, "hour": 30, "day": 20, "days": 10, "number": 25, "name": 15}
_TAIL = 5
_LINES = (
    "select l.* from billing_statement_line l where l.tenant_id = $1 and l.settlement_account_id = $2"
    " and l.channel = $3 and l.status = 'open' and l.kind = '{kind}' and not exists (select 1"
    " from billing_match_suggestion s where s.tenant_id = $1 and s.line_id = l.id) order by l.day desc, l.id"
    " limit {most}"
)
_SHAPE = (
    "l.id line_id, l.amount_minor told_minor, l.text, l.reference,"
    " extract(epoch from l.occurred_at - {at})::bigint away"
)
_PAYMENTS = f"""
select 'payment' kind, {_SHAPE.format(at="a.ended_at")}, a.id subject_id, a.amount_minor, a.number, a.payer_name name
  from ({_LINES.format(kind="{kind}", most=MOST_LINES)}) l
  cross join lateral (
    select a.id, a.ended_at, p.amount_minor, p.number, p.payer_name from billing_attempt a
      join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
     where a.tenant_id = $1 and a.channel = {{channel}} and a.status = 'succeeded' and p.settlement_account_id = $2
       and a.ended_at between l.occurred_at - interval '7 days' and l.occurred_at + interval '7 days'
       and p.currency = l.currency and (p.amount_minor = l.amount_minor or {{else_near}})
       and not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.attempt_id = a.id)
     order by p.amount_minor = l.amount_minor desc, abs(extract(epoch from a.ended_at - l.occurred_at)) limit 5) a
"""
_REFUNDS = f"""
select 'refund' kind, {_SHAPE.format(at="r.succeeded_at")}, r.id subject_id, -r.amount_minor amount_minor, r.number,
       r.payer_name name
  from ({_LINES.format(kind="refund", most=MOST_LINES)}) l
  cross join lateral (
    select r.id, r.succeeded_at, r.amount_minor, r.number, p.payer_name from billing_refund r
      join billing_payment p on p.tenant_id = $1 and p.id = r.payment_id
     where r.tenant_id = $1 and p.channel = $3 and r.status = 'succeeded' and r.currency = l.currency
       and r.amount_minor = -l.amount_minor
       and r.succeeded_at between l.occurred_at - interval '7 days' and l.occurred_at + interval '7 days'
       and not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.refund_id = r.id)
     order by abs(extract(epoch from r.succeeded_at - l.occurred_at)) limit 5) r
"""
_PAYOUTS = f"""
select 'payout' kind, {_SHAPE.format(at="(p.arrives_on + time '12:00')::timestamptz")}, p.id subject_id,
       p.amount_minor, p.reference number, '' name
  from ({_LINES.format(kind="credit", most=MOST_LINES)}) l
  cross join lateral (
    select p.* from billing_payout p where p.tenant_id = $1 and p.settlement_account_id = $2
       and p.status = 'on_the_way' and p.currency = l.currency and p.arrives_on between l.day - 10 and l.day + 3
       and abs(p.amount_minor - l.amount_minor) <= l.amount_minor / 50
     order by abs(p.amount_minor - l.amount_minor), p.arrives_on limit 5) p
"""


_NEAR = "a.ended_at between l.occurred_at - interval '10 minutes' and l.occurred_at + interval '10 minutes'"
"""A channel's line of another amount may still be ours; a credit is only ever a transfer of the same amount."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing of ours that a line might be; ``away`` is how far apart they are in time."""

    told_minor: int
    amount_minor: int
    away: timedelta
    text: str
    number: str
    name: str


def weigh(candidate: Candidate) -> tuple[int, list[str]]:
    """Return a score up to 99 and the reasons that make it, as keys of ``REASONS``."""
    away, text = abs(candidate.away), candidate.text.casefold()
    reasons = ["amount" if candidate.told_minor == candidate.amount_minor else "close"]
    for name, limit in (
        ("hour", timedelta(hours=1)),
        ("day", timedelta(days=1)),
        ("days", timedelta(days=4)),
    ):
        if away <= limit:
            reasons.append(name)
            break
    if len(candidate.number) >= _TAIL and candidate.number[-_TAIL:].casefold() in text:
        reasons.append("number")
    if candidate.name and candidate.name.casefold() in text:
        reasons.append("name")
    return min(sum(_POINTS[reason] for reason in reasons), 99), reasons


async def suggest(tenant_id: UUID, account_id: UUID, channel: str) -> int:
    """Propose what the newest loose lines might be and return how many proposals were made."""
    found = []
    if channel == "account":
        found += await rows(_PAYOUTS, tenant_id, account_id, channel)
        found += await rows(
            _PAYMENTS.format(kind="credit", channel="'counter'", else_near="false"),
            tenant_id,
            account_id,
            channel,
        )
    else:
        payments = _PAYMENTS.format(kind="payment", channel="$3", else_near=_NEAR)
        found += await rows(payments, tenant_id, account_id, channel)
        found += await rows(_REFUNDS, tenant_id, account_id, channel)
    by_line: dict[UUID, list[tuple[int, list[str], Any]]] = defaultdict(list)
    for each in found:
        score, reasons = weigh(_candidate(each))
        if score >= LOWEST:
            by_line[each["line_id"]].append((score, reasons, each))
    best = [one for named in by_line.values() for one in sorted(named, key=lambda n: -n[0])[:BEST]]
    await _keep(tenant_id, best)
    return len(best)


def _candidate(found: Any) -> Candidate:
    return Candidate(
        told_minor=found["told_minor"],
        amount_minor=found["amount_minor"],
        away=timedelta(seconds=found["away"]),
        text=f"{found['text']} {found['reference']}",
        number=found["number"],
        name=found["name"],
    )


async def _keep(tenant_id: UUID, best: list[tuple[int, list[str], Any]]) -> None:
    await execute(
        "insert into billing_match_suggestion (tenant_id, line_id, subject_kind, subject_id, score, reasons)"
        " select $1, * from unnest($2::uuid[], $3::text[], $4::uuid[], $5::smallint[], $6::jsonb[])"
        " on conflict do nothing",
        tenant_id,
        [found["line_id"] for _, _, found in best],
        [found["kind"] for _, _, found in best],
        [found["subject_id"] for _, _, found in best],
        [score for score, _, _ in best],
        [json.dumps(reasons) for _, reasons, _ in best],
    )
