"""Planners plan, clerks sell; neither does the other's work, and strangers see nothing."""

import re
from datetime import timedelta

from scenarios.tourism.models import DayRule, Order, Product, Site, SlotTemplate
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world


async def as_role(client, palace, role: str):
    actor = await make.staff(palace.tenant, role)
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)
    return f"/t/{palace.tenant.slug}"


async def seen(client, path: str, status: int = 200):
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
    return inspect(answer.text)


async def sent(client, path: str, data, status: int = 303):
    answer = await client.post(path, data=data)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
    return answer


async def test_a_new_institution_finds_one_site_that_is_not_on_sale(db, bank, client):
    tenant = await make.tenant(bank, "tourism")
    actor = await make.staff(tenant)
    await make.sign_in(client, actor.person_id)
    root = await seen(client, f"/t/{tenant.slug}/sites")
    assert "Not on sale" in text_of(root)
    assert "No tickets are sold here" in text_of(await seen(client, f"/visit/{tenant.slug}"))


async def test_planners_change_sites_products_and_slots(db, bank, client):
    palace = await world.build(bank)
    root = await as_role(client, palace, "planner")
    site = f"{root}/sites/{palace.site.id}"
    await seen(client, site)
    await seen(client, f"{site}/edit")
    facts = {
        "name_en": "Palace", "name_zh": "宫殿", "word": palace.site.word, "day_cap": "50", "instant_cap": "40",
        "alarm_percent": "80", "opens_days": "14", "opens": "20:00", "closes_minutes": "60", "hold_minutes": "10",
        "most_per_order": "5", "is_open": "1", "peak_from": "04-01", "peak_until": "10-31",
    }  # fmt: skip
    await sent(client, site, facts | {"day_cap": "many"}, 422)
    await sent(client, site, facts)
    async with palace.scope():
        changed = await Site.get(tenant_id=palace.id)
        assert (changed.day_cap, changed.opens_minute, changed.seasons[0]["key"]) == (50, 1200, "peak")
    assert (await world.pools(palace))["day"][0] == 50
    assert (await world.pools(palace))["slot1"][0] == 40
    await _product(client, palace, site, root)
    await _slot(client, palace, site, root)


async def _product(client, palace, site, root):
    await seen(client, f"{site}/products/new")
    facts = {
        "name_en": "Night", "key": "night", "kind": "single", "visitor_kinds": ["adult"], "real_name": "lead",
        "fee_item_id": str(palace.products["palace"].fee_item_id), "uses": "1", "valid_days": "0",
        "least_people": "1", "is_on_sale": "1", "is_slotted": "1", "tiers-0-hours": "24", "tiers-0-percent": "90",
    }  # fmt: skip
    await sent(client, f"{site}/products", facts | {"key": "palace"}, 422)
    await sent(client, f"{site}/products", facts | {"kind": "combo"}, 422)
    await sent(client, f"{site}/products", facts)
    async with palace.scope():
        made = await Product.get(tenant_id=palace.id, key="night")
    assert made.refund_tiers == [{"hours": 24, "percent": 90, "strike": False}]
    await seen(client, f"{root}/products/{made.id}")
    await sent(client, f"{root}/products/{made.id}", facts | {"name_en": "By night"})


async def _slot(client, palace, site, root):
    await seen(client, f"{site}/slots/new")
    facts = {
        "name_en": "Evening", "weekdays": ["1", "2", "3", "4", "5", "6", "7"], "start": "18:00", "end": "21:00",
        "grace_before": "0", "grace_after": "0", "capacity": "30", "since": "2026-01-01",
    }  # fmt: skip
    await sent(client, f"{site}/slots", facts | {"end": "17:00"}, 422)
    await sent(client, f"{site}/slots", facts)
    assert len(await world.slots_of(palace)) == 3
    async with palace.scope():
        made = await SlotTemplate.filter(tenant_id=palace.id, start_minute=18 * 60).get()
    await seen(client, f"{root}/slot-templates/{made.id}")
    await sent(client, f"{root}/slot-templates/{made.id}", facts | {"capacity": "20"})
    assert (await world.pools(palace))["slot3"][0] == 20


