"""Paid ahead: readings spend what the rule says, to the cent over a month; holders are told; nothing is cut off."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Wallet, WalletMovement
from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.moving import Move, lock, move
from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.models import MeterReading, Prepaid, PrepaidUse
from scenarios.community.prepaid import service
from tenants.ids import new_id
from tenants.models import Notice
from tenants.scope import open_scope, person_scope, rows
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import month_back
from ui.errors import Forbidden, Invalid

LAST_MONTH = month_back(1)


@pytest.fixture
async def meter(place):
    async with place.scope():
        plate = Plate("water", "W-1", LAST_MONTH - timedelta(1), start_value=Decimal(0))
        return await installing.install(place.chief, plate, account_id=place.flats[0].id, building_id=None)


async def ahead(place, stored_minor, warn_minor=1000):
    """Pay ahead, with so much stored as a paid top-up leaves it."""
    async with place.scope():
        plan = await service.begin(place.chief, place.flats[0].id, "water", warn_minor=warn_minor)
        wallet = await lock(place.tenant.id, plan.wallet_id)
        kind = WALLET_KINDS[wallet.kind]
        stored = Move(
            kind="top_up",
            amount_minor=stored_minor,
            source_kind="top_up",
            source_id=new_id(),
            other_side=kind.asked_ledger,
        )
        await move(place.chief, wallet, stored)
        return plan


async def read(place, meter, day, value):
    async with place.scope():
        said = Said(LAST_MONTH.replace(day=day), Decimal(value), "round")
        return await readings.submit(place.chief, meter.id, said)


async def left(place, plan) -> int:
    async with place.scope():
        return (await Wallet.get(tenant_id=place.tenant.id, id=plan.wallet_id)).balance_minor


async def test_the_readings_of_a_month_cost_what_one_would_and_no_bill_charges_them(place, meter):
    plan = await ahead(place, 10_000)
    for day, value in ((8, "7"), (15, "13"), (22, "20")):
        await read(place, meter, day, value)
    async with place.scope():
        used = await PrepaidUse.filter(tenant_id=place.tenant.id).order_by("created_at")
        assert [one.amount_minor for one in used] == [700, 300 + 600, 1400], "ten at 1.00, the rest at 2.00"
        assert await rows("select 1 from billing_quantity where tenant_id = $1", place.tenant.id) == []
    assert await left(place, plan) == 10_000 - 3_000
    assert await place.lines(place.flats[0], "water") == []


async def test_little_is_left_and_they_are_told_once_while_the_water_runs_on(place, meter):
    ann = await make.person("Ann")
    await make.holder(place.flats[0], ann)
    plan = await ahead(place, 800)
    for day, value in ((8, "7"), (15, "13")):
        await read(place, meter, day, value)
    assert await left(place, plan) == 800 - 1_600, "beyond what is stored it is lent"
    async with place.scope():
        told = await Notice.filter(tenant_id=place.tenant.id, template="prepaid.low")
        assert [one.person_id for one in told] == [ann.id]
    async with open_scope(person_scope(ann.id)):
        assert [one["balance_minor"] for one in await service.plans_of([place.flats[0].id])] == [-800]
    stranger = await make.person("Nobody")
    async with open_scope(person_scope(stranger.id)):
        assert await service.plans_of([place.flats[0].id]) == []


async def test_what_even_lending_does_not_bear_goes_on_the_bill(place, meter, monkeypatch):
    monkeypatch.setattr(service, "FLOOR_MINOR", -100)
    plan = await ahead(place, 100)
    made = await read(place, meter, 8, "30")
    assert made.status == "accepted", "a reading is never refused for money"
    assert await left(place, plan) == 100
    async with place.scope():
        found = await rows("select amount from billing_quantity where tenant_id = $1", place.tenant.id)
        assert [one["amount"] for one in found] == [30]


async def test_a_reading_taken_back_gives_back_what_it_spent(place, meter):
    plan = await ahead(place, 5_000)
    await read(place, meter, 8, "7")
    second = await read(place, meter, 15, "13")
    async with place.scope():
        await readings.take_back(place.chief, second.id)
        assert (await MeterReading.get(id=second.id)).status == "rejected"
    assert await left(place, plan) == 5_000 - 700
    await read(place, meter, 16, "13")
    assert await left(place, plan) == 5_000 - 1_600, "the tiers go on where they were"
    async with place.scope():
        kinds = [
            one.kind
            for one in await WalletMovement.filter(tenant_id=place.tenant.id).order_by("created_at", "id")
        ]
        assert kinds == ["top_up", "spend", "spend", "give_back", "spend"]


async def test_ended_it_is_billed_again_and_only_staff_with_the_right_begin_it(place, meter):
    await ahead(place, 5_000)
    async with place.scope():
        await service.end(place.chief, place.flats[0].id, "water")
        assert not (await Prepaid.get(tenant_id=place.tenant.id)).is_active
        with pytest.raises(Invalid):
            await service.begin(place.chief, place.flats[0].id, "gas", warn_minor=0)
    await read(place, meter, 8, "7")
    async with place.scope():
        assert len(await rows("select 1 from billing_quantity where tenant_id = $1", place.tenant.id)) == 1
    reader = await make.staff(place.tenant, "reader")
    async with place.scope():
        with pytest.raises(Forbidden):
            await service.begin(reader, place.flats[0].id, "water", warn_minor=0)


async def test_the_page(place, meter, client):
    await make.sign_in(client, place.chief.person_id)
    address = f"{place.root}/accounts/{place.flats[0].id}/prepaid"
    inspect((await client.get(address)).text)
    wrong = await client.post(address, data={"kind": "water", "warn_minor": "x"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(address, data={"kind": "water", "warn_minor": "20"})).status_code == 303
    page = await client.get(address)
    inspect(page.text)
    assert "Spent by readings" in page.text
    assert (await client.post(f"{address}/end", data={"kind": "water"})).status_code == 303
