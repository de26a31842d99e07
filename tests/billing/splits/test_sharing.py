"""Money shared through the real sandbox: paid to receivers once, back before a refund, nothing left with anybody."""

from datetime import UTC, datetime, time, timedelta

import pytest

from billing.models import BillLine, Dispute, Receiver, Refund
from billing.payments.refunds import create, lock_payment
from billing.payments.service import offers
from billing.splits import returning, rules, sharing
from billing.splits.documents import SplitDocument
from tenants import days
from tenants.jobs import publish
from tests import make
from tests.billing.payments import world
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid


async def status_of(market, refund_id) -> str:
    async with market.place.scope():
        return (await Refund.get(tenant_id=market.place.id, id=refund_id)).status


async def test_a_payment_is_shared_by_the_channel_and_booked(market):
    payment, _, attempt = await market.paid(10000)
    shares = {s.receiver_id: (s.amount_minor, s.status) for s in await market.shares(payment_id=payment.id)}
    assert shares == {market.baker.id: (3000, "paid"), market.grocer.id: (500, "paid")}
    assert await market.nets() == [3000, 500]
    assert await world.ledger_is_right(market.place)
    assert market.outside.state_of(market.place, attempt) == "succeeded"


async def test_told_again_nothing_is_shared_twice(market):
    payment, _, _ = await market.paid(10000)
    await sharing.split_payment(market.place.system, payment.id)
    for share in await market.shares():
        await sharing.pay_share(market.place.system, share.id, 0)
    await run_due(market.place.id)
    assert len(await market.shares()) == 2
    assert await market.nets() == [3000, 500]


async def test_refunds_take_shares_back_first_and_leave_nobody_with_anything(market):
    payment, _, _ = await market.paid(10000)
    first = await market.refund(payment, 3333)
    assert await status_of(market, first) == "succeeded"
    assert await market.nets() == [2000, 333]
    last = await market.refund(payment, 6667)
    assert await status_of(market, last) == "succeeded"
    assert await market.nets() == [0, 0]
    assert await world.ledger_is_right(market.place)


async def test_a_receiver_who_is_closed_is_worked_and_the_refund_waits(market):
    payment, _, _ = await market.paid(10000)
    market.close(market.baker)
    refund_id = await market.refund(payment, 10000)
    assert await status_of(market, refund_id) == "approved"
    (stuck,) = await market.returns(status="failed")
    assert "closed" in stuck.error
    market.close(market.baker, is_closed=False)
    async with market.place.scope():
        await returning.try_again(market.writer, stuck.id)
    await run_due(market.place.id)
    assert await status_of(market, refund_id) == "succeeded"
    assert await market.nets() == [0, 0]
    assert await world.ledger_is_right(market.place)


async def test_what_a_receiver_cannot_give_back_the_institution_may_bear(market):
    payment, _, _ = await market.paid(10000)
    market.close(market.baker)
    refund_id = await market.refund(payment, 5000)
    (stuck,) = await market.returns(status="failed")
    async with market.place.scope():
        await returning.bear(market.writer, stuck.id)
        with pytest.raises(Conflict):
            await returning.bear(market.writer, stuck.id)
    await run_due(market.place.id)
    assert await status_of(market, refund_id) == "succeeded"
    assert await market.nets() == [3000, 250]
    assert await world.ledger_is_right(market.place)


async def test_a_share_that_is_refused_is_sent_again_or_kept(market):
    market.close(market.baker)
    payment, _, _ = await market.paid(10000)
    (failed,) = await market.shares(payment_id=payment.id, status="failed")
    assert await market.nets() == [0, 500]
    market.close(market.baker, is_closed=False)
    async with market.place.scope():
        await sharing.try_again(market.writer, failed.id)
    await run_due(market.place.id)
    assert await market.nets() == [3000, 500]


async def test_a_lost_answer_is_asked_after_and_paid_once(market):
    market.outside.fault("rail", "timeout_after", "shares.create", times=1, seconds=3)
    payment, _, _ = await market.paid(10000)
    assert {s.status for s in await market.shares(payment_id=payment.id)} == {"sent", "paid"}
    market.outside.clear()
    await world.hurry(market.place, "billing.pay_share")
    assert {s.status for s in await market.shares(payment_id=payment.id)} == {"paid"}
    assert await market.nets() == [3000, 500]
    assert await world.ledger_is_right(market.place)


async def test_a_refund_that_fails_pays_the_receivers_again(market):
    payment, _, _ = await market.paid(10000)
    market.outside.fault("rail", "refund_fail", "refund", times=1)
    refund_id = await market.refund(payment, 10000)
    assert await status_of(market, refund_id) == "failed"
    await run_due(market.place.id)
    assert await market.nets() == [3000, 500]
    again = await market.refund(payment, 10000)
    assert await status_of(market, again) == "succeeded"
    assert await market.nets() == [0, 0]
    assert await world.ledger_is_right(market.place)


async def test_cards_cannot_pay_what_is_shared_and_say_so(market):
    bill = await world.bill(market.place, 10000)
    with pytest.raises(Invalid, match="cards and wallets"):
        await world.start(market.place, bill, channel="stripe")
    offered = {way.key for way in await offers(market.place.id, "SGD", [bill.id])}
    assert "bank" in offered
    assert "stripe" not in offered, "nobody is led to a way that is refused"
    assert "stripe" in {way.key for way in await offers(market.place.id, "SGD")}


