"""Moving out and deposits: the end is one bill, to the cent and once; deposits are held and come back."""

import calendar
from datetime import timedelta
from decimal import Decimal

import pytest

from billing.charges.bills import lines_of
from billing.models import Bill
from scenarios.community.estate import leases
from scenarios.community.estate.leases import LeaseTerms
from scenarios.community.leaving import moving_out
from scenarios.community.leaving.moving_out import MoveTerms
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.models import MoveOut, UnitDeposit
from tenants.models import Account
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import TODAY, month_back
from tests.scenarios.community.test_handover import whole
from tests.scenarios.community.test_leases import CHO
from ui.errors import Conflict, Forbidden, Invalid

LAST_MONTH, NOW = month_back(1), month_back(0)
LAST_DAY = LAST_MONTH.replace(day=20)
DAYS = calendar.monthrange(LAST_MONTH.year, LAST_MONTH.month)[1]


async def gone(place, flat, on=LAST_DAY):
    async with place.scope():
        made = await moving_out.move_out(place.chief, flat.id, MoveTerms(on, "4 New Road"))
        return await moving_out.statement_of(made)


async def test_what_is_missing_is_on_one_bill_and_no_run_charges_it_again(place):
    flat = place.flats[0]
    ann = await make.person("Ann")
    await make.holder(flat, ann)
    async with place.scope():
        plate = Plate("water", "W-1", LAST_MONTH - timedelta(1), start_value=Decimal(0))
        meter = await installing.install(place.chief, plate, account_id=flat.id, building_id=None)
        await readings.submit(place.chief, meter.id, Said(LAST_DAY, Decimal(20), "round"))
        shown = await moving_out.preview(place.chief, flat.id, MoveTerms(LAST_DAY))
        assert await MoveOut.all().count() == 0, "a look changes nothing"
        assert (await Account.get(id=flat.id)).closed_on is None
    found = await gone(place, flat)
    part = round(whole(place, flat) * 20 / DAYS)
    assert {one["name"]: one["amount_minor"] for one in found.lines} == {
        "The service": part,
        "The water": 3000,
    }
    assert (found.owed_minor, [one["serial"] for one in found.readings]) == (part + 3000, ["W-1"])
    assert shown.owed_minor == found.owed_minor
    assert flat.number not in await place.bill(LAST_MONTH, "service", "water")
    assert flat.number not in await place.bill(NOW, "service", "water")
    async with place.scope():
        lines = await lines_of(place.tenant.id, [found.bill.id])
        assert all(line.is_proven for line in lines[found.bill.id]), "each line can be worked out again"
    async with open_scope(person_scope(ann.id)):
        assert [bill.id for bill in await Bill.all()] == [found.bill.id]
        assert await MoveOut.all().count() == 1


async def test_what_was_billed_ahead_comes_back(place):
    flat = place.flats[0]
    await place.bill(LAST_MONTH)
    found = await gone(place, flat)
    part = round(whole(place, flat) * 20 / DAYS)
    assert found.bill is None
    assert found.owed_minor == part
    assert sum(one["amount_minor"] for one in found.credited) == whole(place, flat) - part
    with pytest.raises(Conflict):
        await gone(place, flat)


async def test_who_rents_moves_out_with_their_own_days(place):
    flat = place.flats[0]
    async with place.scope():
        fee = place.billing.items["service"].id
        lease = await leases.begin(place.chief, flat.id, LeaseTerms(LAST_MONTH, None, CHO, [fee]))
        await leases.end(place.chief, flat.id, lease.id, last_on=LAST_DAY)
        renter = await Account.get(tenant_id=place.tenant.id, id=lease.payer_id)
    found = await gone(place, renter, TODAY)
    assert found.last_on == LAST_DAY, "the lease has said which day was the last"
    assert found.owed_minor == round(whole(place, flat) * 20 / DAYS)
    await place.bill(LAST_MONTH)
    (line,) = await place.lines(flat, "service")
    assert line.amount_minor + found.owed_minor == whole(place, flat)


async def test_who_may_not_and_what_cannot_be(place):
    with pytest.raises(Invalid):
        await gone(place, place.flats[0], TODAY + timedelta(1))
    reader = await make.staff(place.tenant, "reader")
    async with place.scope():
        with pytest.raises(Forbidden):
            await moving_out.move_out(reader, place.flats[0].id, MoveTerms(LAST_DAY))
        await moving_out.move_out(place.chief, place.flats[0].id, MoveTerms(LAST_DAY))
    stranger = await make.person("Nobody")
    async with open_scope(person_scope(stranger.id)):
        assert await MoveOut.all().count() == 0
        assert await UnitDeposit.all().count() == 0


async def test_the_pages_of_moving_out(place, client):
    flat, ann = place.flats[0], await make.person("Ann")
    await make.holder(flat, ann)
    await make.sign_in(client, place.chief.person_id)
    address = f"{place.root}/accounts/{flat.id}/moving-out"
    inspect((await client.get(address)).text)
    looked = await client.post(address, data={"last_on": LAST_DAY.isoformat(), "act": "look"})
    inspect(looked.text)
    assert "This is what it comes to" in looked.text
    done = await client.post(address, data={"last_on": LAST_DAY.isoformat(), "act": "do"})
    assert done.status_code == 303
    inspect((await client.get(address)).text)
    assert (await client.get(f"{address}/pdf?lang=zh_CN")).content.startswith(b"%PDF")
    async with place.scope():
        made = await MoveOut.get(account_id=flat.id)
    await make.sign_in(client, ann.id)
    assert f'href="/my/moves/{made.id}"' in (await client.get("/my")).text
    mine = await client.get(f"/my/moves/{made.id}")
    inspect(mine.text)
    assert (await client.get(f"/my/moves/{made.id}/pdf")).content.startswith(b"%PDF")
    await make.sign_in(client, (await make.person("Nobody")).id)
    assert (await client.get(f"/my/moves/{made.id}")).status_code == 404


async def test_a_year_on_one_page_is_its_readers_own(place, client):
    flat, ann = place.flats[0], await make.person("Ann")
    await make.holder(flat, ann)
    await place.bill(LAST_MONTH)
    await make.sign_in(client, ann.id)
    address = f"/my/accounts/{flat.id}/year?year={TODAY.year}"
    page = await client.get(address)
    inspect(page.text)
    assert f"{whole(place, flat) / 100:.2f}" in page.text
    assert f"{whole(place, flat) / 100:.2f}" in (await client.get(f"{address}&export=csv")).text
    paper = await client.get(f"/my/accounts/{flat.id}/year/pdf?year={TODAY.year}")
    assert paper.content.startswith(b"%PDF")
    await make.sign_in(client, (await make.person("Nobody")).id)
    assert (await client.get(address)).status_code == 404
    assert (await client.get(f"/my/accounts/{flat.id}/year/pdf")).status_code == 404
