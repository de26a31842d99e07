"""Positive controls: with its lock or constraint taken away, each danger really comes; put back, it does not.

Each takes one mechanism away for a moment, sets up the race that it is there for, and finds the doubling.
"""

import asyncio
import re
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from billing import idempotency
from billing.channels import stripe as stripe_channel
from billing.channels import stripe_client
from billing.channels.contract import Outcome
from billing.idempotency import once
from billing.models import Payment
from billing.payments import inbox, refunds, webhooks
from billing.payments.inbox import Incoming
from billing.payments.refunds import request_refund
from billing.payments.settling import settle
from tenants import jobs
from tenants.ids import new_id
from tenants.scope import open_scope, queue_scope, tenant_scope, value
from tests import make
from tests.billing.payments import world
from ui.errors import Unavailable


@asynccontextmanager
async def without(owner: asyncpg.Connection, *indexes: str):
    """Take unique indexes away; what is doubled meanwhile is undone by ``clean`` before they come back."""
    kept = {name: await owner.fetchval("select pg_get_indexdef($1::regclass)", name) for name in indexes}
    for name in indexes:
        await owner.execute(f"drop index {name}")
    cleaning: list[str] = []
    try:
        yield cleaning
    finally:
        for statement in cleaning:
            await owner.execute(statement)
        for definition in kept.values():
            await owner.execute(definition)


@asynccontextmanager
async def changed(owner: asyncpg.Connection, function: str, old: str, new: str):
    """Let an SQL function be another one for a moment."""
    kept: str = await owner.fetchval("select pg_get_functiondef($1::regproc)", function)
    other = re.sub(old, new, kept)
    assert other != kept
    await owner.execute(other)
    try:
        yield
    finally:
        await owner.execute(kept)


async def tell_at_once(place, attempt_id, times=6) -> list[Any]:
    """The same success from many sides, each having read before any has written."""

    async def tell():
        async with place.scope():
            await settle(place.system, attempt_id, Outcome(state="succeeded"))

    return await asyncio.gather(*(tell() for _ in range(times)), return_exceptions=True)


SLOW = "update billing_attempt a set status"


async def test_without_the_attempts_lock_many_would_book_and_uniqueness_would_refuse(real_place, owner):
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill, amount=1000)
    async with (
        changed(owner, "payment_open", r"for update( of b)?", ""),
        changed(owner, "payment_land", SLOW, f"perform pg_sleep(0.1);\n  {SLOW}"),
    ):
        answers = await tell_at_once(real_place, started.attempt_id)
    refused = [answer for answer in answers if isinstance(answer, asyncpg.UniqueViolationError)]
    assert refused, "with the lock gone, only the receipt's uniqueness stands between us and a second booking"
    assert await world.count(real_place, "billing_entry", "kind = 'payment.succeeded'") == 1
    assert await world.ledger_is_right(real_place)


async def test_with_the_lock_nobody_comes_as_far_as_that(real_place):
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill)
    assert await tell_at_once(real_place, started.attempt_id) == [None] * 6


async def test_without_the_entrys_uniqueness_a_cause_would_be_booked_twice(real_place, owner):
    from billing.ledger import Side, post  # noqa: PLC0415

    async def book(source):
        async with real_place.scope():
            await post(
                real_place.id,
                "bill.issued",
                source,
                [Side("receivable", 5, "SGD"), Side("income:estate", -5, "SGD")],
            )

    source = new_id()
    booked = await asyncio.gather(*(book(source) for _ in range(4)), return_exceptions=True)
    assert sum(answer is None for answer in booked) == 1
    other = new_id()
    async with without(owner, "billing_entry_kind_source_id_key") as cleaning:
        await asyncio.gather(*(book(other) for _ in range(4)))
        doubled = await world.count(real_place, "billing_entry", f"source_id = '{other}'")
        cleaning.extend(_erased(real_place.id, f"source_id = '{other}'"))
    assert doubled == 4


def _erased(tenant_id, which: str) -> list[str]:
    """What was booked too often goes again, by the owner and past the trigger that forbids it."""
    tables = ("billing_posting", "billing_entry")
    entries = f"select id from billing_entry where {which}"
    return [
        f"select scope_set('tenant', '{tenant_id}')",
        *(
            f"alter table {t} no force row level security; alter table {t} disable trigger user"
            for t in tables
        ),
        f"delete from billing_posting where entry_id in ({entries})",
        f"delete from billing_entry where {which}",
        *(f"alter table {t} force row level security; alter table {t} enable trigger user" for t in tables),
    ]


async def test_without_the_keys_uniqueness_a_form_would_act_twice(committed, bank, owner, monkeypatch):
    actor = await make.staff(await make.tenant(bank))
    counts = []

    async def send(key):
        acted = 0

        async def do():
            nonlocal acted
            acted += 1
            await asyncio.sleep(0.1)
            return {}

        async with open_scope(tenant_scope(actor.tenant_id)):
            await once(actor, key=key, act="test.act", body={"a": 1}, do=do)
        counts.append(acted)

    await asyncio.gather(*(send("form-1") for _ in range(4)))
    assert sum(counts) == 1
    counts.clear()
    monkeypatch.setattr(idempotency, "_CLAIM", idempotency._CLAIM.partition(" on conflict")[0])
    async with without(owner, "tenants_idempotency_key_key") as cleaning:
        await asyncio.gather(*(send("form-2") for _ in range(4)))
        rows = "tenants_idempotency"
        cleaning.extend(
            [
                f"alter table {rows} no force row level security",
                f"delete from {rows} where key like '%form-2'",
                f"alter table {rows} force row level security",
            ]
        )
    assert counts == [1] * 4


