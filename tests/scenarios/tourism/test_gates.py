"""Gates: who comes in, who does not and why."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from scenarios.tourism.gates import scanning
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.gates.staff import annul_scan
from scenarios.tourism.models import PassHolder, Redemption, Ticket
from scenarios.tourism.orders import changing, codes, placing, refunding
from tenants.codes import new_token
from tenants.gates.judging import EXIT
from tenants.ids import new_id
from tests import make
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import fresh, open_now, scan, station
from ui.errors import Conflict

RACES = 1000


async def test_a_ticket_lets_in_once_and_its_use_is_kept(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    south, _ = await station(palace, "South")
    _, (ticket,) = await open_now(palace)
    code = codes.code_of(ticket)
    first = await scan(palace, north, code, nonce="n-1")
    assert (first.verdict, first.reason, first.visitor_kind) == ("accepted", "", "adult")
    assert await scan(palace, north, code, nonce="n-1") == first
    once_more = await scan(palace, north, code)
    assert (once_more.verdict, once_more.is_repeat) == ("accepted", True)
    elsewhere = await scan(palace, south, code)
    assert (elsewhere.verdict, elsewhere.reason) == ("rejected", "used")
    after = await fresh(palace, ticket)
    assert (after.status, after.used, after.inside) == ("used", 1, 1)
    async with palace.scope():
        assert await Redemption.filter(tenant_id=palace.id).count() == 3
    out = await scan(palace, south, ticket.number, direction=EXIT)
    assert out.verdict == "accepted"
    assert (await fresh(palace, ticket)).inside == 0


async def test_each_refusal_says_why(db, bank):
    palace, other = await world.build(bank), await world.build(bank)
    north, _ = await station(palace)
    order, (ticket,) = await open_now(palace)
    code = codes.code_of(ticket)

    async def why(at=north, text=code, **more):
        told = await scan(palace, at, text, **more)
        assert told.verdict == "rejected"
        return told.reason

    assert await why(text="T1.nonsense") == "unknown"
    assert await why(text="0000000000") == "unknown"
    _, (theirs,) = await open_now(other)
    assert await why(text=codes.code_of(theirs)) == "unknown"
    exit_only, _ = await station(palace, "Exit", way="exit")
    assert await why(exit_only) == "wrong_way"
    closed, _ = await station(palace, "Closed", is_open=False)
    assert await why(closed) == "gate_closed"
    clocks, _ = await station(palace, "Clocks", products=[str(palace.products["clocks"].id)])
    assert await why(clocks) == "other_gate"
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(valid_until=datetime.now(UTC))
    assert await why() == "expired"
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=datetime.now(UTC) + timedelta(1), valid_until=datetime.now(UTC) + timedelta(2)
        )
    assert await why() == "not_yet"
    second = (await world.slots_of(palace))[1]
    async with palace.scope():
        await changing.change_slot(
            palace.guest, order.id, day=palace.day, slot_id=second.id, key=new_id().hex
        )
        await Ticket.filter(tenant_id=palace.id).update(valid_from=datetime.now(UTC) - timedelta(1))
    assert await why() == "revoked"
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [ticket.id], seen_minor=4000, key=new_id().hex)
    assert await why() == "refunded"
    held = await world.place(palace)
    (unpaid,) = await world.tickets(palace, held)
    assert await why(text=unpaid.number) == "not_paid"


async def test_a_group_comes_in_by_count(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    _, (ticket,) = await open_now(palace, ("group", "adult", 12))
    first = await scan(palace, north, ticket.number, people=5)
    assert (first.verdict, first.used) == ("accepted", 5)
    assert (await fresh(palace, ticket)).status == "part_used"
    south, _ = await station(palace, "South")
    too_many = await scan(palace, south, ticket.number, people=8)
    assert (too_many.verdict, too_many.reason) == ("rejected", "used")
    rest = await scan(palace, south, ticket.number)
    assert (rest.people, rest.used) == (7, 12)
    after = await fresh(palace, ticket)
    assert (after.status, after.inside) == ("used", 12)


async def test_a_pass_lets_in_once_a_day(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    south, _ = await station(palace, "South")
    _, (ticket,) = await open_now(palace)
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(kind="pass", uses=32000, uses_per_day=1)
        await PassHolder.create(
            tenant_id=palace.id, ticket_id=ticket.id, photo=b"x", photo_type="image/png", status="registered"
        )
    assert (await scan(palace, north, ticket.number)).verdict == "accepted"
    second = await scan(palace, south, ticket.number)
    assert (second.verdict, second.reason) == ("rejected", "used_today")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with palace.scope():
        await Redemption.filter(tenant_id=palace.id, verdict="accepted").update(
            day=yesterday.date(), scanned_at=yesterday
        )
    assert (await scan(palace, south, ticket.number)).verdict == "accepted"


async def test_nobody_more_comes_in_than_may_be_on_site(db, bank):
    palace = await world.build(bank)
    async with palace.scope():
        await type(palace.site).filter(tenant_id=palace.id).update(instant_cap=1)
    north, _ = await station(palace)
    _, (one, two) = await open_now(palace, ("palace", "adult", 2))
    assert (await scan(palace, north, one.number)).verdict == "accepted"
    assert (await scan(palace, north, two.number)).reason == "full"
    await scan(palace, north, one.number, direction=EXIT)
    assert (await scan(palace, north, two.number)).verdict == "accepted"


async def test_a_supervisor_annuls_and_the_ticket_is_good_again(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    _, (ticket,) = await open_now(palace)
    await scan(palace, north, ticket.number)
    chief = await make.staff(palace.tenant, "gate_supervisor")
    async with palace.scope():
        (done,) = await Redemption.filter(tenant_id=palace.id)
        await annul_scan(chief, done.id, "Scanned by mistake")
        with pytest.raises(Conflict):
            await annul_scan(chief, done.id, "Again")
    after = await fresh(palace, ticket)
    assert (after.status, after.used, after.inside) == ("issued", 0, 0)
    assert (await scan(palace, north, ticket.number)).verdict == "accepted"


async def test_used_and_given_back_are_never_both(committed, bank):
    """The two contend for one row: raced a thousand times, a ticket that was used never gives money back."""
    palace = await world.build(bank, day_cap=2000, half=2000, instant_cap=2000)
    north, _ = await station(palace)
    slot = (await world.slots_of(palace))[0]
    async with palace.scope():
        free = [
            await placing.place(
                palace.guest, await world.asked(palace, ("palace", "child", 10), slot=slot), key=f"t-{n}"
            )
            for n in range(RACES // 10)
        ]
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=datetime.now(UTC) - timedelta(hours=1),
            valid_until=datetime.now(UTC) + timedelta(hours=1),
        )
        tickets = await Ticket.filter(tenant_id=palace.id, order_id__in=[one.id for one in free])
    gate = asyncio.Semaphore(12)

    async def use(ticket):
        async with gate, palace.scope():
            return (await scanning.scan(north, Asked(new_token(), ticket.number))).verdict

    async def back(ticket):
        async with gate:
            try:
                async with palace.scope():
                    await refunding.take_back(
                        palace.guest, ticket.order_id, {ticket.id: 0}, reason=refunding.GIVEN_BACK
                    )
            except Conflict:
                return "refused"
            return "given back"

    async def both(n, ticket):
        pair = (use(ticket), back(ticket)) if n % 2 else (back(ticket), use(ticket))
        return set(await asyncio.gather(*pair))

    outcomes = await asyncio.gather(*(both(n, ticket) for n, ticket in enumerate(tickets)))
    assert {frozenset(one) for one in outcomes} == {
        frozenset({"accepted", "refused"}),
        frozenset({"rejected", "given back"}),
    }
    assert await world.all_right(palace)
