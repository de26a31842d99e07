"""Thousands of payments of the past written at once: row for row what ``billing.payments.settling`` writes for one.

A test holds a payment written here beside one that the product has taken; the ledger's own check holds the sums.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from billing import ledger
from billing.channels import CHANNELS, channel_name
from billing.channels.contract import Item
from billing.channels.counter import CASH, METHODS, REFERENCED, method_name
from billing.channels.counter import KEY as COUNTER
from billing.models import SettlementAccount
from billing.names import localized
from billing.payments.allocating import spread
from billing.payments.numbers import LENGTH, receipt_number
from billing.payments.orders import request_of
from billing.receipts.documents import Issuer, ReceiptDocument, ReceiptLine
from billing.receipts.service import code_of
from deploy.seed.past import Line, Owed, Past, Payer
from tenants.actor import Actor
from tenants.codes import code_from, group_code, hash_token, normalise_code
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Bank, Tenant
from tenants.planning import by_stretch
from tenants.runtime import runtime
from tenants.scope import execute, rows

_PAYERS = """
select a.id account_id, a.number, a.name, coalesce(h.name, a.number) holder, coalesce(h.email, '') email, h.person_id,
       jsonb_agg(jsonb_build_array(b.id, b.number, b.period, b.total_minor - b.adjusted_minor, b.paid_minor, l.lines)
                 order by b.due_on, b.number) bills
  from billing_bill b
  join tenants_account a on a.tenant_id = b.tenant_id and a.id = b.account_id
  join lateral (select jsonb_agg(jsonb_build_array(l.id, l.amount_minor - l.paid_minor - l.adjusted_minor, l.names)
                                 order by l.position, l.id) lines
                  from billing_bill_line l where l.tenant_id = $1 and l.bill_id = b.id
                   and l.amount_minor > l.paid_minor + l.adjusted_minor) l on true
  left join lateral (select name, email, person_id from tenants_holder h
                      where h.tenant_id = $1 and h.account_id = a.id
                      order by is_default_payer desc, id limit 1) h on true
 where b.tenant_id = $1 and b.status in ('issued', 'part_paid')
 group by a.id, a.number, a.name, h.name, h.email, h.person_id, a.sort_key order by a.sort_key, a.number
"""


async def payers(tenant: Tenant) -> list[Payer]:
    """Return every account of the open tenant scope that owes something."""
    return [_payer(found) for found in await rows(_PAYERS, tenant.id)]


def _payer(found: Any) -> Payer:
    bills = tuple(_owed(bill) for bill in json.loads(found["bills"]))
    return Payer(**{**dict(found), "bills": bills})


def _owed(bill: list[Any]) -> Owed:
    lines = tuple(Line(UUID(line), left, names) for line, left, names in bill[5])
    return Owed(UUID(bill[0]), bill[1], date.fromisoformat(bill[2]), bill[3], bill[4], lines)


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose books these are: the institution, its account, and the cashier who took what came in at the counter."""

    tenant: Tenant
    bank: Bank
    account: SettlementAccount
    cashier: Actor

    @property
    def zone(self) -> ZoneInfo:
        """Where the institution's days end."""
        return ZoneInfo(self.tenant.timezone)


