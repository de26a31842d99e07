"""Bill runs over the real tariff: right to the cent, nothing twice, nothing half done."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from billing.charges import run_steps, runs
from billing.ledger import verify_ledger
from billing.models import Bill, BillLine, BillRun, Entry, FeeItem, NumberSeries, Posting
from tenants.actor import system_actor
from tenants.jobs import JOBS
from tenants.models import Audit, Outbox, Task
from tenants.scope import execute, open_scope, rows, tenant_scope
from tests import make
from tests.billing.charges.conftest import build
from tests.billing.charges.estate import AUGUST, JULY, SEPTEMBER, TARIFF, cents
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound


async def flats(estate) -> dict[str, int]:
    """One account for each cell of the tariff; return what each owes by a separate calculation."""
    expected = {}
    for flat, (reduced, normal) in TARIFF.items():
        for is_reduced, amount in ((True, reduced), (False, normal)):
            number = f"{flat} {is_reduced}"
            await make.account(
                estate.tenant, number, attributes={"flat_type": flat, "is_reduced": is_reduced}
            )
            if amount:
                expected[number] = cents(amount)
    return expected


async def pay(estate, bill, amount=None):
    """Pay a bill as a payment would leave it."""
    amount = bill.total_minor if amount is None else amount
    status = "paid" if amount == bill.total_minor else "part_paid"
    async with open_scope(tenant_scope(estate.tenant.id)):
        await Bill.filter(id=bill.id).update(paid_minor=amount, status=status)
        await execute(
            "update billing_bill_line set paid_minor = least(amount_minor, $3)"
            " where tenant_id = $1 and bill_id = $2",
            estate.tenant.id,
            bill.id,
            amount,
        )


async def test_every_flat_type_is_billed_at_the_published_rate(estate):
    expected = await flats(estate)
    run = await estate.bill()
    assert {bill.account_number: bill.total_minor for bill in await estate.bills(run)} == expected
    assert (run.status, run.bill_count, run.total_minor) == ("issued", len(expected), sum(expected.values()))
    assert {number for number, code in await estate.exceptions(run) if code == "not_offered"} == {
        f"{flat} True" for flat, (reduced, _) in TARIFF.items() if reduced is None
    }


async def test_shops_pay_by_area_with_a_minimum(estate):
    for area in ("29.9", "30.04", "30.05", "82.35"):
        await make.account(estate.tenant, area, kind="shop", attributes={"area_sqm": area})
    run = await estate.bill("shops")
    billed = {bill.account_number: bill.total_minor for bill in await estate.bills(run)}
    assert billed == {"29.9": 6100, "30.04": 6100, "30.05": 6100, "82.35": 16717}
    assert Decimal("82.35") * Decimal("2.03") == Decimal("167.1705")


async def test_numbers_are_unique_and_in_the_order_of_the_estate(estate):
    for number, key in (("B", "002"), ("A", "003"), ("C", "001")):
        await make.account(estate.tenant, number, sort_key=key)
    first = await estate.bills(await estate.bill())
    assert [(b.number, b.account_number) for b in first] == [
        ("202607-000001", "C"),
        ("202607-000002", "B"),
        ("202607-000003", "A"),
    ]
    await make.account(estate.tenant, "D")
    again = await estate.bills(await estate.bill())
    assert [(b.number, b.account_number) for b in again] == [("202607-000004", "D")]


async def test_numbers_go_on_above_a_million(estate):
    for number in ("A", "B"):
        await make.account(estate.tenant, number)
    async with open_scope(tenant_scope(estate.tenant.id)):
        await NumberSeries.create(tenant_id=estate.tenant.id, series="202607", last_number=999_998)
    first = await estate.bills(await estate.bill())
    assert {b.number for b in first} == {"202607-999999", "202607-1000000"}


async def test_the_same_month_again_adds_nothing(estate):
    await flats(estate)
    await estate.bill()
    again = await estate.draft()
    assert (again.bill_count, again.total_minor) == (0, 0)
    async with open_scope(tenant_scope(estate.tenant.id)):
        with pytest.raises(Conflict, match=r"run\.empty"):
            await runs.request_issue(estate.finance, again.id)


async def test_issuing_twice_issues_once(estate):
    await flats(estate)
    run = await estate.bill()
    async with open_scope(tenant_scope(estate.tenant.id)):
        same = await runs.request_issue(estate.finance, run.id)
        await run_steps.issue(system_actor(estate.tenant.id), run.id)
        assert same.status == "issued"
        assert await Entry.filter(tenant_id=estate.tenant.id, kind="bill.issued").count() == run.bill_count
        assert await verify_ledger(estate.tenant.id) == []


async def test_issuing_books_what_is_owed_as_income_of_each_fee(estate):
    await flats(estate)
    run = await estate.bill()
    async with open_scope(tenant_scope(estate.tenant.id)):
        found = await rows(
            "select ledger, sum(amount_minor)::bigint total from billing_posting where tenant_id = $1 group by 1",
            estate.tenant.id,
        )
    books = {row["ledger"]: row["total"] for row in found}
    assert books == {"receivable": run.total_minor, "income:test_service": -run.total_minor}


async def test_issuing_is_told_and_written_down(estate):
    await flats(estate)
    run = await estate.bill()
    async with open_scope(tenant_scope(estate.tenant.id)):
        acts = await Audit.filter(tenant_id=estate.tenant.id, subject_id=run.id).order_by("id")
        task = await Task.get(tenant_id=estate.tenant.id, id=run.task_id)
    assert [act.act for act in acts] == [
        "bill_run.approved",
        "bill_run.issue_requested",
        "bill_run.issued",
    ]
    assert acts[0].person_name == estate.finance.name
    assert acts[2].after["asked_by"] == estate.finance.name
    assert (task.state, task.result["url"]) == ("done", f"/t/{estate.tenant.slug}/runs/{run.id}")


async def test_a_draft_shows_nothing_to_its_holder(estate):
    account = await make.account(estate.tenant)
    person = await make.person()
    await make.holder(account, person)
    run = await estate.draft()
    async with open_scope(make.payer(person).scope()):
        assert await Bill.filter(run_id=run.id).count() == 0


async def test_penalties_follow_the_table_for_each_month_in_arrears(estate):
    late = await make.account(estate.tenant, "late", attributes={"flat_type": "4-room", "is_reduced": True})
    await make.account(estate.tenant, "good", attributes={"flat_type": "5-room", "is_reduced": True})
    july = {bill.account_number: bill for bill in await estate.bills(await estate.bill())}
    await pay(estate, july["good"])

    august = await estate.bills(await estate.bill("service", "late", period=AUGUST))
    assert {b.account_number: b.total_minor for b in august} == {"late": 6350 + 400, "good": 7950}
    await pay(estate, next(b for b in august if b.account_number == "good"))

    september = await estate.bills(await estate.bill("service", "late", period=SEPTEMBER))
    assert {b.account_number: b.total_minor for b in september} == {"late": 6350 + 400, "good": 7950}
    line = await lines(estate, late, SEPTEMBER, "late")
    assert line.inputs | {"flat_type": "4-room"} == line.inputs
    assert int(line.inputs["balance:arrears"]) == 6350 * 2 + 400
    assert line.inputs["quantity:months_in_arrears"] == "2"
    assert int(line.inputs["balance:late_fee_charged"]) == 400


async def lines(estate, account, period, key) -> BillLine:
    async with open_scope(tenant_scope(estate.tenant.id)):
        return await BillLine.get(
            tenant_id=estate.tenant.id,
            account_id=account.id,
            period=period,
            fee_item_id=estate.items[key].id,
            is_live=True,
        )


async def test_a_late_fee_alone_still_owed_bears_no_late_fee(estate):
    await make.account(estate.tenant, "late", attributes={"flat_type": "4-room", "is_reduced": True})
    july = await estate.bills(await estate.bill())
    august = await estate.bills(await estate.bill("service", "late", period=AUGUST))
    await pay(estate, july[0])
    async with open_scope(tenant_scope(estate.tenant.id)):
        await execute(
            "update billing_bill_line set paid_minor = amount_minor where tenant_id = $1 and bill_id = $2"
            " and fee_item_id = $3",
            estate.tenant.id,
            august[0].id,
            estate.items["service"].id,
        )
    run = await estate.draft("late", period=SEPTEMBER)
    assert run.bill_count == 0


async def test_what_needs_a_look_is_listed_with_its_reason(estate):
    await make.account(estate.tenant, "no type", attributes={"is_reduced": True})
    jumper = await make.account(
        estate.tenant, "jumper", attributes={"flat_type": "1-room", "is_reduced": True}
    )
    held = await make.account(estate.tenant, "held", attributes={"flat_type": "1-room", "is_reduced": True})
    await make.holder(held, None)
    await estate.bill()
    async with open_scope(tenant_scope(estate.tenant.id)):
        jumper.attributes = {"flat_type": "1-room", "is_reduced": False}
        await jumper.save()
    run = await estate.draft(period=AUGUST)
    assert await estate.exceptions(run) == [
        ("jumper", "jumped"),
        ("jumper", "no_holder"),
        ("no type", "missing_attribute"),
    ]
    assert run.exception_count == 3
    assert run.summary["exceptions"] == {"jumped": 1, "missing_attribute": 1, "no_holder": 1}
    assert run.summary["before"] == {"bills": 2, "total": 4000}
    assert run.summary["items"][0] | {"count": 2, "total": 7800, "before": 4000} == run.summary["items"][0]


async def test_cancelling_a_draft_leaves_nothing_behind(estate):
    await flats(estate)
    run = await estate.draft()
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.cancel(estate.finance, run.id)
    await run_due(estate.tenant.id)
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert await Bill.filter(tenant_id=estate.tenant.id).count() == 0
        assert await BillLine.filter(tenant_id=estate.tenant.id).count() == 0
        with pytest.raises(NotFound):
            await runs.get(estate.finance, run.id)
    assert (await estate.draft()).bill_count > 0


async def test_what_is_issued_cannot_be_cancelled(estate):
    await flats(estate)
    run = await estate.bill()
    async with open_scope(tenant_scope(estate.tenant.id)):
        with pytest.raises(Conflict, match=r"run\.issued"):
            await runs.cancel(estate.finance, run.id)


async def test_a_second_open_run_of_the_month_is_refused(estate):
    await estate.start()
    with pytest.raises(Conflict, match=r"run\.open_already"):
        await estate.start()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"period": date(2020, 1, 1)}, "period"),
        ({"due_on": date(2036, 1, 1)}, "due_on"),
        ({"due_on": date(2026, 6, 30)}, "due_on"),
    ],
)
async def test_odd_dates_are_refused_at_their_field(estate, given, field):
    with pytest.raises(Invalid) as refused:
        await estate.start(**given)
    assert list(refused.value.fields) == [field]


async def test_a_fee_without_a_rule_in_that_month_is_refused(estate):
    with pytest.raises(Invalid, match="no rule in force"):
        await estate.start(period=date(2024, 12, 1))


async def test_a_fee_whose_rule_has_ended_is_told_from_one_that_never_had_any(estate):
    fee = next(iter(estate.items.values()))
    async with open_scope(tenant_scope(estate.tenant.id)):
        never = await FeeItem.create(
            tenant_id=estate.tenant.id, key="never", names={"en": "Never"}, account_kinds=["unit"],
            scenario="community", currency="SGD", position=9,
        )  # fmt: skip
        now = await runs.standing(estate.tenant.id, date(2026, 6, 1))
        early = await runs.standing(estate.tenant.id, date(2024, 12, 1))
    assert (now[fee.id], early[fee.id]) == (True, False)
    assert never.id not in now


async def test_the_colleague_without_the_right_and_the_stranger(estate, bank):
    reader = await make.staff(estate.tenant, "reader")
    stranger = await make.staff(await make.tenant(bank), "finance")
    run = await estate.draft()
    async with open_scope(reader.scope()):
        assert (await runs.get(reader, run.id)).id == run.id
        for act in (runs.request_issue, runs.cancel):
            with pytest.raises(Forbidden):
                await act(reader, run.id)
    async with open_scope(stranger.scope()):
        for act in (runs.get, runs.request_issue, runs.cancel):
            with pytest.raises(NotFound):
                await act(stranger, run.id)


async def test_two_workers_and_two_clicks_at_once_bill_once(committed, bank):
    estate = await build(bank)
    for n in range(40):
        await make.account(estate.tenant, f"{n:03d}")
    run = await estate.start()
    system, payload = system_actor(estate.tenant.id), {"run_id": str(run.id)}
    await asyncio.gather(*(JOBS[runs.DRAFT_JOB].handler(system, payload) for _ in range(3)))

    async def click():
        async with open_scope(tenant_scope(estate.tenant.id)):
            return await runs.request_issue(estate.finance, run.id)

    async def work():
        async with open_scope(tenant_scope(estate.tenant.id)):
            return await run_steps.issue(system, run.id)

    await asyncio.gather(*(click() for _ in range(3)))
    assert sorted(await asyncio.gather(*(work() for _ in range(3)))) == [False, False, True]
    async with open_scope(tenant_scope(estate.tenant.id)):
        tid = estate.tenant.id
        assert await Bill.filter(tenant_id=tid, status="issued").count() == 40
        assert await BillLine.filter(tenant_id=tid).count() == 40
        assert await Posting.filter(tenant_id=tid).count() == 80
        assert await Outbox.filter(tenant_id=tid, job=runs.ISSUE_JOB).count() == 1


async def test_two_people_starting_the_month_at_once_start_one_run(committed, bank):
    estate = await build(bank)
    answers = await asyncio.gather(*(estate.start(period=JULY) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(answer, Conflict) for answer in answers) == 2
    assert sum(isinstance(answer, BillRun) for answer in answers) == 1


THOUSANDS = """
insert into tenants_account (tenant_id, scenario, kind, number, name, place, sort_key, attributes)
select $1, 'community', 'unit', 'U' || n, 'Unit ' || n, 'Blk ' || n / 100, lpad(n::text, 8, '0'),
       jsonb_build_object('flat_type', (array['1-room', '3-room', '4-room'])[n % 3 + 1], 'is_reduced', n % 2 = 0)
  from generate_series(1, 5000) n
"""


async def test_thousands_are_drafted_and_issued_at_once_before_any_statistics(estate):
    async with open_scope(tenant_scope(estate.tenant.id)):
        await execute(THOUSANDS, estate.tenant.id)
    await estate.bill("service", "late")
    august = await estate.bill("service", "late", period=AUGUST)
    assert august.bill_count == 5000
    assert august.summary["items"][1]["count"] == 5000
