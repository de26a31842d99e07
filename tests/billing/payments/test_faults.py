"""When the outside does not answer: unknown is not failed, and whoever is unknown is asked."""

from dataclasses import replace

import pytest

import billing.runtime
from billing.payments.service import cancel_payment, refresh
from deploy.sandbox.server import free_port
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict

CREATE = {"stripe": "checkout.sessions.create", "bank": "orders.create"}
SURFACE = {"stripe": "stripe", "bank": "rail"}
CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])


@CHANNELS
async def test_an_answer_lost_after_the_work_is_found_by_asking(place, outside, hasty, channel):
    bill = await world.bill(place, 3000)
    outside.fault(SURFACE[channel], "timeout_after", CREATE[channel], seconds=0.6)
    started = await world.start(place, bill, channel=channel)
    assert (started.status, started.redirect_url) == ("unknown", "")
    assert (await world.payment(place, started.payment_id)).status == "unknown"
    outside.clear()
    seen = await refresh(place.payer, started.payment_id)
    assert seen.payment.status == "pending"
    assert seen.redirect_url.startswith("http")
    assert await world.count(place, "billing_payment_part", "is_live") == 1


@CHANNELS
@pytest.mark.parametrize("kind", ["error_before", "drop_before"])
async def test_a_call_that_never_worked_is_unknown_then_failed_then_free(place, outside, channel, kind):
    bill = await world.bill(place, 3000)
    outside.fault(SURFACE[channel], kind, CREATE[channel])
    started = await world.start(place, bill, channel=channel)
    assert started.status == "unknown"
    outside.clear()
    assert (await refresh(place.payer, started.payment_id)).payment.status == "unknown"
    await world.age(place, started.attempt_id, minutes=2)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "failed"
    assert (await world.start(place, bill, channel="bank")).status == "pending"


async def test_staff_ask_the_channel_about_a_payment_whose_end_is_not_known(place, outside, client):
    outside.fault(SURFACE["bank"], "drop_before", CREATE["bank"])
    started = await world.start(place, await world.bill(place, 3000), channel="bank")
    outside.clear()
    path = f"/t/{place.tenant.slug}/payments/{started.payment_id}"
    reader = await make.staff(place.tenant, "reader")
    await make.sign_in(client, reader.person_id)
    assert "Ask the channel now" not in (await client.get(path)).text
    assert (await client.post(f"{path}/enquiry")).status_code == 403
    await make.sign_in(client, (await make.staff(place.tenant, "finance")).person_id)
    assert "Ask the channel now" in text_of(inspect((await client.get(path)).text))
    await client.post(f"{path}/enquiry")
    assert "The channel does not say yet" in (await client.get(path)).text
    await world.age(place, started.attempt_id, minutes=2)
    assert (await client.post(f"{path}/enquiry")).status_code == 303
    text = text_of(inspect((await client.get(path)).text))
    assert "The channel says: Did not go through" in text
    assert "Ask the channel now" not in text


@CHANNELS
async def test_the_same_form_sent_again_asks_the_channel_for_the_same_thing(place, outside, channel):
    bill = await world.bill(place, 3000)
    outside.fault(SURFACE[channel], "drop_after", CREATE[channel])
    first = await world.start(place, bill, channel=channel, key="form-1")
    assert first.status == "unknown"
    outside.clear()
    await world.wait_since_sending(place, first.attempt_id, 20)
    again = await world.start(place, bill, channel=channel, key="form-1")
    assert (again.attempt_id, again.status) == (first.attempt_id, "pending")
    assert again.redirect_url


@CHANNELS
async def test_what_is_there_already_is_never_taken_for_refused(place, outside, channel):
    """Sent again with other terms the channel would refuse; asked first, it says that it has it."""
    bill = await world.bill(place, 3000)
    outside.fault(SURFACE[channel], "drop_after", CREATE[channel])
    first = await world.start(place, bill, channel=channel, key="form-1")
    outside.clear()
    await world.age(place, first.attempt_id, seconds=20)
    assert (await world.start(place, bill, channel=channel, key="form-1")).status == "pending"


@CHANNELS
async def test_paid_while_we_did_not_know_is_paid(place, outside, channel):
    bill = await world.bill(place, 3000)
    outside.fault(SURFACE[channel], "error_after", CREATE[channel])
    started = await world.start(place, bill, channel=channel)
    outside.clear()
    outside.pay_by_reference(place, started.attempt_id, channel)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "succeeded"
    assert (await world.fresh(place, bill)).status == "paid"


