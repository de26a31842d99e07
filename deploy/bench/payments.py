"""Payments that wait for their money, written by a superuser in few statements, and the messages that bring it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from billing import ledger
from deploy.bench.scratch import superuser, tenant
from deploy.settings import Settings
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope

_AMOUNT = 6350


@dataclass(frozen=True, slots=True)
class Book:
    """Institutions with payments under way, and Stripe's events saying that each was paid, one institution in turn."""

    tenants: tuple[UUID, ...]
    messages: tuple[str, ...]


async def fill(settings: Settings, number: int, *, tenants: int, payments: int) -> Book:
    """Write the institutions and their payments; each pays one bill of an account of its own."""
    first = await tenant(number)
    async with superuser(settings) as connection, connection.transaction():
        await connection.execute(_OTHER_TENANTS, first.id, tenants - 1)
        await connection.execute(_PLACES.replace("$1", f"'{first.slug}%'"))
        await connection.execute(_DUE.replace("$1", str(payments)).replace("$2", str(_AMOUNT)))
        found = await connection.fetch("select * from due order by n")
        await connection.execute(_PAST)
    async with superuser(settings) as connection:
        await connection.execute("vacuum analyze")
    ids = dict.fromkeys(row["tenant_id"] for row in found)
    return Book(tuple(ids), tuple(json.dumps(_event(row)) for row in found))


async def left_behind(settings: Settings, book: Book) -> Mapping[str, int]:
    """Return what the messages should have left and have not: empty when every payment arrived whole."""
    async with superuser(settings) as connection:
        counts = await connection.fetchrow(_COUNTS, list(book.tenants))
    wanted = len(book.messages)
    wrong = {name: found for name, found in counts.items() if found != wanted}
    for of in book.tenants[:3]:
        async with open_scope(tenant_scope(of)):
            wrong |= {fault.check: 1 for fault in await ledger.verify_ledger(of)}
    return wrong


