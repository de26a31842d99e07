"""Shops of the neighbourhood: stock is never sold twice, orders are paid and given back, groups come about or not."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing.holds.kinds import HOLD_KINDS
from billing.models import Bill, BillLine, Hold
from billing.payments.states import diagram, table
from scenarios.community.merchants import buying, selling, service
from scenarios.community.merchants.buying import KIND, Wish
from scenarios.community.merchants.service import Goods
from scenarios.community.merchants.states import ORDER, TONES, WORDS
from scenarios.community.models import ShopOrder, ShopProduct
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect
from tests.scenarios.community.estate import build
from tests.scenarios.community.test_pages import sound
from ui.errors import Conflict, Forbidden, Invalid, NotFound

RICE = Goods({"en": "Rice", "zh_CN": "米"}, 1250, 5)
NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=2)


@pytest.fixture
async def ann(place):
    found = await make.person("Ann Tan")
    await make.holder(place.flats[0], found)
    return found


async def shop(place, keeper=None):
    async with place.scope():
        return await service.add_shop(
            place.chief, english="Corner", chinese="", about="", keeper=keeper.person_id if keeper else None
        )


async def offered(place, goods=RICE, found=None):
    found = found or await shop(place)
    async with place.scope():
        return await service.offer(place.chief, found.id, goods)


async def order(place, product, who, quantity=1, *, key="one", flat=0):
    wish = Wish({product.id: quantity}, place.flats[flat].id, "pickup", f"{key}-{product.id}")
    async with place.scope():
        (made,), hold = await buying.buy(make.payer(who), place.tenant.id, wish)
    return made, hold


async def paid(place, hold):
    async with place.scope():
        await HOLD_KINDS[KIND].kept(await Hold.get(tenant_id=place.tenant.id, id=hold.id))


async def stock(place, product):
    async with place.scope():
        return (await ShopProduct.get(tenant_id=place.tenant.id, id=product.id)).stock


async def state(place, made):
    async with place.scope():
        return (await ShopOrder.get(tenant_id=place.tenant.id, id=made.id)).status


def test_every_edge_of_an_order_has_its_words():
    assert set(WORDS) == set(TONES) == set(ORDER.states)
    readme = (Path(__file__).parents[3] / "scenarios/community/README.md").read_text()
    assert table(ORDER) in readme
    assert diagram(ORDER) in readme


async def test_an_order_takes_goods_and_its_bill_is_the_shops_own_fee(place, ann):
    product = await offered(place)
    made, hold = await order(place, product, ann, 2)
    assert await stock(place, product) == 3
    async with place.scope():
        bill = await Bill.get(tenant_id=place.tenant.id, id=hold.bill_id)
        (line,) = await BillLine.filter(tenant_id=place.tenant.id, bill_id=bill.id)
        found = await service.shop_of(place.chief, product.shop_id)
    assert (bill.total_minor, line.fee_item_id) == (2500, found.fee_item_id)
    with pytest.raises(Conflict):
        await order(place, product, ann, 4, key="two")
    await paid(place, hold)
    assert await state(place, made) == "paid"
    async with place.scope():
        await selling.fulfil(place.chief, made.id)
        with pytest.raises(Conflict):
            await selling.fulfil(place.chief, made.id)
        with pytest.raises(Forbidden):
            await selling.rate(make.payer(await make.person()), await ShopOrder.get(id=made.id), rating=5)
        await selling.rate(make.payer(ann), await ShopOrder.get(id=made.id), rating=5)


async def test_what_nobody_pays_is_in_stock_again_once(place, ann):
    product = await offered(place)
    made, hold = await order(place, product, ann, 3)
    async with place.scope():
        for _ in range(2):
            await HOLD_KINDS[KIND].let_go(hold, "expired")
    assert (await stock(place, product), await state(place, made)) == (5, "free")
    async with place.scope():
        assert await HOLD_KINDS[KIND].came_late(hold, None), "there is still enough, so late money gets it"
    assert (await stock(place, product), await state(place, made)) == (2, "placed")
    async with place.scope():
        await HOLD_KINDS[KIND].let_go(hold, "expired")
        await ShopProduct.filter(id=product.id).update(stock=1)
        assert not await HOLD_KINDS[KIND].came_late(hold, None)


async def test_the_last_one_is_sold_once(committed, bank):
    place = await build(bank, 2)
    product = await offered(place, Goods({"en": "Last"}, 100, 1))
    people = [await make.person("Ann"), await make.person("Ben")]
    found = await asyncio.gather(
        *(order(place, product, who, key=who.name, flat=flat) for flat, who in enumerate(people)),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True]
    assert await stock(place, product) == 0


async def test_a_group_that_is_too_small_gets_its_money_back(place, ann, monkeypatch):
    product = await offered(place, Goods({"en": "Boat trip"}, 5000, 50, 3, SOON))
    made, hold = await order(place, product, ann, 2)
    await paid(place, hold)
    given_back = []

    async def refund(actor, *, hold_id, amount_minor, reason, key, is_policy, fee_item_id):
        given_back.append((hold_id, amount_minor, key))
        return []

    monkeypatch.setattr(selling, "refund", refund)
    with pytest.raises(Conflict):
        async with place.scope():
            await selling.fulfil(place.chief, made.id)  # it may still not come about
    assert await selling.end_groups(place.tenant.id) == 0, "its time is not over"
    async with place.scope():
        await ShopProduct.filter(id=product.id).update(group_ends_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(Conflict):
        await order(place, product, ann, key="late")
    assert await selling.end_groups(place.tenant.id) == 1
    assert await selling.end_groups(place.tenant.id) == 0
    assert [amount for _, amount, _ in given_back] == [10_000]
    assert (await state(place, made), await stock(place, product)) == ("refunded", 50)


async def test_a_group_that_is_large_enough_comes_about(place, ann):
    product = await offered(place, Goods({"en": "Boat trip"}, 5000, 50, 3, SOON))
    made, hold = await order(place, product, ann, 3)
    await paid(place, hold)
    async with place.scope():
        await ShopProduct.filter(id=product.id).update(group_ends_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await selling.end_groups(place.tenant.id) == 1
    async with place.scope():
        await selling.fulfil(place.chief, made.id)
    assert await state(place, made) == "fulfilled"


async def test_what_cannot_be_sold(place):
    found = await shop(place)
    for wrong in (
        Goods({"en": " "}, 100, 1),
        Goods({"en": "x"}, 0, 1),
        Goods({"en": "x"}, 100, -1),
        Goods({"en": "x"}, 100, 1, 5, None),
    ):
        with pytest.raises(Invalid):
            await offered(place, wrong, found)


async def test_a_shopkeeper_sees_their_shop_and_no_other(place, ann, client):
    keeper = await make.staff(place.tenant, "shopkeeper", "Mo")
    mine, other = await shop(place, keeper), await shop(place)
    foreign = await offered(place, RICE, other)
    await make.sign_in(client, keeper.person_id)
    root = f"{place.root}/merchants"
    await sound(client, "en", root, f"{root}/{mine.id}")
    assert (await client.get(f"{root}/{other.id}")).status_code == 404
    assert (await client.get(f"{place.root}/accounts")).status_code == 403
    with pytest.raises(NotFound):
        async with place.scope():
            await service.restock(keeper, other.id, foreign.id, stock=1, is_active=True)
    goods = {"english": "Milk", "price_minor": "3.20", "stock": "8", "group_minimum": "0"}
    assert (
        await client.post(f"{root}/{mine.id}/goods", data={**goods, "price_minor": "0"})
    ).status_code == 422
    assert (await client.post(f"{root}/{mine.id}/goods", data=goods)).status_code == 303
    await sound(client, "zh-CN", f"{root}/{mine.id}", f"{root}/{mine.id}?export=csv")
    async with place.scope():
        product = await ShopProduct.get(tenant_id=place.tenant.id, shop_id=mine.id)
    await make.sign_in(client, ann.id)
    market = f"/my/units/{place.flats[0].id}"
    for language in ("en", "zh-CN"):
        await sound(client, language, f"{market}/market")
    wish = {"product": str(product.id), "quantity": "2", "way": "delivery", "key": "k"}
    none = await client.post(f"{market}/orders", data={**wish, "quantity": "0"})
    assert none.status_code == 422
    inspect(none.text)
    done = await client.post(f"{market}/orders", data=wish)
    assert done.headers["location"].startswith("/my/checkout?bill=")
    async with place.scope():
        made = await ShopOrder.get(tenant_id=place.tenant.id)
        hold = await Hold.get(tenant_id=place.tenant.id, subject_id=made.basket_id)
    await paid(place, hold)
    await sound(client, "en", f"/my/orders/{made.id}", "/my/home")
    await make.sign_in(client, keeper.person_id)
    one = f"{root}/{mine.id}/orders/{made.id}"
    await sound(client, "zh-CN", one)
    assert (await client.post(f"{one}/fulfilment")).status_code == 303
    await restocked(place, client, product, f"{root}/{mine.id}/goods/{product.id}")
    await make.sign_in(client, ann.id)
    assert (await client.post(f"/my/orders/{made.id}/rating", data={"rating": "9"})).status_code == 422
    assert (await client.post(f"/my/orders/{made.id}/rating", data={"rating": "4"})).status_code == 303
    async with open_scope(person_scope((await make.person("Stranger")).id)):
        assert await ShopOrder.all().count() == 0


async def restocked(place, client, product, path):
    """Three more are put on the shelf; what is no number is shown again as it was typed."""
    assert (await client.post(path, data={"stock": "3", "is_active": "1"})).status_code == 303
    assert await stock(place, product) == 3
    for typed in ("many", "-1"):
        refused = await client.post(path, data={"stock": typed})
        assert refused.status_code == 422
        inspect(refused.text)
        assert f'value="{typed}"' in refused.text
        assert 'role="alert"' in refused.text
    assert await stock(place, product) == 3


async def test_the_manager_adds_a_shop_in_a_form(place, client):
    await make.sign_in(client, place.chief.person_id)
    root = f"{place.root}/merchants"
    assert (await client.post(root, data={"english": ""})).status_code == 422
    assert (
        await client.post(root, data={"english": "Bakery", "keeper": str(place.chief.person_id)})
    ).status_code == 303
    await sound(client, "zh-CN", root)
