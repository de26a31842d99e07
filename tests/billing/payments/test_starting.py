"""Beginning a payment: what is checked, what is committed, what the channel is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.models import Attempt, Payment, PaymentPart, SettlementAccount
from billing.payments.service import cancel_payment, offers, refresh, start_payment, view
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import use_locale


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_a_payer_is_led_to_the_channel_and_the_money_lands(place, outside, channel):
    bill = await world.bill(place, 3000, 2000)
    started = await world.start(place, bill, channel=channel)
    assert started.status == "pending"
    assert started.redirect_url.startswith("http")
    assert bool(started.qr_content) == (channel == "bank")
    outside.pay(await world.attempt(place, started))
    seen = await refresh(place.payer, started.payment_id)
    assert (seen.payment.status, seen.is_final, seen.is_received) == ("succeeded", True, True)
    assert seen.receipt_number.startswith("R")
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_several_bills_are_one_payment_each_for_its_part(place, outside):
    first, second = await world.bill(place, 3000), await world.bill(place, 2000)
    started = await start_payment(
        place.payer,
        tenant_id=place.id,
        bills=[(first.id, 1000), (second.id, 2000)],
        channel="stripe",
        key="k",
        return_url=world.RETURN_URL,
    )
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    assert ((await world.fresh(place, first)).paid_minor, (await world.fresh(place, first)).status) == (
        1000,
        "part_paid",
    )
    assert (await world.fresh(place, second)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_stripe_is_told_who_is_paid_for_what_and_by_whose_account(place, outside):
    bill = await world.bill(place, 3000)
    with use_locale("zh_CN"):
        started = await world.start(place, bill)
    reference = (await world.attempt(place, started)).channel_reference
    session = outside.session(reference, place.settlement.stripe_account)
    ids = {"tenant_id": str(place.id), "payment_id": str(started.payment_id)}
    assert session["metadata"] == ids | {"attempt_id": str(started.attempt_id)}
    assert session["client_reference_id"] == str(started.attempt_id)
    assert (session["amount_total"], session["currency"], session["locale"]) == (3000, "sgd", "zh")
    assert bill.number in session["line_items"]["data"][0]["description"]
    assert str(started.payment_id) in session["success_url"]
    assert session["expires_at"] - session["created"] >= 30 * 60
    assert outside.session(reference, "")["error"]["code"] == "resource_missing"


@pytest.mark.parametrize("amount", [0, -1, True, 10.5, "100"])
async def test_an_amount_is_a_whole_number_above_zero(place, amount):
    bill = await world.bill(place, 3000)
    with pytest.raises(Invalid) as refused:
        await start_payment(
            place.payer,
            tenant_id=place.id,
            bills=[(bill.id, amount)],
            channel="stripe",
            key="k",
            return_url="",
        )
    assert f"amount-{bill.id}" in refused.value.fields


async def test_more_than_is_left_is_refused_with_what_is_left(place):
    bill = await world.bill(place, 3000)
    with pytest.raises(Invalid, match=r"30\.00.*left"):
        await world.start(place, bill, amount=3001)


@pytest.mark.parametrize("status", ["paid", "void", "written_off"])
async def test_a_closed_bill_says_why_it_cannot_be_paid(place, status):
    bill = await world.bill(place, 3000, status=status)
    with pytest.raises(Conflict) as refused:
        await world.start(place, bill)
    assert refused.value.code == f"bill.{status}"
    assert bill.number in str(refused.value.message)


async def test_a_draft_is_not_there(place):
    with pytest.raises(NotFound):
        await world.start(place, await world.bill(place, 3000, status="draft"))


async def test_nothing_chosen_and_one_bill_twice_are_refused(place):
    bill = await world.bill(place, 3000)
    for bills in ([], [(bill.id, 1), (bill.id, 2)], [(new_id(), 1)] * 51):
        with pytest.raises(Invalid):
            await start_payment(
                place.payer, tenant_id=place.id, bills=bills, channel="stripe", key="k", return_url=""
            )


async def test_a_stranger_finds_no_bill_to_pay(place, bank):
    bill, other = await world.bill(place, 3000), await world.build(bank)
    for actor in (other.payer, make.payer(await make.person("Stranger"))):
        with pytest.raises(NotFound):
            await world.start(place, bill, actor=actor)
    with pytest.raises(NotFound):
        await world.start(other, bill)
    assert await world.count(place, "billing_payment") == 0


async def test_the_bearer_of_a_pay_link_pays_that_bill_alone(place, outside):
    bill, other = await world.bill(place, 3000), await world.bill(place, 2000)
    bearer = Actor(kind="link", name="", tenant_id=place.id, bill_id=bill.id)
    with pytest.raises(NotFound):
        await world.start(place, bill, other, amount=100, actor=bearer)
    started = await world.start(place, bill, actor=bearer)
    outside.pay(await world.attempt(place, started))
    seen = await refresh(bearer, started.payment_id)
    assert seen.payment.link_bill_id == bill.id
    assert seen.receipt_number
    with pytest.raises(NotFound):
        await view(Actor(kind="link", name="", tenant_id=place.id, bill_id=other.id), started.payment_id)


async def test_a_suspended_institution_takes_nothing(place, bank):
    bill = await world.bill(place, 3000)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(status="suspended", takes_payments=False)
    with pytest.raises(Conflict, match="no online payments"):
        await world.start(place, bill)


async def test_without_a_settlement_account_nothing_can_be_paid(place):
    bill = await world.bill(place, 3000)
    async with place.scope():
        await SettlementAccount.filter(tenant_id=place.id).update(status="closed")
    with pytest.raises(Conflict, match="no account for SGD"):
        await world.start(place, bill)


async def test_bills_of_different_accounts_are_not_one_payment(place):
    first, second = await world.bill(place, 3000), await world.bill(place, 2000, 100)
    async with place.scope():
        other = await SettlementAccount.create(
            tenant_id=place.id,
            currency="SGD",
            bank_code="X",
            account_name="X",
            account_number=b"x",
            account_mask="x",
        )
        place.fee.settlement_account_id = other.id
        await place.fee.save()
    with pytest.raises(Invalid, match="different accounts"):
        await world.start(place, first, second, amount=100)


@pytest.mark.parametrize("channel", ["", "counter", "cheque"])
async def test_only_a_channel_on_offer_can_be_chosen(place, channel):
    with pytest.raises(Invalid):
        await world.start(place, await world.bill(place, 3000), channel=channel)


async def test_less_than_the_channel_takes_is_refused_before_it_is_asked(place):
    with pytest.raises(Invalid, match=r"0\.50"):
        await world.start(place, await world.bill(place, 3000), amount=49)
    assert (
        await world.start(place, await world.bill(place, 3000), amount=49, channel="bank")
    ).status == "pending"


async def test_an_account_that_may_not_charge_is_not_offered(place, outside):
    assert [offer.key for offer in await offers(place.id, "SGD")] == ["stripe", "bank"]
    assert await offers(place.id, "USD") == []
    async with place.scope():
        await SettlementAccount.filter(tenant_id=place.id).update(is_stripe_ready=False)
    assert [offer.key for offer in await offers(place.id, "SGD")] == ["bank"]


async def test_the_same_form_sent_twice_is_one_payment(place):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill, key="form-1")
    assert await world.start(place, bill, key="form-1") == first
    assert await world.count(place, "billing_payment") == 1


async def test_a_used_key_cannot_start_something_else(place, outside):
    first, second = await world.bill(place, 3000), await world.bill(place, 2000)
    await world.start(place, first, key="form-1")
    with pytest.raises(Conflict, match="sent before"):
        await world.start(place, second, key="form-1")


async def test_a_form_sent_again_after_the_payment_shows_that_payment(place, outside):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill, key="form-1")
    outside.pay(await world.attempt(place, first))
    await refresh(place.payer, first.payment_id)
    again = await world.start(place, bill, key="form-1")
    assert (again.payment_id, again.status, again.redirect_url) == (first.payment_id, "succeeded", "")


async def test_the_same_payer_goes_on_with_the_payment_they_began(place):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill)
    assert (await world.start(place, bill)).attempt_id == first.attempt_id


@pytest.mark.parametrize(("channel", "left"), [("stripe", "expired"), ("bank", "closed")])
async def test_the_same_payer_may_change_their_mind(place, outside, sandbox, channel, left):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill, channel=channel)
    second = await world.start(place, bill, channel=channel, amount=1000)
    assert second.attempt_id != first.attempt_id
    old = await world.attempt(place, first)
    assert old.status == "cancelled"
    assert (await world.payment(place, first.payment_id)).status == "cancelled"
    assert outside.state_of(place, old) == left
    assert await world.count(place, "billing_payment_part", "is_live") == 1


async def test_one_who_paid_in_another_tab_is_told_so(place, outside):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill)
    outside.pay(await world.attempt(place, first))
    with pytest.raises(Conflict, match="already paid"):
        await world.start(place, bill, amount=1000)
    assert (await world.payment(place, first.payment_id)).status == "succeeded"


async def test_somebody_else_is_told_until_when_to_wait(place):
    bill = await world.bill(place, 3000)
    spouse = await make.person("Ben")
    await make.holder(place.account, spouse)
    first = await world.start(place, bill)
    with pytest.raises(Conflict, match=r"just paying.*\d\d:\d\d"):
        await world.start(place, bill, actor=make.payer(spouse))
    assert (await world.attempt(place, first)).status == "pending"


async def test_a_refused_start_fails_at_once_and_frees_the_bill(place, outside):
    bill = await world.bill(place, 3000)
    outside.post(f"stripe/accounts/{place.settlement.stripe_account}", charges_enabled=False)
    with pytest.raises(Conflict, match="nothing was taken"):
        await world.start(place, bill)
    async with place.scope():
        failed = await Attempt.get(tenant_id=place.id)
        assert (failed.status, (await Payment.get(tenant_id=place.id)).status) == ("failed", "failed")
        assert failed.error
        assert not await PaymentPart.filter(tenant_id=place.id, is_live=True).exists()
    assert (await world.start(place, bill, channel="bank")).status == "pending"


async def test_it_refuses_to_run_inside_a_transaction(place):
    bill = await world.bill(place, 3000)
    async with place.scope():
        with pytest.raises(RuntimeError, match="outside of any scope"):
            await world.start(place, bill)


async def test_an_attempt_about_to_run_out_is_replaced(place):
    bill = await world.bill(place, 3000)
    first = await world.start(place, bill)
    async with place.scope():
        await Attempt.filter(id=first.attempt_id).update(expires_at=datetime.now(UTC) + timedelta(seconds=30))
    assert (await world.start(place, bill)).attempt_id != first.attempt_id


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_a_payer_may_stop_a_payment_not_made(place, outside, channel):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill, channel=channel)
    stopped = await cancel_payment(place.payer, started.payment_id)
    assert (stopped.payment.status, stopped.redirect_url, stopped.qr_content) == ("cancelled", "", "")
    assert (await cancel_payment(place.payer, started.payment_id)).payment.status == "cancelled"


async def test_stopping_a_paid_payment_finds_it_paid(place, outside):
    started = await world.start(place, await world.bill(place, 3000))
    outside.pay(await world.attempt(place, started))
    assert (await cancel_payment(place.payer, started.payment_id)).payment.status == "succeeded"


async def test_nobody_else_sees_or_stops_it(place):
    started = await world.start(place, await world.bill(place, 3000))
    stranger = make.payer(await make.person("Stranger"))
    for act in (view, refresh, cancel_payment):
        with pytest.raises(NotFound):
            await act(stranger, started.payment_id)
    with pytest.raises(NotFound):
        await view(replace(place.payer, kind="link", bill_id=new_id()), started.payment_id)