_TYPES = {
    "billing_day_close": "tenant_id uuid, id uuid, created_at timestamptz, day date, cashier_id uuid,"
    " cashier_name text, currency text, expected jsonb, counted jsonb, difference_minor bigint,"
    " payment_count int, note text",
    "billing_payment": "tenant_id uuid, id uuid, created_at timestamptz, number text, currency text,"
    " amount_minor bigint, status text, channel text, settlement_account_id uuid, person_id uuid, payer_name text,"
    " payer_email text, taken_by uuid, taken_by_name text, counter_method text, counter_reference text,"
    " tendered_minor bigint, day_close_id uuid, succeeded_at timestamptz, expires_at timestamptz",
    "billing_payment_part": "tenant_id uuid, payment_id uuid, bill_id uuid, amount_minor bigint, is_live boolean,"
    " created_at timestamptz",
    "billing_attempt": "tenant_id uuid, id uuid, created_at timestamptz, payment_id uuid, channel text, currency text,"
    " amount_minor bigint, status text, channel_reference text, channel_payment text, error text, request jsonb,"
    " sent_at timestamptz, asked_at timestamptz, expires_at timestamptz, ended_at timestamptz",
    "billing_allocation": "tenant_id uuid, created_at timestamptz, payment_id uuid, bill_id uuid, bill_line_id uuid,"
    " amount_minor bigint",
    "billing_entry": "tenant_id uuid, id uuid, created_at timestamptz, kind text, source_id uuid,"
    " occurred_at timestamptz",
    "billing_posting": "tenant_id uuid, created_at timestamptz, entry_id uuid, ledger text, account_id uuid,"
    " bill_id uuid, currency text, amount_minor bigint",
    "billing_receipt": "tenant_id uuid, id uuid, created_at timestamptz, payment_id uuid, person_id uuid, number text,"
    " verification_hash bytea, document jsonb",
    "tenants_audit": "tenant_id uuid, id uuid, created_at timestamptz, act text, person_id uuid, person_name text,"
    " subject_kind text, subject_id uuid, subject_label text, after jsonb",
}
"""Columns by table, in the order in which the tables are filled."""
_LINES = """
update billing_bill_line l set paid_minor = l.paid_minor + s.amount
  from unnest($2::uuid[], $3::bigint[]) s (id, amount)
 where l.tenant_id = $1 and l.id = s.id
"""
_BILLS = """
update billing_bill b
   set paid_minor = b.paid_minor + s.amount,
       status = case when b.paid_minor + s.amount = b.total_minor - b.adjusted_minor then 'paid' else 'part_paid' end
  from unnest($2::uuid[], $3::bigint[]) s (id, amount)
 where b.tenant_id = $1 and b.id = s.id
"""
Rows = dict[str, list[dict[str, Any]]]


async def write(desk: Desk, past: Sequence[Past]) -> None:
    """Write payments with all that hangs on them, in the open tenant scope."""
    made: Rows = defaultdict(list)
    closes = _closes(desk, past, made)
    for paid in past:
        for table, row in _rows(desk, paid, closes):
            made[table].append(row)
    async with by_stretch():
        for table, columns in _TYPES.items():
            await _put(table, columns, made[table])
    good = [paid for paid in past if paid.state == "succeeded"]
    lines = [(line.id, amount) for paid in good for _, line, amount in _shares(paid)]
    bills = [(bill.id, amount) for paid in good for bill, amount in paid.parts]
    for sql, sums in ((_LINES, lines), (_BILLS, bills)):
        await execute(sql, desk.tenant.id, [key for key, _ in sums], [amount for _, amount in sums])


async def _put(table: str, columns: str, made: Sequence[Mapping[str, Any]]) -> None:
    names = ", ".join(column.split()[0] for column in columns.split(","))
    sql = f"insert into {table} ({names}) select {names} from jsonb_to_recordset($1::jsonb) r ({columns})"
    await execute(sql, _json(made))


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _closes(desk: Desk, past: Sequence[Past], made: Rows) -> dict[date, UUID]:
    """Close the cashier's days but the running one, and return the closes by day."""
    days: dict[date, list[Past]] = defaultdict(list)
    now = today(desk.zone.key)
    for paid in past:
        if paid.channel == COUNTER and (day := paid.at.astimezone(desk.zone).date()) < now:
            days[day].append(paid)
    ids = {day: new_id() for day in sorted(days)}
    made["billing_day_close"] += [_close(desk, day, ids[day], days[day]) for day in ids]
    return ids


