"""Refunds of an institution with an open alert wait for the bank; payments never do."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billing.models import DayFigure, Payment, PayoutHold, Refund, RiskAlert, RiskHold, RiskTrial
from billing.payments.refreshing import refresh
from billing.payments.refunds import refundable_minor, request_refund
from billing.payments.taking import take_payment
from billing.risk import holds, payouts, queue, rules, services
from billing.risk.finding import RULES
from tenants.ids import new_id
from tenants.models import Branch, Tenant
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.tables import TableQuery

TODAY = make.today()


@pytest.fixture
async def officer(db, bank):
    return await make.bank_staff(bank, "operations", "Ong Kai Xin")


@pytest.fixture
async def alert(place, bank) -> RiskAlert:
    async with place.scope():
        await DayFigure.create(
            id=new_id(), tenant_id=place.id, bank_id=bank.id, branch_id=bank.branch_id, day=TODAY,
            scenario="community", channel="stripe", currency="SGD", paid_count=5, paid_minor=50_000,
            refund_count=9, refund_minor=40_000,
        )  # fmt: skip
    async with open_scope(bank_scope(bank.id)):
        tenant = await Tenant.get(id=place.id)
        (made,) = await services.look_at(tenant, TODAY)
        assert await services.look_at(tenant, TODAY) == [], "said once"
        return made


async def refunded(place, outside) -> Refund:
    started = await world.start(place, await world.bill(place))
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    chief = await make.staff(place.tenant, "finance", "Finance")
    async with place.scope():
        assert (await Payment.get(id=started.payment_id)).status == "succeeded", "a payment never waits"
        amount = await refundable_minor(place.id, started.payment_id)
        refund_id = await request_refund(
            chief, payment_id=started.payment_id, amount_minor=amount, seen_refundable_minor=amount,
            reason="Paid twice", key=new_id().hex,
        )  # fmt: skip
    await world.hurry(place)
    async with place.scope():
        return await Refund.get(id=refund_id)


async def test_a_refund_waits_and_goes_on_when_it_is_released(place, outside, bank, alert, officer):
    assert "9 refunds on one day; SGD\N{NO-BREAK SPACE}400.00" in services.reason(alert)
    refund = await refunded(place, outside)
    assert refund.status == "approved", "it has not been sent"
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        hold = await RiskHold.get(refund_id=refund.id)
        with pytest.raises(Forbidden):
            await holds.decide(manager, hold.id, act="release", why="")
        await holds.decide(officer, hold.id, act="release", why="Called them.")
        with pytest.raises(Conflict):
            await holds.decide(officer, hold.id, act="stop", why="")
    await world.hurry(place)
    async with place.scope():
        assert (await Refund.get(id=refund.id)).status != "approved"


@pytest.mark.usefixtures("alert")
async def test_cash_waits_for_the_bank_too(place, bank, officer, client):
    cashier = await make.staff(place.tenant, "cashier", "Cashier")
    bill = await world.bill(place)
    paid = await take_payment(cashier, bills=[(bill.id, 1000)], method="cash", key=new_id().hex)
    chief = await make.staff(place.tenant, "finance", "Finance")
    async with place.scope():
        refund_id = await request_refund(
            chief,
            payment_id=paid,
            amount_minor=500,
            seen_refundable_minor=1000,
            reason="Twice",
            key=new_id().hex,
        )
    page = f"/t/{place.tenant.slug}/refunds/{refund_id}"
    await make.sign_in(client, cashier.person_id)
    assert "I have handed it over" not in (await client.get(page)).text
    assert (await client.post(f"{page}/payout")).status_code == 303
    assert "Do not hand over anything yet" in text_of(inspect((await client.get(page)).text))
    async with open_scope(bank_scope(bank.id)):
        hold = await RiskHold.get(refund_id=refund_id)
        await holds.decide(officer, hold.id, act="release", why="Called them.")
    await world.hurry(place)
    async with place.scope():
        assert (await Refund.get(id=refund_id)).status == "approved", "no channel is asked for cash"
    assert "I have handed it over" in (await client.get(page)).text
    await client.post(f"{page}/payout")
    async with place.scope():
        assert (await Refund.get(id=refund_id)).status == "succeeded"


async def test_clearing_an_alert_lets_everything_go_on(place, outside, bank, alert, officer):
    refund = await refunded(place, outside)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid):
            await services.work(officer, alert.id, act="clear", why=" ")
        await services.work(officer, alert.id, act="assign", why="")
        await services.work(officer, alert.id, act="clear", why="A festival was cancelled.")
        with pytest.raises(Conflict):
            await services.work(officer, alert.id, act="confirm", why="Too late.")
    await world.hurry(place)
    async with place.scope():
        assert (await Refund.get(id=refund.id)).status != "approved"
    again = await refunded(place, outside)
    assert again.status != "approved", "nothing waits any more"


@pytest.fixture
async def waiting(place, outside, alert):
    return await refunded(place, outside)


async def test_a_refund_that_is_stopped_has_failed_and_is_worked(place, bank, officer, waiting, client):
    refund = waiting
    await make.sign_in(client, (await make.staff(place.tenant, "finance", "Fin")).person_id)
    page = f"/t/{place.tenant.slug}/refunds/{refund.id}"
    assert "Your bank looks at it first" in text_of(inspect((await client.get(page)).text))
    async with open_scope(bank_scope(bank.id)):
        hold = await RiskHold.get(refund_id=refund.id)
        await holds.decide(officer, hold.id, act="stop", why="Not before we have seen the contract.")
    text = text_of(inspect((await client.get(page)).text))
    assert "Your bank has stopped it" in text
    assert "Not before we have seen the contract." in text
    async with place.scope():
        assert (await Refund.get(id=refund.id)).status == "failed"
        assert await refundable_minor(place.id, refund.payment_id) == refund.amount_minor, "free again"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, alert, officer, waiting, language):
    headers, root = {"Accept-Language": language}, f"/bank/{officer.place['slug']}/risk"
    await make.sign_in(client, officer.person_id)
    for path in ("", f"/{alert.id}", "/rules", "/rules/volume", "?export=csv"):
        page = await client.get(root + path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        if "export" not in path:
            inspect(page.text)
    assert (await client.get(f"{root}/rules/unknown")).status_code == 404
    tried = await client.post(
        f"{root}/rules/refunds", data={"least_count": "1", "percent": "1", "act": "try"}
    )
    inspect(tried.text)
    assert "in the past year" in tried.text
    assert (
        await client.post(f"{root}/rules/refunds", data={"least_count": "x", "act": "try"})
    ).status_code == 422
    force = {"least_count": "3", "percent": "20", "act": "set", "is_on": "1"}
    assert (await client.post(f"{root}/rules/refunds", data=force)).status_code == 403
    sums = {"deviations": "6", "least_minor": "2,500.50", "act": "try"}
    money = await client.post(f"{root}/rules/volume", data=sums)
    assert 'value="2500.50"' in money.text, "asked in money and shown as money"
    async with open_scope(bank_scope(officer.bank_id)):
        hold = await RiskHold.get(refund_id=waiting.id)
        trial = await RiskTrial.get(bank_id=officer.bank_id, key="volume")
        assert trial.thresholds == {"deviations": 6.0, "least_minor": 250_050.0}
    one = await client.get(f"{root}/holds/{hold.id}", headers=headers)
    inspect(one.text)
    assert waiting.number in one.text
    silent = await client.post(f"{root}/holds/{hold.id}/decision", data={"act": "release", "reason": " "})
    assert silent.status_code == 422, "a release has a reason"
    told = {"act": "release", "reason": "Called them."}
    assert (await client.post(f"{root}/holds/{hold.id}/decision", data=told)).status_code == 303
    assert "Called them." in (await client.get(f"{root}/holds?state=all&export=csv")).text


async def test_who_looks_after_another_branch_sees_and_releases_nothing(alert, waiting, bank, officer):
    async with open_scope(bank_scope(bank.id)):
        other = await Branch.create(
            id=new_id(), bank_id=bank.id, code=f"x{new_id().hex[-6:]}", name="Far away"
        )
        hold = await RiskHold.get(refund_id=waiting.id)
        far = replace(officer, branches=(other.id,))
        with pytest.raises(NotFound):
            await holds.decide(far, hold.id, act="release", why="Not mine.")
        assert await queue.waiting(far, TableQuery("/")) == []
        assert [one["number"] for one in await queue.waiting(officer, TableQuery("/"))] == [waiting.number]


async def test_an_auditor_reads_a_rule_and_tries_nothing(client, db, bank):
    auditor = await make.bank_staff(bank, "auditor")
    await make.sign_in(client, auditor.person_id)
    path = f"/bank/{bank.slug}/risk/rules/refunds"
    page = (await client.get(path)).text
    assert "At least percent" in text_of(inspect(page))
    assert f'action="{path}"' not in page
    figures = {"least_count": "1", "percent": "1", "act": "try"}
    assert (await client.post(path, data=figures)).status_code == 403
    async with open_scope(bank_scope(bank.id)):
        assert not await RiskTrial.filter(bank_id=bank.id).exists()


async def test_thresholds_come_into_force_only_after_they_were_tried(db, bank):
    chief = await make.bank_staff(bank, "administrator")
    wanted = {"thresholds": {"least_count": 3.0, "percent": 20.0}, "is_on": True, "holds_refunds": True}
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid):
            await rules.set_rule(chief, "refunds", **wanted, holds_payouts=False)
        tried = await rules.try_out(chief, "refunds", wanted["thresholds"])
        assert tried.institutions >= 0
        assert (await rules.set_rule(chief, "refunds", **wanted, holds_payouts=False)).is_on
        looser = wanted | {"thresholds": {"least_count": 4.0, "percent": 20.0}}
        with pytest.raises(Invalid):
            await rules.set_rule(chief, "refunds", **looser, holds_payouts=False)
        assert not (
            await rules.set_rule(chief, "refunds", **looser | {"is_on": False}, holds_payouts=False)
        ).is_on


async def test_a_rule_puts_payouts_on_hold_by_itself_and_anybody_with_the_right_lets_them_go(
    place, outside, bank, officer
):
    async with open_scope(bank_scope(bank.id)):
        await rules.set_rule(
            await make.bank_staff(bank, "administrator"), "new_large", thresholds=dict(RULES["new_large"].defaults),
            is_on=True, holds_refunds=False, holds_payouts=True,
        )  # fmt: skip
        tenant = await Tenant.get(id=place.id)
        tenant.live_at = datetime.now(UTC)
        await tenant.save(update_fields=["live_at"])
    async with place.scope():
        await DayFigure.create(
            id=new_id(), tenant_id=place.id, bank_id=bank.id, branch_id=bank.branch_id, day=TODAY,
            scenario="community", channel="bank", currency="SGD", paid_count=1, paid_minor=9_000_000,
        )  # fmt: skip
    async with open_scope(bank_scope(bank.id)):
        (made,) = await services.look_at(tenant, TODAY)
        hold = await PayoutHold.get(tenant_id=place.id)
        assert (hold.alert_id, hold.asked_by) == (made.id, None)
        assert "90,000.00" in hold.reason
        await payouts.release(officer, hold.id, reason="A known builder.")
    await world.hurry(place, payouts.STOP_JOB)
    async with open_scope(bank_scope(bank.id)):
        assert (await PayoutHold.get(id=hold.id)).status == "released"
