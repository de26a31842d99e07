"""Money that comes after the end: the place is taken again, or the money goes back and the visitor is told."""

import pytest_asyncio

from billing.holds import ending
from billing.models import Refund, SettlementAccount
from billing.payments import settlement
from billing.payments.asking import withdraw
from billing.payments.service import start_payment
from scenarios.tourism.orders import refunding
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Notice
from tenants.scope import execute
from tests.billing.holds import seats
from tests.billing.payments import world as money
from tests.billing.payments.conftest import outside, sandbox
from tests.scenarios.tourism import world

__all__ = ["outside", "sandbox"]


@pytest_asyncio.fixture(loop_scope="session")
async def palace(db, outside, bank):
    """A site for two people a day, whose institution is connected to the bank's rail."""
    made = await world.build(bank, day_cap=2, half=2)
    async with made.scope():
        own = await SettlementAccount.get(tenant_id=made.id)
    await settlement.connect(made.system, own.id)
    return made


async def start(palace, order):
    link = Actor(kind="link", name="", tenant_id=palace.id, bill_id=order.bill_id)
    return await start_payment(
        link,
        tenant_id=palace.id,
        bills=[(order.bill_id, order.total_minor)],
        channel="bank",
        key=new_id().hex,
        return_url=money.RETURN_URL,
    )


async def too_late(palace, outside, order, before_money=None):
    """The bank has the money of a try that was given up, after the order's end."""
    started = await start(palace, order)
    attempt = await money.attempt(palace, started)
    await withdraw(palace.system, started.attempt_id, ending="expired")
    hold = await world.hold_of(palace, order)
    await seats.over(palace, hold)
    await ending.end(palace.system, hold.id)
    assert (await world.fresh(palace, order)).status == "expired"
    if before_money:
        await before_money()
    outside.pay(attempt)
    await money.hurry(palace, "billing.ask_attempt")
    return started


async def notices(palace, template: str) -> list[Notice]:
    async with palace.scope():
        return await Notice.filter(tenant_id=palace.id, template=template)


async def test_places_that_are_still_free_are_taken_again(palace, outside):
    order = await world.place(palace, ("palace", "adult", 2))
    await too_late(palace, outside, order)
    after = await world.fresh(palace, order)
    assert after.status == "paid"
    assert after.bill_id != order.bill_id
    assert [one.status for one in await world.tickets(palace, order)] == ["issued", "issued"]
    assert (await world.pools(palace))["day"] == (2, 0, 2)
    assert len(await notices(palace, "tourism_tickets")) == 1
    assert await world.all_right(palace)


async def test_money_for_places_that_are_gone_goes_back_and_the_visitor_is_told(palace, outside):
    order = await world.place(palace, ("palace", "adult", 2))

    async def sell_out():
        await world.bought(palace, ("palace", "adult", 2), contact="other@example.com")

    await too_late(palace, outside, order, sell_out)
    assert (await world.fresh(palace, order)).status == "late"
    assert {one.status for one in await world.tickets(palace, order)} == {"void"}
    (told,) = await notices(palace, "tourism_late")
    assert "goes back" in told.body
    await money.hurry(palace)
    async with palace.scope():
        (refund,) = await Refund.filter(tenant_id=palace.id)
    assert (refund.status, refund.amount_minor) == ("succeeded", order.total_minor)
    assert (await world.pools(palace))["day"] == (2, 0, 2)
    assert await world.all_right(palace)


async def test_tickets_given_back_are_repaid_through_the_bank(palace, outside):
    order = await world.place(palace, ("palace", "adult", 2))
    started = await start(palace, order)
    outside.pay(await money.attempt(palace, started))
    await money.hurry(palace, "billing.ask_attempt")
    assert (await world.fresh(palace, order)).status == "paid"
    one, _ = await world.tickets(palace, order)
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=4000, key=new_id().hex)
    await money.hurry(palace)
    async with palace.scope():
        (refund,) = await Refund.filter(tenant_id=palace.id)
    assert (refund.status, refund.amount_minor) == ("succeeded", 4000)
    assert [each.status for each in await world.tickets(palace, order)] == ["refunded", "issued"]
    bill = await world.bill_of(palace, order)
    assert (bill.status, bill.paid_minor + bill.adjusted_minor) == ("paid", 8000)
    assert await money.ledger_is_right(palace)


async def test_a_ticket_is_called_repaid_only_when_no_money_of_its_order_is_still_on_its_way(palace, outside):
    order = await world.place(palace, ("palace", "adult", 2))
    started = await start(palace, order)
    outside.pay(await money.attempt(palace, started))
    await money.hurry(palace, "billing.ask_attempt")
    keep = "update tenants_outbox set failed_at = {} where tenant_id = $1 and payload ->> 'refund_id' = $2"
    async with palace.scope():
        for one in await world.tickets(palace, order):
            await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=4000, key=new_id().hex)
        later = await Refund.filter(tenant_id=palace.id).order_by("-id").first()
        assert await execute(keep.format("now()"), palace.id, str(later.id)) == 1
    await money.hurry(palace)
    assert (await world.bill_of(palace, order)).paid_minor == 4000
    assert [each.status for each in await world.tickets(palace, order)] == ["refunding", "refunding"]
    async with palace.scope():
        await execute(keep.format("null"), palace.id, str(later.id))
    await money.hurry(palace)
    assert [each.status for each in await world.tickets(palace, order)] == ["refunded", "refunded"]