@pytest.mark.parametrize(("hour", "minute"), [(15, 59), (16, 0)])
async def test_cards_are_shut_out_from_the_institutions_own_midnight(market, monkeypatch, hour, minute):
    """Singapore's day begins at 16:00 UTC, and the rule's with it: the database's day is another for eight hours."""
    bill = await world.bill(market.place, 10000)
    eve = market.rule.effective_from - timedelta(days=1)
    monkeypatch.setattr(days, "datetime", make.Clock(datetime.combine(eve, time(hour, minute), UTC)))
    async with market.place.scope():
        if hour == 15:
            await rules.must_be_shareable(market.place.id, [bill.id], "stripe")
        else:
            with pytest.raises(Invalid, match="cards and wallets"):
                await rules.must_be_shareable(market.place.id, [bill.id], "stripe")


async def test_what_is_not_shared_is_left_alone(market):
    """A second fee of the same bill has no rule: only the first one's part is shared."""
    payment, _, _ = await market.paid(6000, 4000)
    assert sorted(s.amount_minor for s in await market.shares(payment_id=payment.id)) == [500, 1800]


async def give_back(market, payment, bill, amount, fee_item_id):
    """One of several things that were paid together goes back."""
    async with market.place.scope():
        locked = await lock_payment(market.place.system, payment.id)
        await create(
            market.place.system,
            locked,
            amount,
            "Sold out",
            bill_id=bill.id,
            fee_item_id=fee_item_id,
            is_agreed=True,
        )
    await run_due(market.place.id)


async def test_who_had_no_share_of_what_goes_back_gives_nothing(market):
    """Two things are paid together and only the first is shared: the second's money comes from the institution."""
    payment, bill, _ = await market.paid(6000, 4000)
    async with market.place.scope():
        first, second = await BillLine.filter(tenant_id=market.place.id, bill_id=bill.id).order_by("position")
    before = await market.nets()
    await give_back(market, payment, bill, 4000, second.fee_item_id)
    assert await market.nets() == before
    assert await market.returns() == []
    async with market.place.scope():
        left = await BillLine.filter(tenant_id=market.place.id, bill_id=bill.id).order_by("position")
    assert [line.paid_minor for line in left] == [6000, 0], "the very thing is paid no more"
    await give_back(market, payment, bill, 2000, first.fee_item_id)
    assert sum(one.amount_minor for one in await market.returns()) == sum(before) // 3 + 1
    await give_back(market, payment, bill, 4000, first.fee_item_id)
    assert await market.nets() == [0, 0]
    assert await world.ledger_is_right(market.place)


def one(receiver, **part):
    return SplitDocument.model_validate(
        {"parts": [{"receiver": receiver.id, "kind": "percent", "rate": 100} | part]}
    )


async def test_another_person_puts_a_rule_into_force(market):
    async with market.place.scope():
        rule = await rules.draft(market.decider, fee_item_id=market.place.fee.id, document=one(market.baker))
        day = make.today()
        with pytest.raises(Conflict, match="somebody else"):
            await rules.activate(market.decider, rule.id, effective_from=day)
        with pytest.raises(Invalid, match="later day"):
            await rules.activate(market.writer, rule.id, effective_from=day)
        assert (await rules.refuse(market.writer, rule.id)).status == "refused"
        with pytest.raises(Conflict):
            await rules.refuse(market.writer, rule.id)


async def test_rights_and_receivers_are_checked(market):
    reader = await make.staff(market.place.tenant, "reader", "Rey")
    async with market.place.scope():
        with pytest.raises(Forbidden):
            await rules.draft(reader, fee_item_id=market.place.fee.id, document=one(market.baker))
        await Receiver.filter(id=market.baker.id).update(status="closed")
        with pytest.raises(Invalid, match="open"):
            await rules.draft(market.writer, fee_item_id=market.place.fee.id, document=one(market.baker))
        share = (await market.shares() or [None])[0]
        assert share is None


async def test_a_rule_that_was_in_force_never_changes(market, bank):
    import asyncpg  # noqa: PLC0415

    from tenants.scope import execute, open_scope, tenant_scope  # noqa: PLC0415

    with pytest.raises(asyncpg.RestrictViolationError):
        async with open_scope(tenant_scope(market.place.id)):
            await execute(
                "update billing_split_rule set effective_from = '2000-01-01' where tenant_id = $1",
                market.place.id,
            )


async def test_a_lost_dispute_takes_shares_back_and_one_won_after_all_pays_them_again(market):
    payment, _, attempt = await market.paid(10000)
    async with market.place.scope():
        dispute = await Dispute.create(
            tenant_id=market.place.id,
            payment_id=payment.id,
            attempt_id=attempt.id,
            number="D1",
            channel="bank",
            reference="cb_1",
            currency=payment.currency,
            amount_minor=6000,
            status="lost",
            is_withdrawn=True,
            evidence={},
        )
        told = {"dispute_id": str(dispute.id), "payment_id": str(payment.id)}
        for _ in range(2):
            await publish("dispute.lost", told)
    await run_due(market.place.id)
    assert await market.nets() == [1200, 200]
    async with market.place.scope():
        await publish("dispute.won", told)
    await run_due(market.place.id)
    assert await market.nets() == [3000, 500]
