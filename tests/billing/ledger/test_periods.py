"""Two people close a month; then PostgreSQL itself refuses what is dated into it, and the books keep its balances."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from billing.ledger import periods, verify_ledger
from billing.ledger.reading import balances_at, midnight, trial
from billing.ledger.states import PERIOD
from billing.models import Period
from deploy import database
from tenants.ids import new_id
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from ui.errors import Conflict, Forbidden, Invalid

ZONE = "Asia/Singapore"


def month_ago(count):
    found = make.today().replace(day=1)
    for _ in range(count):
        found = periods.month_before(found)
    return found


async def book(place, at, amount=500):
    """An entry of the past, as an import of older books would make it."""
    entry = new_id()
    async with place.scope():
        await execute(
            "with e as (insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)"
            " values ($1, $2, 'suspense.applied', $2, $3))"
            " insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor)"
            " select $1, $2, l, 'SGD', m from (values ('suspense', $4::bigint), ('clearing:bank', -$4)) x (l, m)",
            place.id,
            entry,
            at,
            amount,
        )


def middle(month):
    return midnight(month, ZONE) + timedelta(days=14)


async def staff(place, role="finance", name="Fang"):
    actor = await make.staff(place.tenant, role, name)
    return replace(actor, place={"slug": place.tenant.slug, "timezone": ZONE, "currency": "SGD"})


@pytest.fixture
async def people(place):
    await book(place, middle(month_ago(2)))
    await book(place, middle(month_ago(1)), 700)
    return await staff(place, name="Asker"), await staff(place, "administrator", "Decider")


async def close(place, people, month):
    async with place.scope():
        asked = await periods.ask_closing(people[0], month)
        return await periods.approve(people[1], asked.id)


async def test_a_closed_month_takes_nothing_and_neither_does_any_before(place, people):
    closed = await close(place, people, month_ago(2))
    assert (closed.status, closed.is_locked) == ("closed", True)
    for at in (middle(month_ago(2)), middle(month_ago(9)), closed.ends_at - timedelta(microseconds=1)):
        with pytest.raises(asyncpg.CheckViolationError, match="the books are closed"):
            await book(place, at)
    await book(place, closed.ends_at)
    await book(place, datetime.now(UTC))


async def test_without_the_lock_the_same_entry_is_taken(place, people):
    """The control: it is the closing that refuses it."""
    await book(place, middle(month_ago(2)))


async def test_its_balances_are_kept_and_reckoned_on(place, people):
    closed = await close(place, people, month_ago(2))
    assert closed.totals == [["clearing:bank", "SGD", -500], ["suspense", "SGD", 500]]
    async with place.scope():
        now = datetime.now(UTC)
        on = await balances_at(place.id, now)
        await Period.filter(tenant_id=place.id).update(is_locked=False, status="open")
        assert await balances_at(place.id, now) == on
        lines = await trial(place.id, closed.starts_at, closed.ends_at)
    assert {line.ledger: line.closing_minor for line in lines["SGD"]} == {
        "clearing:bank": -500,
        "suspense": 500,
    }


async def test_the_checks_find_a_closed_month_that_was_changed(place, people):
    await close(place, people, month_ago(2))
    async with place.scope():
        assert not [f for f in await verify_ledger(place.id) if f.check.startswith("closed")]
        await Period.filter(tenant_id=place.id).update(totals=[["suspense", "SGD", 501]])
        found = {
            f.subject.split(" ", 1)[1] for f in await verify_ledger(place.id) if f.check.startswith("closed")
        }
    assert found == {"suspense SGD", "clearing:bank SGD"}


async def test_months_close_in_their_order_and_only_when_they_are_over(place, people):
    asker, _ = people
    async with place.scope():
        for month, words in (
            (month_ago(1), "in their order"),
            (month_ago(0), "from an hour after its end"),
            (month_ago(3), "Nothing was booked"),
        ):
            with pytest.raises(Invalid, match=words) as refused:
                await periods.ask_closing(asker, month)
            assert "month" in refused.value.fields
    await close(place, people, month_ago(2))
    await close(place, people, month_ago(1))
    async with place.scope():
        with pytest.raises(Invalid, match="closed already"):
            await periods.ask_closing(asker, month_ago(1))


async def test_nobody_decides_alone_and_nobody_without_the_right(place, people, bank):
    asker, decider = people
    reader, stranger = await staff(place, "reader"), await make.staff(await make.tenant(bank), "finance")
    async with place.scope():
        asked = await periods.ask_closing(asker, month_ago(2))
        with pytest.raises(Conflict, match="Another person"):
            await periods.approve(asker, asked.id)
        for act in (periods.approve(reader, asked.id), periods.ask_closing(reader, month_ago(2))):
            with pytest.raises(Forbidden):
                await act
        with pytest.raises(Invalid):
            await periods.reject(decider, asked.id, " ")
        refused = await periods.reject(decider, asked.id, "The bank's statement is missing")
        assert (refused.status, refused.is_locked) == ("open", False)
        with pytest.raises(Conflict, match="no decision"):
            await periods.approve(decider, asked.id)
    async with open_scope(tenant_scope(stranger.tenant_id)):
        assert await Period.filter(id=asked.id).count() == 0


async def test_opening_again_takes_a_reason_two_people_and_the_opposite_order(place, people):
    asker, decider = people
    first = await close(place, people, month_ago(2))
    last = await close(place, people, month_ago(1))
    async with place.scope():
        with pytest.raises(Invalid, match="opposite order"):
            await periods.ask_reopening(asker, first.id, "A late invoice")
        with pytest.raises(Invalid, match="Say why"):
            await periods.ask_reopening(asker, last.id, "")
        await periods.ask_reopening(asker, last.id, "A late invoice")
        with pytest.raises(Conflict):
            await periods.approve(asker, last.id)
    with pytest.raises(asyncpg.CheckViolationError):
        await book(place, middle(month_ago(1)))
    async with place.scope():
        await periods.approve(decider, last.id)
    await book(place, middle(month_ago(1)))
    with pytest.raises(asyncpg.CheckViolationError):
        await book(place, middle(month_ago(2)))


async def test_a_booking_into_the_month_that_is_under_way_is_waited_for(real_place, migrated, monkeypatch):
    """Its transaction began before the closing and commits first: the balances that are kept include it."""
    await book(real_place, middle(month_ago(1)))
    people = await staff(real_place, name="Asker"), await staff(real_place, "administrator", "Decider")
    async with real_place.scope():
        asked = await periods.ask_closing(people[0], month_ago(1))
    slow = await asyncpg.connect(**database.credentials(migrated))
    try:
        under_way = slow.transaction()
        await under_way.start()
        await slow.execute("select scope_set('tenant', $1)", str(real_place.id))
        insert = (
            "insert into billing_entry (tenant_id, kind, source_id, occurred_at)"
            " values ($1, 'bill.issued', $2, $3)"
        )
        await slow.execute(insert, real_place.id, new_id(), middle(month_ago(1)))
        monkeypatch.setattr(periods, "WAIT_MS", 100)
        with pytest.raises(Conflict, match="just now"):
            async with real_place.scope():
                await periods.approve(people[1], asked.id)
        monkeypatch.setattr(periods, "WAIT_MS", 3000)
        closing = asyncio.create_task(approve(real_place, people[1], asked.id))
        await asyncio.sleep(0.1)
        assert not closing.done()
        await under_way.commit()
        assert (await closing).is_locked
    finally:
        await slow.close()


async def approve(place, actor, period_id):
    async with place.scope():
        return await periods.approve(actor, period_id)


async def test_a_payment_of_now_waits_for_no_closing(real_place, migrated):
    """No lock is taken for what is booked now, so that a closing never holds up a payment."""
    holder = await asyncpg.connect(**database.credentials(migrated))
    try:
        async with holder.transaction():
            await holder.fetchval(periods._LOCK, str(real_place.id))
            await asyncio.wait_for(book(real_place, datetime.now(UTC)), 5)
    finally:
        await holder.close()


async def test_the_table_itself_wants_two_people_and_a_month_that_is_over(place, people):
    row = {
        "tenant_id": place.id,
        "month": date(2020, 1, 1),
        "totals": [],
        "status": "closed",
        "is_locked": True,
    }
    ends = {"starts_at": datetime(2020, 1, 1, tzinfo=UTC), "ends_at": datetime(2020, 2, 1, tzinfo=UTC)}
    for wrong in ({"closed_at": ends["ends_at"], "decided_by": new_id()}, {"closed_at": datetime.now(UTC)}):
        with pytest.raises(Exception, match=r"billing_period_(over|two)_check"):
            async with place.scope():
                await Period.create(id=new_id(), **row, **ends, **wrong)


def test_every_edge_is_used_and_locked_states_are_those_that_the_table_locks():
    assert set(PERIOD.states) == {"closing", "closed", "reopening", "open"}
    assert PERIOD.after("closing", "close") == "closed"
    assert not PERIOD.can("closed", "close")
