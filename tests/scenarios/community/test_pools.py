"""Shared costs: divided to the cent whatever the weights, charged by the run, seen by those who bear them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import BillLine
from scenarios.community.models import CostPool, PoolInvoice, PoolShare
from scenarios.community.pools import service
from scenarios.community.pools.dividing import divide
from scenarios.community.pools.service import Terms
from tenants.models import Account
from tenants.scope import open_scope, person_scope
from tests import make
from tests.billing.charges.estate import JULY
from tests.scenarios.community.estate import Place, flat
from ui.errors import Conflict, Forbidden, Invalid

weights = st.dictionaries(st.integers(0, 500), st.decimals("0.01", 99_999, places=2), min_size=1, max_size=60)


@given(st.integers(1, 10**11), weights, st.sets(st.integers(0, 500)))
def test_parts_add_up_to_the_pool_for_any_areas_and_exclusions(total, areas, excluded):
    taking_part = {key: area for key, area in areas.items() if key not in excluded}
    if not taking_part:
        with pytest.raises(ValueError, match="weights"):
            divide(total, taking_part)
        return
    parts = divide(total, taking_part)
    assert parts.keys() == taking_part.keys()
    assert sum(parts.values()) == total
    assert divide(total, taking_part) == parts
    whole = sum(taking_part.values())
    for key, part in parts.items():
        assert abs(part - total * taking_part[key] / whole) < 1


def test_what_does_not_divide_goes_to_who_lost_most():
    assert divide(100, {"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)}) == {"a": 34, "b": 33, "c": 33}
    assert divide(10, {"a": Decimal(1), "b": Decimal(2)}) == {"a": 3, "b": 7}


async def pool(place: Place, basis="area", amounts=(10_001, 5_000), **given) -> CostPool:
    async with place.scope():
        made = await service.open_pool(
            place.chief, Terms({"en": "Lift power", "zh_CN": "电梯用电"}, JULY, basis, **given)
        )
        for number, amount in enumerate(amounts):
            await service.add_invoice(
                place.chief,
                made.id,
                supplier=f"Supplier {number}",
                number="1",
                invoiced_on=date(2026, 7, 2),
                amount_minor=amount,
            )
        return await service.get(place.chief, made.id)


async def closed(place: Place, made: CostPool) -> CostPool:
    async with place.scope():
        return await service.close(place.chief, made.id)


async def shares(place: Place, made: CostPool) -> dict[str, int]:
    async with place.scope():
        numbers = {one.id: one.number for one in await Account.filter(tenant_id=place.tenant.id)}
        found = await PoolShare.filter(tenant_id=place.tenant.id, pool_id=made.id)
    return {numbers[one.account_id]: one.amount_minor for one in found}


async def test_two_pools_reach_the_bills_to_the_cent(place):
    lifts, garden = await pool(place, "floors"), await pool(place, "units", (100,))
    await closed(place, lifts)
    await closed(place, garden)
    by_floor, by_unit = await shares(place, lifts), await shares(place, garden)
    ground, first, second = (one.number for one in place.flats)
    assert by_floor == {first: 5000, second: 10_001}, "the ground floor uses no lift"
    assert by_unit == {ground: 34, first: 33, second: 33}
    bills = await place.bill(JULY, "shared")
    assert {number: bill.total_minor for number, bill in bills.items()} == {
        ground: 34,
        first: 5033,
        second: 10_034,
    }
    async with place.scope():
        billed = await BillLine.filter(
            tenant_id=place.tenant.id, fee_item_id=place.billing.items["shared"].id
        )
    assert sum(line.amount_minor for line in billed) == 15_001 + 100


async def test_by_area_with_exclusions_and_who_has_no_area_is_told(place):
    bare = await flat(place.tenant, "09-01")
    async with place.scope():
        await Account.filter(id=bare.id).update(attributes={"flat_type": "4-room"})
    made = await pool(place, excluded=[place.flats[0].id])
    async with place.scope():
        weighed = await service.weigh(made)
    assert set(weighed.weights) == {place.flats[1].id, place.flats[2].id}
    assert list(weighed.without) == [bare.number]
    await closed(place, made)
    assert sum((await shares(place, made)).values()) == 15_001


async def test_a_closed_pool_is_fixed_and_one_that_is_billed_stays(place):
    made = await pool(place)
    await closed(place, made)
    async with place.scope():
        with pytest.raises(Conflict):
            await service.close(place.chief, made.id)
        with pytest.raises(Conflict):
            await service.add_invoice(
                place.chief, made.id, supplier="X", number="", invoiced_on=JULY, amount_minor=1
            )
        await service.reopen(place.chief, made.id)
    assert await shares(place, made) == {}
    await closed(place, made)
    await place.bill(JULY, "shared")
    async with place.scope():
        with pytest.raises(Conflict):
            await service.reopen(place.chief, made.id)
        with pytest.raises(Forbidden):
            await service.reopen(await make.staff(place.tenant, "reader"), made.id)


async def test_what_cannot_be_divided_is_said(place):
    empty = await pool(place, amounts=())
    by_meters = await pool(place, "usage", usage_of="water")
    async with place.scope():
        for made in (empty, by_meters):
            with pytest.raises(Conflict):
                await service.close(place.chief, made.id)
        with pytest.raises(Invalid):
            await service.open_pool(place.chief, Terms({"en": "X"}, JULY, "usage"))
        with pytest.raises(Invalid):
            await service.open_pool(place.chief, Terms({"en": "X"}, JULY, "feeling"))


async def test_who_bears_a_share_sees_the_pool_its_invoices_and_their_own_share_alone(place):
    made, still_open = await pool(place), await pool(place)
    await closed(place, made)
    ann, cho = await make.person("Ann"), await make.person("Cho")
    await make.holder(place.flats[0], ann, since=date(2020, 1, 1))
    await make.holder(place.flats[1], cho, since=date(2020, 1, 1), until=date(2026, 6, 30))
    async with open_scope(person_scope(ann.id)):
        assert [one.id for one in await CostPool.all()] == [made.id]
        assert await PoolInvoice.all().count() == 2
        assert [one.account_id for one in await PoolShare.all()] == [place.flats[0].id]
        assert still_open.id not in {one.pool_id for one in await PoolInvoice.all()}
    async with open_scope(person_scope(cho.id)):
        assert await CostPool.all().count() == 0, "whoever was gone by then sees nothing of it"
