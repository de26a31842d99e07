"""Two thousand buyers, three pools, real transactions: exactly as many places are sold as there are.

The control takes the guard away, and the last guard after it, and must then sell more than there is: otherwise the
test above it would prove nothing.
"""

import asyncio
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from deploy import database
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import DayRule, SlotTemplate
from scenarios.tourism.orders import placing
from scenarios.tourism.stock import pools
from scenarios.tourism.stock.pools import SoldOut
from tenants.scope import execute, open_scope, rows, tenant_scope
from tests.scenarios.tourism import world

BUYERS, LEFT, AT_ONCE = 2000, 40, 28
_UNGUARDED = pools.TAKE.replace("and p.held + p.sold + l.n <= p.capacity", "")


@pytest_asyncio.fixture(loop_scope="session")
async def palace(committed, bank):
    """A day for 40 with two slots of 30, of which 25 of the first may be sold on the web."""
    made = await world.build(bank, day_cap=LEFT, half=30)
    async with made.scope():
        template = await SlotTemplate.filter(tenant_id=made.id).order_by("start_minute").first()
        template.allotments = {"web": 25}
        await template.save()
        await slots.make_days(made.site, made.day)
    return made


async def _buy(palace, slot, *, people: int = 1) -> int:
    """Take places as an order does: look, then take as the last statement. Returns how many were had."""
    try:
        async with open_scope(tenant_scope(palace.id)):
            places = pools.of_visit(await _free(palace, slot), people)
            await asyncio.sleep(0)
            await pools.take(palace.id, places)
    except SoldOut:
        return 0
    return people


async def _free(palace, slot) -> dict[UUID, int]:
    """What an order reads of the pools that it draws on."""
    found = await rows(
        "select id, capacity - held - sold from tourism_pool where tenant_id = $1 and day = $2"
        " and (scope = 'day' or slot_id = $3)",
        palace.id,
        palace.day,
        slot.id,
    )
    return {one[0]: one[1] for one in found}


async def _crowd(palace, count: int) -> list[int]:
    first, second = await world.slots_of(palace)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(n: int) -> int:
        async with gate:
            return await _buy(palace, (first, second)[n % 2], people=1 + n % 3)

    return await asyncio.gather(*(one(n) for n in range(count)))


async def test_two_thousand_buyers_get_exactly_what_there_is(palace):
    had = await _crowd(palace, BUYERS)
    left = await world.pools(palace)
    assert sum(had) == left["day"][1] == LEFT
    assert left["slot1"][1] + left["slot2"][1] == LEFT
    assert left["channel1"][1] == left["slot1"][1] <= 25


async def test_whole_orders_race_for_the_last_places(committed, bank):
    palace = await world.build(bank, day_cap=5, half=5)
    first, second = await world.slots_of(palace)
    requests = [
        await world.asked(palace, slot=(first, second)[n % 2], contact=f"b{n}@example.com") for n in range(24)
    ]

    async def one(n: int) -> bool:
        try:
            async with palace.scope():
                await placing.place(palace.guest, requests[n], key=f"race-{n}")
        except SoldOut:
            return False
        return True

    assert sum(await asyncio.gather(*(one(n) for n in range(24)))) == 5
    assert (await world.pools(palace))["day"] == (5, 5, 0)
    assert await world.all_right(palace)


async def test_without_the_guard_the_last_guard_refuses(palace, monkeypatch):
    monkeypatch.setattr(pools, "TAKE", _UNGUARDED)
    first, _ = await world.slots_of(palace)
    async with palace.scope():
        places = await world.places_of(palace, first, "web", 1)
    with pytest.raises(asyncpg.CheckViolationError):
        async with palace.scope():
            await pools.take(palace.id, dict.fromkeys(places, LEFT + 1))


async def test_without_any_guard_more_is_sold_than_there_is(palace, owner, monkeypatch):
    """The control: it must oversell."""
    monkeypatch.setattr(pools, "TAKE", _UNGUARDED)
    await owner.execute("alter table tourism_pool drop constraint tourism_pool_guard_check")
    try:
        had = await _crowd(palace, 300)
        assert sum(had) > LEFT
    finally:
        async with palace.scope():
            await execute("update tourism_pool set held = 0 where tenant_id = $1", palace.id)
        await owner.execute(
            "alter table tourism_pool add constraint tourism_pool_guard_check"
            " check (held >= 0 and sold >= 0 and held + sold <= capacity)"
        )


async def test_a_stricter_isolation_refuses_loudly(palace, migrated):
    """Under REPEATABLE READ, which makes a lock before a count useless, a second taker of a row is told so."""
    first, _ = await world.slots_of(palace)
    async with palace.scope():
        places = await world.places_of(palace, first, "web", 1)
    ordered = sorted(places)
    taken, refused = [], []

    async def one() -> None:
        connection = await asyncpg.connect(**database.credentials(migrated))
        try:
            async with connection.transaction(isolation="repeatable_read"):
                await connection.execute("select scope_set('tenant', $1)", str(palace.id))
                await connection.fetch("select held from tourism_pool where tenant_id = $1", palace.id)
                await asyncio.sleep(0.1)
                done = await connection.execute(pools.TAKE, palace.id, ordered, [1] * len(ordered))
            taken.append(done)
        except asyncpg.SerializationError as error:
            refused.append(error)
        finally:
            await connection.close()

    await asyncio.gather(*(one() for _ in range(6)))
    assert refused
    assert (await world.pools(palace))["day"][1] == len(taken)


async def test_places_taken_and_given_back_in_any_order_do_not_wait_in_a_circle(palace):
    first, second = await world.slots_of(palace)
    async with palace.scope():
        one = await world.places_of(palace, first, "desk", 1)
        two = await world.places_of(palace, second, "desk", 1)

    async def back_and_forth(n: int) -> None:
        places = (one, two)[n % 2]
        async with palace.scope():
            await pools.take(palace.id, places)
        async with palace.scope():
            await pools.convert(palace.id, places)
        async with palace.scope():
            await pools.swap(palace.id, (two, one)[n % 2], places)
        async with palace.scope():
            await pools.give_back(palace.id, (two, one)[n % 2])

    await asyncio.gather(*(back_and_forth(n) for n in range(20)))
    assert {(held, sold) for _, held, sold in (await world.pools(palace)).values()} == {(0, 0)}


async def test_a_lower_ceiling_never_touches_what_is_sold(palace):
    await world.bought(palace, ("palace", "adult", 10))
    async with palace.scope():
        await DayRule.create(
            tenant_id=palace.id, site_id=palace.site.id, day=palace.day, cap_percent=10, reason="Ice"
        )
        await slots.make_days(palace.site, palace.day)
    assert (await world.pools(palace))["day"] == (10, 0, 10)
    assert await world.all_right(palace)
