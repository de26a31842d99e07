"""Payouts on hold: the channels keep them, payers pay on, and somebody else lets them go."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from billing.channels import PAYOUT_STOPS
from billing.channels.stripe_payouts import StripePayouts
from billing.models import DayFigure, Payment, Payout, PayoutHold, Receipt, StatementSource
from billing.oversight import rolling
from billing.payments import settlement
from billing.payments.refreshing import refresh
from billing.reconciliation import feeds
from billing.risk import payouts
from tenants.models import Audit, Notice
from tenants.scope import bank_scope, execute, open_scope
from tests import make
from tests.asking import HTTP, NOBODY
from tests.billing.payments import world
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import ZONE, Books, kinds
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid, NotFound

DAY = 24 * 3600
WHY = "The account was changed last week; please send us the minutes."


@pytest.fixture
async def officer(db, bank):
    return await make.bank_staff(bank, "operations", "Ong Kai Xin")


@pytest.fixture
async def reviewer(db, bank):
    return await make.bank_staff(bank, "reviewer", "Lin Yi")


async def held(place, bank, officer) -> PayoutHold:
    async with open_scope(bank_scope(bank.id)):
        made = await payouts.place(officer, place.id, reason=WHY)
    await world.hurry(place, payouts.STOP_JOB)
    return await fresh(bank, made)


async def fresh(bank, hold) -> PayoutHold:
    async with open_scope(bank_scope(bank.id)):
        return await PayoutHold.get(id=hold.id)


async def let_go(place, bank, reviewer, hold) -> PayoutHold:
    async with open_scope(bank_scope(bank.id)):
        await payouts.release(reviewer, hold.id, reason="The minutes are here.")
    await world.hurry(place, payouts.STOP_JOB)
    return await fresh(bank, hold)


def schedule(outside, place, **wanted):
    """The payout schedule that Stripe itself has."""
    headers = {"Authorization": "Bearer sk_test_123", "Stripe-Account": place.settlement.stripe_account}
    given = {f"payments[payouts][schedule][{name}]": value for name, value in wanted.items()}
    address = f"{outside.url}/stripe/v1/balance_settings"
    answer = HTTP.post(address, data=given, headers=headers) if wanted else HTTP.get(address, headers=headers)
    return answer.json()["payments"]["payouts"]["schedule"]


def pay_out(outside, place) -> httpx.Response:
    """What Stripe does by itself every day."""
    body = {"account": place.settlement.stripe_account}
    return HTTP.post(f"{outside.url}/control/stripe/payouts", json=body)


async def paid(place, outside) -> Payment:
    started = await world.start(place, await world.bill(place))
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    return await world.payment(place, started.payment_id)


async def test_channels_keep_payouts_until_somebody_else_lets_them_go(
    place, outside, bank, officer, reviewer
):
    weekly = {"interval": "weekly", "weekly_payout_days][": "monday"}
    schedule(outside, place, **weekly)
    hold = await held(place, bank, officer)
    assert hold.status == "held"
    assert sorted(one["state"] for one in hold.legs.values()) == ["held", "held"]
    assert schedule(outside, place) == {"interval": "manual"}
    payment = await paid(place, outside)
    assert payment.status == "succeeded", "a payer's payment never waits"
    async with place.scope():
        assert await Receipt.exists(tenant_id=place.id, payment_id=payment.id), "nor does a receipt"
    assert not pay_out(outside, place).is_success
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await payouts.release(officer, hold.id, reason="I have changed my mind.")
        with pytest.raises(Invalid):
            await payouts.release(reviewer, hold.id, reason=" ")
    hold = await let_go(place, bank, reviewer, hold)
    assert hold.status == "released"
    assert schedule(outside, place) == {"interval": "weekly", "weekly_payout_days": ["monday"]}
    assert pay_out(outside, place).json()["amount"] > 0, "what was kept goes out"


async def test_the_institution_is_told_and_the_trail_says_who(place, outside, bank, officer, reviewer):
    hold = await held(place, bank, officer)
    await let_go(place, bank, reviewer, hold)
    async with place.scope():
        told = await Notice.filter(tenant_id=place.id, template="payout_hold").order_by("id")
        assert len(told) == 2
        assert WHY in told[0].body
        acts = await Audit.filter(tenant_id=place.id, subject_id=hold.id).order_by("created_at", "id")
    assert [(one.act, one.person_name) for one in acts] == [
        ("payout_hold.placed", "Ong Kai Xin"),
        ("payout_hold.released", "Lin Yi"),
        ("payout_hold.ended", "Scenario Cloud"),
    ]


async def test_a_second_hold_a_stranger_and_a_colleague_without_the_right_are_refused(
    place, outside, bank, officer
):
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await payouts.place(manager, place.id, reason=WHY)
        with pytest.raises(Invalid):
            await payouts.place(officer, place.id, reason=" ")
    hold = await held(place, bank, officer)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Conflict):
            await payouts.place(officer, place.id, reason=WHY)
    other = await make.tenant(bank)
    stranger = await make.staff(other, "finance")
    async with open_scope(stranger.scope()):
        with pytest.raises(NotFound):
            await payouts.get(stranger, hold.id)


async def test_a_channel_that_refuses_is_shown_and_the_others_keep(place, outside, bank, officer, reviewer):
    headers = {"Authorization": "Bearer sk_test_123"}
    address = f"{outside.url}/stripe/v1/accounts/{place.settlement.stripe_account}"
    async with httpx.AsyncClient(headers=headers, verify=NOBODY, trust_env=False) as stripe:
        await stripe.post(address, data={"metadata[sandbox_own_payouts]": "1"})
    hold = await held(place, bank, officer)
    assert hold.status == "placing", "not every channel keeps"
    legs = {key.partition(":")[0]: one for key, one in hold.legs.items()}
    assert legs["bank"]["state"] == "held"
    assert legs["stripe"]["state"] == "refused"
    assert "does not control" in legs["stripe"]["error"]
    assert (await let_go(place, bank, reviewer, hold)).status == "released"


async def test_after_silence_a_channel_is_told_again_and_what_was_there_before_comes_back(
    place, outside, bank, officer, reviewer
):
    outside.fault("stripe", "error_after", "balance_settings.update", times=2)
    hold = await held(place, bank, officer)
    assert hold.status == "held", "the job was tried again"
    await let_go(place, bank, reviewer, hold)
    assert schedule(outside, place) == {"interval": "daily"}


async def test_a_hold_let_go_while_a_channel_is_being_told_is_let_go_there_too(  # noqa: PLR0917 - fixtures
    place, outside, bank, officer, reviewer, monkeypatch
):
    """The control of the last word: without telling once more, Stripe would keep the money of a released hold."""
    stop, told = PAYOUT_STOPS["stripe"], []

    class Slow(StripePayouts):
        async def hold(self, destination, number):
            await stop.hold(destination, number)
            async with open_scope(bank_scope(bank.id)):
                await payouts.release(reviewer, UUID(number), reason="It was a mistake.")
            told.append("held")

    monkeypatch.setitem(PAYOUT_STOPS, "stripe", Slow())
    hold = await held(place, bank, officer)
    assert (told, hold.status) == (["held"], "released")
    assert schedule(outside, place) == {"interval": "daily"}


async def test_an_account_opened_meanwhile_is_held_too(place, outside, bank, officer, reviewer):
    hold = await held(place, bank, officer)
    async with place.scope():
        made = await settlement.provision_settlement(
            place.system, place.tenant, bank_code="HRBRSGSG", account_name="New", account_number="9876 5432",
            currency="SGD",
        )  # fmt: skip
    await settlement.connect(place.system, made.id)
    await world.hurry(place, payouts.STOP_JOB)
    hold = await fresh(bank, hold)
    assert [one["state"] for one in hold.legs.values()] == ["held"] * 4, "two accounts at two channels"
    hold = await let_go(place, bank, reviewer, hold)
    assert {one["state"] for one in hold.legs.values()} == {"released"}


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, place, officer, reviewer, language):
    headers, root = {"Accept-Language": language}, f"/bank/{officer.place['slug']}/risk"
    await make.sign_in(client, officer.person_id)
    page = await client.get(f"{root}/payouts/new?tenant={place.id}", headers=headers)
    inspect(page.text)
    refused = await client.post(
        f"{root}/payouts", data={"tenant": str(place.id), "reason": " "}, headers=headers
    )
    assert refused.status_code == 422
    made = await client.post(
        f"{root}/payouts", data={"tenant": str(place.id), "reason": WHY}, headers=headers
    )
    assert made.status_code == 303
    await world.hurry(place, payouts.STOP_JOB)
    inspect((await client.get(made.headers["location"], headers=headers)).text)
    listed = (await client.get(f"{root}/holds", headers=headers)).text
    inspect(listed)
    assert WHY in listed
    assert (await client.post(f"{made.headers['location']}/release", data={"reason": "x"})).status_code == 422
    finance = await make.staff(place.tenant, "finance")
    await make.sign_in(client, finance.person_id)
    own = await client.get(
        f"/t/{place.tenant.slug}/payout-holds/{made.headers['location'][-36:]}", headers=headers
    )
    assert WHY in own.text
    inspect(own.text)
    for path in ("worklist", "reconciliation/settlement"):
        assert WHY in (await client.get(f"/t/{place.tenant.slug}/{path}", headers=headers)).text
    await make.sign_in(client, reviewer.person_id)
    gone = await client.post(f"{made.headers['location']}/release", data={"reason": "All is well."})
    assert gone.status_code == 303


async def test_days_held_by_the_bank_are_credited_together_and_read(place, outside, bank, officer, reviewer):
    merchant, today = place.settlement.rail_merchant, datetime.now(UTC).astimezone(ZONE).date()
    own = Books(place.tenant, place.settlement)
    outside.post("clock", offset_seconds=-4 * DAY)
    hold = await held(place, bank, officer)
    outside.post("clock", offset_seconds=-2 * DAY)
    await let_go(place, bank, reviewer, hold)
    outside.post("clock", offset_seconds=0)
    orders = []
    for back in (4, 3, 2):
        when = papers.at(10, back, today - timedelta(days=back))
        attempt = await papers.paid(own, 5000 + back, when)
        orders.append({
            "merchant_order_no": str(attempt), "amount_minor": 5000 + back, "currency": "SGD",
            "description": "Bill", "paid_at": when.isoformat(),
        })  # fmt: skip
    outside.post("history/rail", merchant=merchant, orders=orders)
    async with own.scope():
        await execute(
            "update billing_settlement_account set created_at = now() - interval '5 days' where tenant_id = $1",
            own.id,
        )
        await own.account.refresh_from_db()
        await feeds.prepare(own.account)
        source = await StatementSource.get(tenant_id=own.id, kind="rail")
    assert await feeds.fetch(own.system, source.id)
    async with own.scope():
        payout = await Payout.get(tenant_id=own.id)
        await rolling.everything(own.system)
        figures = await DayFigure.filter(tenant_id=own.id, paid_out_minor__gt=0)
    assert (payout.day_from, payout.day_until) == (today - timedelta(days=4), today - timedelta(days=2))
    assert payout.amount_minor == sum(5000 + back - 19 for back in (4, 3, 2)), "less the fee of each"
    assert [(one.day, one.paid_out_minor) for one in figures] == [(payout.arrives_on, payout.amount_minor)]
    assert await kinds(own) == []
