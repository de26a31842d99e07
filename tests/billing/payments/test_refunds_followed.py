"""Money on its way back: sent once, followed until it has an end, booked when it has gone."""

import pytest

from billing.channels.contract import Outcome, RefundOutcome
from billing.models import Credit, Payment, Refund, Suspense
from billing.payments import elsewhere
from billing.payments.elsewhere import Found
from billing.payments.refunding import settle_refund
from billing.payments.service import (
    refundable_minor,
)
from billing.payments.settling import settle
from billing.plans import credit_notes
from tenants.ids import new_id
from tenants.models import Audit
from tests import make
from tests.billing.payments import world
from tests.billing.payments.refunds import ask, paid, refund_of
from tests.billing.payments.world import rail_message, stripe_message
from tests.jobs import run_due

CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])


@CHANNELS
async def test_a_refund_that_fails_is_refundable_again(place, outside, officer, channel):
    bill, started = await paid(place, outside, channel=channel)
    operation = "refunds" if channel == "stripe" else "refund"
    outside.fault("stripe" if channel == "stripe" else "rail", "refund_fail", operation, times=1)
    refund_id = await ask(place, officer, started, 1000)
    await run_due(place.id)
    outside.advance(6)
    await world.hurry(place, "billing.ask_refund")
    assert (await refund_of(place, refund_id)).status == "failed"
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 5000
        assert await Audit.exists(tenant_id=place.id, act="refund.failed")
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_a_slow_refund_is_followed_until_it_ends(app, client, place, outside, officer, channel):  # noqa: PLR0917
    bill, started = await paid(place, outside, channel=channel)
    operation = "refunds" if channel == "stripe" else "refund"
    outside.fault(
        "stripe" if channel == "stripe" else "rail", "refund_pending", operation, times=1, seconds=60
    )
    refund_id = await ask(place, officer, started, 1000)
    await run_due(place.id)
    found = await refund_of(place, refund_id)
    assert (found.status, bool(found.channel_reference)) == ("submitted", True)
    assert (await world.fresh(place, bill)).status == "paid"
    outside.advance(61)
    if channel == "stripe":
        event = outside.events(place.settlement.stripe_account, "refund.updated")[-1]
        message = stripe_message(event)
    else:
        data = {
            "refund_id": found.channel_reference,
            "merchant_refund_no": str(refund_id),
            "status": "succeeded",
        }
        message = rail_message(place, "refund.succeeded", data)
    for _ in range(2):
        sent = dict(message)
        await client.post(sent.pop("url"), **sent)
    assert (await refund_of(place, refund_id)).status == "succeeded"
    assert (await world.payment(place, started.payment_id)).refunded_minor == 1000
    assert await world.ledger_is_right(place)


@CHANNELS
@pytest.mark.parametrize("kind", ["error_after", "error_before", "drop_after"])
async def test_a_refund_that_is_not_answered_happens_once(place, outside, officer, channel, kind):
    _, started = await paid(place, outside, channel=channel)
    surface = "stripe" if channel == "stripe" else "rail"
    outside.fault(surface, kind, "refunds.create", times=2)
    refund_id = await ask(place, officer, started, 1000)
    await run_due(place.id)
    assert (await refund_of(place, refund_id)).status == "submitted"
    outside.clear()
    outside.advance(25 * 3600)
    async with place.scope():
        await Refund.filter(id=refund_id).update(sent_at=world.long_ago())
    await world.hurry(place, "billing.ask_refund")
    assert (await refund_of(place, refund_id)).status == "succeeded"
    assert outside.refunded(place, await world.attempt(place, started)) == 1000
    assert await world.ledger_is_right(place)


async def test_what_the_channel_refuses_has_failed(place, outside, officer, manager):
    _, started = await paid(place, outside, channel="bank")
    outside_refund = await ask(place, officer, started, 5000)
    await run_due(place.id)
    assert (await refund_of(place, outside_refund)).status == "succeeded"
    async with place.scope():
        await Payment.filter(id=started.payment_id).update(refunded_minor=0, status="succeeded")
    again = await ask(place, officer, started, 100)
    await run_due(place.id)
    failed = await refund_of(place, again)
    assert (failed.status, "refund_exceeds_payment" in failed.error) == ("failed", True)


async def bounced(place, outside, officer, *, paid_again):
    bill, started = await paid(place, outside)
    refund_id = await ask(place, officer, started, 3000)
    await run_due(place.id)
    if paid_again:
        await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 3000))
    for _ in range(2):
        async with place.scope():
            await settle_refund(
                place.system, refund_id, RefundOutcome(state="failed", error="account_closed")
            )
    assert (await refund_of(place, refund_id)).status == "failed"
    payment = await world.payment(place, started.payment_id)
    assert (payment.status, payment.refunded_minor) == ("succeeded", 0)
    assert await world.ledger_is_right(place)
    return bill, started


async def test_money_back_that_returns_pays_its_bill_again(place, outside, officer):
    bill, started = await bounced(place, outside, officer, paid_again=False)
    assert (await world.fresh(place, bill)).status == "paid"
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 5000


