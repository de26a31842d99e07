"""Who pays for somebody else: sees those bills alone, within the caps, until they are stopped."""

import asyncio
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from billing.mandates import caps, proxies
from billing.models import Answer, Proxy
from tenants.codes import new_code
from tenants.days import midnight
from tenants.ids import new_id
from tenants.scope import execute, open_scope, rows
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import AppError, Conflict, Invalid, NotFound


def soon() -> date:
    return make.today() + timedelta(days=60)


async def granted(place, *, bill: int = 5000, month: int = 8000, person=None):
    """A friend who may pay, with the code given and taken."""
    friend = make.payer(person or await make.person("Friend"))
    _, code = await proxies.grant(
        place.payer,
        tenant_id=place.id,
        account_id=place.account.id,
        name="Friend",
        bill_cap_minor=bill,
        month_cap_minor=month,
        until=soon(),
    )
    return friend, await proxies.accept(friend, code.lower()), code


async def seen_by(actor, table: str = "billing_bill") -> int:
    async with open_scope(actor.scope()):
        return len(await rows(f"select 1 from {table}"))


async def test_a_proxy_sees_those_bills_and_nothing_else(place):
    other = await make.account(place.tenant)
    await world.bill(place, 3000)
    await world.bill(place, 3000, account=other)
    friend, proxy, _ = await granted(place)
    assert await seen_by(friend) == 1
    assert await seen_by(friend, "billing_bill_line") == 1
    for table in (
        "tenants_account",
        "tenants_holder",
        "billing_credit",
        "billing_payment",
        "billing_mandate",
    ):
        assert await seen_by(friend, table) == 0, table
    async with place.scope():
        await proxies.end(place.payer, tenant_id=place.id, proxy_id=proxy.id)
    assert await seen_by(friend) == 0


async def test_its_day_ends_it_by_itself(place):
    bill = await world.bill(place, 3000)
    friend, _, _ = await granted(place)
    async with place.scope():
        await execute("update billing_proxy set until = day_of(tenant_id) - 1 where tenant_id = $1", place.id)
    assert await seen_by(friend) == 0
    with pytest.raises(NotFound):
        await world.start(place, bill, actor=friend)


async def test_caps_hold_for_a_bill_and_for_a_month(place, outside):
    first, second = await world.bill(place, 6000), await world.bill(place, 6000)
    friend, _, _ = await granted(place)
    with pytest.raises(Invalid, match=r"proxy\.bill_cap"):
        await world.start(place, first, actor=friend, amount=5001)
    started = await world.start(place, first, actor=friend, amount=5000, channel="bank")
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    with pytest.raises(Invalid, match=r"proxy\.bill_cap"):
        await world.start(place, first, actor=friend, amount=1)
    with pytest.raises(Invalid, match=r"proxy\.month_cap"):
        await world.start(place, second, actor=friend, amount=3001)
    await world.start(place, second, actor=friend, amount=3000)
    assert (await world.fresh(place, first)).paid_minor == 5000


async def test_a_month_begins_at_the_institutions_midnight(place):
    first, second = await world.bill(place, 5000), await world.bill(place, 6000)
    friend, _, _ = await granted(place, month=5000)
    started = await world.start(place, first, actor=friend)
    begin = midnight(make.today().replace(day=1), make.ZONE)
    move = "update billing_payment set created_at = $2 where id = $1"
    async with place.scope():
        await execute(move, started.payment_id, begin)
        assert set((await caps.room_for(friend.person_id, place.id, [second.id])).values()) == {0}
        await execute(move, started.payment_id, begin - timedelta(seconds=1))
        assert set((await caps.room_for(friend.person_id, place.id, [second.id])).values()) == {5000}


async def test_two_payments_at_once_stay_within_the_month(real_place):
    bills = [await world.bill(real_place, 5000) for _ in range(2)]
    friend, _, _ = await granted(real_place)
    answers = await asyncio.gather(
        *(world.start(real_place, bill, actor=friend) for bill in bills), return_exceptions=True
    )
    assert sum(isinstance(answer, AppError) for answer in answers) == 1


async def test_without_the_proxys_lock_both_would_go_over_it_together(real_place, monkeypatch):
    bills = [await world.bill(real_place, 5000) for _ in range(2)]
    friend, _, _ = await granted(real_place)
    spent, standing, together = caps._spent, caps._standing, asyncio.Barrier(2)

    async def meet(*of):
        found = await spent(*of)
        await together.wait()
        return found

    monkeypatch.setattr(caps, "_spent", meet)
    monkeypatch.setattr(
        caps, "_standing", lambda *of: SimpleNamespace(select_for_update=lambda: standing(*of))
    )
    async with asyncio.timeout(20):
        await asyncio.gather(*(world.start(real_place, bill, actor=friend) for bill in bills))
    assert await world.count(real_place, "billing_payment") == 2, "10,000 of a month of 8,000"


async def test_a_code_is_used_once_by_somebody_else(place):
    _, proxy, code = await granted(place)
    stranger = make.payer(await make.person("Stranger"))
    with pytest.raises(Conflict):
        await proxies.accept(stranger, code)
    with pytest.raises(Invalid):
        await proxies.accept(stranger, new_code(12))
    with pytest.raises(NotFound):
        await proxies.grant(
            stranger,
            tenant_id=place.id,
            account_id=place.account.id,
            name="x",
            bill_cap_minor=1,
            month_cap_minor=1,
            until=soon(),
        )
    async with place.scope():
        kept = await Proxy.get(tenant_id=place.id, id=proxy.id)
    assert code.replace("-", "").encode() not in bytes(kept.code_hash or b"")


