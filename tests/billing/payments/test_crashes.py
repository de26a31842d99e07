"""The process dies between any two steps, with real commits; what is left over finds its end by itself."""

import pytest

from billing.channels import CHANNELS
from billing.channels.contract import Outcome
from billing.models import Attempt, Refund, Suspense
from billing.payments import inbox
from billing.payments.inbox import Incoming
from billing.payments.service import approve_refund, refresh, refundable_minor, request_refund
from billing.payments.settling import settle
from tenants.ids import new_id
from tenants.scope import execute, open_scope, queue_scope
from tests import make
from tests.billing.payments import world
from tests.jobs import run_due

CHANNEL_NAMES = pytest.mark.parametrize("channel", ["stripe", "bank"])


class Killed(BaseException):
    """What no ``except Exception`` sees, as a process that is gone."""


@pytest.fixture
def kill(monkeypatch):
    """Have the process die at a named function, before or after it has done its work."""

    def at(target, name, *, after=False):
        real = getattr(target, name)

        async def die(*args, **given):
            if after:
                await real(*args, **given)
            raise Killed(name)

        monkeypatch.setattr(target, name, die)

    yield at
    monkeypatch.undo()


async def begin(place, bill, channel):
    with pytest.raises(Killed):
        await world.start(place, bill, channel=channel, key="form-1")
    async with place.scope():
        return await Attempt.get(tenant_id=place.id)


@CHANNEL_NAMES
async def test_before_the_channel_was_called(real_place, outside, kill, monkeypatch, channel):
    bill = await world.bill(real_place, 3000)
    kill(CHANNELS[channel], "start")
    attempt = await begin(real_place, bill, channel)
    monkeypatch.undo()
    assert attempt.status == "created"
    await world.age(real_place, attempt.id, minutes=2)
    await world.hurry(real_place, "billing.ask_attempt")
    async with real_place.scope():
        assert (await Attempt.get(id=attempt.id)).status == "failed"
    assert (await world.start(real_place, bill, channel=channel)).status == "pending"


@CHANNEL_NAMES
async def test_before_the_channels_answer_was_kept(real_place, outside, kill, monkeypatch, channel):
    bill = await world.bill(real_place, 3000)
    kill(CHANNELS[channel], "start", after=True)
    attempt = await begin(real_place, bill, channel)
    monkeypatch.undo()
    await world.hurry(real_place, "billing.ask_attempt")
    async with real_place.scope():
        assert (await Attempt.get(id=attempt.id)).status == "pending"
    await world.wait_since_sending(real_place, attempt.id, 20)
    again = await world.start(real_place, bill, channel=channel, key="form-1")
    assert (again.attempt_id, again.status) == (attempt.id, "pending")
    assert again.redirect_url
    outside.pay(await world.attempt(real_place, again))
    await world.hurry(real_place, "billing.ask_attempt")
    assert (await world.fresh(real_place, bill)).status == "paid"


async def test_before_our_own_commit_nothing_has_happened(real_place, outside, kill, monkeypatch):
    from billing.payments import starting  # noqa: PLC0415

    bill = await world.bill(real_place, 3000)
    kill(starting, "enqueue", after=True)
    with pytest.raises(Killed):
        await world.start(real_place, bill, key="form-1")
    monkeypatch.undo()
    assert await world.count(real_place, "billing_payment") == 0
    assert (await world.start(real_place, bill, key="form-1")).status == "pending"


STEPS = ["open_payment", "land", "_book", "_warn_others", "_tell"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_within_the_booking_all_of_it_or_none(real_place, outside, kill, monkeypatch, step, after):  # noqa: PLR0917
    from billing.payments import settling  # noqa: PLC0415

    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill)
    outside.pay(await world.attempt(real_place, started))
    (event,) = outside.events(real_place.settlement.stripe_account, "checkout.session.completed")
    stored = await inbox.store(Incoming("stripe", event["id"], event["type"], event))
    assert stored
    kill(settling, step, after=after)
    with pytest.raises(Killed):
        await inbox.handle(stored)
    monkeypatch.undo()
    assert (await world.fresh(real_place, bill)).paid_minor == 0
    assert await world.count(real_place, "billing_allocation") == 0
    assert await world.ledger_is_right(real_place)
    async with open_scope(queue_scope()):
        await execute("update billing_inbox_event set due_at = now() where id = $1", stored)
    assert await inbox.sweep() >= 1
    assert (await world.fresh(real_place, bill)).status == "paid"
    assert await world.count(real_place, "billing_receipt") == 1
    assert await world.ledger_is_right(real_place)


async def refund(place, started, amount):
    asker, checker = (
        await make.staff(place.tenant, "finance"),
        await make.staff(place.tenant, "administrator"),
    )
    async with place.scope():
        refund_id = await request_refund(
            asker,
            payment_id=started.payment_id,
            amount_minor=amount,
            seen_refundable_minor=await refundable_minor(place.id, started.payment_id),
            reason="Moved out",
            key=new_id().hex,
        )
        found = await Refund.get(id=refund_id)
        if found.status == "requested":
            await approve_refund(checker, refund_id=refund_id)
    return refund_id


async def run_killed(place):
    with pytest.raises(Killed):
        await run_due(place.id)


@CHANNEL_NAMES
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
async def test_while_a_refund_was_sent(real_place, outside, kill, monkeypatch, channel, after):  # noqa: PLR0917
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill, channel=channel)
    outside.pay(await world.attempt(real_place, started))
    await refresh(real_place.payer, started.payment_id)
    refund_id = await refund(real_place, started, 1000)
    kill(CHANNELS[channel], "refund", after=after)
    await run_killed(real_place)
    monkeypatch.undo()
    async with real_place.scope():
        assert (await Refund.get(id=refund_id)).status == "submitted"
        await Refund.filter(id=refund_id).update(sent_at=world.long_ago())
    await world.hurry(real_place, "billing.ask_refund")
    async with real_place.scope():
        assert (await Refund.get(id=refund_id)).status == "succeeded"
    assert (await world.payment(real_place, started.payment_id)).refunded_minor == 1000
    assert outside.refunded(real_place, await world.attempt(real_place, started)) == 1000
    assert await world.ledger_is_right(real_place)


async def test_a_job_run_twice_refunds_once(real_place, outside):
    bill = await world.bill(real_place, 3000)
    started = await world.start(real_place, bill)
    outside.pay(await world.attempt(real_place, started))
    await refresh(real_place.payer, started.payment_id)
    await refund(real_place, started, 1000)
    await run_due(real_place.id)
    async with real_place.scope():
        await execute(
            "update tenants_outbox set done_at = null where tenant_id = $1 and job like 'billing.%refund'",
            real_place.id,
        )
    await world.hurry(real_place, "billing.%refund")
    assert outside.refunded(real_place, await world.attempt(real_place, started)) == 1000


async def test_two_payments_in_a_row_for_one_bill_leave_the_second_in_suspense(real_place):
    bill = await world.bill(real_place, 3000)
    first = await world.start(real_place, bill)
    async with real_place.scope():
        await settle(real_place.system, first.attempt_id, Outcome(state="expired"))
    second = await world.start(real_place, bill)
    for started in (first, second):
        async with real_place.scope():
            await settle(real_place.system, started.attempt_id, Outcome(state="succeeded"))
    async with real_place.scope():
        held = await Suspense.get(tenant_id=real_place.id)
    assert (held.payment_id, held.reason) == (second.payment_id, "paid_already")
    assert await world.ledger_is_right(real_place)
