"""Money keeps an institution's own days: at half past eleven it is still one day there, an hour later the next."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.answers import service as answers
from billing.answers.jobs import end_answers
from billing.ledger import asking
from billing.mandates import debiting
from billing.mandates.cards import cards_of
from billing.models import Answer, Bill, BillLine, BillRun, DayClose, Debit, Mandate, Payout, SavedCard
from billing.payments.numbers import new_number
from billing.payments.service import close_day, day_close_preview
from billing.reconciliation.payouts import of_counter
from tenants import days
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges import conftest as town
from tests.billing.charges.estate import AUGUST, JULY
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Invalid
from ui.tables import TableQuery

DAY = timedelta(days=1)
ZONES = ("Asia/Singapore", "America/New_York")
there = pytest.mark.parametrize("zone", ZONES)
moved = pytest.mark.parametrize("zone", [make.EAST, make.WEST])


@pytest.fixture
async def place(db, bank):
    return await world.build(bank, is_connected=False)


@pytest.fixture
def clock(monkeypatch):
    """Set what every institution takes for now."""

    def turn(moment: datetime) -> None:
        monkeypatch.setattr(days, "datetime", make.Clock(moment.astimezone(UTC)))

    return turn


@there
async def test_a_number_says_the_day_it_is_there(place, clock, zone):
    await make.move(place.tenant, zone)
    day = days.today(zone)
    for (moment, _), its_day in zip(make.around_midnight(zone, day), (day - DAY, day), strict=True):
        clock(moment)
        assert (await new_number("P", place.id)).startswith(f"P{its_day:%y%m%d}-")


@there
async def test_a_promise_is_for_a_day_after_this_one_and_broken_after_it(place, clock, zone):
    await make.move(place.tenant, zone)
    day = days.today(zone) + 3 * DAY
    bill = await world.bill(place, 1000)
    (eve, _), (morning, _) = make.around_midnight(zone, day)
    clock(morning)
    with pytest.raises(Invalid, match=r"promise\.day"):
        await promised(place, bill, day)
    clock(eve)
    answer_id = await promised(place, bill, day)
    for moment, status in ((make.around_midnight(zone, day + DAY)[0][0], "made"), (morning + DAY, "broken")):
        clock(moment)
        await end_answers(place.system)
        async with place.scope():
            assert (await Answer.get(id=answer_id)).status == status


async def promised(place, bill, day: date):
    async with place.scope():
        return await answers.promise(place.payer, tenant_id=place.id, bill_id=bill.id, day=day)


@there
async def test_a_debit_is_taken_from_its_own_midnight_on(place, clock, zone):
    await make.move(place.tenant, zone)
    bill, day = await world.bill(place, 1000), days.today(zone) + DAY
    async with place.scope():
        mandate = await Mandate.create(
            id=new_id(), tenant_id=place.id, account_id=place.account.id, person_id=place.person.id,
            person_name="Ann", settlement_account_id=place.settlement.id, channel="bank", reference=new_id().hex[:20],
            ceiling_minor=5000, schedule="bill", currency="SGD", status="active",
        )  # fmt: skip
        await Debit.create(
            id=new_id(), tenant_id=place.id, mandate_id=mandate.id, account_id=place.account.id, bill_id=bill.id,
            currency="SGD", amount_minor=1000, due_on=day, status="announced",
        )  # fmt: skip
    for (moment, _), taken in zip(make.around_midnight(zone, day), (0, 1), strict=True):
        clock(moment)
        assert await debiting.take_due(place.system) == taken


@there
async def test_a_cashiers_day_closes_as_the_day_it_is_there(place, clock, zone):
    await make.move(place.tenant, zone)
    cashier = await make.staff(place.tenant, "cashier")
    for moment, day in make.around_midnight(zone, days.today(zone)):
        clock(moment)
        await world.take(place, cashier, (await world.bill(place, 1000), 1000))
        async with place.scope():
            seen = await day_close_preview(cashier, currency="SGD")
            close_id = await close_day(cashier, currency="SGD", counted={"cash": 1000}, note="")
            assert (seen.day, (await DayClose.get(id=close_id)).day) == (day, day)


@there
async def test_a_transfer_taken_at_the_desk_arrives_on_the_day_it_is_there(place, clock, zone):
    await make.move(place.tenant, zone)
    for moment, day in make.around_midnight(zone, days.today(zone)):
        clock(moment)
        async with place.scope():
            number = new_id().hex[:12]
            made = await of_counter(place.id, place.settlement.id, new_id(), number, "SGD", 1000)
            assert (await Payout.get(id=made.id)).arrives_on == day


@there
async def test_a_card_is_good_to_the_end_of_its_month_there(place, clock, zone):
    async with place.scope():
        await SavedCard.create(
            id=new_id(), tenant_id=place.id, person_id=place.person.id, settlement_account_id=place.settlement.id,
            customer="cus_1", method="pm_1", brand="visa", last4="4242", exp_month=3, exp_year=2027,
        )  # fmt: skip
    await make.move(place.tenant, zone)
    for (moment, _), count in zip(make.around_midnight(zone, date(2027, 4, 1)), (1, 0), strict=True):
        clock(moment)
        async with place.scope():
            assert len(await cards_of(place.id, place.person.id, place.settlement.id)) == count


@there
async def test_statements_end_with_the_day_it_is_there(place, clock, client, zone):
    await make.move(place.tenant, zone)
    officer = await make.staff(place.tenant, "finance")
    officer.place["timezone"] = zone
    await world.bill(place, 1000)
    await make.sign_in(client, place.person.id)
    new_year = date(days.today(zone).year + 1, 1, 1)
    for moment, day in make.around_midnight(zone, new_year):
        clock(moment)
        span = asking.span_of(officer, TableQuery("/", "", {}, "", 1, 25, ""), first=day.replace(day=1))
        assert (span.first, span.last) == (day.replace(day=1), day)
        page = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/year")).text))
        assert str(day.year) in page
        assert (str(new_year.year) in page) == (day == new_year)


@there
@pytest.mark.parametrize("half", [0, 1])
async def test_a_late_fee_begins_after_the_midnight_of_the_due_day(db, bank, clock, zone, half):
    estate = await town.build(bank)
    await make.move(estate.tenant, zone)
    await make.account(estate.tenant)
    due_on = date(2026, 7, 20)
    first = await estate.bill(period=JULY, due_on=due_on)
    assert len(await estate.bills(first)) == 1
    moment, day = make.around_midnight(zone, due_on + DAY)[half]
    clock(moment)
    run = await estate.draft("late", period=AUGUST, due_on=AUGUST)
    async with open_scope(tenant_scope(estate.tenant.id)):
        found = await BillLine.filter(tenant_id=estate.tenant.id, fee_item_id=estate.items["late"].id)
        assert (await BillRun.get(id=run.id)).summary["as_of"] == day.isoformat()
    assert len(found) == half


@moved
async def test_a_payer_sees_a_bill_as_overdue_from_the_midnight_after_its_day(place, client, zone):
    await make.move(place.tenant, zone)
    bill = await world.bill(place, 1000)
    await make.sign_in(client, place.person.id)
    for due_on, is_late in ((days.today(zone), False), (days.today(zone) - DAY, True)):
        async with place.scope():
            await Bill.filter(tenant_id=place.id, id=bill.id).update(due_on=due_on)
        for path, words in (
            ("/my", "All of it is overdue"),
            (f"/my/bills/{bill.id}", "This bill was due on"),
        ):
            page = text_of(inspect((await client.get(path)).text))
            assert (words in page) == is_late, (path, due_on)
