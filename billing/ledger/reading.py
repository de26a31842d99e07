"""The journal as finance reads it: sums of ledger accounts, postings, entries. Always inside the open tenant scope."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.ledger.accounts import KINDS, NATURES, Nature, chart, is_known_ledger, ledger_name, nature_of
from billing.names import localized
from tenants.planning import by_stretch, in_bulk
from tenants.scope import each, row, rows
from ui.i18n import Text

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_CLOSED = """
select ends_at, totals from billing_period
 where tenant_id = $1 and is_locked and ends_at <= $2 order by ends_at desc limit 1
"""
_SUMS = """
select p.ledger, p.currency, coalesce(sum(p.amount_minor) filter (where p.amount_minor > 0), 0)::bigint debit,
       coalesce(-sum(p.amount_minor) filter (where p.amount_minor < 0), 0)::bigint credit
  from billing_entry e join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
 where e.tenant_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3{ledger}
 group by p.ledger, p.currency
"""
_OF_LEDGER = {False: " and ${0} = ''", True: " and p.ledger = ${0}"}
"""One ledger account is looked up by its index: no condition that holds of all of them too, which none would serve."""


@dataclass(frozen=True, slots=True)
class Line:
    """One ledger account in a trial balance: what it stood at, what moved, what it stands at. Debits are positive."""

    ledger: str
    name: Text | str
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def nature(self) -> Nature | None:
        """Which kind of account it is; none for one that the chart no longer has."""
        return nature_of(self.ledger) if is_known_ledger(self.ledger) else None

    @property
    def closing_minor(self) -> int:
        """What it stands at."""
        return self.opening_minor + self.debit_minor - self.credit_minor


async def trial(tenant_id: UUID, start: datetime, end: datetime, of: str = "") -> dict[str, list[Line]]:
    """Return every ledger account, or one, with what moved from ``start`` to before ``end``.

    By currency, in chart order.
    """
    opening = await balances_at(tenant_id, start, of)
    moved = {(r["ledger"], r["currency"]): r for r in await _moved(tenant_id, start, end, of)}
    names, found = await names_of(tenant_id), defaultdict[str, list[Line]](list)
    for ledger, currency in sorted({*opening, *moved}, key=_in_order):
        sums = moved.get((ledger, currency))
        debit, credit = (sums["debit"], sums["credit"]) if sums else (0, 0)
        stood = opening.get((ledger, currency), 0)
        if stood or debit or credit:
            found[currency].append(Line(ledger, ledger_name(ledger, names), currency, stood, debit, credit))
    return dict(found)


async def _moved(tenant_id: UUID, start: datetime, end: datetime, ledger: str) -> list[Any]:
    """Return what each ledger account got; a large institution's entries are never held against each posting."""
    async with in_bulk():
        return await rows(
            _SUMS.format(ledger=_OF_LEDGER[bool(ledger)].format(4)), tenant_id, start, end, ledger
        )


def _in_order(key: tuple[str, str]) -> tuple[str, int, str]:
    ledger, currency = key
    return (
        currency,
        list(NATURES).index(nature_of(ledger)) if is_known_ledger(ledger) else len(NATURES),
        ledger,
    )


async def balances_at(tenant_id: UUID, moment: datetime, of: str = "") -> dict[tuple[str, str], int]:
    """Return what each ledger account, or one, stands at before ``moment``, by ledger and currency.

    Reckoned on from the last closed month before it, whose balances are kept, so that no old posting is read again.
    """
    closed = await row(_CLOSED, tenant_id, moment)
    found = defaultdict[tuple[str, str], int](int)
    for ledger, currency, minor in json.loads(closed["totals"]) if closed else []:
        if of in {"", ledger}:
            found[ledger, currency] = minor
    for sums in await _moved(tenant_id, closed["ends_at"] if closed else BEGINNING, moment, of):
        found[sums["ledger"], sums["currency"]] += sums["debit"] - sums["credit"]
    return dict(found)


async def names_of(tenant_id: UUID) -> dict[str, Text | str]:
    """Return the words for what families of ledger accounts are named after: fee items by key, receivers by id."""
    fees, receivers = await _own_names(tenant_id)
    return fees | receivers


async def chart_of(tenant_id: UUID) -> list[tuple[str, Text | str]]:
    """Return the tenant's chart of accounts, for a choice."""
    return chart(*await _own_names(tenant_id))


async def _own_names(tenant_id: UUID) -> tuple[dict[str, Text | str], dict[str, Text | str]]:
    found = await rows(
        "select key, names from billing_fee_item where tenant_id = $1 order by created_at, key", tenant_id
    )
    receivers = await rows(
        "select id, name from billing_receiver where tenant_id = $1 order by name", tenant_id
    )
    fees: dict[str, Text | str] = {each["key"]: localized(json.loads(each["names"])) for each in found}
    return fees, {str(each["id"]): each["name"] for each in receivers}


def midnight(day: date, zone: str) -> datetime:
    """Return the moment a day begins in the tenant's zone."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class Span:
    """Which days and kinds of entries are asked for; both ends are included."""

    first: date
    last: date
    zone: str
    kind: str = ""
    ledger: str = ""
    account_id: UUID | None = None

    @property
    def start(self) -> datetime:
        """The first moment."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment that is over."""
        return midnight(self.last + timedelta(days=1), self.zone)

    def args(self, tenant_id: UUID) -> list[Any]:
        """Return the statements' parameters."""
        return [tenant_id, self.start, self.end, self.kind, self.ledger]