@CHANNELS
async def test_with_the_outside_gone_the_payment_waits_and_is_asked_when_it_is_back(place, outside, channel):
    bill, settings = await world.bill(place, 3000), billing.runtime.channel_settings()
    dead = f"http://127.0.0.1:{free_port()}"
    billing.runtime.use(replace(settings, stripe_api_base=f"{dead}/stripe", rail_url=f"{dead}/rail"))
    started = await world.start(place, bill, channel=channel, key="form-1")
    assert started.status == "unknown"
    await world.wait_since_sending(place, started.attempt_id, 120)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "unknown"
    with pytest.raises(Conflict):
        await cancel_payment(place.payer, started.payment_id)
    with pytest.raises(Conflict, match="still being checked"):
        await world.start(place, bill, channel=channel, amount=1000)
    billing.runtime.use(settings)
    assert (await world.start(place, bill, channel=channel, key="form-1")).status == "pending"


@CHANNELS
async def test_a_question_that_is_not_answered_changes_nothing(place, outside, channel):
    started = await world.start(place, await world.bill(place, 3000), channel=channel)
    outside.fault(SURFACE[channel], "error_before", "*")
    await world.age(place, started.attempt_id, seconds=10)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "pending"


@CHANNELS
async def test_a_withdrawal_that_is_not_answered_keeps_the_bill_held(place, outside, channel):
    started = await world.start(place, await world.bill(place, 3000), channel=channel)
    outside.fault(SURFACE[channel], "error_before", "*")
    with pytest.raises(Conflict):
        await cancel_payment(place.payer, started.payment_id)
    assert (await world.attempt(place, started)).status == "unknown"
    assert await world.count(place, "billing_payment_part", "is_live") == 1


async def test_a_declined_card_leaves_the_payer_where_another_can_be_tried(place, outside):
    started = await world.start(place, await world.bill(place, 3000))
    outside.click(started.redirect_url, "declined")
    assert (await refresh(place.payer, started.payment_id)).payment.status == "pending"
    outside.click(started.redirect_url, "card")
    await world.age(place, started.attempt_id, seconds=10)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "succeeded"


async def test_a_declined_code_ends_the_payment_and_frees_the_bill(place, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill, channel="bank")
    outside.click(started.redirect_url, "decline")
    assert (await refresh(place.payer, started.payment_id)).payment.status == "failed"
    assert (await world.start(place, bill, channel="bank")).attempt_id != started.attempt_id


@pytest.mark.parametrize(("act", "status"), [("alipay", "succeeded"), ("alipay_fails", "failed")])
async def test_money_on_its_way_is_waited_for_and_cannot_be_withdrawn(place, outside, act, status):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.click(started.redirect_url, act)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "processing"
    with pytest.raises(Conflict):
        await cancel_payment(place.payer, started.payment_id)
    with pytest.raises(Conflict, match="on its way"):
        await world.start(place, bill, amount=1000)
    outside.advance(6)
    await world.age(place, started.attempt_id, seconds=10)
    assert (await refresh(place.payer, started.payment_id)).payment.status == status
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_the_job_asks_before_it_lets_a_payment_expire(place, outside, channel):
    bill = await world.bill(place, 3000)
    paid = await world.start(place, bill, channel=channel)
    outside.pay(await world.attempt(place, paid))
    await world.age(place, paid.attempt_id, hours=1)
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.payment(place, paid.payment_id)).status == "succeeded"


@CHANNELS
async def test_an_unpaid_payment_is_withdrawn_over_there_then_expires_here(place, outside, channel):
    started = await world.start(place, await world.bill(place, 3000), channel=channel)
    await world.age(place, started.attempt_id, hours=1)
    await world.hurry(place, "billing.ask_attempt")
    attempt = await world.attempt(place, started)
    assert attempt.status == "expired"
    assert outside.state_of(place, attempt) in {"expired", "closed"}
    assert await world.count(place, "billing_payment_part", "is_live") == 0


@CHANNELS
async def test_a_payment_does_not_expire_while_its_channel_is_silent(place, outside, channel):
    started = await world.start(place, await world.bill(place, 3000), channel=channel)
    await world.age(place, started.attempt_id, hours=1)
    outside.fault(SURFACE[channel], "error_before", "*")
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.attempt(place, started)).status in {"pending", "unknown"}
    assert await world.count(place, "tenants_outbox", "job = 'billing.ask_attempt' and done_at is null") == 1
    outside.clear()
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.attempt(place, started)).status == "expired"


async def test_the_questions_stop_when_the_answer_is_final(place, outside):
    started = await world.start(place, await world.bill(place, 3000))
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    assert await world.count(place, "tenants_outbox", "job = 'billing.ask_attempt' and done_at is null") == 0
