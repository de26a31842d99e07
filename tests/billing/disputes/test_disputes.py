"""A payer's bank takes money back: the books show it, nothing is refunded twice, a won dispute never bills again."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from billing.channels.contract import Outcome, RefundOutcome
from billing.disputes import answering, deciding
from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.models import Dispute, Entry, Refund, Suspense
from billing.payments.refunding import settle_refund
from billing.payments.service import approve_refund, refresh, refundable_minor, request_refund
from billing.payments.settling import settle
from tenants.ids import new_id
from tenants.models import Notice
from tests import make
from tests.billing.payments import world
from tests.billing.payments.world import rail_message, stripe_message
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


async def paid(place, *amounts, extra=0):
    """A bill that is paid, without asking any channel; ``extra`` arrived besides and waits in suspense."""
    bill = await world.bill(place, *(amounts or (3000, 2000)))
    started = await world.start(place, bill, channel="stripe")
    amount = bill.total_minor + extra
    async with place.scope():
        told = Outcome(state="succeeded", channel_payment=f"pi_{new_id().hex}", amount_minor=amount)
        await settle(place.system, started.attempt_id, told)
    return bill, started


async def tell(place, started, state, amount=5000, *, reference="dp_1", withdrawn=True, **more):
    news = News(
        reference=reference,
        payment="pi",
        amount_minor=amount,
        currency="SGD",
        state=state,
        is_withdrawn=withdrawn,
        **more,
    )
    async with place.scope():
        found = await take_news(place.system, started.attempt_id, news)
    await world.ledger_is_right(place)
    return found


async def kinds(place, dispute) -> list[str]:
    async with place.scope():
        found = await Entry.filter(tenant_id=place.id, source_id=dispute.id).order_by("id")
    return [entry.kind.removeprefix("dispute.") for entry in found]


async def fresh(place, dispute) -> Dispute:
    async with place.scope():
        return await Dispute.get(tenant_id=place.id, id=dispute.id)


async def test_a_won_dispute_leaves_its_bill_paid_all_along(place):
    bill, started = await paid(place)
    due = datetime.now(UTC) + timedelta(days=7)
    dispute = await tell(place, started, "evidence_due", fee_minor=1500, evidence_due_at=due)
    assert (await world.payment(place, started.payment_id)).status == "disputed"
    assert (await world.fresh(place, bill)).status == "paid"
    assert sorted(await kinds(place, dispute)) == ["opened"]
    await tell(place, started, "won", fee_minor=1500, fee_returned_minor=1500)
    await tell(place, started, "submitted", fee_minor=1500)
    await tell(place, started, "evidence_due", fee_minor=1500)
    assert sorted(await kinds(place, dispute)) == ["opened", "won"]
    assert (await world.payment(place, started.payment_id)).status == "succeeded"
    assert (await world.fresh(place, bill)).paid_minor == 5000


async def test_the_end_may_be_told_first_and_the_withdrawal_last(place):
    _, started = await paid(place)
    dispute = await tell(place, started, "won", withdrawn=False)
    assert await kinds(place, dispute) == []
    await tell(place, started, "evidence_due")
    assert sorted(await kinds(place, dispute)) == ["opened", "won"]
    assert (await world.payment(place, started.payment_id)).status == "succeeded"


async def test_money_in_a_dispute_is_not_refunded_too(place):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    _, started = await paid(place)
    async with place.scope():
        asked = await request_refund(
            cashier,
            payment_id=started.payment_id,
            amount_minor=1000,
            seen_refundable_minor=5000,
            reason="Too much",
            key="k",
        )
    await tell(place, started, "evidence_due")
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 0
        with pytest.raises(Conflict, match="dispute"):
            await approve_refund(officer, refund_id=asked)


async def test_a_refund_not_yet_sent_ends_and_one_under_way_lands(place):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    _, started = await paid(place)
    for key, amount, seen in (("a", 1000, 5000), ("b", 500, 4000)):
        async with place.scope():
            refund_id = await request_refund(
                officer,
                payment_id=started.payment_id,
                amount_minor=amount,
                seen_refundable_minor=seen,
                reason="Too much",
                key=key,
            )
            if key == "b":
                await Refund.filter(id=refund_id).update(status="submitted")
    await tell(place, started, "evidence_due", 4500)
    await world.hurry(place, "billing.submit_refund")
    async with place.scope():
        first, second = await Refund.filter(tenant_id=place.id).order_by("id")
        assert (first.status, first.error) == ("failed", "disputed")
        await settle_refund(place.system, second.id, RefundOutcome(state="succeeded"))
    await world.ledger_is_right(place)
    kept = await world.payment(place, started.payment_id)
    assert (kept.status, kept.refunded_minor, kept.refunding_minor) == ("disputed", 500, 0)
    await tell(place, started, "won", 4500)
    assert (await world.payment(place, started.payment_id)).status == "part_refunded"


async def test_a_lost_dispute_waits_until_its_bills_are_owed_again_and_may_still_be_won(place):
    bill, started = await paid(place)
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    dispute = await tell(place, started, "lost")
    assert (await world.payment(place, started.payment_id)).status == "charged_back"
    assert (await world.fresh(place, bill)).status == "paid"
    async with place.scope():
        with pytest.raises(Invalid, match="Say why"):
            await deciding.decide(officer, dispute_id=dispute.id, decision="owed", reason=" ")
        with pytest.raises(Invalid, match="bears"):
            await deciding.decide(officer, dispute_id=dispute.id, decision="x", reason="r")
        await deciding.decide(officer, dispute_id=dispute.id, decision="owed", reason="They do owe it")
        with pytest.raises(Conflict, match="already"):
            await deciding.decide(officer, dispute_id=dispute.id, decision="borne", reason="r")
    await world.ledger_is_right(place)
    owed = await world.fresh(place, bill)
    assert (owed.status, owed.paid_minor) == ("issued", 0)
    assert await world.start(place, bill)
    await tell(place, started, "won")
    again = await world.fresh(place, bill)
    assert (again.status, again.paid_minor) == ("paid", 5000)
    assert sorted(await kinds(place, dispute)) == ["lost", "opened", "reopened", "returned"]
    assert (await world.payment(place, started.payment_id)).status == "succeeded"


async def test_what_was_paid_again_meanwhile_is_kept_when_a_lost_dispute_is_won(place):
    bill, started = await paid(place)
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    dispute = await tell(place, started, "lost")
    async with place.scope():
        await deciding.decide(officer, dispute_id=dispute.id, decision="owed", reason="They do owe it")
    await world.take(place, cashier, (bill, 2000))
    await tell(place, started, "won")
    async with place.scope():
        held = await Suspense.get(tenant_id=place.id)
    assert (held.amount_minor, held.reason, held.status) == (2000, "dispute_won", "open")


async def test_bearing_more_than_ones_limit_takes_a_second_person(place):
    bill, started = await paid(place, 60_000)
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    reader = await make.staff(place.tenant, "reader", "Rea Der")
    dispute = await tell(place, started, "lost", 60_000)
    async with place.scope():
        with pytest.raises(Forbidden):
            await deciding.decide(reader, dispute_id=dispute.id, decision="borne", reason="r")
        came = await deciding.decide(officer, dispute_id=dispute.id, decision="borne", reason="Our mistake")
        assert came == "asked"
        with pytest.raises(Forbidden, match="yourself"):
            await deciding.approve(officer, dispute_id=dispute.id, is_agreed=True)
    await world.ledger_is_right(place)
    async with place.scope():
        await deciding.approve(manager, dispute_id=dispute.id, is_agreed=True)
    await world.ledger_is_right(place)
    kept = await fresh(place, dispute)
    assert (kept.decision, kept.borne_minor, kept.decided_by_name) == ("borne", 60_000, "Man Tan")
    assert (await world.fresh(place, bill)).status == "paid"
    await tell(place, started, "won", 60_000)
    assert (await fresh(place, dispute)).borne_minor == 0


async def test_lost_money_is_first_taken_from_what_was_unassigned(place):
    _, started = await paid(place, 5000, extra=700)
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    dispute = await tell(place, started, "lost", 1000)
    async with place.scope():
        held = await Suspense.filter(tenant_id=place.id).order_by("id")
    assert sum(each.amount_minor for each in held if each.status == "open") == 4700
    kept = await fresh(place, dispute)
    assert (kept.suspense_minor, (await world.payment(place, started.payment_id)).status) == (
        1000,
        "part_refunded",
    )
    await tell(place, started, "lost", 4800, reference="dp_2")
    async with place.scope():
        second = await Dispute.get(tenant_id=place.id, reference="dp_2")
        assert second.suspense_minor == 4700
        await deciding.decide(officer, dispute_id=second.id, decision="owed", reason="r")
    await world.ledger_is_right(place)
    assert (await fresh(place, second)).borne_minor == 100


async def test_finance_is_reminded_at_once_and_before_the_day(place):
    await make.staff(place.tenant, "finance", "Fin Lim")
    await make.staff(place.tenant, "cashier", "Cai Shi")
    _, started = await paid(place)
    due = datetime.now(UTC) + timedelta(days=7)
    await tell(place, started, "evidence_due", evidence_due_at=due)

    async def letters() -> int:
        async with place.scope():
            return await Notice.filter(tenant_id=place.id, template="dispute").count()

    await run_due(place.id)
    first = await letters()
    assert first == 1
    async with place.scope():
        await Dispute.filter(tenant_id=place.id).update(evidence_due_at=due - timedelta(days=6))
    await world.hurry(place, "billing.remind_dispute")
    assert await letters() == 2 * first
    await tell(place, started, "submitted")
    await world.hurry(place, "billing.remind_dispute")
    assert await letters() == 2 * first


async def opened_there(place, outside, client, channel, attempt):
    """The payer's bank takes the money back, and the channel says so, out of order and twice where it is Stripe."""
    if channel == "bank":
        opened = outside.post("rail/chargebacks", order=attempt.channel_reference, reason="fraudulent")
        await client.request("POST", **rail_message(place, "chargeback.opened", opened))
        return opened["chargeback_id"]
    opened = outside.post("stripe/disputes", payment_intent=attempt.channel_payment, reason="fraudulent")
    for event in reversed(outside.events(place.settlement.stripe_account)):
        if event["type"].startswith("charge.dispute."):
            for _ in range(2):
                await client.request("POST", **stripe_message(event))
    return opened["id"]


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_a_dispute_at_the_channel_is_answered_and_decided_there(place, outside, client, channel):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    bill = await world.bill(place, 3000, 2000)
    started = await world.start(place, bill, channel=channel)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    attempt = await world.attempt(place, started)
    reference = await opened_there(place, outside, client, channel, attempt)
    async with place.scope():
        dispute = await Dispute.get(tenant_id=place.id, reference=reference)
    assert (dispute.status, dispute.amount_minor, dispute.is_withdrawn) == ("evidence_due", 5000, True)
    await world.ledger_is_right(place)
    async with place.scope():
        await answering.add_file(
            officer,
            dispute_id=dispute.id,
            purpose="receipt",
            content=io.BytesIO(PDF),
            filename="receipt.pdf",
            content_type="application/pdf",
        )
        with pytest.raises(Invalid, match="own words"):
            await answering.submit(officer, dispute_id=dispute.id, text="  ")
        await answering.submit(officer, dispute_id=dispute.id, text="They live here and signed in.")
        with pytest.raises(Conflict, match="on its way"):
            await answering.submit(officer, dispute_id=dispute.id, text="Again")
    surface = ("stripe", "disputes.update") if channel == "stripe" else ("rail", "chargebacks.answer")
    outside.fault(surface[0], "error_after", surface[1], times=1)
    await world.hurry(place, answering.SEND_JOB)
    await world.hurry(place, answering.SEND_JOB)
    sent = await fresh(place, dispute)
    assert (sent.status, sent.error, sent.sending) == ("submitted", "", "")
    path = "stripe/disputes" if channel == "stripe" else "rail/chargebacks"
    outside.post(f"{path}/{reference}", status="won")
    await answering.ask(place.system, dispute.id)
    kept = await fresh(place, dispute)
    assert (kept.status, kept.sending, kept.fee_returned_minor) == ("won", "", kept.fee_minor)
    assert (await world.fresh(place, bill)).status == "paid"
    await world.ledger_is_right(place)


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_giving_in_is_told_once_and_not_called_lost(place, outside, channel):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill, channel=channel)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    attempt = await world.attempt(place, started)
    opened = (
        outside.post("stripe/disputes", payment_intent=attempt.channel_payment)
        if channel == "stripe"
        else outside.post("rail/chargebacks", order=attempt.channel_reference)
    )
    reference = opened["id"] if channel == "stripe" else opened["chargeback_id"]
    dispute = await tell(place, started, "evidence_due", reference=reference)
    async with place.scope():
        await answering.accept(officer, dispute_id=dispute.id)
    await run_due(place.id)
    assert (await fresh(place, dispute)).status == "accepted"
    await world.ledger_is_right(place)