_ENTRIES = """
  from billing_entry e where e.tenant_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3
   and ($4 = '' or e.kind = $4) and ($5 = '' or exists (
     select 1 from billing_posting x where x.tenant_id = $1 and x.entry_id = e.id and x.ledger = $5))
"""
_ASKED = "e.tenant_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3 and ($4 = '' or e.kind = $4)"
_COUNT = f"""
select count(*) n from (select from billing_entry e
  join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id where {_ASKED}{{ledger}} limit $6) found
"""
FEW = 2_000
"""Postings of one ledger account that are looked up by it and put in order, not come upon among all."""
_POSTINGS = f"""
select l.*, a.number account_number, b.number bill_number, att.payment_id
  from (select p.id, e.id entry_id, e.occurred_at, e.kind, e.source_id, p.ledger, p.currency, p.amount_minor,
               p.account_id, p.bill_id
          from {{source}}
         where {_ASKED}{{chosen}}) l
  left join lateral (select number from tenants_account where id = l.account_id offset 0) a on true
  left join lateral (select number from billing_bill where id = l.bill_id offset 0) b on true
  left join lateral (select payment_id from billing_attempt where id = l.source_id offset 0) att on true
"""
"""What belongs to an entry, and to a posting that is chosen, is looked up for each (``lateral``, ``offset 0``): joined
as it stands, all postings of a large institution were held against each of its entries."""
_BY_ENTRY = (
    "billing_entry e cross join lateral (select * from billing_posting where entry_id = e.id offset 0) p"
)
_BY_LEDGER = (
    "billing_posting p cross join lateral (select * from billing_entry where id = p.entry_id offset 0) e"
)
_FIRST, _LAST = "order by {0}.occurred_at, {1}.id", "order by {0}.occurred_at desc, {1}.id desc"


async def count_postings(tenant_id: UUID, span: Span, most: int | None = None) -> int:
    """Return how many postings there are; no more than ``most`` are counted."""
    async with in_bulk():
        found = await row(_COUNT.format(ledger=_of(span)), *span.args(tenant_id), most)
    return int(found["n"]) if found else 0


def _of(span: Span) -> str:
    return _OF_LEDGER[bool(span.ledger)].format(5)


def _select(span: Span, chosen: str, *, is_few: bool = False) -> str:
    source = _BY_LEDGER if is_few and span.ledger else _BY_ENTRY
    tenant = " and p.tenant_id = $1" if is_few and span.ledger else ""
    return _POSTINGS.format(source=source, chosen=tenant + _of(span) + chosen)


async def postings(
    tenant_id: UUID, span: Span, limit: int, offset: int, *, is_few: bool = False
) -> list[Any]:
    """Return postings, the latest first; ``is_few`` where the ledger account asked for has at most ``FEW``."""
    chosen = f" {_LAST.format('e', 'p')} limit {limit:d} offset {offset:d}"
    sql = _select(span, chosen, is_few=is_few) + _LAST.format("l", "l")
    async with by_stretch():
        return [_shown(found) for found in await rows(sql, *span.args(tenant_id))]


async def each_posting(tenant_id: UUID, span: Span) -> AsyncIterator[Mapping[str, Any]]:
    """Yield every posting in the order in which they were booked."""
    sql = _select(span, f" {_FIRST.format('e', 'p')}") + _FIRST.format("l", "l")
    async for found in each(sql, *span.args(tenant_id)):
        yield _shown(found)


def _shown(posting: Any) -> dict[str, Any]:
    minor = posting["amount_minor"]
    sides = {"debit_minor": minor if minor > 0 else None, "credit_minor": -minor if minor < 0 else None}
    return {**dict(posting), **sides}


async def count_entries(tenant_id: UUID, span: Span) -> int:
    """Return how many entries there are."""
    async with in_bulk():
        found = await row(f"select count(*) n {_ENTRIES}", *span.args(tenant_id))
    return int(found["n"]) if found else 0


async def entries(tenant_id: UUID, span: Span, limit: int, offset: int) -> Sequence[dict[str, Any]]:
    """Return entries with their postings, the latest first."""
    order = f"order by e.occurred_at desc, e.id desc limit {limit:d} offset {offset:d}"
    heads = await rows(
        f"select e.id, e.kind, e.source_id, e.occurred_at {_ENTRIES} {order}", *span.args(tenant_id)
    )
    sides = defaultdict[UUID, list[Any]](list)
    whole = _select(replace(span, ledger=""), " and e.id = any ($6::uuid[])")
    whole += "order by l.amount_minor < 0, l.id"
    everything = [*span.args(tenant_id)[:4], "", [head["id"] for head in heads]]
    for found in await rows(whole, *everything):
        sides[found["entry_id"]].append(_shown(found))
    return [_entry(head, sides[head["id"]]) for head in heads]


def _entry(head: Any, postings: list[Any]) -> dict[str, Any]:
    paid = next((p["payment_id"] for p in postings), None)
    return {**dict(head), "postings": postings, "payment_id": paid}


def source_path(entry: Mapping[str, Any]) -> str:
    """Return where the record that caused an entry is seen, below the tenant's address; empty where nowhere."""
    kind = KINDS.get(entry["kind"])
    noun = {"bill": "bills", "refund": "refunds", "suspense": "suspense"}.get(kind.source if kind else "", "")
    if kind and kind.source == "attempt" and entry.get("payment_id"):
        return f"/payments/{entry['payment_id']}"
    return f"/{noun}/{entry['source_id']}" if noun else ""
