"""The sandbox's papers over real HTTP: fetched by the product's own jobs, eight faults seeded, each found and named."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from billing.models import Payout, Statement, StatementSource
from billing.payments import asking, orders
from billing.reconciliation import feeds
from billing.reconciliation.states import KINDS
from tenants.runtime import runtime
from tenants.scope import execute
from tests.billing.payments import world
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import ZONE, Books, kinds
from tests.jobs import run_due

TODAY = datetime.now(UTC).astimezone(ZONE).date()
TRADES, LATER = TODAY - timedelta(days=4), TODAY - timedelta(days=3)
SECONDS = 60


@pytest.fixture
async def own(place, outside) -> Books:
    """The institution with a bank account that no other merchant has, opened four days ago."""
    number, merchant = f"88{place.id.int % 10**10:010d}", place.settlement.rail_merchant
    outside.post("merchants", id=merchant, name=place.tenant.name, account_number=number)
    async with place.scope():
        place.settlement.account_number = runtime().encrypt(orders.NUMBER, number)
        await place.settlement.save(update_fields=["account_number"])
        await execute(
            "update billing_settlement_account set created_at = now() - interval '4 days' where tenant_id = $1",
            place.id,
        )
        await place.settlement.refresh_from_db()
    return Books(place.tenant, place.settlement)


async def pay_in_the_past(place, outside, count, day=TRADES):
    """Payments by QR as they were made on a day: known to the rail, received and booked by us."""
    merchant, made = place.settlement.rail_merchant, []
    for n in range(count):
        when = papers.at(10, n, day)
        attempt = await papers.paid(Books(place.tenant, place.settlement), 5000 + n, when)
        terms = {
            "merchant_order_no": str(attempt),
            "amount_minor": 5000 + n,
            "currency": "SGD",
            "description": "Bill",
        }
        made.append({**terms, "paid_at": when.isoformat()})
    outside.post("history/rail", merchant=merchant, orders=made)
    return [order["merchant_order_no"] for order in made]


async def fetch(own: Books, *kinds_: str):
    async with own.scope():
        found = await StatementSource.filter(tenant_id=own.id, kind__in=list(kinds_)).order_by("-kind")
    for source in found:
        assert await feeds.fetch(own.system, source.id), (await source_of(own, source.kind)).error


async def source_of(own: Books, kind: str) -> StatementSource:
    async with own.scope():
        return await StatementSource.get(tenant_id=own.id, kind=kind)


async def test_eight_faults_are_found_and_named_within_a_minute_of_arrival(place, outside, own):
    await pay_in_the_past(place, outside, 8)
    await papers.paid(own, 7000, papers.at(23, 59, TODAY - timedelta(days=1)))
    for kind in ("missing", "extra", "amount", "duplicate", "currency", "fee", "late"):
        outside.post(
            "rail/papers", merchant=place.settlement.rail_merchant, day=TRADES.isoformat(), kind=kind
        )
    async with own.scope():
        await feeds.prepare(own.account)
        await StatementSource.filter(tenant_id=own.id, kind="rail").update(fee_bps=38)
    begun = time.monotonic()
    await fetch(own, "rail")
    assert time.monotonic() - begun < SECONDS
    found = set(await kinds(own))
    assert found == set(KINDS)
    assert await kinds(own, "cleared") == ["ours_only"]
    assert await papers.books_are_right(own)


async def test_days_are_fetched_once_and_drain_the_clearing_account(place, outside, own):
    await pay_in_the_past(place, outside, 3)
    async with own.scope():
        await feeds.prepare(own.account)
    await fetch(own, "rail", "camt")
    assert await papers.balance(own, "clearing:bank") == 0
    assert await kinds(own) == []
    async with own.scope():
        count = await Statement.filter(tenant_id=own.id).count()
    await fetch(own, "rail", "camt")
    async with own.scope():
        assert await Statement.filter(tenant_id=own.id).count() == count
        assert (await Payout.filter(tenant_id=own.id).get()).status == "received"
    assert (await source_of(own, "rail")).cursor == (TODAY - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(("fault", "expected"), [
    ("credit_missing", ["late"]), ("credit_amount", ["amount", "late"]), ("credit_twice", ["duplicate"]),
    ("credit_currency", ["currency", "late"]),
])  # fmt: skip
async def test_a_bank_that_credits_wrongly(place, outside, own, fault, expected):
    await pay_in_the_past(place, outside, 2)
    outside.post("rail/papers", merchant=place.settlement.rail_merchant, day=TRADES.isoformat(), kind=fault)
    async with own.scope():
        await feeds.prepare(own.account)
    await fetch(own, "rail", "camt")
    assert await kinds(own) == expected


@pytest.mark.parametrize(("fault", "words"), [("footer", "支付金额"), ("cut", "cut off")])
async def test_a_file_that_is_not_whole_is_refused_and_said_so(place, outside, own, fault, words):
    await pay_in_the_past(place, outside, 1)
    outside.post("rail/papers", merchant=place.settlement.rail_merchant, day=TRADES.isoformat(), kind=fault)
    async with own.scope():
        await feeds.prepare(own.account)
    source = await source_of(own, "rail")
    assert not await feeds.fetch(own.system, source.id)
    assert words in (await source_of(own, "rail")).error
    async with own.scope():
        assert await Statement.filter(tenant_id=own.id, source="rail_trade").count() == 0


async def test_stripe_is_read_to_our_ids_and_paid_out(place, outside, own):
    bills = [await world.bill(place, 3000 + n) for n in range(2)]
    for bill in bills:
        started = await world.start(place, bill)
        attempt = await world.attempt(place, started)
        outside.pay(attempt)
        await asking.conclude(place.system, attempt.id)
    outside.post("stripe/payouts", account=place.settlement.stripe_account)
    outside.post(
        "stripe/transactions",
        account=place.settlement.stripe_account,
        type="mystery",
        amount=50,
        currency="sgd",
    )
    async with own.scope():
        await feeds.prepare(own.account)
    await asyncio.sleep(feeds.SETTLED + 1.1)
    await fetch(own, "stripe")
    assert await kinds(own) == ["theirs_only"]
    fees = sum((3000 + n) * 29 // 1000 + 30 for n in range(2))
    async with own.scope():
        payout = await Payout.get(tenant_id=own.id)
    assert payout.amount_minor == 6001 - fees
    assert await papers.balance(own, "fees:stripe") == fees
    assert await papers.books_are_right(own)


async def test_the_job_comes_again_in_an_hour_and_notes_a_failure(place, outside, own):
    async with own.scope():
        await feeds.prepare(own.account)
    outside.fault("rail", "error_before", "statements.get")
    await run_due(own.id)
    assert (await source_of(own, "rail")).failed_at is not None
    assert (await source_of(own, "camt")).read_at is not None
    waiting = "job = 'billing.fetch_statements' and done_at is null"
    waiting += " and due_at > clock_timestamp() + interval '5 minutes'"
    assert await world.count(place, "tenants_outbox", waiting) == 3
