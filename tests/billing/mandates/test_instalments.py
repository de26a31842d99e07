"""Autopay of a plan: each instalment told of, taken on its day and once, and left when it is paid by hand."""

import asyncio
from datetime import date, timedelta

import pytest

from billing.answers import service as answers
from billing.mandates import debiting, instalments, life
from billing.mandates.conditions import IS_AUTOPAID
from billing.mandates.days import of_instalment
from billing.models import Bill, Debit, InstalmentPlan
from billing.payments import settlement
from billing.plans import service as plans
from tenants.days import today
from tenants.models import Notice
from tenants.scope import execute, value
from tests import make
from tests.billing.mandates.test_mandates import authorised, day_comes, fresh
from tests.billing.payments import world
from tests.billing.payments.test_controls import without
from tests.billing.reminders.test_reminders import due
from tests.jobs import run_due
from tests.page import inspect, text_of


async def agreed(place, *amounts: int, count: int = 3, first: int = 3, step: str = "month"):
    """A plan over new bills, its first instalment in so many days."""
    made = [await world.bill(place, amount) for amount in amounts]
    bills = sorted(made, key=lambda one: (one.period, one.number))
    day = today(place.tenant.timezone) + timedelta(days=first)
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        return await plans.agree(
            finance, plans.Proposal([one.id for one in bills], day, count, step, "last")
        ), bills


async def debits(place) -> list[tuple[int | None, str, str, int]]:
    async with place.scope():
        found = await Debit.filter(tenant_id=place.id).order_by("position", "created_at")
    return [(one.position, one.status, one.error, one.amount_minor) for one in found]


async def left(place, *bills: Bill) -> list[int]:
    return [(await world.fresh(place, bill)).left_minor for bill in bills]


async def is_autopaid(place) -> bool:
    async with place.scope():
        return await value(
            f"select bool_or({IS_AUTOPAID}) from billing_bill b where tenant_id = $1", place.id
        )


async def moved_on(place, days: int) -> None:
    """Time passes: every instalment is so many days nearer."""
    async with place.scope():
        await execute(
            "update billing_instalment set due_on = due_on - $2::int where tenant_id = $1", place.id, days
        )
        await execute(
            "update billing_bill set due_on = due_on - $2::int where tenant_id = $1", place.id, days
        )


async def test_each_instalment_is_told_of_and_taken_on_its_day_the_oldest_bills_first(place, outside, client):
    mandate = await authorised(place, outside, ceiling=5000)
    plan, bills = await agreed(place, 5001, 5001)
    assert await debiting.plan(place.system) == 1, "only the one whose notice begins"
    assert await debiting.plan(place.system) == 0
    assert await debits(place) == [(1, "announced", "", 3334)]
    async with place.scope():
        told = await Notice.filter(tenant_id=place.id, template="autopay", channel="in_app")
    assert ["instalment 1 of 3 will be debited on" in one.subject for one in told] == [True]
    assert await is_autopaid(place), "so nobody is reminded"
    assert await debiting.take_due(place.system) == 0, "its day has not come"
    await make.sign_in(client, place.person.id)
    for path in (f"/my/plans/{plan.id}", f"/my/bills/{bills[0].id}"):
        shown = text_of(inspect((await client.get(path)).text))
        assert "SGD 33.34 is taken by itself on" in shown
        assert f"It is instalment 1 of 3, taken from {mandate.mask}." in shown
    page = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/autopay")).text))
    assert "Instalment 2 of 3Taken by itself on" in page.replace("3 Taken", "3Taken")
    await day_comes(place, outside)
    assert await left(place, *bills) == [1667, 5001]
    await moved_on(place, 31)
    assert await debiting.plan(place.system) == 1
    await world.take(place, await make.staff(place.tenant, "cashier"), (bills[0], 1000))
    await day_comes(place, outside)
    assert await debits(place) == [(1, "paid", "", 3334), (2, "paid", "", 2334)]
    assert await left(place, *bills) == [0, 3334], "what was paid by hand is not taken again"
    assert await world.count(place, "billing_payment", "channel = 'bank'") == 2
    assert await world.ledger_is_right(place)


async def test_what_is_above_the_ceiling_is_left_and_those_of_one_day_go_in_their_order(place, outside):
    await authorised(place, outside, ceiling=2000)
    _, (bill,) = await agreed(place, 5002, first=0, step="week")
    await moved_on(place, 14)
    assert await debiting.plan(place.system) == 3
    assert [one[1:3] for one in await debits(place)] == [
        ("announced", ""),
        ("announced", ""),
        ("announced", ""),
    ]
    async with place.scope():
        await execute("update billing_mandate set ceiling_minor = 1667 where tenant_id = $1", place.id)
    for _ in range(3):
        await day_comes(place, outside)
    assert [one[1:3] for one in await debits(place)] == [
        ("paid", ""),
        ("paid", ""),
        ("skipped", "over_ceiling"),
    ]
    assert await left(place, bill) == [1668]
    async with place.scope():
        await plans.follow(place.system, (await InstalmentPlan.get(tenant_id=place.id)).id)
    assert not await is_autopaid(place), "its payer is reminded of what autopay leaves"


async def test_a_refused_instalment_is_tried_again_and_pauses_what_follows(place, outside):
    mandate = await authorised(place, outside, account="empty")
    await agreed(place, 3000, first=0, step="week")
    await moved_on(place, 7)
    assert await debiting.plan(place.system) == 2
    await day_comes(place, outside)
    assert [one[1] for one in await debits(place)] == ["waiting", "announced"], (
        "the second waits for the first"
    )
    for _ in range(2):
        await day_comes(place, outside)
    assert [one[1:3] for one in await debits(place)] == [
        ("failed", "insufficient_funds"),
        ("stopped", "mandate.paused"),
    ]
    assert (await fresh(place, mandate)).status == "paused"
    async with place.scope():
        await life.resume(place.payer.within(place.id), mandate_id=mandate.id)
    assert await debiting.plan(place.system) == 2, "both are taken again once it is taken up"
    async with place.scope():
        await life.stop(place.payer.within(place.id), mandate_id=mandate.id)
    assert {one[1] for one in await debits(place)} == {"stopped"}


