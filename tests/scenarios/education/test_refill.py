"""A card that fills itself: once below its level, never over the month's ceiling, stopped at once."""

import asyncio

import pytest

from billing.models import Bill, Debit, Mandate, SettlementAccount, Wallet
from scenarios.education.canteen import refill
from scenarios.education.canteen.refill import REFILL_JOB, Wish
from scenarios.education.models import SchoolRefill, SchoolRefillRun
from tenants.models import Notice
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.test_canteen import canteen, fill, sell
from ui.errors import Conflict, Forbidden, Invalid

WISH = Wish(1_000, 2_000, 4_000)


async def autopay(tenant, child, parent, ceiling: int = 5_000) -> Mandate:
    """A mandate as the bank leaves it once the parent has agreed there."""
    async with open_scope(tenant_scope(tenant.id)):
        own = await SettlementAccount.filter(tenant_id=tenant.id).first()
        return await Mandate.create(
            tenant_id=tenant.id, account_id=child.account_id, person_id=parent.person_id, person_name=parent.name,
            settlement_account_id=own.id, channel="bank", currency="SGD", ceiling_minor=ceiling, schedule="bill",
            status="active", reference="M1",
        )  # fmt: skip


async def family(bank):
    tenant, _, worker, lunch, _ = await canteen(bank)
    wallet = await fill(tenant, "A1", 1_400)
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)
    return tenant, worker, lunch, wallet, parent, child


async def set_up(tenant, parent, child, wish=WISH):
    async with open_scope(tenant_scope(tenant.id)):
        return await refill.set_up(parent, child, wish)


async def look(tenant, wallet):
    async with open_scope(tenant_scope(tenant.id)):
        return await refill.look(tenant.id, wallet)


async def arrive(tenant, run) -> None:
    """The debit's money is there: paid at the desk here, where no bank answers."""
    async with open_scope(tenant_scope(tenant.id)):
        await Debit.filter(tenant_id=tenant.id, bill_id=run.bill_id).update(status="paid")
    await world.pay_at_desk(tenant, run.bill_id)


async def spend(tenant, wallet, left: int) -> None:
    """Leave so much on the card."""
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update billing_wallet set balance_minor = $3 where tenant_id = $1 and id = $2",
                      tenant.id, wallet, left)  # fmt: skip


async def test_below_the_level_one_top_up_is_taken_and_the_month_has_an_end(db, bank):
    tenant, worker, lunch, wallet, parent, child = await family(bank)
    with pytest.raises(Conflict, match="autopay"):
        await set_up(tenant, parent, child)
    await autopay(tenant, child, parent)
    for wrong in (Wish(0, 2_000, 4_000), Wish(1_000, 6_000, 9_000), Wish(1_000, 2_000, 1_999)):
        with pytest.raises(Invalid):
            await set_up(tenant, parent, child, wrong)
    aunt = await world.parent(tenant, "A1", name="Aunt", relation="relative")
    with pytest.raises(Forbidden):
        await set_up(tenant, aunt, await world.child(aunt, child.account_id))
    await set_up(tenant, parent, child)
    assert await look(tenant, wallet) is None, "14.00 is not below 10.00"
    await sell(tenant, worker, "A1", lunch)
    async with open_scope(tenant_scope(tenant.id)):
        due = await execute("update tenants_outbox set due_at = now() where tenant_id = $1 and job = $2",
                            tenant.id, REFILL_JOB)  # fmt: skip
    assert due == 1, "the sale has somebody look"
    first = await look(tenant, wallet)
    assert await look(tenant, wallet) is None, "one is under way"
    async with open_scope(tenant_scope(tenant.id)):
        debit = await Debit.get(tenant_id=tenant.id, bill_id=first.bill_id)
        assert (debit.amount_minor, debit.status) == (2_000, "announced")
        assert (await Bill.get(id=first.bill_id)).total_minor == 2_000
    await arrive(tenant, first)
    assert await look(tenant, wallet) is None, "29.00 is enough"
    for left in (200, 300):
        await spend(tenant, wallet, left)
        if (run := await look(tenant, wallet)) is not None:
            await arrive(tenant, run)
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolRefillRun.filter(tenant_id=tenant.id).count() == 2, "40.00 in a month, no more"
        told = await Notice.filter(tenant_id=tenant.id, template="school.refill", channel="in_app")
        assert len(told) == 1
        assert "again this month" in told[0].subject
    assert await look(tenant, wallet) is None
    async with open_scope(tenant_scope(tenant.id)):
        assert await Notice.filter(template="school.refill", channel="in_app").count() == 1, "told once"