async def test_money_back_that_returns_to_a_paid_bill_waits(place, outside, officer):
    bill, started = await bounced(place, outside, officer, paid_again=True)
    assert (await world.fresh(place, bill)).paid_minor == 5000
    async with place.scope():
        held = await Suspense.get(tenant_id=place.id)
        assert await refundable_minor(place.id, started.payment_id) == 2000
    assert (held.amount_minor, held.reason) == (3000, "refund_returned")


async def test_a_refund_called_failed_that_went_through_is_booked(place, outside, officer):
    _, started = await paid(place, outside)
    refund_id = await ask(place, officer, started, 1000)
    async with place.scope():
        await Refund.filter(id=refund_id).update(status="submitted")
        await settle_refund(place.system, refund_id, RefundOutcome(state="failed"))
        await settle_refund(place.system, refund_id, RefundOutcome(state="succeeded"))
    assert (await world.payment(place, started.payment_id)).refunded_minor == 1000
    assert await world.ledger_is_right(place)


async def test_what_a_credit_note_has_freed_meanwhile_is_given_back_of_the_credit(place, outside, officer):
    """The channel may be quicker to agree to a refund than to say so: the bill has less to give by then."""
    bill, started = await paid(place, outside, 5000)
    refund_id = await ask(place, officer, started, 4000)
    async with place.scope():
        await Refund.filter(id=refund_id).update(status="submitted")
        await credit_notes.write(
            officer, bill_id=bill.id, line_id=None, amount_minor=3000, reason="Charged twice", key="n"
        )
        await settle_refund(place.system, refund_id, RefundOutcome(state="succeeded"))
        credit = await Credit.get(tenant_id=place.id)
    assert (credit.left_minor, credit.refunded_minor) == (1000, 2000)
    assert (await world.fresh(place, bill)).paid_minor == 0
    assert await world.ledger_is_right(place)
    async with place.scope():
        await settle_refund(place.system, refund_id, RefundOutcome(state="failed"))
        held = await Suspense.get(tenant_id=place.id)
    assert (held.amount_minor, held.reason) == (2000, "refund_returned")
    assert (await world.fresh(place, bill)).paid_minor == 2000
    assert await world.ledger_is_right(place)


async def told_elsewhere(
    client, place, attempt, amount, *, status="succeeded", reference="re_dashboard", **more
):
    """Stripe tells of a refund that somebody has made on its own pages."""
    refund = {
        "id": reference,
        "status": status,
        "amount": amount,
        "currency": "sgd",
        "payment_intent": attempt.channel_payment,
        "metadata": {},
    }
    event = {
        "id": f"evt_{new_id().hex}",
        "type": "refund.updated",
        "account": place.settlement.stripe_account,
        "data": {"object": refund},
        **more,
    }
    sent = stripe_message(event)
    assert (await client.post(sent.pop("url"), **sent)).status_code == 200


async def test_a_refund_made_at_the_channel_itself_is_one_here_and_leaves_no_more_to_go_back(
    client, place, outside, officer
):
    bill, started = await paid(place, outside)
    attempt = await world.attempt(place, started)
    await told_elsewhere(client, place, attempt, 2000, account="acct_other")
    await told_elsewhere(client, place, attempt, 2000, status="failed", reference="re_failed")
    assert await world.count(place, "billing_refund") == 0
    for status in ("pending", "succeeded", "succeeded"):
        await told_elsewhere(client, place, attempt, 2000, status=status)
    async with place.scope():
        made = await Refund.get(tenant_id=place.id)
        assert await refundable_minor(place.id, started.payment_id) == bill.total_minor - 2000
    assert (made.status, made.amount_minor, made.channel_reference) == ("succeeded", 2000, "re_dashboard")
    assert (await world.fresh(place, bill)).paid_minor == bill.total_minor - 2000
    await told_elsewhere(client, place, attempt, bill.total_minor, reference="re_too_much")
    assert await world.count(place, "billing_refund") == 1, "it waits for a person to look"
    assert await world.ledger_is_right(place)


async def test_what_was_unassigned_or_credit_may_go_back_elsewhere_too(place, outside, officer):
    bill, started = await paid(place, outside)
    async with place.scope():
        await credit_notes.write(
            officer, bill_id=bill.id, line_id=None, amount_minor=3000, reason="Twice", key="n"
        )
        found = Found("re_1", "pi", 3000, "SGD")
        await elsewhere.take(place.system, started.payment_id, found, RefundOutcome(state="succeeded"))
        credit = await Credit.get(tenant_id=place.id)
    assert (credit.left_minor, credit.refunded_minor) == (0, 3000)
    again = await world.start(place, await world.bill(place, 700))
    async with place.scope():
        told = Outcome(state="succeeded", channel_payment="pi_more", amount_minor=900)
        await settle(place.system, again.attempt_id, told)
        await elsewhere.take(
            place.system,
            again.payment_id,
            Found("re_2", "pi_more", 900, "SGD"),
            RefundOutcome(state="succeeded"),
        )
        assert (await Suspense.get(tenant_id=place.id)).status == "refunded"
    assert await world.ledger_is_right(place)
