"""Blocks as staff work on them, tickets that are passed on, and counters that differ as work with an owner."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.worklist.registry import kind_of
from scenarios.tourism.gates import listing, scanning
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.models import Block, CounterIncident, Pool, Product, Strike, Ticket
from scenarios.tourism.orders import access, codes, standing
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.standing import services
from scenarios.tourism.stock import checks, incidents
from tenants.scope import rows
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import station
from tests.scenarios.tourism.test_agency_pages import make_response
from tests.scenarios.tourism.test_shop import form_of
from ui.errors import Conflict, Forbidden, Invalid

LI = Visitor("Li Hua", "11010519491231002X")
UNTIL = date(2099, 1, 1)


async def test_staff_block_a_document_by_hand_and_lift_it_with_its_strikes(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("named", "adult", 1), visitors=(LI,))
    boss = await make.staff(palace.tenant, "gate_supervisor")
    async with palace.scope():
        for wrong in ({"document": "1"}, {"note": " "}, {"until": date(2020, 1, 1)}):
            facts = {"document": LI.document, "until": UNTIL, "note": "Shouted"} | wrong
            with pytest.raises(Invalid):
                await services.add(boss, **facts)
        block = await services.add(boss, document=LI.document, until=UNTIL, note="Shouted")
        with pytest.raises(Conflict):
            await services.add(boss, document=LI.document, until=UNTIL, note="Again")
        with pytest.raises(standing.Blocked):
            await standing.must_be_welcome(palace.id, [LI.document])
        ticket = (await world.tickets(palace, order))[0]
        await Strike.create(
            tenant_id=palace.id, document_key=block.document_key, ticket_id=ticket.id, reason="no_show",
            day=palace.day,
        )  # fmt: skip
        with pytest.raises(Conflict):
            await services.keep(boss, block.id, answer="No")
        await services.lift(boss, block.id, answer="Apologised")
        await standing.must_be_welcome(palace.id, [LI.document])
        assert (await Strike.get(tenant_id=palace.id)).lifted_at is not None
        clerk = await make.staff(palace.tenant, "ticket_clerk")
        with pytest.raises(Forbidden):
            await services.add(clerk, document="G12345678", until=UNTIL, note="x")


async def test_an_appeal_is_read_and_answered_on_the_pages(db, bank, client):
    palace = await world.build(bank)
    boss = await make.staff(palace.tenant, "gate_supervisor")
    await make.sign_in(client, boss.person_id)
    root = f"/t/{palace.tenant.slug}/visitor-blocks"
    assert "Nobody is blocked" in text_of(inspect((await client.get(root)).text))
    inspect((await client.get(f"{root}/new")).text)
    facts = {"document": LI.document, "until": "2099-01-01", "note": "Shouted"}
    assert (await client.post(root, data=facts | {"document": "1"})).status_code == 422
    one = (await client.post(root, data=facts)).headers["location"]
    appeal = {"document": LI.document, "contact": "li@example.com", "text": "It was not me"}
    assert (await client.post(f"{palace.root}/appeal", data=appeal)).status_code == 303
    said = text_of(inspect((await client.get(one)).text))
    assert "It was not me" in said
    assert "li@example.com" in said
    assert "Appealed against" in text_of(inspect((await client.get(f"{root}?state=appealed")).text))
    assert (await client.post(f"{one}/keeping", data={"answer": ""})).status_code == 422
    assert (await client.post(f"{one}/keeping", data={"answer": "We saw you"})).status_code == 303
    assert (await client.post(f"{palace.root}/appeal", data=appeal)).status_code == 303
    assert (await client.post(f"{one}/lifting", data={"answer": "You were right"})).status_code == 303
    async with palace.scope():
        told = await rows("select recipient from tenants_notice where tenant_id = $1", palace.id)
        assert [each["recipient"] for each in told].count("li@example.com") == 2
        assert (await Block.get(tenant_id=palace.id)).lifted_by_name == boss.name
    assert "Shouted" in (await client.get(f"{root}?export=csv")).text


async def test_a_ticket_is_passed_on_and_its_old_code_is_dead_at_every_gate(db, bank, client):
    palace = await world.build(bank)
    order = await world.bought(palace, ("named", "adult", 1), visitors=(LI,))
    (ticket,) = await world.tickets(palace, order)
    async with palace.scope():
        now = datetime.now(UTC)
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=now - timedelta(hours=1), valid_until=now + timedelta(hours=3)
        )
        (ticket,) = await Ticket.filter(tenant_id=palace.id)
    old = codes.code_of(ticket)
    path = access.path_of(order)
    client.cookies.set(*make_response(order), domain=client.base_url.host, path=path)
    act = f"{path}/pass-on/{ticket.id}"
    assert act in (await client.get(path)).text
    facts = form_of(inspect((await client.get(act)).text), f"/pass-on/{ticket.id}")
    facts |= {"name": "Wang Fang", "document": "G12345678", "contact": "wang@example.com"}
    for wrong in ({"document": "1"}, {"contact": "nowhere"}, {"name": ""}):
        assert (await client.post(act, data=facts | wrong)).status_code == 422
    assert (await client.post(act, data=facts)).status_code == 303
    page = text_of(inspect((await client.get(path)).text))
    assert "Passed on" in page
    assert codes.PREFIX not in page
    assert (await client.get(act)).status_code == 409
    link = await link_to(palace, "wang@example.com")
    client.cookies.clear()
    held = await client.get(link)
    assert "Wang Fang" in text_of(inspect(held.text))
    at, _ = await station(palace)
    async with palace.scope():
        new = codes.code_of(await Ticket.get(tenant_id=palace.id))
        assert new in held.text
        assert (await listing.list_for(at))["revoked"] == {ticket.id.hex: 2}
        assert (await scanning.scan(at, Asked("n1", old))).reason == "revoked"
        assert (await scanning.scan(at, Asked("n2", new))).verdict == "accepted"


async def link_to(palace, recipient: str) -> str:
    async with palace.scope():
        found = await rows(
            "select body from tenants_notice where tenant_id = $1 and recipient = $2", palace.id, recipient
        )
    import re  # noqa: PLC0415

    return re.search(r"/passed-on/\S+", found[0]["body"])[0]


async def test_a_ticket_that_was_passed_on_brings_no_money_back(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("named", "adult", 1), visitors=(LI,))
    from integrations.sign_in.codes import read_address  # noqa: PLC0415
    from scenarios.tourism.orders import changing, refunding  # noqa: PLC0415

    async with palace.scope():
        (ticket,) = await Ticket.filter(tenant_id=palace.id)
        wang = Visitor("Wang Fang", "G12345678")
        await changing.transfer(
            palace.guest,
            ticket.id,
            order_id=order.id,
            visitor=wang,
            key="t",
            to=read_address("w@example.com"),
        )
        with pytest.raises(Conflict, match="passed on"):
            await refunding.give_back(palace.guest, order.id, [ticket.id], seen_minor=4000, key="b")
        await Product.filter(tenant_id=palace.id).update(is_transferable=False)
        with pytest.raises(Conflict):
            await changing.transfer(palace.guest, ticket.id, order_id=order.id, visitor=LI, key="t2")


async def test_a_counter_that_differs_is_work_until_somebody_settles_it(db, bank, client):
    palace = await world.build(bank)
    await world.bought(palace, ("palace", "adult", 2))
    async with palace.scope():
        await Pool.filter(tenant_id=palace.id, scope="day", day=palace.day).update(sold=5)
        assert len(await incidents.note(palace.id)) == 1
        assert len(await incidents.note(palace.id)) == 1
        found = await CounterIncident.get(tenant_id=palace.id)
        assert (found.sold, found.sold_counted) == (5, 2)
        listed = await rows(kind_of(incidents.KIND).sql, palace.id)
        assert [each["path"] for each in listed] == [f"/sites/{palace.site.id}"]
    planner = await make.staff(palace.tenant, "planner")
    await make.sign_in(client, planner.person_id)
    site = f"/t/{palace.tenant.slug}/sites/{palace.site.id}"
    assert "differs from what is counted" in text_of(inspect((await client.get(site)).text))
    act = f"/t/{palace.tenant.slug}/counter-incidents/{found.id}"
    assert (await client.post(act, data={"reason": ""})).status_code == 422
    assert (await client.post(act, data={"reason": "Restored from a copy"})).status_code == 303
    async with palace.scope():
        assert await checks.differences(palace.id) == []
        with pytest.raises(Conflict):
            await incidents.settle(planner, found.id, reason="again")
    assert "differs from" not in text_of(inspect((await client.get(site)).text))