async def test_a_plan_takes_over_from_its_bill_and_gives_it_back(place, outside):
    await authorised(place, outside)
    bill = await due(place, 5)
    await debiting.plan(place.system)
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        day = today(place.tenant.timezone) + timedelta(days=1)
        plan = await plans.agree(finance, plans.Proposal([bill.id], day, 2, "month", "last"))
    await run_due(place.id)
    assert await debits(place) == [(None, "skipped", "in_plan", 5000)]
    async with place.scope():
        answer = await answers.dispute(
            place.payer.within(place.id),
            tenant_id=place.id,
            bill_id=bill.id,
            topic="amount",
            text="No.",
            files=[],
        )
    assert await debiting.plan(place.system) == 0, "nothing of a disputed bill"
    async with place.scope():
        await answers.withdraw(place.payer.within(place.id), tenant_id=place.id, answer_id=answer)
    assert await debiting.plan(place.system) == 1
    async with place.scope():
        await plans.break_off(finance, plan.id, reason="Two were missed.")
    await day_comes(place, outside)
    assert (await debits(place))[0] == (1, "skipped", "plan_over", 2500)
    assert await debiting.plan(place.system) == 1
    assert (await debits(place))[-1] == (None, "announced", "", 5000), "as a whole, as before"
    await day_comes(place, outside)
    assert await left(place, bill) == [0]


@pytest.mark.parametrize(
    ("schedule", "due_on", "taken_on"),
    [
        ("bill", date(2026, 3, 20), date(2026, 3, 20)),
        ("bill", date(2026, 3, 2), date(2026, 3, 4)),
        ("day", date(2026, 3, 20), date(2026, 3, 15)),
        ("day", date(2026, 4, 14), date(2026, 3, 15)),
        ("day", date(2026, 4, 15), date(2026, 4, 15)),
        ("day", date(2026, 3, 2), date(2026, 3, 15)),
    ],
)
async def test_the_mandates_day_is_kept_and_none_is_late(place, schedule, due_on, taken_on):
    asked = (
        f"select {of_instalment('$1::date', '$2::date')} from (select $3::text schedule, 15 day_of_month) m"
    )
    async with place.scope():
        assert await value(asked, due_on, date(2026, 3, 4), schedule) == taken_on


async def test_two_workers_and_a_crash_take_an_instalment_once(real_place, outside, owner, monkeypatch):
    place = real_place
    await authorised(place, outside)
    _, (bill,) = await agreed(place, 9000, first=0)
    await asyncio.gather(*(debiting.plan(place.system) for _ in range(4)))
    assert len(await debits(place)) == 1
    async with place.scope():
        (debit,) = await Debit.filter(tenant_id=place.id)
        await execute("update billing_debit set due_on = day_of(tenant_id) where tenant_id = $1", place.id)
    pay = debiting._pay

    async def dies(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(debiting, "_pay", dies)
    with pytest.raises(KeyboardInterrupt):
        await debiting.take(place.system, debit.id)
    assert (await debits(place))[0][1] == "trying"
    monkeypatch.setattr(debiting, "_pay", pay)
    assert await debiting.take_due(place.system) == 1, "it is taken up again"
    await asyncio.gather(*(debiting.take(place.system, debit.id) for _ in range(4)))
    outside.advance(2)
    await world.hurry(place, "billing.ask_attempt")
    await world.hurry(place, debiting.LOOK_JOB)
    assert (await debits(place))[0][1] == "paid"
    assert await left(place, bill) == [6000]
    assert await world.count(place, "billing_payment") == 1
    await moved_on(place, 31)
    names = ("billing_debit_plan_id_position_key", "billing_debit_mandate_id_plan_id_position_key")
    monkeypatch.setattr(instalments, "ANNOUNCE", instalments.ANNOUNCE.replace("on conflict do nothing", ""))
    async with without(owner, *names) as cleaning:
        table = "billing_debit"
        cleaning.extend([
            f"alter table {table} no force row level security",
            f"delete from {table} where tenant_id = '{place.id}' and status = 'announced'",
            f"alter table {table} force row level security",
        ])  # fmt: skip
        made = asyncio.Barrier(2)
        monkeypatch.setattr(debiting, "announce", lambda *_: asyncio.wait_for(made.wait(), 5))
        both = await asyncio.gather(*(debiting.plan(place.system) for _ in range(2)))
        assert sum(both) == 2, "its uniqueness is what holds"


async def test_what_goes_to_another_account_is_the_payers_from_the_start(place, outside):
    await authorised(place, outside)
    async with place.scope():
        second = await settlement.provision_settlement(
            place.system, place.tenant, bank_code="HRBRSGSG", account_name="Fund", account_number="99", currency="SGD"
        )  # fmt: skip
        await execute(
            "update billing_fee_item set settlement_account_id = $2 where tenant_id = $1", place.id, second.id
        )
    await world.bill(place, 900)
    await agreed(place, 2000)
    assert await debiting.plan(place.system) == 2
    assert {one[1:3] for one in await debits(place)} == {("skipped", "mandate.other_account")}
    async with place.scope():
        told = await Notice.filter(tenant_id=place.id, template="autopay", channel="in_app")
    assert {"was not debited" in one.subject for one in told} == {True}
