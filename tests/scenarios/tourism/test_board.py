"""Now: who is on site, what the caps leave, and a time that is closed after it was sold."""

from datetime import UTC, datetime, timedelta

import pytest

from scenarios.tourism.board import closing
from scenarios.tourism.models import Order, Redemption, Slot, Ticket
from scenarios.tourism.orders import changing, refunding
from tenants.days import today
from tenants.gates.judging import EXIT
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Notice
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import open_now, scan, station
from tests.scenarios.tourism.test_shop import be_the_buyer
from ui.errors import Conflict, Invalid


async def sign_in(client, palace, role="administrator"):
    actor = await make.staff(palace.tenant, role)
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)
    return actor, f"/t/{palace.tenant.slug}"


async def shown(client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return text_of(inspect(answer.text))


async def test_the_board_counts_who_is_on_site_and_raises_the_alarm(db, bank, client):
    palace = await world.build(bank)
    async with palace.scope():
        await type(palace.site).filter(tenant_id=palace.id).update(instant_cap=10)
    north, _ = await station(palace)
    _, (group,) = await open_now(palace, ("group", "adult", 10))
    await scan(palace, north, group.number, people=5)
    _, root = await sign_in(client, palace)
    now = f"{root}/sites/{palace.site.id}/now"
    calm = await shown(client, now)
    assert "50 % of 10" in calm
    assert "drafted" not in calm
    assert "There is room" in await shown(client, f"{palace.root}/now")
    south, _ = await station(palace, "South")
    await scan(palace, south, group.number, people=4)
    full = await shown(client, now)
    assert "90 % of the people" in full
    assert "Announcement and report, drafted" in full
    assert "9 people are on site now, 90 % of the 10 that are approved" in full
    assert "9 people were on site at" in full, "the authority gets a report of its own"
    assert "已达核定瞬时承载量 10 人的 90%" in full
    assert "向主管部门报告" in full
    assert "It is nearly full" in await shown(client, f"{palace.root}/now")
    await scan(palace, south, group.number, people=9, direction=EXIT)
    assert "0 % of 10" in await shown(client, now)
    eve = await client.get(f"{now}?day={(today(palace.tenant.timezone) - timedelta(days=1)).isoformat()}")
    before = text_of(inspect(eve.text))
    assert "Nobody passed a gate on this day" in before
    assert "Back to today" in before
    assert "every 15s" not in eve.text, "what is over is not asked for again and again"
    async with palace.scope():
        await Redemption.filter(tenant_id=palace.id).update(scanned_at=datetime.now(UTC) - timedelta(days=1))
    assert "South" in await shown(client, str(eve.url)), "just after midnight the evening is still to be seen"


async def test_the_authority_gets_its_days_as_a_file(db, bank, client):
    palace = await world.build(bank)
    await world.bought(palace, ("palace", "adult", 2))
    _, root = await sign_in(client, palace)
    url = f"{root}/sites/{palace.site.id}/report?until={palace.day.isoformat()}"
    assert "1 to 1 of 1" in await shown(client, url)
    file = await client.get(url + "&export=csv")
    assert palace.day.isoformat() in file.text


async def closed(palace, actor):
    first, second = await world.slots_of(palace)
    async with palace.scope():
        await closing.close_slot(actor, first.id, reason="A storm is coming")
    await run_due(palace.id)
    return first, second


async def test_whoever_bought_a_closed_time_is_told_once_and_gets_everything_back(db, bank, client):
    palace = await world.build(bank)
    order = await world.bought(palace, ("palace", "adult", 2))
    waiting = await world.place(palace, ("palace", "adult", 1), contact="w@example.com")
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id, order_id=order.id).update(begins_at=datetime.now(UTC))
    chief, _ = await sign_in(client, palace)
    await closed(palace, chief)
    async with palace.scope():
        with pytest.raises(Conflict):
            await closing.close_slot(chief, order.slot_id, reason="Again")
        (told,) = await Notice.filter(tenant_id=palace.id, template="tourism_closed")
        await enqueue(closing.TELL_JOB, {"order_id": str(order.id), "slot_id": str(order.slot_id)})
    assert "A storm is coming" in told.body
    await run_due(palace.id)
    async with palace.scope():
        assert await Notice.filter(tenant_id=palace.id, template="tourism_closed").count() == 1
    assert (await world.fresh(palace, waiting)).status == "cancelled"
    client.cookies.clear()
    be_the_buyer(client, order)
    page = await shown(client, world.link_in(told.body))
    assert "The site has had to close this time" in page
    found = await world.tickets(palace, order)
    async with palace.scope():
        await refunding.give_back(
            palace.guest, order.id, [one.id for one in found], seen_minor=8000, key=new_id().hex
        )
    assert (await world.fresh(palace, order)).status == "refunded"
    assert await world.all_right(palace)


async def test_tickets_of_a_closed_time_move_and_let_in_no_more_there(db, bank, client):
    palace = await world.build(bank)
    order = await world.bought(palace)
    chief, _ = await sign_in(client, palace)
    first, second = await closed(palace, chief)
    north, _ = await station(palace)
    (ticket,) = await world.tickets(palace, order)
    assert (await scan(palace, north, ticket.number)).reason == "closed"
    async with palace.scope():
        await changing.change_slot(
            palace.guest, order.id, day=palace.day, slot_id=second.id, key=new_id().hex
        )
        moved = await Order.get(tenant_id=palace.id, id=order.id)
        after = await Ticket.get(tenant_id=palace.id, id=ticket.id)
    assert (moved.slot_id, after.is_closed, after.slot_id) == (second.id, False, second.id)
    assert first.id != second.id
    assert await world.all_right(palace)


async def test_whoever_does_not_choose_gets_the_money_back_by_themselves(db, bank, client):
    palace = await world.build(bank)
    order = await world.bought(palace)
    chief, _ = await sign_in(client, palace)
    await closed(palace, chief)
    assert await closing.repay_the_rest(palace.system) == 0
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=datetime.now(UTC) - timedelta(2), valid_until=datetime.now(UTC) - timedelta(1)
        )
    assert await closing.repay_the_rest(palace.system) == 1
    assert await closing.repay_the_rest(palace.system) == 0
    after = await world.fresh(palace, order)
    assert (after.status, after.refunded_minor) == ("refunded", 4000)


async def test_closing_asks_for_a_reason_and_the_right(db, bank, client):
    palace = await world.build(bank)
    slot = (await world.slots_of(palace))[0]
    chief, root = await sign_in(client, palace)
    url = f"{root}/slots/{slot.id}/closing"
    await shown(client, url)
    assert (await client.post(url, data={"reason": ""})).status_code == 422
    async with palace.scope():
        with pytest.raises(Invalid):
            await closing.close_slot(chief, slot.id, reason=" ")
    await sign_in(client, palace, "ticket_clerk")
    assert (await client.post(url, data={"reason": "x"})).status_code == 403
    await sign_in(client, palace)
    assert (await client.post(url, data={"reason": "Ice"})).status_code == 303
    async with palace.scope():
        assert (await Slot.get(tenant_id=palace.id, id=slot.id)).status == "closed"
