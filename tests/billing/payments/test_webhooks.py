"""Messages of channels: forged ones stay out, true ones count once, in any order, whenever they come."""

import random
import time

import pytest
import stripe

from billing.models import InboxEvent, Transfer
from billing.payments import inbox
from billing.payments.asking import withdraw
from billing.payments.inbox import Incoming
from billing.payments.service import offers
from deploy import gauges
from tenants.ids import new_id
from tenants.models import Outbox
from tenants.scope import execute, open_scope, queue_scope, value
from tests.billing.payments import world
from tests.billing.payments.world import rail_message, stripe_message
from tests.jobs import run_due


async def deliver(client, message):
    url = message.pop("url")
    return await client.post(url, **message)


async def inboxed(place=None):
    """What this test's transaction has put there; other tests commit theirs."""
    async with open_scope(queue_scope()):
        found = await InboxEvent.filter(created_at__gte=await value("select now()")).order_by("created_at")
    return [e for e in found if place is None or e.tenant_id == place.id or e.tenant_id is None]


async def due_now():
    async with open_scope(queue_scope()):
        await execute("update billing_inbox_event set due_at = now() where handled_at is null")


async def started(place, outside, *, paid=True, channel="stripe"):
    bill = await world.bill(place, 3000)
    begun = await world.start(place, bill, channel=channel)
    if paid:
        outside.pay(await world.attempt(place, begun))
    return bill, begun


def events(place, outside, *kinds):
    return outside.events(place.settlement.stripe_account, *kinds)


def order(outside, place, attempt):
    return {
        "order_id": attempt.channel_reference,
        "merchant_order_no": str(attempt.id),
        "status": "succeeded",
        "paid_at": "2026-01-01T00:00:00+00:00",
        "amount_minor": attempt.amount_minor,
        "currency": attempt.currency,
        "transaction_no": "T1",
    }


async def test_a_paid_session_lands_by_its_webhook(app, client, place, outside):
    bill, begun = await started(place, outside)
    (event,) = events(place, outside, "checkout.session.completed")
    answer = await deliver(client, stripe_message(event))
    assert answer.status_code == 200
    assert (await world.payment(place, begun.payment_id)).status == "succeeded"
    assert (await world.fresh(place, bill)).status == "paid"
    (stored,) = await inboxed(place)
    assert (stored.kind, stored.tenant_id) == ("checkout.session.completed", place.id)
    assert stored.handled_at
    assert await world.ledger_is_right(place)


@pytest.mark.parametrize("seed", range(4))
async def test_all_events_in_any_order_any_number_of_times(app, client, place, outside, seed):
    bill, begun = await started(place, outside)
    messages = events(place, outside) * 3
    random.Random(seed).shuffle(messages)  # noqa: S311
    for event in messages:
        assert (await deliver(client, stripe_message(event))).status_code == 200
    assert (await world.payment(place, begun.payment_id)).status == "succeeded"
    assert (await world.fresh(place, bill)).paid_minor == 3000
    assert await world.count(place, "billing_entry", "kind = 'payment.succeeded'") == 1
    assert await world.count(place, "billing_suspense") == 0
    assert len(await inboxed(place)) == len(events(place, outside))
    assert await world.ledger_is_right(place)


async def test_a_delayed_payment_follows_its_events(app, client, place, outside):
    bill, begun = await started(place, outside, paid=False)
    outside.click(begun.redirect_url, "alipay")
    (event,) = events(place, outside, "checkout.session.completed")
    await deliver(client, stripe_message(event))
    assert (await world.payment(place, begun.payment_id)).status == "processing"
    outside.advance(6)
    (event,) = events(place, outside, "checkout.session.async_payment_succeeded")
    await deliver(client, stripe_message(event))
    assert (await world.fresh(place, bill)).status == "paid"


