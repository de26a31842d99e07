"""A visitor without an account and without scripts: from the calendar to the tickets, and back again."""

import re

from starlette.requests import Request
from starlette.responses import Response

from scenarios.tourism.models import Block, Order
from scenarios.tourism.orders import access, people
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from ui.static import assets

LI = ("Li Hua", "11010519491231002X")
FIRST_PAGE_BYTES = 60_000


async def page(client, path: str, status: int = 200, **more):
    answer = await client.get(path, **more)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
    return inspect(answer.text), answer


def links(root) -> list[str]:
    return [one.get("href") for one in root.iter("a")]


def form_of(root, action_end: str) -> dict[str, str]:
    forms = [f for f in root.iter("form") if f.get("method") == "post"]
    form = next(f for f in forms if (f.get("action") or "").endswith(action_end))
    return {i.get("name"): i.get("value", "") for i in form.iter("input") if i.get("type") == "hidden"}


async def test_the_first_page_is_light_and_shows_what_is_left(db, bank, client):
    palace = await world.build(bank)
    root, answer = await page(client, f"{palace.root}?month={palace.day:%Y-%m}")
    assert f"{palace.root}/{palace.day.isoformat()}" in links(root)
    assert any("100 left" in one.get("aria-label", "") for one in root.iter("a"))
    used = re.findall(r'(?:href|src)="(/static/[^"#]+)', answer.text)
    by_url = {asset.url: asset for asset in assets().values()}
    sent = len(answer.content) + sum(len(by_url[url].packed) for url in set(used))
    assert sent < FIRST_PAGE_BYTES, sent


async def test_chinese_visitors_read_chinese(db, bank, client):
    palace = await world.build(bank)
    root, _ = await page(client, palace.root, headers={"Accept-Language": "zh-CN"})
    assert "选择日期" in text_of(root)


async def test_a_visitor_orders_pays_and_has_tickets_on_screen_and_paper(db, bank, client):
    palace = await world.build(bank)
    slot = (await world.slots_of(palace))[0]
    day = f"{palace.root}/{palace.day.isoformat()}"
    root, _ = await page(client, day)
    assert f"{day}/{slot.id}" in links(root)
    await page(client, f"{day}/{slot.id}")
    query = f"q-{palace.products['named'].id}-adult=1"
    root, _ = await page(client, f"{day}/{slot.id}/order?{query}")
    assert "All of it until" in text_of(root)
    nothing = {"visitors-0-name": "", "visitors-0-document": "", "contact": ""}
    empty = await client.post(f"{day}/{slot.id}/order", data=form_of(root, "/order") | nothing)
    faults = text_of(inspect(empty.text))
    for fault in ("name and document of this visitor", "Tick this once", "e-mail address"):
        assert fault in faults, "everything that is missing is said at once"
    sent = form_of(root, "/order") | {"contact": "li@example.com"}
    sent |= {"visitors-0-name": LI[0], "visitors-0-document": LI[1]}
    answer = await client.post(f"{day}/{slot.id}/order", data=sent)
    assert answer.status_code == 422
    assert "Tick this once you have read it." in text_of(inspect(answer.text))
    answer = await client.post(f"{day}/{slot.id}/order", data=sent | {"is_agreed": "1"})
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/pay/[^/]+/checkout", answer.headers["location"])
    async with palace.scope():
        order = await Order.get(tenant_id=palace.id)
    root, _ = await page(client, access.path_of(order))
    assert "Your places are kept until" in text_of(root)
    await world.pay(palace, order)
    root, answer = await page(client, access.path_of(order))
    assert "Li Hua" in text_of(root)
    assert answer.text.count("<svg") >= 1
    pdf = await client.get(access.path_of(order) + "/pdf")
    assert pdf.content.startswith(b"%PDF")


async def test_a_site_that_is_being_closed_says_so_before_anything_is_chosen(db, bank, client):
    palace = await world.build(bank)
    slot = (await world.slots_of(palace))[0]
    async with open_scope(bank_scope(palace.tenant.bank_id)):
        await Tenant.filter(id=palace.id).update(
            status="closing", takes_payments=False, word_to_payers="The last day was Sunday."
        )
    day = f"{palace.root}/{palace.day.isoformat()}"
    for path in (palace.root, day, f"{day}/{slot.id}"):
        root, _ = await page(client, path)
        assert "The last day was Sunday." in text_of(root), path


async def test_nothing_is_ordered_that_cannot_be(db, bank, client):
    palace = await world.build(bank, day_cap=1, half=1)
    slot = (await world.slots_of(palace))[0]
    url = f"{palace.root}/{palace.day.isoformat()}/{slot.id}/order"
    root, _ = await page(client, f"{url}?q-{palace.products['palace'].id}-adult=2", 409)
    assert "no longer free" in text_of(root)
    await page(client, url, 422)
    await page(client, f"{palace.root}/2020-01-01")
    await page(client, f"{palace.root}/not-a-day", 404)
    await page(client, "/visit/no-such-place", 404)


