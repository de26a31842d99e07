"""Figures that add up, accounts that name nobody, a dossier for the court, and facilities with their deposit."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.charges.periods import months_after
from billing.holds.kinds import HOLD_KINDS
from billing.models import Allocation, Bill, BillLine, Hold, Payment, SettlementAccount
from scenarios.community.estate import phases
from scenarios.community.facilities import booking
from scenarios.community.facilities.booking import KIND, Offer
from scenarios.community.figures import dossier, queries
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.models import Building, Facility, FacilityBooking
from tenants.ids import new_id
from tenants.scope import open_scope, person_scope
from tests import make
from tests.billing.pdf_text import pages
from tests.billing.town import settle_at
from tests.page import inspect
from tests.scenarios.community.estate import TODAY, build, month_back
from tests.scenarios.community.test_pages import sound
from ui.errors import Conflict, Forbidden, Invalid

VIEWS = ("buildings", "managers", "months", "arrears", "pools", "work", "energy")


async def paid(place, bill, amount, days_ago=0):
    """Book a payment of a bill as the books have it, so many days ago."""
    await settle_at(place.tenant)
    async with place.scope():
        account = await SettlementAccount.get(tenant_id=place.tenant.id)
        line = await BillLine.filter(tenant_id=place.tenant.id, bill_id=bill.id).first()
        payment = await Payment.create(
            id=new_id(),
            tenant_id=place.tenant.id,
            number=f"T-{make.serial()}",
            settlement_account_id=account.id,
            channel="counter",
            method="cash",
            currency="SGD",
            amount_minor=amount,
            status="succeeded",
            payer_name="x",
        )
        made = await Allocation.create(
            tenant_id=place.tenant.id,
            payment_id=payment.id,
            bill_id=bill.id,
            bill_line_id=line.id,
            amount_minor=amount,
            created_at=datetime.now(UTC) - timedelta(days=days_ago),
        )
        await Bill.filter(id=bill.id).update(paid_minor=amount, status="part_paid")
        return made


async def test_collection_adds_up_whichever_way_it_is_cut(place):
    first = await place.bill(month_back(2))
    await place.bill(month_back(1))
    bill = first[place.flats[0].number]
    async with place.scope():
        await Bill.filter(id=bill.id).update(paid_minor=1000, status="part_paid")
        building = await Building.get(tenant_id=place.tenant.id)
        await phases.take_care(place.chief, building, phase_id=None, manager="Ravi", handed_over_on=None)
        since = months_after(TODAY, -12)
        cuts = {by: await queries.collected(place.tenant.id, since, "SGD", by) for by in queries.KEYS}
        every = await Bill.filter(tenant_id=place.tenant.id)
    for found in cuts.values():
        assert sum(one["billed_minor"] for one in found) == sum(bill.total_minor for bill in every)
        assert sum(one["paid_minor"] for one in found) == 1000
        assert sum(one["left_minor"] for one in found) == sum(bill.total_minor for bill in every) - 1000
    assert [one["name"] for one in cuts["manager"]] == ["Ravi"]
    assert [one["name"] for one in cuts["month"]] == [month_back(2), month_back(1)]


async def test_arrears_by_age_and_what_is_expected_of_them(place):
    bills = await place.bill(month_back(2))
    one, other = bills[place.flats[0].number], bills[place.flats[1].number]
    async with place.scope():
        await Bill.filter(id__in=[one.id, other.id]).update(due_on=TODAY - timedelta(days=40))
        await Bill.filter(id=bills[place.flats[2].number].id).update(due_on=TODAY - timedelta(days=5))
    await paid(place, one, 4000)
    async with place.scope():
        ages = {one["least"]: one for one in await queries.ages(place.tenant.id, TODAY, "SGD")}
    left = one.total_minor + other.total_minor - 4000
    assert ages[31]["left_minor"] == left
    assert ages[31]["bills"] == 2
    assert ages[1]["left_minor"] == bills[place.flats[2].number].total_minor
    assert ages[1]["was_minor"] == left + 4000, "30 days ago they were ten days late"
    assert ages[1]["share"] == 4000 / (left + 4000)
    assert ages[1]["expected_minor"] == ages[1]["left_minor"] * 4000 // (left + 4000)
    assert ages[31]["expected_minor"] is None, "nothing was owed that long, so nothing is foretold"
    assert ages[91]["left_minor"] == 0


async def test_energy_for_each_square_metre(place):
    async with place.scope():
        building = await Building.get(tenant_id=place.tenant.id)
        plate = Plate("power", "P-1", month_back(3), multiplier=Decimal(40), digits=6)
        meter = await installing.install(place.chief, plate, account_id=None, building_id=building.id)
        await readings.submit(place.chief, meter.id, Said(month_back(2), Decimal(10), "round"))
        (found,) = await queries.energy(place.tenant.id, month_back(6))
    assert found["used"] == 400
    assert found["per_sqm"] == round(Decimal(400) / (87 + 94 + 101), 3)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_pages_of_figures_and_the_dossier(place, client, language):
    ann = await make.person("Ann Tan")
    await make.holder(place.flats[0], ann, name="Ann Tan")
    bill = (await place.bill(month_back(2)))[place.flats[0].number]
    async with place.scope():
        meter = await installing.install(
            place.chief, Plate("water", "W-1", month_back(3)), account_id=place.flats[0].id, building_id=None
        )
        await readings.submit(place.chief, meter.id, Said(month_back(1), Decimal(10), "round"))
    await make.sign_in(client, place.chief.person_id)
    root = f"{place.root}/estate-figures"
    for view in VIEWS:
        await sound(client, language, f"{root}?of={view}", f"{root}?of={view}&export=csv")
    unit = f"{place.root}/accounts/{place.flats[0].id}"
    page = await client.get(unit, headers={"Accept-Language": language})
    assert f"{unit}/dossier/pdf" in page.text
    paper = await client.get(f"{unit}/dossier/pdf?lang={language.replace('-', '_')}")
    assert paper.headers["content-type"] == "application/pdf"
    text = "".join(pages(paper.content)).replace("\n", "")
    for words in (bill.number, "Ann Tan", "W-1"):
        assert words in text, words
    reader = await make.staff(place.tenant, "technician")
    await make.sign_in(client, reader.person_id)
    assert (await client.get(f"{unit}/dossier/pdf")).status_code == 403


async def test_the_dossier_holds_what_is_overdue_and_nothing_else(place):
    await place.bill(month_back(2))
    async with place.scope():
        await Bill.filter(tenant_id=place.tenant.id).update(due_on=TODAY + timedelta(days=5))
        assert (await dossier.document_of(place.flats[0])).bills == []
        await Bill.filter(tenant_id=place.tenant.id).update(due_on=TODAY - timedelta(days=5))
        found = await dossier.document_of(place.flats[0])
    assert len(found.bills) == 1
    assert found.lines[0]["amount_minor"] == found.bills[0]["total_minor"]


async def test_published_accounts_are_there_when_switched_on_and_name_nobody(place, client):
    ann = await make.person("Ann Tan")
    await make.holder(place.flats[0], ann, name="Ann Tan")
    await place.bill(month_back(1))
    address = f"/estates/{place.tenant.slug}/accounts"
    client.cookies.clear()
    assert (await client.get(address)).status_code == 404
    await make.sign_in(client, place.chief.person_id)
    switch = f"{place.root}/estate-figures/publishing"
    await sound(client, "en", switch)
    assert (await client.post(switch, data={"is_on": "1", "text": "As agreed in May."})).status_code == 303
    client.cookies.clear()
    for language in ("en", "zh-CN"):
        await sound(client, language, address)
    page = await client.get(address)
    assert "As agreed in May." in page.text
    for secret in ("Ann Tan", place.flats[0].number, "#01-01"):
        assert secret not in page.text
    await make.sign_in(client, place.chief.person_id)
    assert (await client.post(switch, data={})).status_code == 303
    client.cookies.clear()
    assert (await client.get(address)).status_code == 404
    assert (await client.get("/estates/nowhere/accounts")).status_code == 404


# --- facilities

TOMORROW = TODAY + timedelta(days=1)


async def offered(place, **given):
    facts = {"english": "Hall", "chinese": "大厅", "opens": 8, "closes": 20, "days_ahead": 7, **given}
    async with place.scope():
        return await booking.add(place.chief, Offer(**facts))


async def book(place, hall, who, flat, *, hour=10, key="one"):
    async with place.scope():
        return await booking.book(
            make.payer(who),
            place.tenant.id,
            hall.id,
            account_id=flat.id,
            day=TOMORROW,
            hour=hour,
            key=f"{key}-{hall.id}",
        )


@pytest.fixture
async def ann(place):
    found = await make.person("Ann Tan")
    await make.holder(place.flats[0], found)
    return found


async def test_an_hour_is_held_until_it_is_paid_and_free_again_when_it_is_not(place, ann):
    hall = await offered(place, fee_minor=1000, deposit_minor=5000)
    made, hold = await book(place, hall, ann, place.flats[0])
    async with place.scope():
        bill = await Bill.get(tenant_id=place.tenant.id, id=hold.bill_id)
        assert (made.status, bill.total_minor) == ("held", 6000)
        assert (10, False) in await booking.free_hours(hall, TOMORROW)
    with pytest.raises(Conflict):
        await book(place, hall, ann, place.flats[0], key="two")
    async with place.scope():
        await HOLD_KINDS[KIND].let_go(hold, "expired")
        assert (10, True) in await booking.free_hours(hall, TOMORROW)
        assert await HOLD_KINDS[KIND].came_late(hold, None)  # the hour is still free, so it is taken again
        await HOLD_KINDS[KIND].let_go(hold, "expired")
        other = await make.person("Ben")
    await make.holder(place.flats[1], other)
    again, _ = await book(place, hall, other, place.flats[1], key="three")
    async with place.scope():
        assert not await HOLD_KINDS[KIND].came_late(hold, None), "somebody else has it now"
        await HOLD_KINDS[KIND].kept(await Hold.get(tenant_id=place.tenant.id, subject_id=again.id))
        kept = await FacilityBooking.get(tenant_id=place.tenant.id, id=again.id)
        assert (kept.status, kept.deposit_status) == ("booked", "paid")
        with pytest.raises(Conflict):
            await booking.return_deposit(place.chief, again.id, kept_minor=0, reason="")  # still to come
        with pytest.raises(Forbidden):
            await booking.return_deposit(
                await make.staff(place.tenant, "reader"), again.id, kept_minor=0, reason=""
            )
    async with open_scope(person_scope(ann.id)):
        assert [one.id for one in await FacilityBooking.all()] == [made.id]


async def test_two_who_book_at_once_and_one_has_the_hour(committed, bank):
    place = await build(bank, 2)
    people = [await make.person("Ann"), await make.person("Ben")]
    for who, flat in zip(people, place.flats, strict=True):
        await make.holder(flat, who)
    hall = await offered(place)
    found = await asyncio.gather(
        *(book(place, hall, who, flat, key=who.name) for who, flat in zip(people, place.flats, strict=True)),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True]


async def test_what_cannot_be_booked(place, ann):
    hall = await offered(place)
    for hour in (7, 20, 99):
        with pytest.raises(Invalid):
            await book(place, hall, ann, place.flats[0], hour=hour)
    for wrong in ({"closes": 8}, {"days_ahead": 0}, {"english": " "}):
        with pytest.raises(Invalid):
            await offered(place, **wrong)


async def test_a_resident_books_on_the_pages(place, ann, client):
    await make.sign_in(client, place.chief.person_id)
    form = {"english": "Hall", "opens": "0", "closes": "24", "days_ahead": "7", "deposit_minor": "50.00"}
    facilities = f"{place.root}/facilities"
    assert (await client.post(facilities, data={**form, "closes": "0"})).status_code == 422
    assert (await client.post(facilities, data=form)).status_code == 303
    await make.sign_in(client, ann.id)
    address = f"/my/units/{place.flats[0].id}"
    for language in ("en", "zh-CN"):
        await sound(client, language, f"{address}/facilities?day={TOMORROW}")
    async with place.scope():
        hall = (await Facility.get(tenant_id=place.tenant.id)).id
    wish = {"facility": str(hall), "day": TOMORROW.isoformat(), "hour": "9", "key": "abc"}
    done = await client.post(f"{address}/bookings?day={TOMORROW}", data=wish)
    assert done.headers["location"].startswith("/my/checkout?bill=")
    taken = await client.post(f"{address}/bookings?day={TOMORROW}", data={**wish, "key": "d"})
    assert taken.status_code == 422
    inspect(taken.text)
    async with place.scope():
        made = await FacilityBooking.get(tenant_id=place.tenant.id)
    await sound(client, "zh-CN", f"/my/bookings/{made.id}", "/my/home")
    assert done.headers["location"] in (await client.get(f"/my/bookings/{made.id}")).text, (
        "it can still be paid"
    )
    await make.sign_in(client, place.chief.person_id)
    await sound(client, "zh-CN", facilities, f"{facilities}/{made.id}")
    early = await client.post(f"{facilities}/{made.id}/deposit", data={})
    assert early.status_code == 422
    inspect(early.text)