async def test_a_delayed_payment_that_fails_frees_its_bill(app, client, place, outside):
    _bill, begun = await started(place, outside, paid=False)
    outside.click(begun.redirect_url, "alipay_fails")
    outside.advance(6)
    for event in events(place, outside):
        await deliver(client, stripe_message(event))
    assert (await world.payment(place, begun.payment_id)).status == "failed"
    assert await world.count(place, "billing_payment_part", "is_live") == 0


async def test_an_expired_session_is_asked_about_not_believed(app, client, place, outside):
    """A session may expire while its payment is under way; the event alone does not tell."""
    _, begun = await started(place, outside, paid=False)
    outside.fault("stripe", "late_success", "checkout", seconds=60, times=1)
    outside.click(begun.redirect_url, "card")
    (event,) = events(place, outside, "checkout.session.expired")
    await deliver(client, stripe_message(event))
    assert (await world.payment(place, begun.payment_id)).status == "pending"
    await run_due(place.id)
    assert (await world.payment(place, begun.payment_id)).status == "processing"
    outside.advance(61)
    (event,) = events(place, outside, "payment_intent.succeeded")
    await deliver(client, stripe_message(event))
    assert (await world.payment(place, begun.payment_id)).status == "succeeded"


async def test_a_success_after_expiry_lands_by_its_webhook(app, client, place, outside):
    bill, begun = await started(place, outside, paid=False)
    await withdraw(place.system, begun.attempt_id, ending="expired")
    outside.pay(await world.attempt(place, begun))
    (event,) = events(place, outside, "payment_intent.succeeded")
    await deliver(client, stripe_message(event))
    assert (await world.payment(place, begun.payment_id)).status == "succeeded"
    assert (await world.fresh(place, bill)).status == "paid"


@pytest.mark.parametrize(
    "forgery", ["other_secret", "too_old", "changed_body", "no_header", "nonsense", "not_utf8"]
)
async def test_a_forged_message_is_refused_and_not_kept(app, client, place, outside, forgery):
    _, begun = await started(place, outside)
    (event,) = events(place, outside, "checkout.session.completed")
    message = stripe_message(event)
    if forgery == "other_secret":
        message = stripe_message(event, secret="whsec_other")
    elif forgery == "too_old":
        message = stripe_message(event, at=int(time.time()) - 400)
    elif forgery == "changed_body":
        message["content"] = message["content"].replace("3000", "3001")
    elif forgery == "no_header":
        del message["headers"]["Stripe-Signature"]
    elif forgery == "nonsense":
        message["headers"]["Stripe-Signature"] = "t=x,v1=y"
    else:
        message["content"] = b"\xff\xfe"
    assert (await deliver(client, message)).status_code == 403
    assert (await world.payment(place, begun.payment_id)).status == "pending"
    assert await inboxed(place) == []


@pytest.mark.parametrize("body", ["[]", "{", '{"id": 5, "type": "x"}', '{"type": "x"}', '{"id": "a"}'])
async def test_a_signed_message_that_makes_no_sense_is_refused(app, client, place, body):
    message = stripe_message({})
    sign = stripe.WebhookSignature.generate_signature_header
    message |= {"content": body, "headers": {"Stripe-Signature": sign(body, world.WEBHOOK_SECRET)}}
    assert (await deliver(client, message)).status_code == 422


