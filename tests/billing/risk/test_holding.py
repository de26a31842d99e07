"""Refunds of an institution with an open alert wait for the bank; payments never do."""

from datetime import UTC, datetime

import pytest

from billing.models import DayFigure, Payment, Refund, RiskAlert, RiskHold
from billing.payments.refreshing import refresh
from billing.payments.refunds import refundable_minor, request_refund
from billing.risk import services
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.payments import world
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid

TODAY = datetime.now(UTC).date()


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
    assert str(services.reason(alert)).startswith("9 refunds on one day; SGD\N{NO-BREAK SPACE}400.00")
    refund = await refunded(place, outside)
    assert refund.status == "approved", "it has not been sent"
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        hold = await RiskHold.get(refund_id=refund.id)
        with pytest.raises(Forbidden):
            await services.decide(manager, hold.id, act="release", why="")
        await services.decide(officer, hold.id, act="release", why="Called them.")
        with pytest.raises(Conflict):
            await services.decide(officer, hold.id, act="stop", why="")
    await world.hurry(place)
    async with place.scope():
        assert (await Refund.get(id=refund.id)).status != "approved"


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
