"""Units merged and split: areas exact, each side charged for its days, histories private, files bring nothing back."""

from decimal import Decimal

import pytest

from billing.models import Bill
from scenarios.community.estate import leases, reshaping
from scenarios.community.estate.gone import gone
from scenarios.community.estate.leases import LeaseTerms
from scenarios.community.estate.reshaping import Part, areas_of
from scenarios.community.importing import UNITS
from scenarios.community.meters import installing
from scenarios.community.meters.installing import Plate
from scenarios.community.models import Meter, Reshaping, Tenure, Unit
from tenants.models import Account, Holder
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import BUILDING, month_back
from tests.scenarios.community.test_handover import whole
from tests.scenarios.community.test_leases import CHO, net
from ui.errors import Conflict, Forbidden, Invalid

LAST_MONTH, BEFORE = month_back(1), month_back(2)
DAY = LAST_MONTH.replace(day=11)


def part(door: str, area: str) -> Part:
    return Part(door, {"area_sqm": Decimal(area)})


async def halves(place, flat=None, doors=("01-01", "01-01A"), areas=("50.25", "36.75"), on=DAY):
    async with place.scope():
        parts = [part(door, area) for door, area in zip(doors, areas, strict=True)]
        return await reshaping.split(place.chief, (flat or place.flats[0]).id, on=on, parts=parts)


async def test_a_split_keeps_every_square_metre_and_every_day(place):
    flat = place.flats[0]
    await place.bill(LAST_MONTH)
    made = await halves(place)
    assert [one.number for one in made] == [f"{BUILDING} #01-01", f"{BUILDING} #01-01A"]
    assert sum(areas_of(one)["area_sqm"] for one in made) == areas_of(flat)["area_sqm"]
    await place.bill(LAST_MONTH)
    paid = [await net(place, one.id) for one in (flat, *made)]
    assert abs(sum(paid) - whole(place, flat)) <= 1, "each line is rounded once"
    assert all(paid)
    async with place.scope():
        units = await Unit.filter(tenant_id=place.tenant.id, account_id__in=[one.id for one in made])
        assert {unit.door for unit in units} == {"01-01", "01-01A"}
        assert await Unit.filter(account_id=flat.id).count() == 0
        assert await Tenure.filter(account_id=flat.id).count() == 1


async def test_a_merge_adds_up_and_brings_meters_and_histories_together(place):
    first, second = place.flats[:2]
    async with place.scope():
        for number, flat in enumerate((first, second)):
            plate = Plate("water", f"W-{number}", BEFORE, start_value=Decimal(0))
            await installing.install(place.chief, plate, account_id=flat.id, building_id=None)
        made = await reshaping.merge(place.chief, [first.id, second.id], on=DAY, door="01-01")
        assert areas_of(made)["area_sqm"] == areas_of(first)["area_sqm"] + areas_of(second)["area_sqm"]
        unit = await Unit.get(tenant_id=place.tenant.id, account_id=made.id)
        assert await Meter.filter(unit_id=unit.id).count() == 2
        assert await Tenure.filter(unit_id=unit.id).count() == 2
        assert await Unit.filter(account_id__in=[first.id, second.id]).count() == 0
    bills = await place.bill(LAST_MONTH)
    assert made.number in bills
    assert len(bills) == 4, "three that end or stay, and the new one"


async def test_arrears_stay_with_the_person_and_histories_private(place):
    first, second = place.flats[:2]
    ann, ben = await make.person("Ann"), await make.person("Ben")
    await make.holder(first, ann)
    await make.holder(second, ben)
    await place.bill(BEFORE)
    async with place.scope():
        made = await reshaping.merge(place.chief, [first.id, second.id], on=DAY, door="01-09")
        assert {one.name for one in await Holder.filter(account_id=made.id)} == {"Ann", "Ben"}
    await place.bill(LAST_MONTH)
    for person, own in ((ann, first), (ben, second)):
        async with open_scope(person_scope(person.id)):
            seen = {one.account_id for one in await Bill.all()}
            assert seen == {own.id, made.id}
            assert {one.id for one in await Account.all()} == {own.id, made.id}


async def test_a_file_with_the_old_doors_is_told_what_became_of_them(place):
    first, second = place.flats[:2]
    async with place.scope():
        made = await reshaping.merge(place.chief, [first.id, second.id], on=DAY, door="01-09")
        assert set(await gone(place.tenant.id, [first.number, second.number, "x"])) == {
            first.number,
            second.number,
        }
        row = {"number": second.number, "kind": "unit", "attributes": {"area_sqm": 94.0}}
        new = {"number": made.number, "kind": "unit", "attributes": {}}
        assert UNITS.check is not None
        problems = await UNITS.check(place.chief, [(2, row), (3, new)])
        assert [(one.number, one.column) for one in problems] == [(2, "door")]
        assert await Reshaping.filter(tenant_id=place.tenant.id).count() == 2
    halved = await halves(place, place.flats[2], ("03-01", "03-01A"), ("50.5", "50.5"))
    async with place.scope():
        old = {"number": halved[0].number, "kind": "unit", "attributes": {"area_sqm": 101.0}}
        kept = {"number": halved[0].number, "kind": "unit", "attributes": {"area_sqm": 50.5}}
        assert [one.number for one in await UNITS.check(place.chief, [(2, old)])] == [2]
        assert await UNITS.check(place.chief, [(2, kept)]) == []


async def test_what_cannot_be(place):
    flat = place.flats[0]
    for doors, areas in (
        (("01-01", "01-01A"), ("50", "36.99")),
        (("01-01", "01-01"), ("50", "37")),
        (("02-01", "01-01A"), ("50", "37")),
    ):
        with pytest.raises(Invalid):
            await halves(place, doors=doors, areas=areas)
    with pytest.raises(Invalid):
        async with place.scope():
            await reshaping.merge(place.chief, [flat.id], on=DAY, door="01-01")
    async with place.scope():
        fee = place.billing.items["service"].id
        await leases.begin(place.chief, flat.id, LeaseTerms(LAST_MONTH, None, CHO, [fee]))
    with pytest.raises(Conflict):
        await halves(place)
    reader = await make.staff(place.tenant, "reader")
    async with place.scope():
        with pytest.raises(Forbidden):
            await reshaping.split(reader, place.flats[1].id, on=DAY, parts=[])


async def test_the_page_splits_and_merges(place, client):
    await make.sign_in(client, place.chief.person_id)
    address = f"{place.root}/accounts/{place.flats[0].id}/reshaping"
    inspect((await client.get(address)).text)
    said = {
        "on": DAY.isoformat(),
        "door-0": "01-01",
        "area_sqm-0": "50",
        "door-1": "01-01A",
        "area_sqm-1": "36",
    }
    wrong = await client.post(f"{address}/split", data=said)
    assert wrong.status_code == 422
    inspect(wrong.text)
    done = await client.post(f"{address}/split", data=said | {"area_sqm-1": "37"})
    assert done.status_code == 303
    told = text_of(inspect((await client.get(done.headers["location"])).text))
    assert "Unit split" in told, "the account's story says every industry's acts in words"
    other = place.flats[1].id
    merged = await client.post(
        f"{place.root}/accounts/{other}/reshaping/merge",
        data={"on": DAY.isoformat(), "door": "02-09", "others": [str(place.flats[2].id)]},
    )
    assert merged.status_code == 303