async def test_without_the_inboxs_uniqueness_a_message_would_be_kept_many_times(committed, owner):
    def message(event_id):
        return Incoming("stripe", event_id, "unused.kind", {"data": {"object": {}}})

    once_, many = f"evt_{new_id().hex}", f"evt_{new_id().hex}"
    await asyncio.gather(*(inbox.store(message(once_)) for _ in range(5)))
    async with without(owner, "billing_inbox_event_key") as cleaning:
        await asyncio.gather(*(inbox.store(message(many)) for _ in range(5)))
        assert await _kept(many) == 5
        table = "billing_inbox_event"
        cleaning.extend(
            [
                f"alter table {table} no force row level security",
                f"delete from {table} where event_id = '{many}'",
                f"alter table {table} force row level security",
            ]
        )
    assert await _kept(once_) == 1


async def _kept(event_id: str) -> int:
    async with open_scope(queue_scope()):
        return int(await value("select count(*) from billing_inbox_event where event_id = $1", event_id))


async def test_without_the_payments_lock_more_would_go_back_than_came_in(real_place, monkeypatch):
    bill = await world.bill(real_place, 3000)
    cashier = await make.staff(real_place.tenant, "cashier")
    payment_id = await world.take(real_place, cashier, (bill, 3000))
    officers = [await make.staff(real_place.tenant, "finance", f"Officer {n}") for n in range(4)]
    real, together = refunds.create, asyncio.Barrier(4)

    async def unlocked(actor, of):
        return await Payment.get(tenant_id=actor.tenant_id, id=of)

    async def meet(*args):
        await together.wait()
        return await real(*args)

    monkeypatch.setattr(refunds, "lock_payment", unlocked)
    monkeypatch.setattr(refunds, "create", meet)

    async def ask(officer):
        async with real_place.scope():
            await request_refund(
                officer,
                payment_id=payment_id,
                amount_minor=2000,
                seen_refundable_minor=3000,
                reason="Charged twice",
                key=new_id().hex,
            )

    await asyncio.gather(*(ask(officer) for officer in officers), return_exceptions=True)
    async with real_place.scope():
        promised = await value(
            "select coalesce(sum(amount_minor), 0) from billing_refund where tenant_id = $1", real_place.id
        )
    assert promised > 3000


async def test_without_the_outbox_rows_lock_one_job_would_run_twice(committed, bank, monkeypatch):
    tenant, ran = await make.tenant(bank), []

    @jobs.job("test.control_job")
    async def work(_actor, payload):
        ran.append(payload["n"])
        await asyncio.sleep(0.1)

    async def at_once(n):
        async with open_scope(tenant_scope(tenant.id)):
            row = await jobs.enqueue("test.control_job", {"n": n})
        await asyncio.gather(jobs.run(tenant.id, row), jobs.run(tenant.id, row))

    await at_once(1)

    async def anyone(*_args):
        return True

    monkeypatch.setattr(jobs, "_lock", anyone)
    await at_once(2)
    assert ran == [1, 2, 2]


async def test_with_keys_of_its_own_each_try_the_channel_would_be_paid_twice(
    real_place, outside, monkeypatch
):
    """The control of the key made from our ids: a random one, as the SDK makes them, opens a second session."""
    from billing.payments.orders import order_of  # noqa: PLC0415

    started = await world.start(real_place, await world.bill(real_place, 3000))
    async with real_place.scope():
        order = await order_of(real_place.id, started.attempt_id)
    channel = stripe_channel.StripeChannel()
    again = await channel.start(order)
    assert again.reference == order.reference
    real = stripe_client.options_of
    monkeypatch.setattr(
        stripe_channel, "options_of", lambda to, key="": real(to, new_id().hex if key else "")
    )
    assert (await channel.start(order)).reference != order.reference


async def paid_there(place, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    (event,) = outside.events(place.settlement.stripe_account, "checkout.session.completed")
    return bill, Incoming("stripe", event["id"], event["type"], event)


async def test_a_process_that_dies_keeps_nothing_and_the_channel_sends_it_again(
    real_place, outside, monkeypatch
):
    class Killed(BaseException):
        pass

    async def die(*_args, **_given):
        raise Killed

    bill, message = await paid_there(real_place, outside)
    with monkeypatch.context() as broken:
        broken.setattr("billing.payments.settling._book", die)
        with pytest.raises(Killed):
            await inbox.receive(message)
    assert await _kept(message.event_id) == 0
    assert (await world.fresh(real_place, bill)).paid_minor == 0
    for _ in range(2):
        await inbox.receive(message)
    assert (await world.fresh(real_place, bill)).status == "paid"
    assert await world.count(real_place, "billing_receipt") == 1
    assert await world.ledger_is_right(real_place)


async def test_a_database_that_is_away_is_no_yes(real_place, outside, monkeypatch):
    """What could be neither handled nor kept is not answered 200, so that it comes again."""

    async def away(*_args):
        raise Unavailable("database.unreachable", webhooks.UNREADABLE)

    _, message = await paid_there(real_place, outside)
    monkeypatch.setattr(inbox, "_hear", away)
    monkeypatch.setattr(inbox, "once", away)
    with pytest.raises(Unavailable):
        await inbox.receive(message)
