"""Baskets of several shops paid in one place, promotions to the cent, stock in races, and who gets how much."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.holds.kinds import HOLD_KINDS
from billing.models import BillLine, Hold, Receiver, SplitRule
from scenarios.community.merchants import baskets, buying, promotions, selling, service
from scenarios.community.merchants.buying import KIND, Wish
from scenarios.community.merchants.promotions import Line, Terms
from scenarios.community.merchants.service import Goods
from scenarios.community.models import BasketItem, ShopOrder, ShopPromotion
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import TODAY, build
from tests.scenarios.community.test_merchants import NOW, RICE, SOON, ann, offered, paid, shop, state, stock
from tests.scenarios.community.test_pages import sound
from ui.errors import Conflict, Invalid, NotFound

__all__ = ["ann"]
SALE = Terms({"en": "Sale", "zh_CN": "促销"}, "percent", 10, NOW - timedelta(days=1), SOON)


async def put(place, who, product, quantity):
    async with place.scope():
        await baskets.put(make.payer(who), place.tenant.id, place.flats[0].id, product.id, quantity=quantity)


async def order(place, who, key="one"):
    async with place.scope():
        return await baskets.order(make.payer(who), place.tenant.id, place.flats[0].id, way="pickup", key=key)


async def promoted(place, product, terms=SALE, actor=None):
    async with place.scope():
        return await promotions.promote(actor or place.chief, product.shop_id, terms)


@pytest.fixture
async def three(place):
    """Goods of three shops."""
    return [
        await offered(place, Goods({"en": name}, price, 5))
        for name, price in (("Rice", 1250), ("Milk", 333), ("Tea", 80))
    ]


amounts = st.lists(st.integers(1, 10**7), min_size=1, max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    amounts,
    st.sampled_from(["percent", "amount"]),
    st.integers(1, 10**7),
    st.integers(0, 10**7),
    st.integers(0, 8),
)
def test_what_is_taken_off_is_exact_and_leaves_something_of_each_line(prices, kind, value, least, only):
    lines = [Line(uuid4(), price) for price in prices]
    product = lines[only].product_id if only < len(lines) else None
    rule = ShopPromotion(
        kind=kind,
        value=min(value, 90) if kind == "percent" else value,
        minimum_minor=least,
        product_id=product,
    )
    off = promotions.taken_off(rule, lines)
    assert all(0 <= less < one.amount_minor for less, one in zip(off, lines, strict=True))
    if sum(prices) < least:
        assert not any(off)
    elif kind == "amount":
        most = sum(one.amount_minor - 1 for one in lines if product in {None, one.product_id})
        assert sum(off) == min(value, most), "to the last unit"
    assert not any(
        less for less, one in zip(off, lines, strict=True) if product not in {None, one.product_id}
    )
    other = ShopPromotion(kind="percent", value=1, minimum_minor=0, product_id=None)
    best, found = promotions.best([other, rule], lines)
    assert sum(found) >= max(sum(off), sum(promotions.taken_off(other, lines)))
    assert best is None or sum(found) > 0


async def test_three_shops_are_paid_by_one_bill_with_a_line_for_each_fee(place, ann, three):
    for count, product in enumerate(three, start=1):
        await put(place, ann, product, count)
    await promoted(place, three[0])
    made, hold = await order(place, ann)
    assert [one.total_minor for one in made] == [1125, 666, 240]
    assert len({one.basket_id for one in made}) == 1
    async with place.scope():
        lines = await BillLine.filter(tenant_id=place.tenant.id, bill_id=hold.bill_id)
        fees = [(await service.shop_of(place.chief, one.shop_id)).fee_item_id for one in made]
        assert not await BasketItem.filter(tenant_id=place.tenant.id).exists()
    assert [
        (one.fee_item_id, one.amount_minor) for one in sorted(lines, key=lambda one: one.position)
    ] == list(zip(fees, [1125, 666, 240], strict=True))
    await paid(place, hold)
    assert [await state(place, one) for one in made] == ["paid"] * 3
    assert [await stock(place, one) for one in three] == [4, 3, 2]


async def test_nobody_pays_so_everything_is_back_and_late_money_gets_all_or_nothing(place, ann, three):
    for product in three:
        await put(place, ann, product, 2)
    made, hold = await order(place, ann)
    async with place.scope():
        for _ in range(2):
            await HOLD_KINDS[KIND].let_go(hold, "expired")
    assert [await stock(place, one) for one in three] == [5, 5, 5]
    async with place.scope():
        await service.restock(place.chief, three[2].shop_id, three[2].id, stock=1, is_active=True)
        assert not await HOLD_KINDS[KIND].came_late(hold, None)
    assert [await stock(place, one) for one in three] == [5, 5, 1], "nothing was taken of the others"
    async with place.scope():
        await service.restock(place.chief, three[2].shop_id, three[2].id, stock=2, is_active=True)
        assert await HOLD_KINDS[KIND].came_late(hold, None)
    assert [await state(place, one) for one in made] == ["placed"] * 3


async def test_baskets_the_other_way_round_never_sell_twice_and_never_wait_in_a_ring(committed, bank):
    place = await build(bank, 2)
    goods = [await offered(place, Goods({"en": name}, 100, 3)) for name in ("A", "B")]
    people = [await make.person(name) for name in ("Ann", "Ben", "Cho", "Dee")]

    async def one(who, wanted):
        wish = Wish(dict(wanted), place.flats[0].id, "pickup", f"race-{who.id}")
        async with place.scope():
            return await buying.buy(make.payer(who), place.tenant.id, wish)

    ways = [[(goods[0].id, 1), (goods[1].id, 1)], [(goods[1].id, 1), (goods[0].id, 1)]]
    found = await asyncio.gather(
        *(one(who, ways[n % 2]) for n, who in enumerate(people)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in found) == ["Conflict", "tuple", "tuple", "tuple"]
    assert [await stock(place, each) for each in goods] == [0, 0]


async def test_the_check_in_the_statement_is_what_holds_the_stock(committed, bank, monkeypatch):
    """The control: without it more is sold than there is, and PostgreSQL's own check is what is left."""
    place = await build(bank, 1)
    product = await offered(place, Goods({"en": "Last"}, 100, 1))
    monkeypatch.setattr(buying, "_TAKE", buying._TAKE.replace(" and stock >= $3", ""))
    ann_ = await make.person("Ann")
    for key, expected in (("a", None), ("b", Exception)):
        wish = Wish({product.id: 1}, place.flats[0].id, "pickup", key)
        if expected is None:
            async with place.scope():
                await buying.buy(make.payer(ann_), place.tenant.id, wish)
        else:
            with pytest.raises(expected, match="stock"):
                async with place.scope():
                    await buying.buy(make.payer(ann_), place.tenant.id, wish)