def _close(desk: Desk, day: date, close_id: UUID, taken: Sequence[Past]) -> dict[str, Any]:
    expected = dict.fromkeys(METHODS, 0)
    for paid in taken:
        expected[paid.method] += paid.amount_minor
    short = 500 if day.day % 13 == 0 and expected[CASH] else 0
    return {
        "tenant_id": desk.tenant.id,
        "id": close_id,
        "created_at": datetime(day.year, day.month, day.day, 17, 45, tzinfo=desk.zone),
        "day": day,
        "cashier_id": desk.cashier.person_id,
        "cashier_name": desk.cashier.name,
        "currency": desk.tenant.currency,
        "expected": expected,
        "counted": expected | {CASH: expected[CASH] - short},
        "difference_minor": -short,
        "payment_count": len(taken),
        "note": "Five dollars short; the drawer was searched." if short else "",
    }


def _rows(desk: Desk, paid: Past, closes: Mapping[date, UUID]) -> Iterator[tuple[str, dict[str, Any]]]:
    base = {"tenant_id": desk.tenant.id, "created_at": paid.at}
    number, is_good = _number(paid), paid.state == "succeeded"
    yield "billing_payment", base | _payment(desk, paid, number, closes)
    for bill, amount in paid.parts:
        part = {"payment_id": paid.id, "bill_id": bill.id, "amount_minor": amount, "is_live": False}
        yield "billing_payment_part", base | part
    yield "billing_attempt", base | _attempt(desk, paid)
    if not is_good:
        return
    for bill, line, amount in _shares(paid):
        share = {"payment_id": paid.id, "bill_id": bill.id, "bill_line_id": line.id, "amount_minor": amount}
        yield "billing_allocation", base | share
    yield from _entry(desk, paid, base)
    yield "billing_receipt", base | _receipt(desk, paid, number)
    yield "tenants_audit", base | _audit(desk, paid, number)


def _number(paid: Past) -> str:
    code = code_from(runtime().sign("demonstration", paid.id.bytes), LENGTH)
    return f"P{paid.at:%y%m%d}-{group_code(code, 5)}"