async def test_tickets_open_to_the_buyer_alone(db, bank, client, monkeypatch):
    said: list[str] = []

    async def keep(channel, recipient, subject, body):
        said.append(str(body))

    monkeypatch.setattr("integrations.sign_in.codes.send_now", keep)
    palace = await world.build(bank)
    order = await world.bought(palace)
    link = access.path_of(order)
    root, answer = await page(client, link)
    assert "Send me the code" in text_of(root)
    assert "T1." not in answer.text
    assert (await client.get(link + "/pdf")).status_code == 403
    assert (await client.get(link[:-4] + "AAAA")).status_code == 404
    assert (await client.post(link + "/code")).status_code == 303
    wrong = await client.post(link + "/opening", data={"code": "000000x"})
    assert wrong.status_code == 422
    code = re.search(r"\d{6}", said[0])
    assert code
    opened = await client.post(link + "/opening", data={"code": code[0]})
    assert opened.status_code == 303
    root, _ = await page(client, link)
    (ticket,) = await world.tickets(palace, order)
    assert ticket.number in text_of(root)


def be_the_buyer(client, order) -> None:
    """Be the browser that bought."""
    response = Response()
    access.open_for(response, Request({"type": "http", "scheme": "http", "path": "/", "headers": []}), order)
    name, _, rest = response.headers["set-cookie"].partition("=")
    client.cookies.set(name, rest.partition(";")[0], domain=client.base_url.host)


async def open_order(client, palace, *wanted, **more):
    order = await world.bought(palace, *wanted, **more)
    be_the_buyer(client, order)
    return order


async def test_tickets_are_given_back_on_the_page_for_what_it_says(db, bank, client):
    palace = await world.build(bank)
    order = await open_order(client, palace, ("palace", "adult", 2))
    link = access.path_of(order)
    root, _ = await page(client, link + "/give-back")
    assert "CN¥80.00" in text_of(root)
    one, _two = await world.tickets(palace, order)
    sent = form_of(root, "/give-back")
    wrong = await client.post(link + "/give-back", data=sent | {"tickets": str(one.id)})
    assert wrong.status_code == 422
    total = await client.post(link + "/give-back", data=sent | {"tickets": str(one.id), "act": "total"})
    sent = form_of(inspect(total.text), "/give-back")
    assert sent["seen_minor"] == "4000"
    done = await client.post(link + "/give-back", data=sent | {"tickets": str(one.id)})
    assert done.status_code == 303, done.text
    assert (await world.fresh(palace, order)).refunded_minor == 4000


async def test_tickets_are_moved_on_the_page(db, bank, client):
    palace = await world.build(bank)
    order = await open_order(client, palace)
    link = access.path_of(order)
    root, _ = await page(client, link + "/move")
    second = (await world.slots_of(palace))[1]
    sent = form_of(root, "/move") | {"slot": str(second.id)}
    moved = await client.post(link + "/move", data=sent)
    assert moved.status_code == 303, moved.text
    assert (await world.fresh(palace, order)).slot_id == second.id


async def test_an_order_that_waits_for_money_can_be_cancelled(committed, bank, client):
    palace = await world.build(bank)
    order = await world.place(palace)
    be_the_buyer(client, order)
    answer = await client.post(access.path_of(order) + "/cancellation")
    assert answer.status_code == 303, answer.text
    assert (await world.fresh(palace, order)).status == "cancelled"
    assert (await world.pools(palace))["day"] == (100, 0, 0)
    root, _ = await page(client, access.path_of(order))
    assert "This order was cancelled" in text_of(root)


async def test_who_is_blocked_reads_why_and_can_appeal(db, bank, client):
    palace = await world.build(bank)
    async with palace.scope():
        key = people.document_key(palace.id, LI[1])
        await Block.create(
            tenant_id=palace.id, document_key=key, reason="no_show", since="2020-01-01", until="2099-01-01"
        )
    slot = (await world.slots_of(palace))[0]
    url = f"{palace.root}/{palace.day.isoformat()}/{slot.id}/order"
    root, _ = await page(client, f"{url}?q-{palace.products['named'].id}-adult=1")
    sent = form_of(root, "/order") | {"contact": "li@example.com", "is_agreed": "1"}
    sent |= {"visitors-0-name": LI[0], "visitors-0-document": LI[1]}
    answer = await client.post(url, data=sent)
    assert answer.status_code == 422
    assert "cannot buy tickets here until" in text_of(inspect(answer.text))
    appeal = {"document": LI[1], "contact": "li@example.com", "text": "I was ill."}
    assert (await client.post(palace.root + "/appeal", data=appeal)).status_code == 303
    async with palace.scope():
        assert (await Block.get(tenant_id=palace.id)).appeal == "I was ill."
    nobody = appeal | {"document": "G12345678"}
    assert (await client.post(palace.root + "/appeal", data=nobody)).status_code == 303
