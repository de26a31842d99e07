"""Whoever needs several rows takes them in one order, so that nobody waits in a circle."""

import asyncio
from contextvars import copy_context
from datetime import timedelta

import asyncpg
import pytest_asyncio

from scenarios.tourism.models import Contract
from scenarios.tourism.orders import placing
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.stock import allotments, pools
from tenants.ids import new_id
from tenants.scope import execute, value
from tests.scenarios.tourism import agency, world
from ui.errors import Conflict


@pytest_asyncio.fixture(loop_scope="session")
async def palace(committed, bank):
    """A day whose own pool comes after those of its slots, as ids of the same millisecond may."""
    made = await world.build(bank)
    async with made.scope():
        await execute("update tourism_pool set id = new_id() where tenant_id = $1 and scope = 'day'", made.id)
    return made


async def somebody_waits() -> None:
    """Go on once another transaction of this database waits for a row."""
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    for _ in range(500):
        if await value(waiting):
            return
        await execute("select pg_stat_clear_snapshot()")
        await asyncio.sleep(0.01)


async def _planned_while_sold(palace, monkeypatch):
    """An allotment is made in slot after slot, and a place of the one that comes next is sold in between."""
    it = await agency.agency(palace)
    slots = await world.slots_of(palace)
    async with palace.scope():
        await Contract.filter(tenant_id=palace.id, id=it.contract.id).update(allotment=5)
        places = {one.id: await world.places_of(palace, one, "web", 1) for one in slots}
    sales: list[asyncio.Task[None]] = []
    resize, outside = allotments._resize, copy_context()

    async def sell(slot_id) -> None:
        async with palace.scope():
            await pools.take(palace.id, places[slot_id])

    async def one_slot(site, wanted) -> None:
        await resize(site, wanted)
        if not sales:
            (after,) = places.keys() - {wanted["slot_id"]}
            sales.append(asyncio.create_task(sell(after), context=outside))
            await somebody_waits()

    monkeypatch.setattr(allotments, "_resize", one_slot)
    failed = []
    try:
        async with palace.scope():
            await allotments.keep(palace.site, palace.day - timedelta(days=3))
    except asyncpg.DeadlockDetectedError as error:
        failed.append(error)
    return failed + [one for one in await asyncio.gather(*sales, return_exceptions=True) if one is not None]


async def test_allotments_are_made_while_places_are_sold(palace, monkeypatch):
    assert await _planned_while_sold(palace, monkeypatch) == []
    counted = await world.pools(palace)
    assert {counted["slot1"], counted["slot2"]} == {(60, 5, 0), (60, 6, 0)}


async def test_slot_after_slot_without_locking_the_day_first_they_wait_in_a_circle(palace, monkeypatch):
    """The control: it must come to a deadlock, which PostgreSQL finds after a second."""

    async def nothing(site, days) -> None:
        del site, days

    monkeypatch.setattr(allotments, "lock_days", nothing)
    failed = await _planned_while_sold(palace, monkeypatch)
    assert [type(one) for one in failed] == [asyncpg.DeadlockDetectedError]


async def test_the_same_visitors_named_the_other_way_round_are_told_and_never_wait_in_a_circle(palace):
    both = [Visitor("Ann", "E1234567A"), Visitor("Ben", "E7654321B")]
    requests = [
        await world.asked(
            palace,
            ("named", "adult", 2),
            visitors=(both[n % 2], both[1 - n % 2]),
            contact=f"v{n}@example.com",
        )
        for n in range(8)
    ]

    async def one(request) -> str:
        try:
            async with palace.scope():
                await placing.place(palace.guest, request, key=new_id().hex)
        except Conflict as refused:
            return refused.code
        return "placed"

    told = await asyncio.gather(*(one(request) for request in requests))
    assert sorted(told) == ["placed"] + ["visitor.has_ticket"] * 7
    assert await world.all_right(palace)