def _payment(desk: Desk, paid: Past, number: str, closes: Mapping[date, UUID]) -> dict[str, Any]:
    is_desk = paid.channel == COUNTER
    amount = paid.amount_minor
    return {
        "id": paid.id,
        "number": number,
        "currency": desk.tenant.currency,
        "amount_minor": amount,
        "status": paid.state,
        "channel": paid.channel,
        "settlement_account_id": desk.account.id,
        "person_id": None if is_desk else paid.payer.person_id,
        "payer_name": paid.payer.holder[:100],
        "payer_email": "" if is_desk else paid.payer.email,
        "taken_by": desk.cashier.person_id if is_desk else None,
        "taken_by_name": desk.cashier.name if is_desk else "",
        "counter_method": paid.method,
        "counter_reference": f"{number[-5:]}" if paid.method in REFERENCED else "",
        "tendered_minor": -(-amount // 1000) * 1000 if paid.method == CASH else None,
        "day_close_id": closes.get(paid.at.astimezone(desk.zone).date()) if is_desk else None,
        "succeeded_at": paid.at if paid.state == "succeeded" else None,
        "expires_at": None if is_desk else paid.at + CHANNELS[paid.channel].capabilities.lifetime,
    }


def _attempt(desk: Desk, paid: Past) -> dict[str, Any]:
    is_desk = paid.channel == COUNTER
    begun = None if is_desk else paid.at - timedelta(minutes=2)
    lifetime = timedelta() if is_desk else CHANNELS[paid.channel].capabilities.lifetime
    return {
        "id": paid.attempt_id,
        "payment_id": paid.id,
        "channel": paid.channel,
        "currency": desk.tenant.currency,
        "amount_minor": paid.amount_minor,
        "status": paid.state,
        "channel_reference": paid.told.get("reference", ""),
        "channel_payment": paid.told.get("payment", ""),
        "error": "card_declined" if paid.state == "failed" else "",
        "request": request_of(
            items=items(paid), return_url="", cancel_url="", locale="en", payer_email=paid.payer.email
        ),
        "sent_at": begun,
        "asked_at": None if is_desk else paid.at,
        "expires_at": paid.at + lifetime,
        "ended_at": paid.at + lifetime if paid.state == "expired" else paid.at,
    }


def items(paid: Past) -> list[Item]:
    """Return what the payment is for as the channel's page shows it."""
    account = paid.payer.account
    return [Item(f"Bill {bill.number} for {account}", amount) for bill, amount in paid.parts]


def _shares(paid: Past) -> Iterator[tuple[Owed, Line, int]]:
    for bill, amount in paid.parts:
        given = spread([line.left_minor for line in bill.lines], amount)
        yield from ((bill, line, share) for line, share in zip(bill.lines, given, strict=True) if share)


def _entry(desk: Desk, paid: Past, base: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    entry = {
        "id": new_id(),
        "kind": "payment.succeeded",
        "source_id": paid.attempt_id,
        "occurred_at": paid.at,
    }
    yield "billing_entry", {**base, **entry}
    side = {**base, "entry_id": entry["id"], "currency": desk.tenant.currency}
    yield (
        "billing_posting",
        side | {"ledger": ledger.clearing(paid.channel), "amount_minor": paid.amount_minor},
    )
    for bill, amount in paid.parts:
        owed = {"ledger": ledger.RECEIVABLE, "account_id": paid.payer.account_id, "bill_id": bill.id}
        yield "billing_posting", side | owed | {"amount_minor": -amount}


def _receipt(desk: Desk, paid: Past, number: str) -> dict[str, Any]:
    receipt_id = new_id()
    code = code_of(receipt_id)
    shares = list(_shares(paid))
    kept = _document(desk, paid, number, code, shares).as_json()
    for shown, (_, line, _) in zip(kept["lines"], shares, strict=True):
        shown["names"] = line.names
    return {
        "id": receipt_id,
        "payment_id": paid.id,
        "person_id": None if paid.channel == COUNTER else paid.payer.person_id,
        "number": receipt_number(number),
        "verification_hash": f"\\x{hash_token(normalise_code(code)).hex()}",
        "document": kept,
    }


def _document(
    desk: Desk, paid: Past, number: str, code: str, shares: Sequence[tuple[Owed, Line, int]]
) -> ReceiptDocument:
    tenant, account = desk.tenant, paid.payer.account
    is_desk = paid.channel == COUNTER
    lines = [
        ReceiptLine(
            item=localized(line.names), period=f"{bill.period:%Y-%m}", account=account, amount_minor=share
        )
        for bill, line, share in shares
    ]
    return ReceiptDocument(
        issuer=Issuer(
            name=tenant.name,
            credit_code=tenant.uscc,
            phone=tenant.contact_phone,
            bank_name=desk.bank.name,
            colour=desk.bank.accent,
        ),
        number=receipt_number(number),
        payer=paid.payer.holder[:100],
        paid_at=paid.at,
        zone=tenant.timezone,
        currency=tenant.currency,
        lines=tuple(lines),
        total_minor=paid.amount_minor,
        channel=method_name(paid.method) if is_desk else channel_name(paid.channel),
        reference=number[-5:] if paid.method in REFERENCED else paid.told.get("payment", ""),
        taken_by=desk.cashier.name if is_desk else "",
        verify_url=f"{runtime().public_url.rstrip('/')}/verify/{code}",
        verification_code=code,
    )


def _audit(desk: Desk, paid: Past, number: str) -> dict[str, Any]:
    is_desk = paid.channel == COUNTER
    facts = {"amount_minor": paid.amount_minor, "currency": desk.tenant.currency, "channel": paid.channel}
    return {
        "id": new_id(),
        "act": "payment.succeeded",
        "person_id": desk.cashier.person_id if is_desk else paid.payer.person_id,
        "person_name": desk.cashier.name if is_desk else "Scenario Cloud",
        "subject_kind": "payment",
        "subject_id": paid.id,
        "subject_label": number,
        "after": facts | {"unassigned_minor": 0, "is_late": False},
    }
