"""Money that arrives when nobody expects it any more is never lost and never hidden."""

import pytest

from billing.channels.contract import Outcome
from billing.models import Bill, Receipt, Suspense
from billing.payments.asking import withdraw
from billing.payments.service import refresh
from billing.payments.settling import settle
from tests import make
from tests.billing.payments import world

CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])


async def expired(place, bill, channel):
    started = await world.start(place, bill, channel=channel)
    await withdraw(place.system, started.attempt_id, ending="expired")
    assert (await world.attempt(place, started)).status == "expired"
    return started


async def look_again(place):
    return await world.hurry(place, "billing.ask_attempt")


async def suspense(place):
    async with place.scope():
        return await Suspense.filter(tenant_id=place.id).order_by("created_at")


@CHANNELS
async def test_a_late_success_pays_the_bill_that_is_still_open(place, outside, channel):
    bill = await world.bill(place, 3000)
    started = await expired(place, bill, channel)
    outside.pay(await world.attempt(place, started))
    await look_again(place)
    assert (await world.payment(place, started.payment_id)).status == "succeeded"
    assert (await world.fresh(place, bill)).status == "paid"
    assert await suspense(place) == []
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_a_late_success_on_a_bill_paid_meanwhile_waits_to_be_worked(place, outside, channel):
    bill = await world.bill(place, 3000)
    started = await expired(place, bill, channel)
    await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 3000))
    outside.pay(await world.attempt(place, started))
    await look_again(place)
    (held,) = await suspense(place)
    assert (held.amount_minor, held.reason, held.status) == (3000, "late", "open")
    assert (await world.fresh(place, bill)).paid_minor == 3000
    assert await world.ledger_is_right(place)


async def test_the_late_success_of_the_hosted_page_itself(place, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.fault("stripe", "late_success", "checkout", seconds=60, times=1)
    outside.click(started.redirect_url, "card")
    await world.age(place, started.attempt_id, hours=1)
    await look_again(place)
    assert (await world.payment(place, started.payment_id)).status == "processing"
    outside.advance(61)
    await look_again(place)
    assert (await world.payment(place, started.payment_id)).status == "succeeded"


async def test_a_second_success_is_kept_for_a_refund(place, outside):
    """Two attempts that both succeed: cash at the desk while the payer's own is stopped too late."""
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    attempt = await world.attempt(place, started)
    cashier = await make.staff(place.tenant, "cashier")
    await world.take(place, cashier, (bill, 3000))
    assert (await world.attempt(place, started)).status == "cancelled"
    outside.pay(attempt)
    await look_again(place)
    (held,) = await suspense(place)
    assert (held.reason, held.amount_minor) == ("late", 3000)
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id, payment_id=started.payment_id)
    assert sum(line["amount_minor"] for line in receipt.document["lines"]) == 3000
    assert await world.ledger_is_right(place)


async def test_a_bill_voided_while_it_was_paid_takes_nothing(place, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    async with place.scope():
        await Bill.filter(tenant_id=place.id, id=bill.id).update(status="void")
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    (held,) = await suspense(place)
    assert held.reason == "bill_closed"
    assert (await world.fresh(place, bill)).paid_minor == 0


async def test_part_of_a_payment_may_find_its_bill_and_part_not(place, outside):
    bill, other = await world.bill(place, 3000), await world.bill(place, 2000)
    started = await world.start(place, bill, other, amount=2000)
    async with place.scope():
        await Bill.filter(tenant_id=place.id, id=other.id).update(status="void")
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    (held,) = await suspense(place)
    assert held.amount_minor == 2000
    assert (await world.fresh(place, bill)).paid_minor == 2000


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [(2999, "SGD", "amount_mismatch"), (3001, "SGD", "amount_mismatch"), (3000, "USD", "currency_mismatch")],
)
async def test_another_amount_or_currency_is_never_taken_for_the_bill(place, amount, currency, reason):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    async with place.scope():
        outcome = Outcome(state="succeeded", amount_minor=amount, currency=currency)
        await settle(place.system, started.attempt_id, outcome)
    (held,) = await suspense(place)
    assert (held.amount_minor, held.currency, held.reason) == (amount, currency, reason)
    assert (await world.fresh(place, bill)).status == "issued"
    assert (await world.payment(place, started.payment_id)).amount_minor == amount
    assert await world.ledger_is_right(place)


@pytest.mark.parametrize("state", ["pending", "processing", "failed", "cancelled", "expired", "absent"])
async def test_nothing_takes_a_success_back(place, outside, state):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    async with place.scope():
        await settle(place.system, started.attempt_id, Outcome(state=state))
    assert (await world.payment(place, started.payment_id)).status == "succeeded"


async def test_told_twice_it_is_booked_once(place):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    for _ in range(3):
        async with place.scope():
            await settle(place.system, started.attempt_id, Outcome(state="succeeded"))
    assert (await world.fresh(place, bill)).paid_minor == 3000
    assert await world.count(place, "billing_entry", "kind = 'payment.succeeded'") == 1
    assert await world.count(place, "billing_receipt") == 1


async def test_an_attempt_overtaken_by_another_is_withdrawn_by_itself(place, outside):
    """A late success pays a bill that a new attempt holds: the new one is stopped before it pays twice."""
    bill = await world.bill(place, 3000)
    late = await expired(place, bill, "stripe")
    current = await world.start(place, bill)
    outside.pay(await world.attempt(place, late))
    await look_again(place)
    assert (await world.attempt(place, late)).status == "succeeded"
    assert (await world.attempt(place, current)).status == "cancelled"
    assert outside.state_of(place, await world.attempt(place, current)) == "expired"