async def test_a_basket_holds_what_is_sold_and_not_too_much(place, ann, three):
    for wrong in (-1, 1000):
        with pytest.raises(Invalid):
            await put(place, ann, three[0], wrong)
    await put(place, ann, three[0], 2)
    await put(place, ann, three[0], 3)
    await put(place, ann, three[1], 1)
    await put(place, ann, three[1], 0)
    async with place.scope():
        await service.restock(place.chief, three[2].shop_id, three[2].id, stock=0, is_active=False)
        found = await baskets.contents(make.payer(ann), place.tenant.id, place.flats[0].id)
    assert [(one.product.id, one.quantity) for one in found] == [(three[0].id, 3)]
    with pytest.raises(NotFound):
        await put(place, ann, three[2], 1)
    with pytest.raises(Invalid):
        await order(place, await make.person("Empty"))
    await put(place, ann, three[0], 6)
    with pytest.raises(Conflict):
        await order(place, ann)
    async with open_scope(person_scope((await make.person("Stranger")).id)):
        assert not await BasketItem.all().exists()


async def test_promotions_that_cannot_be(place, three):
    for wrong in (
        {"names": {"en": " "}}, {"kind": "gift"}, {"value": 0}, {"value": 91}, {"minimum_minor": -1},
        {"ends_at": NOW - timedelta(seconds=1)},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            await promoted(
                place, three[0], Terms(**{**{n: getattr(SALE, n) for n in Terms.__slots__}, **wrong})
            )
    with pytest.raises(NotFound):
        await promoted(place, three[0], Terms(SALE.names, "percent", 5, NOW, SOON, 0, three[1].id))
    keeper = await make.staff(place.tenant, "shopkeeper", "Mo")
    with pytest.raises(NotFound):
        await promoted(place, three[0], actor=keeper)
    made = await promoted(place, three[0])
    async with place.scope():
        await promotions.end(place.chief, made.shop_id, made.id)
        assert not await promotions.running(place.tenant.id, [made.shop_id], NOW)


async def test_what_was_handed_over_comes_back_with_a_reason_and_not_into_stock(place, ann, monkeypatch):
    product = await offered(place, RICE)
    await put(place, ann, product, 2)
    (made,), hold = await order(place, ann)
    await paid(place, hold)
    given = []

    async def refund(actor, *, hold_id, amount_minor, reason, key, is_policy, fee_item_id):
        given.append((amount_minor, reason))
        return []

    monkeypatch.setattr(selling, "refund", refund)
    async with place.scope():
        await selling.fulfil(place.chief, made.id)
        with pytest.raises(Invalid):
            await selling.give_back(place.chief, made.id)
        await selling.give_back(place.chief, made.id, reason="Spoilt")
        with pytest.raises(Conflict):
            await selling.give_back(place.chief, made.id, reason="Again")
    assert given == [(2500, "Spoilt")]
    assert (await state(place, made), await stock(place, product)) == ("refunded", 3)


async def shared_with_the_shop(place, found):
    """A rule by which the shop gets nine tenths of what it sells."""
    async with place.scope():
        receiver = await Receiver.create(
            tenant_id=place.tenant.id, name="Mo's rice", kind="merchant", rail_merchant="mo"
        )
        part = {"receiver": str(receiver.id), "kind": "percent", "rate": 9000}
        await SplitRule.create(
            tenant_id=place.tenant.id, fee_item_id=found.fee_item_id, version=1, status="active",
            document={"parts": [part]}, effective_from=TODAY - timedelta(days=2),
        )  # fmt: skip


async def test_the_split_is_seen_by_resident_shop_and_estate(place, ann, client):
    keeper = await make.staff(place.tenant, "shopkeeper", "Mo")
    found = await shop(place, keeper)
    product = await offered(place, RICE, found)
    await shared_with_the_shop(place, found)
    await make.sign_in(client, keeper.person_id)
    root = f"{place.root}/merchants/{found.id}"
    form = {
        "english": "Sale", "percent": "10", "starts_on": (TODAY - timedelta(days=1)).isoformat(),
        "ends_on": (TODAY + timedelta(days=3)).isoformat(), "product": str(product.id),
    }  # fmt: skip
    assert (await client.post(f"{root}/promotions", data={**form, "percent": "99"})).status_code == 422
    assert (await client.post(f"{root}/promotions", data=form)).status_code == 303
    await sound(client, "zh-CN", root)
    await make.sign_in(client, ann.id)
    home = f"/my/units/{place.flats[0].id}"
    await sound(client, "en", f"{home}/basket")
    sent = await client.post(f"{home}/basket", data={"product": str(product.id), "quantity": "2"})
    assert sent.headers["location"] == f"{home}/market"
    for language in ("en", "zh-CN"):
        await sound(client, language, f"{home}/market", f"{home}/basket")
    assert "22.50" in text_of(inspect((await client.get(f"{home}/basket")).text))
    wrong = await client.post(f"{home}/basket/order", data={"way": "by air", "key": "k"})
    assert wrong.status_code == 422
    done = await client.post(f"{home}/basket/order", data={"way": "pickup", "key": "k"})
    assert done.headers["location"].startswith("/my/checkout?bill=")
    async with place.scope():
        made = await ShopOrder.get(tenant_id=place.tenant.id)
        hold = await Hold.get(tenant_id=place.tenant.id, subject_id=made.basket_id)
    pay = f'href="/my/checkout?bill={hold.bill_id}"'
    for page in (f"/my/orders/{made.id}", f"/my/baskets/{made.basket_id}"):
        assert pay in (await client.get(page)).text, "what is being paid leads back to paying it"
    await paid(place, hold)
    assert pay not in (await client.get(f"/my/orders/{made.id}")).text
    await sound(client, "zh-CN", f"/my/baskets/{made.basket_id}")
    assert (await client.get(f"/my/baskets/{uuid4()}")).status_code == 404
    seen = [text_of(inspect((await client.get(f"/my/orders/{made.id}")).text))]
    for who in (keeper, place.chief):
        await make.sign_in(client, who.person_id)
        seen.append(text_of(inspect((await client.get(f"{root}/orders/{made.id}")).text)))
    for text in seen:
        assert all(words in text for words in ("20.25", "2.25", "Mo's rice gets 90%")), text
    one = f"{root}/orders/{made.id}"
    assert (await client.post(f"{one}/fulfilment")).status_code == 303
    assert (await client.post(f"{one}/refund", data={"reason": " "})).status_code == 422
    async with place.scope():
        promotion = await ShopPromotion.get(tenant_id=place.tenant.id)
    assert (await client.post(f"{root}/promotions/{promotion.id}/end")).status_code == 303
    await nobody_keeps_what_was_given_back(place, client, made, one, ann)


async def nobody_keeps_what_was_given_back(place, client, made, address, buyer):
    async with place.scope():
        await ShopOrder.filter(tenant_id=place.tenant.id, id=made.id).update(status="refunded")
    seen = [text_of(inspect((await client.get(address)).text))]
    await make.sign_in(client, buyer.id)
    seen.append(text_of(inspect((await client.get(f"/my/orders/{made.id}")).text)))
    for text in seen:
        assert "20.25" not in text
        assert "All of it goes back to whoever paid" in text
