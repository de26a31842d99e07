"""A refund that does not go through is worked: asked for again, transferred by two people, or set aside."""

from datetime import timedelta

import pytest

from billing.channels.contract import Outcome, RefundOutcome
from billing.models import Refund, Suspense
from billing.payments import stuck
from billing.payments.refunding import settle_refund
from billing.payments.service import approve_refund, refundable_minor, request_refund
from billing.payments.settling import settle
from tenants.ids import new_id
from tenants.scope import execute
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid


@pytest.fixture
async def failed(place, officer):
    """A refund of 2,000 of a payment of 5,000 that the channel has refused."""
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill)
    async with place.scope():
        told = Outcome(state="succeeded", channel_payment=f"pi_{new_id().hex}", amount_minor=5000)
        await settle(place.system, started.attempt_id, told)
    refund = await asked(place, officer, started.payment_id, 2000)
    async with place.scope():
        await Refund.filter(id=refund.id).update(status="submitted")
        return await settle_refund(place.system, refund.id, RefundOutcome(state="failed", error="closed"))


async def asked(place, actor, payment_id, amount) -> Refund:
    async with place.scope():
        refund_id = await request_refund(
            actor,
            payment_id=payment_id,
            amount_minor=amount,
            seen_refundable_minor=await refundable_minor(place.id, payment_id),
            reason="Moved out",
            key=new_id().hex,
        )
        return await Refund.get(id=refund_id)


async def fresh(place, refund_id) -> Refund:
    async with place.scope():
        return await Refund.get(id=refund_id)


async def test_a_transfer_takes_two_people_and_leaves_the_own_account(place, officer, failed, client):
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    async with place.scope():
        with pytest.raises(Invalid, match="reference"):
            await stuck.by_transfer(officer, refund_id=failed.id, reference=" ", key="a")
        made = await stuck.by_transfer(officer, refund_id=failed.id, reference="FT 4711", key="b")
        assert await stuck.by_transfer(officer, refund_id=failed.id, reference="FT 4711", key="b") == made
        with pytest.raises(Conflict, match="nothing more"):
            await stuck.by_transfer(officer, refund_id=failed.id, reference="FT 4711", key="c")
        with pytest.raises(Forbidden, match="yourself"):
            await approve_refund(officer, refund_id=made)
    assert (await fresh(place, made)).status == "requested"
    await make.sign_in(client, officer.person_id)
    page = f"/t/{place.tenant.slug}/refunds/{failed.id}"
    shown = (await client.get(page)).text
    assert "another person has to confirm it" in text_of(inspect(shown))
    assert f"/refunds/{made}" in shown
    assert "was worked" not in shown, "nothing has gone back yet"
    async with place.scope():
        await approve_refund(manager, refund_id=made)
    done = await fresh(place, made)
    assert (done.status, done.way, done.transfer_reference, done.paid_by) == (
        "succeeded",
        "transfer",
        "FT 4711",
        None,
    )
    assert "and was worked" in text_of(inspect((await client.get(page)).text))
    paid = await world.payment(place, failed.payment_id)
    assert (paid.status, paid.refunded_minor, paid.refunding_minor) == ("part_refunded", 2000, 0)
    assert await world.count(place, "billing_posting", "ledger = 'settlement' and amount_minor = -2000") == 1
    await world.ledger_is_right(place)


async def test_set_aside_it_belongs_to_no_bill_and_waits_for_a_person(place, officer, failed):
    async with place.scope():
        held_id = await stuck.set_aside(officer, refund_id=failed.id, key="a")
        held = await Suspense.get(id=held_id)
        with pytest.raises(Conflict, match="nothing more"):
            await stuck.retry(officer, refund_id=failed.id, key="b")
    assert (held.amount_minor, held.reason, held.owner_name) == (2000, "refund_failed", "Fin Lim")
    assert (await fresh(place, failed.id)).resolution == "set_aside"
    await world.ledger_is_right(place)