async def test_a_message_of_another_connected_account_changes_nothing(app, client, place, outside, bank):
    """Whoever owns another account at Stripe could write our ids into its metadata."""
    bill, _begun = await started(place, outside)
    other = await world.build(bank)
    (event,) = events(place, outside, "checkout.session.completed")
    for account in (other.settlement.stripe_account, None):
        forged = {**event, "id": f"evt_{new_id().hex}", "account": account}
        assert (await deliver(client, stripe_message(forged))).status_code == 200
    assert (await world.fresh(place, bill)).status == "issued"
    assert all(e.discarded_at and "not where payment" in e.error for e in await inboxed(place))


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("invoice.paid", {"metadata": {}}, "unused kind"),
        (
            "checkout.session.completed",
            {"metadata": {}, "id": "cs_1", "status": "complete", "payment_status": "paid"},
            "not ours",
        ),
        ("refund.created", {"metadata": None, "id": "re_1", "status": "pending"}, "no institution"),
    ],
)
async def test_what_is_not_for_us_is_put_aside_with_its_reason(app, client, place, kind, data, reason):  # noqa: PLR0917
    event = {"id": f"evt_{new_id().hex}", "type": kind, "data": {"object": data}, "account": "acct_1"}
    assert (await deliver(client, stripe_message(event))).status_code == 200
    (stored,) = await inboxed(place)
    assert stored.discarded_at
    assert reason in stored.error


async def missing(place, outside):
    """An event whose attempt is not committed yet, and the attempt as it will be."""
    bill, begun = await started(place, outside)
    (event,) = events(place, outside, "checkout.session.completed")
    event["data"]["object"]["metadata"]["attempt_id"] = str(new_id())
    return bill, begun, event


async def test_a_webhook_before_our_commit_is_tried_again(app, client, place, outside):
    bill, _begun, event = await missing(place, outside)
    later = event["data"]["object"]["metadata"]["attempt_id"]
    assert (await deliver(client, stripe_message(event))).status_code == 200
    (stored,) = await inboxed(place)
    assert (stored.handled_at, stored.tries) == (None, 1)
    assert "not here" in stored.error
    async with place.scope():
        await execute("update billing_attempt set id = $2 where tenant_id = $1", place.id, later)
    assert await inbox.sweep() == 0
    await due_now()
    assert await inbox.sweep() == 1
    assert (await world.fresh(place, bill)).status == "paid"


async def test_one_that_never_finds_its_payment_is_parked_where_staff_see_it(app, client, place, outside):
    bill, _, event = await missing(place, outside)
    later = event["data"]["object"]["metadata"]["attempt_id"]
    await deliver(client, stripe_message(event))
    for _ in inbox.PAUSES:
        await due_now()
        await inbox.sweep()
    (stored,) = await inboxed(place)
    assert stored.parked_at
    await due_now()
    assert await inbox.sweep() == 0
    async with place.scope():
        waiting = await Outbox.get(tenant_id=place.id, job=inbox.EVENT_JOB)
        assert waiting.failed_at
        await execute("update billing_attempt set id = $2 where tenant_id = $1", place.id, later)
        await Outbox.filter(id=waiting.id).update(failed_at=None, tries=0)
    await run_due(place.id)
    assert (await world.fresh(place, bill)).status == "paid"


async def test_one_that_fails_in_our_hands_is_kept_and_tried_again(app, client, place, outside, monkeypatch):
    bill, _ = await started(place, outside)

    async def broken(*args, **given):
        raise OSError("disk full")

    monkeypatch.setattr("billing.payments.settling.ledger.post", broken)
    (event,) = events(place, outside, "checkout.session.completed")
    assert (await deliver(client, stripe_message(event))).status_code == 200
    (stored,) = await inboxed(place)
    assert "disk full" in stored.error
    assert (await world.fresh(place, bill)).paid_minor == 0
    monkeypatch.undo()
    await due_now()
    await inbox.sweep()
    assert (await world.fresh(place, bill)).status == "paid"


async def test_a_sweep_takes_what_the_web_stored_and_did_not_handle(place, outside):
    bill, _ = await started(place, outside)
    (event,) = events(place, outside, "checkout.session.completed")
    message = Incoming("stripe", event["id"], event["type"], event)
    stored = await inbox.store(message)
    assert stored
    assert await inbox.store(message) is None
    assert await inbox.sweep() == 1
    assert await inbox.handle(stored) is False
    assert (await world.fresh(place, bill)).status == "paid"


