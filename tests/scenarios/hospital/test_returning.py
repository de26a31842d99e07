"""Single orders of a paid group are given back: by two people, by leave of the hospital's system, once."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.ledger import verify_ledger
from billing.models import Bill, Refund
from scenarios.hospital.models import ClinicOrder, HisBreak, HisDay, OrderBasket, OrderReturn
from scenarios.hospital.orders import matching, posting, returning
from tenants.actor import StepUp
from tenants.days import today
from tenants.scope import execute
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.hospital.test_orders import basket_of, now, paid, refunded
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Forbidden, Invalid


async def posted(ward: Ward, *amounts: str):
    actor, account, basket = await basket_of(ward, *amounts)
    await paid(ward, basket)
    await run_due(ward.house.id)
    async with ward.house.scope():
        orders = await ClinicOrder.filter(tenant_id=ward.house.id, basket_id=basket.id).order_by(
            "amount_minor"
        )
    return actor, account, basket, orders


async def asked(ward: Ward, basket: OrderBasket, *orders: ClinicOrder) -> OrderReturn:
    async with ward.house.scope():
        return await returning.ask(
            ward.house.finance,
            basket_id=basket.id,
            order_ids=[one.id for one in orders],
            reason="Not needed.",
        )


async def agreed(ward: Ward, found: OrderReturn) -> None:
    async with ward.house.scope():
        await returning.decide(ward.house.chief, return_id=found.id, is_agreed=True)


async def again(ward: Ward, found: OrderReturn) -> OrderReturn:
    async with ward.house.scope():
        return await OrderReturn.get(tenant_id=ward.house.id, id=found.id)


async def test_one_of_three_orders_goes_back_once_and_the_day_still_matches(ward):
    house = ward.house
    _, _, basket, orders = await posted(ward, "12.50", "7.30", "4.00")
    found = await asked(ward, basket, orders[1])
    with pytest.raises(Conflict, match=r"return\.taken"):
        await asked(ward, basket, orders[1])
    with pytest.raises(Conflict, match=r"return\.open"):
        await asked(ward, basket, orders[0])
    await agreed(ward, found)
    await asyncio.gather(*(returning.work(house.system, found.id) for _ in range(3)))
    await run_due(house.id)
    assert (await again(ward, found)).status == "done"
    assert await refunded(ward) == 730
    assert [one.amount_minor for one in await ward.standing(basket)] == [1650]
    assert (await now(ward, basket)).returned_minor == 730
    await posting.push_again(house.system, basket.id)
    assert [one.amount_minor for one in await ward.standing(basket)] == [1650]
    async with house.scope():
        await execute("update hospital_basket set paid_at = now() where tenant_id = $1", house.id)
        assert await verify_ledger(house.id) == []
    day = today("Asia/Singapore")
    await matching.match_day(house.finance, day)
    async with house.scope():
        assert not await HisBreak.exists(tenant_id=house.id, key=str(basket.id))
        (kept,) = await HisDay.filter(tenant_id=house.id, day=day)
        assert kept.ours_minor == 1650


async def test_all_orders_given_back_one_after_the_other_leave_nothing_there(ward):
    _, _, basket, orders = await posted(ward, "5.00", "6.00")
    for one in orders:
        found = await asked(ward, basket, one)
        await agreed(ward, found)
        await returning.work(ward.house.system, found.id)
    assert await refunded(ward) == 1100
    assert await ward.standing(basket) == []
    ours = await now(ward, basket)
    assert list(matching.differences([ours], [], {str(ours.id)}, ends_at=datetime.now(UTC))) == []


async def test_what_was_done_already_stays_paid(ward):
    house = ward.house
    _, account, basket, orders = await posted(ward, "5.00", "6.00")
    done = {
        "id": orders[0].his_id,
        "patient": account.number,
        "value": 5.0,
        "status": "billed",
        "is_done": True,
    }
    ward.post("his/charges", hospital=house.tenant.slug, charges=[done])
    found = await asked(ward, basket, orders[0])
    await agreed(ward, found)
    await returning.work(house.system, found.id)
    kept = await again(ward, found)
    assert (kept.status, kept.problem) == ("refused", "it was done already")
    assert await refunded(ward) == 0
    assert [one.amount_minor for one in await ward.standing(basket)] == [1100]
    await asked(ward, basket, orders[1])


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after"])
async def test_a_lost_answer_is_asked_for_again_and_gives_back_once(ward, kind):
    _, _, basket, orders = await posted(ward, "5.00", "6.00")
    found = await asked(ward, basket, orders[0])
    await agreed(ward, found)
    ward.fault(kind, operation="invoices.update", times=1)
    await returning.work(ward.house.system, found.id)
    assert (await again(ward, found)).status == "agreed"
    assert await refunded(ward) == 0
    for _ in range(2):
        await returning.work(ward.house.system, found.id)
    assert (await again(ward, found)).status == "done"
    assert await refunded(ward) == 500
    assert [one.amount_minor for one in await ward.standing(basket)] == [600]


async def test_who_may_and_may_not(ward):
    house = ward.house
    _, _, basket, orders = await posted(ward, "5.00")
    with pytest.raises(Forbidden):
        await returning.ask(house.clerk, basket_id=basket.id, order_ids=[orders[0].id], reason="x")
    async with house.scope():
        with pytest.raises(Invalid, match=r"order\.none"):
            await returning.ask(house.finance, basket_id=basket.id, order_ids=[], reason="x")
        with pytest.raises(Invalid, match=r"return\.reason"):
            await returning.ask(house.finance, basket_id=basket.id, order_ids=[orders[0].id], reason=" ")
    found = await asked(ward, basket, orders[0])
    async with house.scope():
        with pytest.raises(Forbidden, match=r"return\.own"):
            await returning.decide(
                replace(house.chief, person_id=house.finance.person_id), return_id=found.id, is_agreed=True
            )
        with pytest.raises(StepUp):
            await returning.decide(
                replace(house.chief, auth_time=datetime.now(UTC) - timedelta(hours=1)),
                return_id=found.id,
                is_agreed=True,
            )
        await returning.decide(house.chief, return_id=found.id, is_agreed=False)
        with pytest.raises(Conflict, match=r"return\.decided"):
            await returning.decide(house.chief, return_id=found.id, is_agreed=True)
    await returning.work(house.system, found.id)
    assert await refunded(ward) == 0
    async with house.scope():
        (order,) = await ClinicOrder.filter(tenant_id=house.id, basket_id=basket.id)
        assert order.status == "settled"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_finance_asks_another_agrees_and_the_patient_reads_it(ward, client, language):
    client.headers["Accept-Language"] = language
    house = ward.house
    actor, _, basket, orders = await posted(ward, "12.50", "7.30")
    await make.sign_in(client, house.finance.person_id)
    here = f"{house.root}/his-payments/{basket.id}"
    assert here in (await client.get(f"{house.root}/his-payments")).text
    inspect((await client.get(here)).text)
    wrong = await client.post(f"{here}/returns", data={"reason": "x"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    sent = {"order": str(orders[0].id), "reason": "The doctor took it back."}
    assert (await client.post(f"{here}/returns", data=sent)).status_code == 303
    await make.sign_in(client, house.chief.person_id)
    page = (await client.get(here)).text
    inspect(page)
    (path,) = set(re.findall(r'action="([^"]+/returns/[^"]+)"', page))
    assert basket.reference in (await client.get(f"{house.root}/worklist?kind=order_return")).text
    assert (await client.post(path, data={"act": "agree"})).status_code == 303
    await run_due(house.id)
    inspect((await client.get(here)).text)
    assert actor.person_id is not None
    await make.sign_in(client, actor.person_id)
    page = (await client.get(f"/my/care/payments/{basket.id}")).text
    inspect(page)
    assert ("Goes back to where it came from" in page) == (language == "en")
    await make.sign_in(client, house.clerk.person_id)
    assert (await client.get(here)).status_code in {403, 404}
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(here)).status_code == 404


async def test_of_what_is_taken_tonight_the_bill_is_less(ward):
    """Treated first and not taken yet: nothing goes back, the patient owes less."""
    house = ward.house
    _, _, basket, orders = await posted(ward, "5.00", "6.00")
    async with house.scope():
        bill = await Bill.get(tenant_id=house.id, id=basket.bill_id)
        assert bill.left_minor == 0
        assert await Refund.filter(tenant_id=house.id).count() == 0
        await execute(
            "update hospital_basket set is_tonight = true, hold_id = null where tenant_id = $1", house.id
        )
    found = await asked(ward, basket, orders[0])
    await agreed(ward, found)
    for _ in range(2):
        await returning.work(house.system, found.id)
    assert await refunded(ward) == 500, "what was paid of it goes back by the bill's credit note"
