"""Treated first, taken at night by mandate: allowed or not, once, and what fails is owed."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.channels.contract import Outcome
from billing.mandates import debiting
from billing.models import Bill, Debit, Mandate, Payment, SettlementAccount
from billing.payments.settling import settle
from billing.payments.starting import claim
from billing.terms import keep_terms
from scenarios.hospital.models import ClinicOrder, OrderBasket
from scenarios.hospital.orders import posting, service, tonight
from scenarios.hospital.orders.tonight import TonightTerms
from tenants.ids import new_id
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict


@pytest.fixture
def channel(monkeypatch):
    """What the bank says of each debit, and how often it was asked for one."""
    said: dict[str, Any] = {"state": "succeeded", "asked": 0}

    async def send(actor, attempt_id):
        if not await claim(actor, attempt_id):
            return
        said["asked"] += 1
        async with open_scope(tenant_scope(actor.tenant_id)):
            await settle(actor, attempt_id, Outcome(state=said["state"], error="insufficient_funds"))

    monkeypatch.setattr(debiting, "send", send)
    return said


async def allowed(ward: Ward, *, most: int = 5_000, ceiling: int = 4_000, is_on: bool = True):
    """A patient with automatic payment at a hospital that treats first."""
    house = ward.house
    person, actor, account = await house.mine()
    async with house.scope():
        await keep_terms(house.chief, TonightTerms(is_on=is_on, most_minor=most), tenant_id=house.id)
        await Mandate.create(
            id=new_id(),
            tenant_id=house.id,
            account_id=account.id,
            person_id=person.id,
            person_name=person.name,
            settlement_account_id=(await SettlementAccount.get(tenant_id=house.id)).id,
            channel="bank",
            currency="SGD",
            ceiling_minor=ceiling,
            schedule="bill",
            status="active",
            reference=f"m-{new_id().hex}",
            mask="•••• 4471",
            activated_at=datetime.now(UTC),
        )
    return person, actor.within(house.id), account


async def promised(ward: Ward, actor, account, amount: str) -> OrderBasket:
    ward.charge(account.number, amount)
    listed, _ = await service.look(account)
    free = [one for one in listed if one.status == "billable"]
    seen = sum(one.amount_minor for one in free)
    return await tonight.promise(
        actor, account=account, order_ids=[one.id for one in free], seen_minor=seen, key=new_id().hex
    )


async def test_it_is_confirmed_at_once_and_taken_once_at_night(ward, channel):
    house = ward.house
    _, actor, account = await allowed(ward)
    basket = await promised(ward, actor, account, "25.00")
    assert (basket.status, basket.is_tonight) == ("confirming", True)
    assert await tonight.collect(house.system) == 0
    await posting.push(house.system, basket.id)
    assert len(await ward.standing(basket)) == 1
    await asyncio.gather(*(tonight.collect(house.system) for _ in range(4)))
    assert channel["asked"] == 1
    async with house.scope():
        (debit,) = await Debit.filter(tenant_id=house.id, bill_id=basket.bill_id)
        assert debit.status == "paid"
        assert await Payment.filter(tenant_id=house.id, status="succeeded").count() == 1
        assert (await Bill.get(tenant_id=house.id, id=basket.bill_id)).left_minor == 0
        most = await tonight.offer(actor, account)
    assert most is not None
    assert most.most_minor == 2_500


async def test_what_fails_is_owed_and_nobody_who_owes_is_treated_first(ward, channel):
    house = ward.house
    _, actor, account = await allowed(ward)
    basket = await promised(ward, actor, account, "25.00")
    await posting.push(house.system, basket.id)
    channel["state"] = "failed"
    await tonight.collect(house.system)
    await tonight.collect(house.system)
    assert channel["asked"] == 1
    async with house.scope():
        (debit,) = await Debit.filter(tenant_id=house.id, bill_id=basket.bill_id)
        assert debit.status in {"waiting", "failed"}
        assert (await Bill.get(tenant_id=house.id, id=basket.bill_id)).left_minor == 2_500
        await execute(
            "update billing_bill set due_on = due_on - 1 where tenant_id = $1 and id = $2",
            house.id,
            basket.bill_id,
        )
        assert await tonight.offer(actor, account) is None


async def test_a_refusal_of_the_system_takes_the_bill_back_and_nothing_is_taken(ward, channel):
    house = ward.house
    _, actor, account = await allowed(ward)
    basket = await promised(ward, actor, account, "25.00")
    ward.fault("his_wrong_amount", times=1)
    await posting.push(house.system, basket.id)
    async with house.scope():
        found = await OrderBasket.get(tenant_id=house.id, id=basket.id)
        assert found.status == "refunded"
        assert (await Bill.get(tenant_id=house.id, id=basket.bill_id)).left_minor == 0
    assert await tonight.collect(house.system) == 0
    assert channel["asked"] == 0


@pytest.mark.parametrize(
    "given", [{"is_on": False}, {"most": 2_499}, {"ceiling": 2_499}], ids=["off", "limit", "ceiling"]
)
async def test_no_more_is_treated_first_than_hospital_and_payer_allow(ward, channel, given):
    _, actor, account = await allowed(ward, **given)
    with pytest.raises(Conflict, match=r"tonight\.too_much"):
        await promised(ward, actor, account, "25.00")
    listed, _ = await service.look(account)
    assert [one.status for one in listed] == ["billable"]
    assert channel["asked"] == 0


async def test_only_who_has_agreed_to_the_debit_can_use_it(ward, channel):
    _, _, account = await allowed(ward)
    other = make.payer(await make.person()).within(ward.house.id)
    async with ward.house.scope():
        assert await tonight.offer(other, account) is None
    assert channel["asked"] == 0


async def dearer(ward: Ward, account, value: str) -> None:
    """Let the hospital's system ask more for what it has ordered already."""
    async with ward.house.scope():
        order = await ClinicOrder.get(tenant_id=ward.house.id, account_id=account.id)
    charge = {"id": order.his_id, "patient": account.number, "text": "Blood count", "value": float(value)}
    ward.post("his/charges", hospital=ward.house.tenant.slug, charges=[charge])


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_patient_chooses_tonight_and_reads_what_happens(ward, client, channel, language):
    client.headers["Accept-Language"] = language
    person, _, account = await allowed(ward)
    ward.charge(account.number, "25.00")
    await make.sign_in(client, person.id)
    here = f"/my/care/patients/{account.id}/orders"
    page = (await client.get(here)).text
    inspect(page)
    assert "•••• 4471" in page
    data = {
        "key": re.findall(r'name="key" value="([^"]+)"', page)[0],
        "order": re.findall(r'name="order" value="([^"]+)"', page),
        "seen": re.findall(r'name="seen" value="([^"]+)"', page),
        "way": "tonight",
    }
    await dearer(ward, account, "26.00")
    changed = await client.post(here, data=data)
    assert changed.status_code == 422
    inspect(changed.text)
    assert "26.00" in changed.text, "what it comes to now is read before it is promised"
    async with ward.house.scope():
        assert await OrderBasket.filter(tenant_id=ward.house.id).count() == 0
    data |= {"key": new_id().hex, "seen": re.findall(r'name="seen" value="([^"]+)"', changed.text)}
    done = await client.post(here, data=data)
    assert re.fullmatch(r"/my/care/payments/[0-9a-f-]{36}", done.headers["location"])
    inspect((await client.get(done.headers["location"])).text)
    await run_due(ward.house.id)
    page = (await client.get(done.headers["location"])).text
    inspect(page)
    assert "/my/bills/" in page
    owed = (await client.get("/my")).text
    assert ("Promised by" if language == "en" else "承诺于") in text_of(inspect(owed))
    await make.sign_in(client, ward.house.finance.person_id)
    listed = await client.get(f"{ward.house.root}/his-payments?status=owed")
    inspect(listed.text)
    assert account.number in listed.text
    await make.sign_in(client, ward.house.chief.person_id)
    path = f"{ward.house.root}/settings/terms/tonight"
    inspect((await client.get(path)).text)
    assert (await client.post(path, data={"is_on": "1", "most_minor": "100.00"})).status_code == 303
    assert channel["asked"] == 0
