"""Money back: asked by one, agreed by another, in cash handed over by a third."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.channels import CHANNELS as OUTSIDE
from billing.models import Payment
from billing.payments.refunds import create
from billing.payments.service import (
    approve_refund,
    pay_out_refund,
    refresh,
    refundable_minor,
    reject_refund,
)
from billing.worklist.kinds import STUCK_WORDS
from tenants.actor import StepUp
from tenants.ids import new_id
from tenants.models import Audit, Tenant
from tests import make
from tests.billing.payments import world
from tests.billing.payments.refunds import ask, lines_of, paid, refund_of
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound

CHANNELS = pytest.mark.parametrize("channel", ["stripe", "bank"])
LIMIT = 50_000


@CHANNELS
async def test_within_the_askers_limit_it_goes_at_once(place, outside, officer, channel):
    bill, started = await paid(place, outside, channel=channel)
    refund_id = await ask(place, officer, started, 2500)
    assert (await refund_of(place, refund_id)).status == "approved"
    await run_due(place.id)
    assert (await refund_of(place, refund_id)).status == "succeeded"
    payment = await world.payment(place, started.payment_id)
    assert (payment.status, payment.refunded_minor, payment.refunding_minor) == ("part_refunded", 2500, 0)
    assert outside.refunded(place, await world.attempt(place, started)) == 2500
    assert await lines_of(place, bill) == [2500, 0]
    reopened = await world.fresh(place, bill)
    assert (reopened.status, reopened.paid_minor) == ("part_paid", 2500)
    assert await world.ledger_is_right(place)


@CHANNELS
async def test_all_of_it_reopens_the_bill_which_can_be_paid_again(place, outside, officer, channel):
    bill, started = await paid(place, outside, channel=channel)
    await ask(place, officer, started, 2000)
    await ask(place, officer, started, 3000)
    await run_due(place.id)
    assert (await world.payment(place, started.payment_id)).status == "refunded"
    assert (await world.fresh(place, bill)).status == "issued"
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 0
    again = await world.start(place, bill)
    outside.pay(await world.attempt(place, again))
    await refresh(place.payer, again.payment_id)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_above_the_limit_another_person_decides(place, outside, officer, manager):
    _bill, started = await paid(place, outside, LIMIT + 1)
    refund_id = await ask(place, officer, started, LIMIT + 1)
    assert (await refund_of(place, refund_id)).status == "requested"
    await run_due(place.id)
    assert outside.refunded(place, await world.attempt(place, started)) == 0
    async with place.scope():
        await approve_refund(manager, refund_id=refund_id)
    await run_due(place.id)
    found = await refund_of(place, refund_id)
    assert (found.status, found.requested_by_name, found.decided_by_name) == (
        "succeeded",
        "Fin Lim",
        "Man Tan",
    )
    async with place.scope():
        acts = await Audit.filter(tenant_id=place.id, subject_kind="refund")
    assert sorted(a.act for a in acts) == ["refund.approved", "refund.requested", "refund.succeeded"]


async def test_slices_do_not_get_around_the_limit(place, outside, officer):
    _, started = await paid(place, outside, LIMIT + 1)
    first, second = await ask(place, officer, started, LIMIT), await ask(place, officer, started, 1)
    assert (await refund_of(place, first)).status == "approved"
    assert (await refund_of(place, second)).status == "requested"


async def test_the_maker_never_checks_even_with_another_login(place, outside, officer):
    _, started = await paid(place, outside, LIMIT + 1)
    refund_id = await ask(place, officer, started, LIMIT + 1)
    same_person = replace(
        officer, session_id=new_id(), roles=("Administrator",), name="Fin L.", method="code"
    )
    async with place.scope():
        for decide in (approve_refund, lambda a, **k: reject_refund(a, reason="no", **k)):
            with pytest.raises(Forbidden, match="yourself"):
                await decide(same_person, refund_id=refund_id)


async def test_a_refusal_has_a_reason_and_frees_the_amount(place, outside, officer, manager):
    _, started = await paid(place, outside, LIMIT + 1)
    refund_id = await ask(place, officer, started, LIMIT + 1)
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 0
        with pytest.raises(Invalid):
            await reject_refund(manager, refund_id=refund_id, reason=" ")
        await reject_refund(manager, refund_id=refund_id, reason="Already settled in cash")
        assert await refundable_minor(place.id, started.payment_id) == LIMIT + 1
        with pytest.raises(Conflict, match="decided already"):
            await approve_refund(manager, refund_id=refund_id)
    assert (await refund_of(place, refund_id)).decision_reason == "Already settled in cash"


async def test_rights_and_fresh_sign_in_are_asked_for(place, outside, officer, manager, bank):
    _, started = await paid(place, outside)
    stale = replace(officer, auth_time=datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(StepUp):
        await ask(place, stale, started, 100)
    with pytest.raises(StepUp):
        await ask(place, replace(officer, level=1), started, 100)
    with pytest.raises(Forbidden):
        await ask(place, await make.staff(place.tenant, "front_desk"), started, 100)
    stranger = await make.staff(await make.tenant(bank), "finance")
    other = await world.build(bank)
    with pytest.raises(NotFound):
        await ask(other, replace(stranger, tenant_id=other.id), started, 100, seen=0)
    cashier = await make.staff(place.tenant, "cashier")
    refund_id = await ask(place, cashier, started, 100)
    assert (await refund_of(place, refund_id)).status == "requested"
    async with place.scope():
        with pytest.raises(Forbidden):
            await approve_refund(await make.staff(place.tenant, "reader"), refund_id=refund_id)
        with pytest.raises(NotFound):
            await approve_refund(manager, refund_id=new_id())


@pytest.mark.parametrize("amount", [0, -1, 5001, True, 1.5])
async def test_not_more_than_is_there_and_not_nothing(place, outside, officer, amount):
    _, started = await paid(place, outside)
    with pytest.raises(Invalid) as refused:
        await ask(place, officer, started, amount)
    assert "amount" in refused.value.fields


async def test_who_saw_another_amount_has_to_look_again(place, outside, officer):
    _, started = await paid(place, outside)
    await ask(place, officer, started, 1000)
    with pytest.raises(Conflict, match=r"40\.00"):
        await ask(place, officer, started, 1000, seen=5000)


async def test_a_reason_is_needed(place, outside, officer):
    _, started = await paid(place, outside)
    for reason in ("", " ", "x" * 501):
        with pytest.raises(Invalid):
            await ask(place, officer, started, 100, reason=reason)


async def test_the_same_form_twice_is_one_refund(place, outside, officer):
    _, started = await paid(place, outside)
    first = await ask(place, officer, started, 1000, seen=5000, key="form-1")
    assert await ask(place, officer, started, 1000, seen=5000, key="form-1") == first
    with pytest.raises(Conflict):
        await ask(place, officer, started, 2000, seen=5000, key="form-1")


async def test_nothing_received_is_nothing_to_refund(place, outside, officer):
    started = await world.start(place, await world.bill(place, 3000))
    with pytest.raises((Conflict, Invalid)):
        await ask(place, officer, started, 100, seen=0)


async def test_the_channels_time_for_refunds_ends(place, outside, officer):
    _, started = await paid(place, outside)
    async with place.scope():
        long_ago = datetime.now(UTC) - timedelta(days=181)
        await Payment.filter(id=started.payment_id).update(succeeded_at=long_ago)
    refund_id = await ask(place, officer, started, 100)
    over = await refund_of(place, refund_id)
    assert (over.status, over.error) == ("failed", "window")
    await run_due(place.id)
    assert outside.refunded(place, await world.attempt(place, started)) == 0


async def test_what_a_channel_gives_back_whole_only_is_refused_in_part_and_otherwise_worked(
    place, outside, officer, monkeypatch
):
    bill, started = await paid(place, outside)
    whole = replace(OUTSIDE["stripe"].capabilities, has_partial_refund=False)
    monkeypatch.setattr(type(OUTSIDE["stripe"]), "capabilities", whole)
    with pytest.raises(Invalid, match="only be refunded in full") as refused:
        await ask(place, officer, started, 4999)
    assert list(refused.value.fields) == ["amount"]
    async with place.scope():
        payment = await Payment.get(id=started.payment_id)
        by_rule = await create(officer, payment, 1000, "Cancelled in time", bill_id=bill.id, is_agreed=True)
    assert (by_rule.status, by_rule.error) == ("failed", "part")
    assert by_rule.error in STUCK_WORDS, "finance reads why on the worklist"
    await ask(place, officer, started, 5000)
    await run_due(place.id)
    assert outside.refunded(place, await world.attempt(place, started)) == 5000
    assert await world.ledger_is_right(place)


async def test_in_another_currency_the_limit_says_nothing(place, outside, officer):
    _, started = await paid(place, outside)
    async with place.scope():
        await Tenant.filter(id=place.id).update(currency="USD")
    refund_id = await ask(place, officer, started, 100)
    assert (await refund_of(place, refund_id)).status == "requested"


async def test_cash_goes_back_over_the_counter(place, officer, manager):
    bill = await world.bill(place, 3000)
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    payment_id = await world.take(place, cashier, (bill, 3000))
    refund_id = await ask(place, cashier, payment_id, 1000)
    async with place.scope():
        with pytest.raises(Conflict):
            await pay_out_refund(cashier, refund_id=refund_id)
        await approve_refund(manager, refund_id=refund_id)
    await run_due(place.id)
    assert (await refund_of(place, refund_id)).status == "approved"
    async with place.scope():
        with pytest.raises(Forbidden):
            await pay_out_refund(await make.staff(place.tenant, "reader"), refund_id=refund_id)
        await pay_out_refund(cashier, refund_id=refund_id)
        with pytest.raises(Conflict):
            await pay_out_refund(cashier, refund_id=refund_id)
    found = await refund_of(place, refund_id)
    assert (found.status, found.paid_by_name) == ("succeeded", "Cai Shi")
    assert (await world.fresh(place, bill)).paid_minor == 2000
    assert await world.ledger_is_right(place)


async def test_card_money_is_never_paid_out_in_cash(place, outside, officer):
    _, started = await paid(place, outside)
    refund_id = await ask(place, officer, started, 1000)
    async with place.scope():
        with pytest.raises(Conflict):
            await pay_out_refund(officer, refund_id=refund_id)