async def test_pages_grant_accept_and_stop(place, client):
    await world.bill(place, 3000)
    await make.sign_in(client, place.person.id)
    path = f"/my/accounts/{place.account.id}/helpers"
    wrong = await client.post(
        path, data={"name": "Bo", "bill_cap": "50", "month_cap": "20", "until": str(soon())}
    )
    assert wrong.status_code == 422
    assert "at least as much as for one bill" in text_of(inspect(wrong.text))
    good = await client.post(
        path, data={"name": "Bo", "bill_cap": "50", "month_cap": "80", "until": str(soon())}
    )
    text = text_of(inspect(good.text))
    code = text.split("Give this code to them: ")[1].split()[0]
    friend = await make.person("Bo")
    await make.sign_in(client, friend.id)
    assert (await client.post("/my/helping", data={"code": "nonsense"})).status_code == 422
    assert (await client.post("/my/helping", data={"code": code})).status_code == 303
    assert place.account.number in text_of(inspect((await client.get("/my/helping")).text))
    assert "30.00" in text_of(inspect((await client.get("/my")).text))
    async with place.scope():
        proxy = await Proxy.get(tenant_id=place.id)
    await make.sign_in(client, (await make.person("Stranger")).id)
    assert (await client.post(f"/my/helpers/{proxy.id}/end")).status_code == 404
    await make.sign_in(client, place.person.id)
    assert (await client.post(f"/my/helpers/{proxy.id}/end")).status_code == 303
    await make.sign_in(client, friend.id)
    assert place.account.number not in text_of(inspect((await client.get("/my")).text))


async def amounts(client, *bills) -> list[str]:
    """What the form to pay these bills begins with, bill by bill."""
    found = await client.get("/my/checkout?" + "&".join(f"bill={bill.id}" for bill in bills))
    root = inspect(found.text)
    typed = {one.get("name"): one.get("value") for one in root.iter("input")}
    return [typed.get(f"amount-{bill.id}") or "" for bill in bills]


async def test_paying_for_somebody_else_opens_at_what_is_allowed(place, outside, client):
    first, second, third = [await world.bill(place, amount) for amount in (6000, 2000, 6000)]
    friend, _, _ = await granted(place)
    await make.sign_in(client, friend.person_id)
    assert await amounts(client, first) == ["50.00"], "no more than for one bill"
    assert await amounts(client, second) == ["20.00"], "no more than is due"
    assert sum(map(float, await amounts(client, first, second, third))) == 80, "no more than for a month"
    started = await world.start(place, first, actor=friend, amount=5000, channel="bank")
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    assert await amounts(client, third) == ["30.00"], "what is left of the month"
    page = text_of(inspect((await client.get(f"/my/checkout?bill={first.id}")).text))
    assert "You have paid as much as you may for now" in page
    await make.sign_in(client, place.person.id)
    assert await amounts(client, third) == ["60.00"], "a holder has no cap"


async def test_who_may_pay_for_somebody_else_is_not_told_that_they_owe(place, client):
    await world.bill(place, 6000)
    person = await make.person("Friend")
    await granted(place, person=person)
    await make.sign_in(client, person.id)
    shown = text_of(inspect((await client.get("/my")).text))
    assert "Everything you owe" not in shown
    assert "Overdue" not in shown
    assert (
        shown.index("You may pay for others now")
        < shown.index("50.00")
        < shown.index("They owe it, you do not")
    )
    await make.holder(place.account, person)
    assert "Everything you owe" in text_of(inspect((await client.get("/my")).text))


async def test_who_may_pay_for_somebody_else_decides_nothing_else_about_a_bill(place, client):
    bill = await world.bill(place, 6000)
    friend, _, _ = await granted(place)
    await make.sign_in(client, friend.person_id)
    shown = inspect((await client.get(f"/my/bills/{bill.id}")).text)
    assert "Others owe this and let you pay it: SGD 50.00 now." in text_of(shown)
    assert f"/my/bills/{bill.id}/answers" not in [one.get("href") for one in shown.iter("a")]
    answers = [
        await client.get(f"/my/bills/{bill.id}/answers"),
        await client.get(f"/my/bills/{bill.id}/credit"),
    ]
    for act, said in (
        ("promises", {"day": str(soon())}),
        ("disputes", {"topic": "amount", "text": "Too much"}),
        ("declines", {"line": str(new_id())}),
        ("credit", {"key": "once", "amount": "1"}),
    ):
        answers.append(await client.post(f"/my/bills/{bill.id}/{act}", data=said))
    assert [one.status_code for one in answers] == [403] * 6
    async with place.scope():
        assert not await Answer.exists(tenant_id=place.id)
    await make.sign_in(client, place.person.id)
    assert (await client.get(f"/my/bills/{bill.id}/answers")).status_code == 200, "a holder decides"


async def test_several_institutions_are_paid_within_what_is_allowed(place, bank, outside, client):
    school = await world.build(bank)
    await world.bill(place, 6000)
    await world.bill(school, 2000)
    person = await make.person("Friend")
    await granted(place, person=person)
    await make.holder(school.account, person)
    await make.sign_in(client, person.id)
    shown = text_of(inspect((await client.get("/my/checkouts/new")).text))
    assert "70.00" in shown
