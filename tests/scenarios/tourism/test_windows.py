"""Windows of sale of slots and products of their own, and products of merchants on site with their share."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.models import FeeItem, FeeRule, Receiver, SplitRule
from scenarios.tourism import fees
from scenarios.tourism.calendar.days import sale_of
from scenarios.tourism.models import Product, SlotTemplate
from scenarios.tourism.planning.services import save_product
from scenarios.tourism.shop.availability import Own
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from ui.errors import Conflict, Invalid


async def test_a_slot_and_a_product_open_at_their_own_hour(db, bank, client):
    palace = await world.build(bank)
    first, second = await world.slots_of(palace)
    async with palace.scope():
        await SlotTemplate.filter(tenant_id=palace.id, id=second.template_id).update(
            opens_days=1, opens_minute=600
        )
        await Product.filter(tenant_id=palace.id, key="group").update(opens_days=0)
    with pytest.raises(Conflict, match="not on sale yet"):
        await world.place(palace, slot=second)
    with pytest.raises(Conflict, match="Group is on sale from"):
        await world.place(palace, ("group", "adult", 10))
    assert (await world.place(palace, slot=first)).status == "held"
    assert (await world.place(palace, ("group", "adult", 10), channel="desk")).status == "held"
    day = f"{palace.root}/{palace.day.isoformat()}"
    assert "On sale from" in text_of(inspect((await client.get(day)).text))
    page = inspect((await client.get(f"{day}/{first.id}")).text)
    names = {one.get("name") for one in page.iter("input")}
    assert f"q-{palace.products['group'].id}-adult" not in names


def test_the_later_window_counts():
    class Site:
        opens_days, opens_minute, sells_on_the_day = 7, 1200, True

    day, zone = date(2026, 5, 10), "Asia/Shanghai"
    plain = sale_of(Site(), day, zone)
    assert plain.since.astimezone(ZoneInfo(zone)).isoformat() == "2026-05-03T20:00:00+08:00"
    later = sale_of(Site(), day, zone, Own(2, 480), Own(5, None), None)
    assert later.since.astimezone(ZoneInfo(zone)).isoformat() == "2026-05-08T08:00:00+08:00"
    assert sale_of(Site(), day, zone, Own(None, 5)).since == plain.since


async def test_what_a_merchant_sells_says_how_it_is_shared(db, bank, client):
    palace = await world.build(bank)
    planner = await make.staff(palace.tenant, "planner")
    async with palace.scope():
        item = await FeeItem.create(
            tenant_id=palace.id, scenario="tourism", key="boat", kind="charge", names={"en": "Boat"},
            account_kinds=["visitor"], currency=palace.tenant.currency, is_active=True,
        )  # fmt: skip
        document = fees.by_season_and_visitor("CNY", {("peak", "adult"): "20.00", ("low", "adult"): "20.00"})
        await FeeRule.create(
            tenant_id=palace.id, fee_item_id=item.id, version=1, document=document,
            effective_from=date(2020, 1, 1), status="active",
        )  # fmt: skip
        boat = await Receiver.create(
            tenant_id=palace.id, name="Lake Boats", kind="merchant", rail_merchant="m-1"
        )
        facts = {
            "key": "boat", "kind": "extra", "fee_item_id": item.id, "visitor_kinds": ["adult"], "parts": [],
            "names": {"en": "Boat trip"}, "receiver_id": boat.id, "is_slotted": False, "refund_tiers": [],
        }  # fmt: skip
        with pytest.raises(Invalid, match="split rule"):
            await save_product(planner, palace.site, None, facts)
        parts = {"parts": [{"receiver": str(boat.id), "kind": "percent", "rate": 8000}]}
        await SplitRule.create(
            tenant_id=palace.id, fee_item_id=item.id, version=1, document=parts, status="active",
            effective_from=date(2020, 1, 1),
        )  # fmt: skip
        palace.products["boat"] = await save_product(planner, palace.site, None, facts)
    slot = (await world.slots_of(palace))[0]
    path = f"{palace.root}/{palace.day.isoformat()}/{slot.id}"
    assert "sold for Lake Boats" in text_of(inspect((await client.get(path)).text))
    said = text_of(inspect((await client.get(f"{path}/order?q-{palace.products['boat'].id}-adult=2")).text))
    assert "Boat trip is sold for Lake Boats" in said
    assert "Lake Boats gets 80" in said
    order = await world.bought(palace, ("boat", "adult", 2), ("palace", "adult", 1))
    assert order.total_minor == 2 * 2000 + 4000
    assert order.created_at.date() >= palace.day - timedelta(days=5)