async def test_the_rail_reports_and_its_report_lands(app, client, place, outside):
    bill, begun = await started(place, outside, paid=False, channel="bank")
    attempt = await world.attempt(place, begun)
    message = rail_message(place, "order.succeeded", order(outside, place, attempt))
    assert (await deliver(client, dict(message))).status_code == 200
    assert (await deliver(client, dict(message))).status_code == 200
    assert (await world.fresh(place, bill)).status == "paid"
    (stored,) = await inboxed(place)
    assert stored.handled_at


async def test_the_rails_report_may_be_refused(app, client, place, outside, bank):
    _, begun = await started(place, outside, paid=False, channel="bank")
    data = order(outside, place, await world.attempt(place, begun))
    other = await world.build(bank)
    good = rail_message(place, "order.succeeded", data)
    forged = [
        rail_message(place, "order.succeeded", data, secret="other"),
        {**good, "content": good["content"].replace("3000", "3001")},
        {**good, "headers": {**good["headers"], "Rail-Merchant": other.settlement.rail_merchant}},
        {**good, "headers": {**good["headers"], "Rail-Timestamp": str(int(time.time()) - 400)}},
        {**good, "headers": {**good["headers"], "Rail-Timestamp": "²"}},
        {**good, "headers": {}},
        {**good, "url": f"/webhooks/bank/{other.id}/{place.settlement.id}"},
        {**good, "url": f"/webhooks/bank/{other.id}/{other.settlement.id}"},
        {**good, "url": f"/webhooks/bank/nobody/{place.settlement.id}"},
    ]
    for message in forged:
        if any(not value.isascii() for value in message["headers"].values()):
            message["headers"] = {k: v.encode() for k, v in message["headers"].items()}
        assert (await deliver(client, dict(message))).status_code == 403
    assert [e for e in await inboxed(place) if e.source == "bank"] == []
    assert (await world.attempt(place, begun)).status == "pending"


async def test_another_merchants_own_message_about_our_order_changes_nothing(
    app, client, place, outside, bank
):
    bill, begun = await started(place, outside, paid=False, channel="bank")
    other = await world.build(bank)
    message = rail_message(other, "order.succeeded", order(outside, place, await world.attempt(place, begun)))
    assert (await deliver(client, message)).status_code == 200
    assert (await world.fresh(place, bill)).status == "issued"


async def test_an_account_that_may_charge_no_more_is_not_offered_any_more(app, client, place, outside):
    outside.post(f"stripe/accounts/{place.settlement.stripe_account}", charges_enabled=False)
    (event,) = events(place, outside, "account.updated")
    assert (await deliver(client, stripe_message(event))).status_code == 200
    assert [offer.key for offer in await offers(place.id, "SGD")] == ["bank"]


async def test_a_browser_has_no_business_there(app, client):
    assert (await client.get("/webhooks/stripe")).status_code == 405


async def test_characters_that_cannot_be_kept_lose_no_money(client, place, outside):
    """A payer may have typed anything into the reference of a transfer."""
    data = {"transfer_id": "t-odd", "reference": "rent\x00 \ud800 May", "payer_name": "A\x00nn"}
    message = rail_message(place, "transfer.credited", data | {"amount_minor": 700, "currency": "SGD"})
    assert (await deliver(client, message)).status_code == 200
    async with place.scope():
        taken = await Transfer.get(tenant_id=place.id)
    assert (taken.reference, taken.payer_name, taken.amount_minor) == ("rent  May", "Ann", 700)


async def test_a_message_that_says_nothing_and_names_nobody_is_kept_and_counted_for_operators(client, place):
    before = await gauges.inbox_nobodys()
    event = {"id": f"evt_{new_id().hex}", "type": "payment_intent.succeeded"}
    assert (await deliver(client, stripe_message(event))).status_code == 200
    for _ in inbox.PAUSES:
        await due_now()
        await inbox.sweep()
    assert await gauges.inbox_nobodys() == before + 1
