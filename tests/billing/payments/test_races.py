"""Many at once, with real commits: what must happen once happens once, and it is the index that says so."""

import asyncio

import pytest

from billing.channels.contract import Outcome
from billing.payments import holding, inbox
from billing.payments.allocating import lock_bills
from billing.payments.inbox import Incoming
from billing.payments.refunds import lock_payment, refundable_minor, request_refund
from billing.payments.settling import settle
from billing.plans import credit_notes
from tenants.ids import new_id
from tenants.scope import execute, value
from tests import make
from tests.billing.payments import world
from ui.errors import AppError, Conflict

INDEX = f"create unique index {holding.HOLD_INDEX} on billing_payment_part (tenant_id, bill_id) where is_live"


async def twenty(place, bill):
    """Twenty tabs that all press the button at the same moment."""
    return await asyncio.gather(*(world.start(place, bill) for _ in range(20)), return_exceptions=True)


async def test_twenty_tabs_make_one_live_attempt(real_place):
    bill = await world.bill(real_place, 3000)
    answers = await twenty(real_place, bill)
    begun = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert all(isinstance(answer, AppError) for answer in answers if isinstance(answer, BaseException))
    assert len({each.attempt_id for each in begun}) == 1
    assert all(each.status == "pending" for each in begun)
    assert await world.count(real_place, "billing_payment_part", "is_live") == 1
    assert await world.count(real_place, "billing_attempt") == 1


async def test_without_the_index_they_would_be_many(real_place, owner):
    """The control: with the wall down, the same twenty tabs hold the bill several times over."""
    bill = await world.bill(real_place, 3000)
    await owner.execute(f"drop index {holding.HOLD_INDEX}")
    try:
        await twenty(real_place, bill)
        doubled = await world.count(real_place, "billing_payment_part", "is_live")
        async with real_place.scope():
            await execute(
                "update billing_payment_part set is_live = false where tenant_id = $1", real_place.id
            )
    finally:
        await owner.execute(INDEX)
    assert doubled > 1


async def test_two_people_at_once_one_pays_and_one_is_told(real_place):
    bill, spouse = await world.bill(real_place, 3000), await make.person("Ben")
    await make.holder(real_place.account, spouse)
    answers = await asyncio.gather(
        world.start(real_place, bill),
        world.start(real_place, bill, actor=make.payer(spouse)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    assert await world.count(real_place, "billing_payment_part", "is_live") == 1


async def test_bills_in_different_orders_do_not_deadlock(real_place):
    bills = [await world.bill(real_place, 3000) for _ in range(3)]
    orders = [bills, bills[::-1], bills[1:], bills[:2][::-1]]
    answers = await asyncio.wait_for(
        asyncio.gather(*(world.start(real_place, *order) for order in orders), return_exceptions=True), 60
    )
    assert all(not isinstance(answer, BaseException) or isinstance(answer, AppError) for answer in answers)
    for bill in bills:
        assert (
            await world.count(real_place, "billing_payment_part", f"is_live and bill_id = '{bill.id}'") <= 1
        )


async def test_news_from_all_sides_at_once_books_once(real_place):
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill)

    async def tell():
        async with real_place.scope():
            await settle(real_place.system, started.attempt_id, Outcome(state="succeeded"))

    await asyncio.gather(*(tell() for _ in range(8)))
    assert (await world.fresh(real_place, bill)).paid_minor == 3000
    assert await world.count(real_place, "billing_entry", "kind = 'payment.succeeded'") == 1
    assert await world.ledger_is_right(real_place)


async def test_one_message_in_many_hands_is_handled_once(real_place, outside):
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill)
    outside.pay(await world.attempt(real_place, started))
    (event,) = outside.events(real_place.settlement.stripe_account, "checkout.session.completed")
    message = Incoming("stripe", event["id"], event["type"], event)
    stored = [each for each in await asyncio.gather(*(inbox.store(message) for _ in range(5))) if each]
    assert len(stored) == 1
    handled = await asyncio.gather(*(inbox.handle(stored[0]) for _ in range(5)))
    assert sum(handled) == 1
    assert (await world.fresh(real_place, bill)).paid_minor == 3000


async def test_two_refunds_at_once_never_exceed_the_payment(real_place):
    bill = await world.bill(real_place, 3000)
    cashier = await make.staff(real_place.tenant, "cashier")
    payment_id = await world.take(real_place, cashier, (bill, 3000))
    officers = [await make.staff(real_place.tenant, "finance", f"Officer {n}") for n in range(6)]

    async def ask(officer):
        async with real_place.scope():
            return await request_refund(
                officer,
                payment_id=payment_id,
                amount_minor=2000,
                seen_refundable_minor=3000,
                reason="Charged twice",
                key=new_id().hex,
            )

    answers = await asyncio.gather(*(ask(officer) for officer in officers), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5
    async with real_place.scope():
        assert await refundable_minor(real_place.id, payment_id) == 1000


async def test_cash_and_card_for_one_bill_at_once_pay_it_once(real_place, outside):
    bill = await world.bill(real_place, 3000)
    cashiers = [await make.staff(real_place.tenant, "cashier", f"Cashier {n}") for n in range(4)]
    answers = await asyncio.gather(
        *(world.take(real_place, cashier, (bill, 3000)) for cashier in cashiers), return_exceptions=True
    )
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert all(isinstance(a, AppError) for a in answers if isinstance(a, BaseException))
    assert (await world.fresh(real_place, bill)).paid_minor == 3000
    assert await world.ledger_is_right(real_place)


@pytest.mark.parametrize("n", [12])
async def test_parts_from_many_desks_add_up(real_place, n):
    bill = await world.bill(real_place, 100 * n)
    cashiers = [await make.staff(real_place.tenant, "cashier", f"Cashier {i}") for i in range(n)]

    async def take(cashier):
        for _ in range(20):
            try:
                return await world.take(real_place, cashier, (bill, 100))
            except Conflict:
                await asyncio.sleep(0.05)
        raise AssertionError("never got its turn")

    await asyncio.gather(*(take(cashier) for cashier in cashiers))
    paid = await world.fresh(real_place, bill)
    assert (paid.paid_minor, paid.status) == (100 * n, "paid")
    assert await world.ledger_is_right(real_place)


async def test_a_credit_note_waits_for_a_refund_of_the_same_bill_and_neither_is_broken_off(real_place):
    """Both lock the payment before the bill: in two orders each would hold what the other one waits for."""
    bill, officer = await world.bill(real_place, 3000), await make.staff(real_place.tenant, "finance")
    payment_id = await world.take(real_place, await make.staff(real_place.tenant, "cashier"), (bill, 3000))
    is_locked = asyncio.Event()

    async def refund():
        async with real_place.scope():
            await lock_payment(officer, payment_id)
            is_locked.set()
            while not await value("select count(*) from pg_locks where not granted"):  # noqa: ASYNC110 - the database wakes nobody
                await asyncio.sleep(0.01)
            await lock_bills(real_place.id, [bill.id])

    async def note():
        await is_locked.wait()
        async with real_place.scope():
            await credit_notes.write(
                officer, bill_id=bill.id, line_id=None, amount_minor=500, reason="Charged twice", key="n"
            )

    await asyncio.gather(refund(), note())
    assert await world.count(real_place, "billing_credit", "left_minor = 500") == 1