async def test_a_question_of_the_payers_bank_takes_no_money_until_it_is_a_claim(place, outside):
    officer = await make.staff(place.tenant, "finance", "Fin Lim")
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    attempt = await world.attempt(place, started)
    opened = outside.post("stripe/disputes", payment_intent=attempt.channel_payment, is_inquiry=True)
    dispute = await tell(place, started, "opened", reference=opened["id"], withdrawn=False)
    assert (await world.payment(place, started.payment_id)).status == "succeeded"
    async with place.scope():
        with pytest.raises(Conflict, match="only asks"):
            await answering.accept(officer, dispute_id=dispute.id)
        await answering.submit(officer, dispute_id=dispute.id, text="It is their service charge.")
    await run_due(place.id)
    assert (await fresh(place, dispute)).sending == ""
    outside.post(f"stripe/disputes/{opened['id']}", status="needs_response")
    await answering.ask(place.system, dispute.id)
    assert (await fresh(place, dispute)).status == "evidence_due"
    assert (await world.payment(place, started.payment_id)).status == "disputed"
    await world.ledger_is_right(place)


async def test_a_dispute_of_another_institutions_account_changes_nothing(place, outside, client):
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    attempt = await world.attempt(place, started)
    outside.post("stripe/disputes", payment_intent=attempt.channel_payment)
    found = outside.events(place.settlement.stripe_account, "charge.dispute.created")
    await client.request("POST", **stripe_message(found[0] | {"id": "evt_forged", "account": "acct_foreign"}))
    async with place.scope():
        assert await Dispute.filter(tenant_id=place.id).count() == 0
