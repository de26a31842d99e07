"""Agencies: prices of their own, an allotment, a limit that nothing exceeds, changes by contract, monthly bills."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from billing.models import Bill, BillLine, Wallet
from billing.wallets import paying_out
from scenarios.tourism.agencies import booking, contracts, standing, statements
from scenarios.tourism.agencies.standing import OverLimit, standing_of
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import AgencyStatement, Contract, DayRule, Order, Ticket
from scenarios.tourism.orders import changing, refunding
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.planning import days
from scenarios.tourism.stock import allotments
from scenarios.tourism.stock.pools import SoldOut
from tenants.days import today
from tenants.ids import new_id
from tests import make
from tests.scenarios.tourism import agency as agencies
from tests.scenarios.tourism import world
from ui.errors import Conflict, Forbidden, Invalid

LI = Visitor("Li Hua", "11010519491231002X")


async def stands(it):
    async with it.palace.scope():
        contract = await Contract.get(tenant_id=it.palace.id, id=it.contract.id)
        return await standing_of(contract, await standing.deposit_of(contract))


async def test_an_agency_books_on_account_at_its_own_prices(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    order = await agencies.book(it, ("palace", 2), ("group", 12))
    assert (order.status, order.total_minor, order.bill_id, order.channel) == ("paid", 12_000, None, "agency")
    assert (order.account_id, order.by_name) == (it.account.id, "Fang Min")
    tickets = await world.tickets(palace, order)
    assert sorted((one.people, one.price_minor, one.status) for one in tickets) == [
        (1, 3000, "issued"), (1, 3000, "issued"), (12, 6000, "issued"),
    ]  # fmt: skip
    assert (await world.pools(palace))["slot1"] == (60, 0, 14)
    assert (await stands(it)).run_up_minor == 12_000
    assert await world.all_right(palace)


async def test_what_was_not_agreed_is_not_sold_and_days_outside_neither(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    with pytest.raises(Invalid):
        await agencies.book(it, ("clocks", 1))
    async with palace.scope():
        await Contract.filter(tenant_id=palace.id).update(until=palace.day - timedelta(days=1))
        it.contract = await Contract.get(tenant_id=palace.id)
    with pytest.raises(Conflict, match="covers visits"):
        await agencies.book(it)


async def test_an_allotment_is_its_own_until_it_is_given_back(db, bank):
    palace = await world.build(bank, day_cap=100, half=60)
    it = await agencies.agency(palace, allotment=20)
    assert await world.pools(palace) == {
        "channel1": (20, 0, 0), "channel2": (20, 0, 0), "day": (100, 40, 0), "slot1": (60, 20, 0),
        "slot2": (60, 20, 0),
    }  # fmt: skip
    assert await world.all_right(palace)
    with pytest.raises(SoldOut):
        await world.place(palace, ("group", "adult", 41))
    order = await agencies.book(it, ("group", 15))
    assert (await world.pools(palace))["slot1"] == (60, 5, 15)
    assert (await world.pools(palace))["channel1"] == (20, 0, 15)
    async with palace.scope():
        (day,) = await days.of_site(palace.site, palace.day, 1)
        pools = await days.pools_of(palace.site, palace.day)
    assert (day["held"], day["reserved"]) == (25, 25), "kept for the agency, and being paid by nobody"
    assert [(one["scope"], one["held"] - one["reserved"], one["reserved"]) for one in pools] == [
        ("day", 0, 25), ("slot", 0, 5), ("channel", 0, 0), ("slot", 0, 20), ("channel", 0, 0)
    ]  # fmt: skip
    assert await world.all_right(palace)
    beside = await agencies.book(it, ("palace", 6))
    assert set(beside.pools) < set(order.pools)
    assert (await world.pools(palace))["slot1"] == (60, 5, 21)
    async with palace.scope():
        ids = [one.id for one in await Ticket.filter(tenant_id=palace.id, order_id=order.id)]
        await refunding.give_back(it.clerk, order.id, ids, seen_minor=7500, key="back")
    assert (await world.pools(palace))["channel1"] == (20, 0, 0)
    assert (await world.pools(palace))["slot1"] == (60, 20, 6)
    assert await world.all_right(palace)


async def test_what_an_agency_has_not_sold_goes_to_everybody_before_the_day(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, allotment=20)
    order = await agencies.book(it, ("group", 10))
    async with palace.scope():
        await Contract.filter(tenant_id=palace.id).update(release_days=30)
        assert await allotments.keep(palace.site, palace.day - timedelta(days=3)) == 4
    assert (await world.pools(palace))["slot1"] == (60, 0, 10)
    assert (await world.pools(palace))["channel1"] == (10, 0, 10)
    assert await world.all_right(palace)
    async with palace.scope():
        ids = [one.id for one in await Ticket.filter(tenant_id=palace.id, order_id=order.id)]
        await refunding.give_back(it.clerk, order.id, ids, seen_minor=5000, key="back")
    assert (await world.pools(palace))["slot1"] == (60, 0, 0)
    assert await world.all_right(palace)


async def test_a_lower_cap_takes_from_allotments_too_and_an_ended_contract_keeps_none(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, allotment=20)
    async with palace.scope():
        await DayRule.create(
            tenant_id=palace.id, site_id=palace.site.id, day=palace.day, cap_percent=50, reason="Storm"
        )
        await slots.make_days(palace.site, palace.day)
    assert (await world.pools(palace))["channel1"] == (10, 0, 0)
    assert (await world.pools(palace))["slot1"] == (30, 10, 0)
    async with palace.scope():
        await contracts.end(it.manager, it.contract.id)
    assert (await world.pools(palace))["slot1"] == (30, 0, 0)
    assert await world.all_right(palace)


async def test_a_booking_moves_within_its_contract(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, allotment=10)
    order = await agencies.book(it, ("palace", 4))
    second = (await world.slots_of(palace))[1]
    async with palace.scope():
        moved = await changing.change_slot(it.clerk, order.id, day=palace.day, slot_id=second.id, key="m")
    assert moved.slot_id == second.id
    assert (await world.pools(palace))["channel1"] == (10, 0, 0)
    assert (await world.pools(palace))["channel2"] == (10, 0, 4)
    assert await world.all_right(palace)
    async with palace.scope():
        await Contract.filter(tenant_id=palace.id).update(moves_hours=1000)
        first = (await world.slots_of(palace))[0]
        with pytest.raises(Conflict, match="1000 hours before"):
            await changing.change_slot(it.clerk, order.id, day=palace.day, slot_id=first.id, key="m2")


async def test_a_booking_moves_within_a_day_that_is_full(db, bank):
    palace = await world.build(bank, day_cap=4, half=4)
    it = await agencies.agency(palace)
    order = await agencies.book(it, ("palace", 4))
    second = (await world.slots_of(palace))[1]
    async with palace.scope():
        await changing.change_slot(it.clerk, order.id, day=palace.day, slot_id=second.id, key="m")
    assert await world.pools(palace) == {"day": (4, 0, 4), "slot1": (4, 0, 0), "slot2": (4, 0, 4)}
    assert await world.all_right(palace)


async def test_beyond_the_limit_is_refused_with_the_figure_and_a_deposit_frees_it_at_once(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, limit_minor=10_000)
    await agencies.book(it, ("palace", 3))
    with pytest.raises(OverLimit, match="10"):
        await agencies.book(it, ("palace", 1))
    assert (await world.pools(palace))["slot1"] == (60, 0, 3)
    wallet = await agencies.deposit(it, 5_000)
    assert (await stands(it)).left_minor == 6_000
    await agencies.book(it, ("palace", 2))
    async with palace.scope():
        with pytest.raises(Invalid, match="0"):
            await paying_out.pay_out(
                it.manager, wallet_id=wallet.id, amount_minor=1, reason="back", key="out", is_policy=True
            )


async def crowd(it, count: int) -> int:
    slot = (await world.slots_of(it.palace))[0]
    request = agencies.asked(it.palace, slot, ("palace", 1))

    async def one() -> bool:
        try:
            async with it.palace.scope():
                await booking.book(it.clerk, it.contract, request, key=new_id().hex)
        except OverLimit:
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(count))))


async def test_many_clerks_at_once_never_exceed_the_limit(committed, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, limit_minor=15_000)
    assert await crowd(it, 12) == 5
    assert (await stands(it)).left_minor == 0


async def test_without_the_lock_the_limit_is_exceeded(committed, bank, monkeypatch):
    """The control: the wallet is only read, and everybody waits until all have looked."""
    palace = await world.build(bank)
    it = await agencies.agency(palace, limit_minor=3_000)
    together = asyncio.Barrier(4)

    async def unlocked(contract):
        return await standing.deposit_of(contract)

    async def all_look(contract, deposit, more):
        await standing.must_fit(contract, deposit, more)
        await together.wait()

    monkeypatch.setattr(booking, "locked_deposit", unlocked)
    monkeypatch.setattr(booking, "must_fit", all_look)
    assert await crowd(it, 4) == 4
    assert (await stands(it)).left_minor < 0


@asynccontextmanager
async def month(bank, **terms):
    palace = await world.build(bank)
    it = await agencies.agency(palace, **terms)
    yield palace, it


async def test_a_statement_is_redeemed_quantity_times_its_price(db, bank):
    async with month(bank) as (palace, it):
        group = await agencies.book(it, ("group", 12))
        named = await agencies.book(it, ("palace", 3))
        period = await agencies.last_month(it, group, used=9)
        await agencies.last_month(it, named, used=1)
        async with palace.scope():
            assert await statements.draft_due(palace.tenant) == 1
            assert await statements.draft_due(palace.tenant) == 0
            draft = await AgencyStatement.get(tenant_id=palace.id)
            assert (draft.period, draft.total_minor) == (period, 9 * 500 + 3000)
            assert (await stands(it)).run_up_minor == 7500
            issued = await statements.issue(it.manager, draft.id)
            again = await statements.issue(it.manager, draft.id)
            bill = await Bill.get(tenant_id=palace.id, id=issued.bill_id)
            assert again.bill_id == bill.id
            lines = await BillLine.filter(tenant_id=palace.id, bill_id=bill.id).order_by("position")
            assert [(one.amount_minor, one.names["en"].split(": ")[1]) for one in lines] == [
                (4500, "9 × Group, Adult"), (3000, "1 × Palace, Adult"),
            ] or {one.amount_minor for one in lines} == {4500, 3000}  # fmt: skip
        assert (bill.account_id, bill.total_minor, bill.held_until) == (it.account.id, 7500, None)
        assert (await stands(it)).run_up_minor == 7500


async def test_a_statement_by_what_was_sold_bills_no_shows_and_late_cancellations(db, bank):
    async with month(bank, counts="sold") as (palace, it):
        order = await agencies.book(it, ("palace", 4))
        tickets = await world.tickets(palace, order)
        async with palace.scope():
            await Ticket.filter(tenant_id=palace.id, id=tickets[0].id).update(
                begins_at=datetime.now(UTC) + timedelta(hours=5)
            )
            await refunding.give_back(it.clerk, order.id, [tickets[0].id], seen_minor=1500, key="c1")
            await refunding.give_back(it.clerk, order.id, [tickets[1].id], seen_minor=3000, key="c2")
            await Ticket.filter(tenant_id=palace.id, status="issued").update(status="no_show")
            day = today(palace.tenant.timezone).replace(day=1) - timedelta(days=3)
            moment = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            await Ticket.filter(tenant_id=palace.id).update(day=day, valid_until=moment)
            draft = await statements.work_out(it.contract, day.replace(day=1))
        assert [(one["product"] != "", one["quantity"], one["amount_minor"]) for one in draft.lines] == [
            (True, 2, 6000), (False, 2, 1500),
        ]  # fmt: skip


async def test_a_draft_is_worked_out_anew_and_what_is_billed_cannot_be_cancelled(db, bank):
    async with month(bank) as (palace, it):
        order = await agencies.book(it, ("palace", 2))
        period = await agencies.last_month(it, order, used=1)
        async with palace.scope():
            first = await statements.work_out(it.contract, period)
            assert first.total_minor == 3000
            await Ticket.filter(tenant_id=palace.id, used=0).update(used=1, status="used")
            assert (await statements.work_out(it.contract, period)).total_minor == 6000
            ticket = await Ticket.filter(tenant_id=palace.id).first()
            await Ticket.filter(id=ticket.id, tenant_id=palace.id).update(used=0, status="issued")
            with pytest.raises(Conflict):
                await refunding.give_back(it.clerk, order.id, [ticket.id], seen_minor=0, key="late")
            with pytest.raises(Conflict, match="not over"):
                await statements.work_out(it.contract, today(palace.tenant.timezone).replace(day=1))


async def test_a_statement_is_paid_from_the_deposit_as_far_as_it_goes(db, bank):
    async with month(bank) as (palace, it):
        wallet = await agencies.deposit(it, 5_000)
        period = await agencies.last_month(it, await agencies.book(it, ("palace", 2)), used=2)
        async with palace.scope():
            issued = await statements.issue(it.manager, (await statements.work_out(it.contract, period)).id)
            paid = await statements.pay_from_deposit(it.manager, issued.id, key="p")
            assert (paid, await statements.left_of(issued)) == (5_000, 1_000)
            assert (await Wallet.get(tenant_id=palace.id, id=wallet.id)).balance_minor == 0
        assert (await stands(it)).run_up_minor == 1_000


async def test_only_who_may_makes_contracts_and_one_agency_has_one(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    facts = {
        name: getattr(it.contract, name)
        for name in ("account_id", "site_id", "uscc", "since", "until", "prices", "cancel_tiers")
    }
    clerk = await make.staff(palace.tenant, "ticket_clerk")
    async with palace.scope():
        with pytest.raises(Forbidden):
            await contracts.add(clerk, facts)
        with pytest.raises(Invalid, match="already"):
            await contracts.add(it.manager, facts)
        with pytest.raises(Invalid, match="first"):
            await contracts.change(
                it.manager, it.contract.id, facts | {"until": it.contract.since - timedelta(days=1)}
            )


async def test_a_closed_time_costs_an_agency_nothing(db, bank):
    palace = await world.build(bank)
    it = await agencies.agency(palace, counts="sold")
    order = await agencies.book(it, ("palace", 2))
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(
            is_closed=True, valid_until=datetime.now(UTC) - timedelta(hours=1)
        )
    from scenarios.tourism.board import closing  # noqa: PLC0415

    assert await closing.repay_the_rest(palace.system) == 1
    assert (await stands(it)).run_up_minor == 0
    async with palace.scope():
        assert (await Order.get(tenant_id=palace.id, id=order.id)).status == "refunded"