_OTHER_TENANTS = """
insert into tenants_tenant select (jsonb_populate_record(t, jsonb_build_object(
    'id', new_id(), 'slug', t.slug || '-' || n, 'uscc', lpad(n::text, 18, '0')))).*
  from tenants_tenant t, generate_series(1, $2::int) n where t.id = $1
"""
_PLACES = """
create temporary table places on commit drop as
  select row_number() over (order by t.slug) - 1 n, t.id tenant_id, t.currency, new_id() settlement_id,
         new_id() fee_id, 'acct_' || replace(t.id::text, '-', '') stripe_account
    from tenants_tenant t where t.slug like $1;
insert into billing_settlement_account (tenant_id, id, currency, bank_code, account_name, account_number,
    account_mask, stripe_account, is_stripe_ready)
  select tenant_id, settlement_id, currency, 'HRBRSGSG', 'Bench', '\\x00', '****', stripe_account, true from places;
insert into billing_fee_item (tenant_id, id, scenario, key, names, account_kinds, currency)
  select tenant_id, fee_id, 'community', 'bench', '{"en": "Service charge", "zh_CN": "服务费"}', '["unit"]', currency
    from places;
"""
_DUE = """
create temporary table due on commit drop as
  select g.n, p.tenant_id, p.settlement_id, p.fee_id, p.currency, p.stripe_account, new_id() account_id,
         new_id() bill_id, new_id() payment_id, new_id() attempt_id, new_id() entry_id,
         'N' || lpad(g.n::text, 8, '0') name
    from generate_series(0, $1 - 1) g (n) join places p on p.n = g.n % (select count(*) from places);
insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
  select tenant_id, account_id, 'community', 'unit', name, name, 'Bench St', name, '{}' from due;
insert into billing_bill (tenant_id, id, account_id, scenario, number, period, due_on, currency, total_minor, status,
    account_number, account_name, issued_at)
  select tenant_id, bill_id, account_id, 'community', name, '2026-01-01', '2026-01-15', currency, $2, 'issued',
         name, name, now() from due;
insert into billing_bill_line (tenant_id, bill_id, account_id, fee_item_id, period, currency, amount_minor, names,
    inputs)
  select tenant_id, bill_id, account_id, fee_id, '2026-01-01', currency, $2,
         '{"en": "Service charge", "zh_CN": "服务费"}', '{}' from due;
insert into billing_entry (tenant_id, id, kind, source_id) select tenant_id, entry_id, 'bill.issued', bill_id from due;
insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor, account_id, bill_id)
  select tenant_id, entry_id, 'receivable', currency, $2, account_id, bill_id from due union all
  select tenant_id, entry_id, 'income:bench', currency, -$2, null, null from due;
insert into billing_payment (tenant_id, id, number, currency, amount_minor, status, channel, settlement_account_id,
    person_id, payer_name)
  select tenant_id, payment_id, 'P' || name, currency, $2, 'pending', 'stripe', settlement_id, new_id(), 'Tan Ah Kow'
    from due;
insert into billing_payment_part (tenant_id, payment_id, bill_id, amount_minor)
  select tenant_id, payment_id, bill_id, $2 from due;
insert into billing_attempt (tenant_id, id, payment_id, channel, currency, amount_minor, status, request, expires_at,
    channel_reference, redirect_url, sent_at)
  select tenant_id, attempt_id, payment_id, 'stripe', currency, $2, 'pending', '{}', now() + interval '1 hour',
         'cs_test_' || replace(attempt_id::text, '-', ''), 'https://checkout.stripe.com/c/pay/' || attempt_id, now()
    from due;
"""
_PAST = """
insert into tenants_outbox (tenant_id, id, job, payload, due_at, done_at)
  select tenant_id, new_id(), 'bench.past', '{}', now() - interval '1 day', now() - interval '1 day'
    from due, generate_series(1, 3)
"""
"""Work that was done before: of a table that is still empty, PostgreSQL plans to read every row."""
_COUNTS = """
select (select count(*) from billing_payment where tenant_id = any ($1) and status = 'succeeded') payments,
       (select count(*) from billing_bill where tenant_id = any ($1) and status = 'paid') bills,
       (select count(*) from billing_allocation where tenant_id = any ($1)) allocations,
       (select count(*) from billing_receipt where tenant_id = any ($1)) receipts,
       (select count(*) from billing_entry where tenant_id = any ($1) and kind = 'payment.succeeded') entries,
       (select count(*) from tenants_outbox where tenant_id = any ($1) and job = 'bench.payment_heard') outbox,
       (select count(*) from billing_inbox_event where tenant_id = any ($1) and handled_at is not null) messages
"""


def _event(row: asyncpg.Record) -> dict[str, Any]:
    """Stripe's ``checkout.session.completed`` with the fields of its API, as a connected account reports it."""
    session = f"cs_test_{row['attempt_id'].hex}"
    ids = {"tenant_id": row["tenant_id"], "payment_id": row["payment_id"], "attempt_id": row["attempt_id"]}
    return {
        "id": f"evt_{new_id().hex}",
        "object": "event",
        "account": row["stripe_account"],
        "api_version": "2026-10-28.endive",
        "created": 1_790_000_000,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "checkout.session.completed",
        "data": {
            "object": {
                "id": session,
                "object": "checkout.session",
                "amount_subtotal": _AMOUNT,
                "amount_total": _AMOUNT,
                "client_reference_id": str(row["attempt_id"]),
                "currency": row["currency"].lower(),
                "customer_details": {"email": "tan@mail.example", "name": "Tan Ah Kow", "phone": None},
                "expires_at": 1_790_003_600,
                "metadata": {name: str(value) for name, value in ids.items()},
                "mode": "payment",
                "payment_intent": f"pi_{row['payment_id'].hex}",
                "payment_method_types": ["card"],
                "payment_status": "paid",
                "status": "complete",
                "success_url": "https://cloud.example/my/payments/1",
                "cancel_url": "https://cloud.example/my/payments/1",
                "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
                "url": None,
            }
        },
    }