async def test_an_exception_of_a_day_needs_a_reason_and_binds_at_once(db, bank, client):
    palace = await world.build(bank)
    root = await as_role(client, palace, "planner")
    day = f"{root}/sites/{palace.site.id}/days/{palace.day.isoformat()}"
    await seen(client, day)
    await sent(client, day, {"cap_percent": "30"}, 422)
    await sent(client, day, {"cap_percent": "30", "reason": "Storm"})
    assert (await world.pools(palace))["day"][0] == 30
    await sent(client, day, {"cap_percent": "100", "is_shut": "1", "reason": "Repairs"})
    assert (await world.pools(palace))["day"][0] == 0
    async with palace.scope():
        assert await DayRule.filter(tenant_id=palace.id).count() == 1
    client.cookies.clear()
    shown = text_of(await seen(client, f"{palace.root}/{palace.day.isoformat()}"))
    assert "Repairs" in shown
    assert "No tickets are sold for this day" in shown


async def test_a_clerk_sells_at_the_desk_and_gives_back(db, bank, client):
    palace = await world.build(bank)
    root = await as_role(client, palace, "ticket_clerk")
    sale = f"{root}/sites/{palace.site.id}/sale"
    await seen(client, f"{sale}?day={palace.day.isoformat()}")
    slot = (await world.slots_of(palace))[0]
    facts = {
        "key": "k", "day": palace.day.isoformat(), "slot": str(slot.id), "name": "Ann", "contact": "a@example.com",
        f"q-{palace.products['palace'].id}-adult": "2",
    }  # fmt: skip
    await sent(client, sale, facts | {"contact": "nowhere"}, 422)
    answer = await sent(client, sale, facts)
    assert "/desk/accounts/" in answer.headers["location"]
    async with palace.scope():
        order = await Order.get(tenant_id=palace.id)
    await seen(client, answer.headers["location"])
    one = f"{root}/ticket-orders/{order.id}"
    await seen(client, one)
    await world.pay(palace, order)
    page = await seen(client, one)
    assert "comes back now" in text_of(page)
    await sent(client, f"{one}/link", {})
    assert f"{one}/pdf" in [link.get("href") for link in page.iter("a")], (
        "the clerk hands the tickets over on paper"
    )
    paper = await client.get(f"{one}/pdf")
    assert (paper.status_code, paper.content[:4]) == (200, b"%PDF")
    form = next(f for f in page.iter("form") if (f.get("action") or "").endswith("/give-back"))
    fields: dict[str, list[str]] = {}
    for field in form.iter("input"):
        fields.setdefault(field.get("name"), []).append(field.get("value"))
    await sent(client, f"{one}/give-back", fields)
    assert (await world.fresh(palace, order)).status == "refunded"
    assert (await client.get(f"{one}/pdf")).status_code == 404, "nothing of it lets in any more"


async def test_orders_are_listed_searched_and_downloaded(db, bank, client):
    palace = await world.build(bank)
    order = await world.place(palace, name="Zhou Min")
    later = (await world.slots_of(palace, palace.day + timedelta(days=1)))[0]
    await world.place(palace, slot=later)
    root = await as_role(client, palace, "ticket_clerk")
    shown = text_of(await seen(client, f"{root}/ticket-orders?q={order.number}"))
    assert "1 to 1 of 1" in shown
    assert "Zhou Min" in text_of(await seen(client, f"{root}/ticket-orders?q=zhou&status=held"))
    assert "1 to 1 of 1" in text_of(await seen(client, f"{root}/ticket-orders?day={later.day.isoformat()}"))
    file = await client.get(f"{root}/ticket-orders?export=csv&q={order.number}")
    assert order.number in file.text
    client.headers["Accept-Language"] = "zh-CN"
    shown = text_of(await seen(client, f"{root}/ticket-orders"))
    assert re.search(r"待付款\s*线上", shown.split("下单时间")[1]), (
        "rows speak the reader's language as filters do"
    )


async def test_planners_cannot_touch_orders_and_clerks_cannot_plan(db, bank, client):
    palace = await world.build(bank)
    order = await world.place(palace)
    root = await as_role(client, palace, "planner")
    for path in (
        f"{root}/ticket-orders",
        f"{root}/ticket-orders/{order.id}",
        f"{root}/ticket-orders/{order.id}/pdf",
        f"{root}/sites/{palace.site.id}/sale",
    ):
        assert (await client.get(path)).status_code == 403, path
    await sent(client, f"{root}/ticket-orders/{order.id}/give-back", {}, 403)
    root = await as_role(client, palace, "ticket_clerk")
    for path in (f"{root}/sites/{palace.site.id}/edit", f"{root}/sites/new"):
        assert (await client.get(path)).status_code == 403, path
    await sent(client, f"{root}/sites/{palace.site.id}", {}, 403)


async def test_an_institution_of_another_industry_has_no_such_pages(db, bank, client):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    await make.sign_in(client, actor.person_id)
    for path in ("/sites", "/ticket-orders"):
        assert (await client.get(f"/t/{tenant.slug}{path}")).status_code in {403, 404}