async def test_it_is_asked_for_again_as_a_refund_of_its_own(place, officer, failed):
    async with place.scope():
        again = await stuck.retry(officer, refund_id=failed.id, key="a")
    made = await fresh(place, again)
    assert (made.status, made.amount_minor) == ("approved", 2000)
    assert (await fresh(place, failed.id)).resolution == "retried"


async def test_when_the_channels_time_is_over_it_is_worked_and_not_sent(place, officer, failed, client):
    async with place.scope():
        await execute(
            "update billing_payment set succeeded_at = succeeded_at - $2::interval where tenant_id = $1",
            place.id,
            timedelta(days=200),
        )
        await Refund.filter(id=failed.id).update(resolution="retried")
    over = await asked(place, officer, failed.payment_id, 1000)
    assert (over.status, over.error) == ("failed", "window")
    async with place.scope():
        with pytest.raises(Conflict, match="of no use"):
            await stuck.retry(officer, refund_id=over.id, key="a")
    await world.ledger_is_right(place)
    await make.sign_in(client, officer.person_id)
    root = f"/t/{place.tenant.slug}"
    text = text_of(inspect((await client.get(f"{root}/refunds/{over.id}")).text))
    assert "time for refunds is over" in text
    assert "Try again" not in text
    assert "Refunds that did not go through" in text_of(inspect((await client.get(f"{root}/worklist")).text))
    wrong = await client.post(f"{root}/refunds/{over.id}/transfer", data={"key": "k", "reference": ""})
    assert wrong.status_code == 422
    inspect(wrong.text)
    sent = await client.post(f"{root}/refunds/{over.id}/transfer", data={"key": "k2", "reference": "FT 1"})
    assert sent.status_code == 303
    cashier = await make.staff(place.tenant, "front_desk", "Fro Ont")
    client.cookies.clear()
    await make.sign_in(client, cashier.person_id)
    assert (
        await client.post(f"{root}/refunds/{over.id}/setting-aside", data={"key": "x"})
    ).status_code == 403


@pytest.mark.parametrize("way", ["set_aside", "retry", "by_transfer"])
async def test_what_was_begun_instead_is_given_up_when_it_has_gone_after_all(place, officer, failed, way):
    """Above half of the payment, so that nothing would be left of it for both."""
    more = await asked(place, officer, failed.payment_id, 2000)
    async with place.scope():
        await Refund.filter(id=more.id).update(status="submitted")
        await settle_refund(place.system, more.id, RefundOutcome(state="succeeded"))
        facts = {"reference": "FT 1"} if way == "by_transfer" else {}
        made = await getattr(stuck, way)(officer, refund_id=failed.id, key="a", **facts)
        await settle_refund(place.system, failed.id, RefundOutcome(state="succeeded"))
    assert (await fresh(place, failed.id)).status == "succeeded"
    if way != "set_aside":
        given_up = await fresh(place, made)
        assert (given_up.status, given_up.error, given_up.resolution) == ("failed", *["went_after_all"] * 2)
    kept = await world.payment(place, failed.payment_id)
    assert (kept.refunded_minor, kept.refunding_minor) == (4000, 0)
    assert await world.count(place, "billing_suspense", "status = 'open'") == 0
    await world.ledger_is_right(place)


async def test_one_that_went_twice_is_told_as_that_and_books_nothing(place, officer, failed):
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    more = await asked(place, officer, failed.payment_id, 2000)
    async with place.scope():
        await Refund.filter(id=more.id).update(status="submitted")
        await settle_refund(place.system, more.id, RefundOutcome(state="succeeded"))
        made = await stuck.by_transfer(officer, refund_id=failed.id, reference="FT 1", key="a")
        await approve_refund(manager, refund_id=made)
    with pytest.raises(Conflict, match="has it twice"):
        async with place.scope():
            await settle_refund(place.system, failed.id, RefundOutcome(state="succeeded"))
    assert (await world.payment(place, failed.payment_id)).refunded_minor == 4000
    await world.ledger_is_right(place)
