"""Fees by the day attended; a run whose fees go to several accounts."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.charges import fees, quantities, runs
from billing.models import Bill, BillLine, BillRun, FeeItem
from billing.payments.settlement import provision_settlement
from scenarios.education.days import attendance, meals
from scenarios.education.models import SchoolAttendance, SchoolEnrolment, SchoolLeave
from scenarios.education.terms import SchoolTerms
from tenants.actor import system_actor
from tenants.scope import open_scope, rows, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid

THIS = make.today().replace(day=1)
LAST = (THIS - timedelta(days=1)).replace(day=1)


async def school(bank):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    rows_ = (
        pupil("A1", "Ah", meals="lunch"),
        pupil("A2", "Bee", meals="lunch"),
        pupil("A3", "Cee", meals="none"),
    )
    await world.bring_in(tenant, staff, world.table(*rows_))
    async with open_scope(tenant_scope(tenant.id)):
        await SchoolEnrolment.filter(tenant_id=tenant.id).update(begins_on=LAST)
    return tenant, staff


async def away(tenant, number: str, first: date, last: date, status: str = "approved") -> None:
    account = await world.account(tenant, number)
    async with open_scope(tenant_scope(tenant.id)):
        await SchoolLeave.create(
            tenant_id=tenant.id, account_id=account.id, first_on=first, last_on=last, cause="ill",
            status=status, asked_by_name="Parent", meals=[],
        )  # fmt: skip


async def take(tenant, staff, month=LAST, closed=()):
    async with open_scope(tenant_scope(tenant.id)):
        return await attendance.take(staff, month, closed)


async def test_a_month_is_charged_by_the_days_a_pupil_was_there(db, bank):
    tenant, staff = await school(bank)
    days = attendance.days_of(LAST, ())
    closed, absent = days[0], days[3:6]
    await away(tenant, "A2", absent[0], absent[-1])
    await away(tenant, "A1", days[8], days[8], status="requested")
    with pytest.raises(Invalid):
        await take(tenant, staff, THIS)
    with pytest.raises(Invalid):
        await take(tenant, staff, closed=[THIS])
    with pytest.raises(Forbidden):
        await take(tenant, await make.staff(tenant, "class_teacher", name="Teacher"))
    await take(tenant, staff)
    made = await take(tenant, staff, closed=[closed])
    assert (made.school_days, made.pupils) == (len(days) - 1, 3)
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolAttendance.filter(tenant_id=tenant.id).count() == 1
    await world.charge(tenant, staff, "meals_by_day", month=LAST)
    async with open_scope(tenant_scope(tenant.id)):
        bills = {one.account_number: one.total_minor for one in await Bill.filter(tenant_id=tenant.id)}
        line = await BillLine.filter(tenant_id=tenant.id).first()
    there = {"A1": len(days) - 1, "A2": len(days) - 1 - len([day for day in absent if day != closed])}
    assert bills == {number: count * 350 for number, count in there.items()}
    assert Decimal(line.inputs["quantity:days_attended"]) in set(map(Decimal, there.values()))
    with pytest.raises(Conflict, match="on bills already"):
        await take(tenant, staff)


async def test_a_run_proposes_a_fee_by_the_day_only_once_the_days_are_known(client, db, bank):
    tenant, staff = await school(bank)
    await world.charge(tenant, staff, "meals_by_day", "care", month=THIS)
    await make.sign_in(client, staff.person_id)
    async with open_scope(tenant_scope(tenant.id)):
        items = {one.key: str(one.id) for one in await FeeItem.filter(tenant_id=tenant.id)}

    async def proposed() -> tuple[set[str], str]:
        page = inspect((await client.get(f"/t/{tenant.slug}/runs/new")).text)
        ticked = {one.get("value") for one in page.iter("input") if one.get("checked") is not None}
        return {key for key, item in items.items() if item in ticked}, text_of(page)

    ticked, words = await proposed()
    assert ticked == {"care"}, "nobody's days are known"
    assert "What it is charged by is not known for this month yet" in words
    one = await world.account(tenant, "A1")
    async with open_scope(tenant_scope(tenant.id)):
        found = quantities.Entry(one.id, THIS, Decimal(3), one.id)
        await quantities.put(tenant.id, "days_attended", "test", [found])
    ticked, words = await proposed()
    assert ticked == {"care", "meals_by_day"}
    assert "is not known for this month yet" not in words


async def test_a_school_of_any_size_is_counted_in_one_go(db, bank):
    tenant, _ = await school(bank)
    async with open_scope(tenant_scope(tenant.id)):
        asked = (tenant.id, "education", attendance.days_of(LAST, []), LAST, THIS - timedelta(days=1))
        plan = await rows(f"explain {attendance._COUNTED}", *asked)
    assert "SubPlan" not in "\n".join(one[0] for one in plan), "something is looked up for each pupil and day"


async def test_leave_found_too_late_comes_off_by_the_days_charged(db, bank):
    tenant, staff = await school(bank)
    await take(tenant, staff)
    await world.charge(tenant, staff, "meals_by_day", month=LAST)
    days = attendance.days_of(LAST, ())
    await away(tenant, "A1", days[2], days[3])

    async with open_scope(tenant_scope(tenant.id)):
        leave = await SchoolLeave.get(tenant_id=tenant.id)
        found = await meals.refund(leave, LAST - timedelta(days=9), SchoolTerms())
        leave.decided_at = (await SchoolAttendance.get(tenant_id=tenant.id)).taken_at
        known = await meals.refund(leave, LAST - timedelta(days=9), SchoolTerms())
    assert [one["refunded_minor"] for one in found] == [700], "two days at 3.50, whatever the month's length"
    assert known == [], "days that were taken when the leave was known leave it out"


async def test_the_page_shows_days_and_takes_them(client, db, bank):
    tenant, staff = await school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/attendance"
    assert root in (await client.get(f"/t/{tenant.slug}/leave")).text
    for query in ("", f"?month={LAST:%Y-%m}&closed=3", "?month=nonsense&closed=x"):
        inspect((await client.get(root + query)).text)
    assert "Ah" in (await client.get(f"{root}?export=csv&month={LAST:%Y-%m}")).text
    wrong = await client.post(root, data={"month": f"{LAST:%Y-%m}", "closed": "99"})
    assert wrong.status_code == 422
    assert "like 3, 4, 17" in text_of(inspect(wrong.text))
    assert (await client.post(root, data={"month": f"{THIS:%Y-%m}", "closed": ""})).status_code == 422
    assert (await client.post(root, data={"month": f"{LAST:%Y-%m}", "closed": "3, 4"})).status_code == 303
    page = await client.get(root, headers={"Accept-Language": "zh-CN"})
    inspect(page.text)
    teacher = await make.staff(tenant, "class_teacher", name="Teacher")
    await make.sign_in(client, teacher.person_id)
    assert (await client.get(root)).status_code == 403


async def test_fees_to_two_accounts_are_billed_by_a_run_for_each(db, bank):
    tenant, staff = await school(bank)
    async with open_scope(tenant_scope(tenant.id)):
        second = await provision_settlement(
            system_actor(tenant.id), tenant, bank_code="HARBSGSG", account_name="Canteen",
            account_number="1020304099", currency="SGD",
        )  # fmt: skip
        await world.no_outside(tenant)
        second.status, second.created_at = "active", datetime.now(UTC) + timedelta(seconds=1)
        await second.save(update_fields=["status", "created_at"])
        item = await FeeItem.get(tenant_id=tenant.id, key="meals")
        await fees.set_destination(staff, item.id, settlement_account_id=second.id)
    first = await world.charge(tenant, staff, "books", "meals", month=THIS)
    async with open_scope(tenant_scope(tenant.id)):
        later = await BillRun.filter(tenant_id=tenant.id).exclude(id=first.id).get()
        assert (later.status, later.created_by) == ("drafted", staff.person_id)
        await runs.request_issue(staff, later.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        assert await BillRun.filter(tenant_id=tenant.id).count() == 2
        bills = await Bill.filter(tenant_id=tenant.id, account_number="A1")
        fees_of = {
            tuple([str(line.fee_item_id) for line in await BillLine.filter(bill_id=one.id)]) for one in bills
        }
    assert len(bills) == 2
    assert all(len(found) == 1 for found in fees_of)