async def test_it_ends_with_its_autopay_and_says_so(db, bank):
    tenant, _, _, wallet, parent, child = await family(bank)
    mandate = await autopay(tenant, child, parent)
    await set_up(tenant, parent, child)
    async with open_scope(tenant_scope(tenant.id)):
        await Mandate.filter(tenant_id=tenant.id, id=mandate.id).update(status="stopped")
    await spend(tenant, wallet, 100)
    assert await look(tenant, wallet) is None
    async with open_scope(tenant_scope(tenant.id)):
        ended = await SchoolRefill.get(tenant_id=tenant.id)
        assert (ended.status, ended.word) == ("stopped", "no_mandate")
        assert await SchoolRefillRun.filter(tenant_id=tenant.id).count() == 0


async def test_the_page_sets_it_and_any_guardian_stops_it(client, db, bank):
    tenant, _, _, wallet, parent, child = await family(bank)
    root = f"/my/school/{child.account_id}/canteen"
    await make.sign_in(client, parent.person_id)
    page = (await client.get(root)).text
    assert f"/my/accounts/{child.account_id}/autopay" in page
    inspect(page)
    await autopay(tenant, child, parent)
    inspect((await client.get(root, headers={"Accept-Language": "zh-CN"})).text)
    data = {"level_minor": "10", "refill_minor": "20", "month_minor": "10"}
    wrong = await client.post(f"{root}/refill", data=data)
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(f"{root}/refill", data=data | {"month_minor": "40"})).status_code == 303
    father = await world.parent(tenant, "A1", name="Father")
    await make.sign_in(client, father.person_id)
    shown = text_of(inspect((await client.get(root)).text))
    assert "at most" in shown
    assert (await client.post(f"{root}/refill", data=data)).status_code == 422, "it is not his autopay"
    assert (await client.post(f"{root}/refill/ending")).status_code == 303
    await spend(tenant, wallet, 0)
    assert await look(tenant, wallet) is None
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.post(f"{root}/refill/ending")).status_code == 404


async def at_once(tenant, wallet) -> int:
    """Six looks at the same time; how many of them asked for a top-up."""
    found = await asyncio.gather(*(look(tenant, wallet) for _ in range(6)))
    return len([one for one in found if one is not None])


async def empty_card(bank):
    tenant, _, _, wallet, parent, child = await family(bank)
    await autopay(tenant, child, parent)
    await set_up(tenant, parent, child)
    await spend(tenant, wallet, 100)
    return tenant, wallet


async def test_without_the_lock_two_sales_ask_for_two(committed, bank, monkeypatch):
    tenant, wallet = await empty_card(bank)

    async def unlocked(tenant_id, account_id):
        found = await SchoolRefill.get_or_none(tenant_id=tenant_id, account_id=account_id, status="active")
        await asyncio.sleep(0.05)
        return found

    monkeypatch.setattr(refill, "_active", unlocked)
    assert await at_once(tenant, wallet) > 1


async def test_two_sales_at_once_ask_for_one_top_up(committed, bank):
    tenant, wallet = await empty_card(bank)
    assert await at_once(tenant, wallet) == 1
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolRefillRun.filter(tenant_id=tenant.id).count() == 1
        assert (await Wallet.get(tenant_id=tenant.id, id=wallet)).balance_minor == 100
        assert (await SchoolRefillRun.get(tenant_id=tenant.id)).month == make.today().replace(day=1)
