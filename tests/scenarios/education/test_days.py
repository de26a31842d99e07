"""Leave with meals refunded by rule; notices sent, read, confirmed, answered, and reminded of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.adjustments.standing import Lasting, approve_standing, request_standing
from billing.models import Bill, CreditNote
from billing.reasons import in_words
from billing.terms import terms_of
from scenarios.education.classes import queries as classes
from scenarios.education.classes import services as teaching
from scenarios.education.days import billed, meals, services
from scenarios.education.models import SchoolClass, SchoolLeave, SchoolReceipt
from scenarios.education.notices import services as notices
from scenarios.education.notices.services import Asked
from scenarios.education.terms import SchoolTerms
from tenants.actor import system_actor
from tenants.models import Membership
from tenants.scope import execute, open_scope, rows, tenant_scope, value
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import use_locale


def test_only_school_days_known_early_enough_count():
    terms = SchoolTerms(meal_notice_days=2, meal_least_days=2)
    monday = date(2026, 11, 2)
    whole = meals.counting(monday, monday + timedelta(days=13), monday - timedelta(days=9), terms)
    assert [(one.days, one.of) for one in whole] == [(10, 21)]
    assert [one.days for one in meals.counting(monday, monday + timedelta(days=4), monday, terms)] == [3]
    assert meals.counting(monday, monday, monday - timedelta(days=9), terms) == []
    over = meals.counting(date(2026, 11, 30), date(2026, 12, 2), monday, terms)
    assert [(one.first.month, one.days, one.of) for one in over] == [(11, 1, 21), (12, 2, 23)]
    assert meals.Month(monday, 1, 3).share(100) == 33
    assert meals.Month(monday, 2, 3).share(100) == 67


async def school(bank, *, has_meals=True):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    plan = "lunch" if has_meals else "none"
    await world.bring_in(
        tenant, staff, world.table(pupil("A1", "Ah", meals=plan), pupil("B1", "Bee", class_title="3B"))
    )
    parent = await world.parent(tenant, "A1")
    child = await world.child(parent, (await world.account(tenant, "A1")).id)
    return tenant, staff, parent, child


async def teacher_of(tenant, staff, title):
    teacher = await make.staff(tenant, "class_teacher", name="Ann Lee")
    async with open_scope(tenant_scope(tenant.id)):
        mine = await SchoolClass.get(tenant_id=tenant.id, title=title)
        known = [
            one for one in await rows(classes.STAFF, tenant.id) if one["email"] == "class_teacher@example.com"
        ]
        await teaching.add_teacher(staff, mine.id, membership_id=known[0]["id"])
    teacher.place.update(staff.place)
    return teacher, mine


def next_month() -> date:
    return (make.today().replace(day=1) + timedelta(days=32)).replace(day=1)


async def ask(tenant, parent, child, first, days=3):
    async with open_scope(tenant_scope(tenant.id)):
        return await services.ask(
            parent, child, first, first + timedelta(days=days - 1), "family", "A wedding"
        )


async def test_an_approved_leave_refunds_its_meals_with_the_steps(db, bank):
    tenant, staff, parent, child = await school(bank)
    month = next_month()
    await world.charge(tenant, staff, "meals", month=month)
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.get(tenant_id=tenant.id)
    await world.pay_at_desk(tenant, bill.id)
    monday = month + timedelta(days=(7 - month.weekday()) % 7)
    leave = await ask(tenant, parent, child, monday)
    teacher, _ = await teacher_of(tenant, staff, "3A")
    async with open_scope(tenant_scope(tenant.id)):
        with use_locale("zh_CN"):
            decided = await services.decide(teacher, leave.id, is_approved=True, answer="")
        of = len(meals.school_days(month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)))
        assert decided.meals_minor == meals.Month(month, 3, of).share(6_600)
        assert [(one["days"], one["of"], one["charged_minor"]) for one in decided.meals] == [(3, of, 6_600)]
        note = await CreditNote.get(tenant_id=tenant.id)
        assert note.amount_minor == decided.meals_minor
        assert in_words(note.reason) == f"Meals not eaten: 3 of {of} school days", (
            "whoever decided reads Chinese"
        )
        credit = await value("select sum(left_minor) from billing_credit where tenant_id = $1", tenant.id)
        assert credit == decided.meals_minor, "it was paid, so it is the child's credit"
        with pytest.raises(Conflict):
            await services.decide(teacher, leave.id, is_approved=True, answer="")


async def aid(tenant, staff, child, percent):
    ask = Lasting(child.account_id, "aid", make.today().replace(day=1), "Low income", percent=percent)
    head = await make.staff(tenant, name="Head")
    async with open_scope(tenant_scope(tenant.id)):
        asked = await request_standing(staff, ask=ask, key="aid")
        await approve_standing(head, standing_id=asked)
        await Membership.filter(tenant_id=tenant.id, person_id=head.person_id).update(
            ended_at=datetime.now(UTC)
        )


async def test_a_leave_agreed_to_before_the_month_is_billed_is_refunded_once_it_is(db, bank):
    tenant, staff, parent, child = await school(bank)
    month = next_month()
    monday = month + timedelta(days=(7 - month.weekday()) % 7)
    leave = await ask(tenant, parent, child, monday)
    async with open_scope(tenant_scope(tenant.id)):
        decided = await services.decide(staff, leave.id, is_approved=True, answer="")
    assert decided.meals_minor == 0, "nothing is billed yet"
    await aid(tenant, staff, child, Decimal(50))
    await world.charge(tenant, staff, "meals", month=month)
    of = len(meals.school_days(month, (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)))
    share = meals.Month(month, 3, of).share(3_300)
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.get(tenant_id=tenant.id)
        kept = await SchoolLeave.get(id=leave.id)
        assert (bill.total_minor - bill.adjusted_minor, kept.meals_minor) == (3_300 - share, share), (
            "of what the family pays, not of what the aid has borne"
        )
        again = {"period": month.isoformat()}
        await billed.refund_meals_of_bills(system_actor(tenant.id), again)
        assert await CreditNote.filter(tenant_id=tenant.id).count() == 1, "twice is once"


async def test_a_leave_without_billed_meals_refunds_nothing(db, bank):
    tenant, staff, parent, child = await school(bank, has_meals=False)
    leave = await ask(tenant, parent, child, make.today() + timedelta(days=3))
    async with open_scope(tenant_scope(tenant.id)):
        decided = await services.decide(staff, leave.id, is_approved=True, answer="")
    assert (decided.status, decided.meals_minor) == ("approved", 0)


async def test_a_teacher_decides_for_their_own_class_alone_and_says_why_not(client, db, bank):
    tenant, staff, parent, child = await school(bank)
    leave = await ask(tenant, parent, child, make.today() + timedelta(days=3))
    with pytest.raises(Conflict):
        await ask(tenant, parent, child, make.today() + timedelta(days=4))
    other, _ = await teacher_of(tenant, staff, "3B")
    async with open_scope(tenant_scope(tenant.id)):
        with pytest.raises(NotFound):
            await services.decide(other, leave.id, is_approved=True, answer="")
        with pytest.raises(Invalid):
            await services.decide(staff, leave.id, is_approved=False, answer=" ")
    await make.sign_in(client, other.person_id)
    root = f"/t/{tenant.slug}/leave"
    assert "Ah" not in text_of(inspect((await client.get(root)).text))
    assert (await client.get(f"{root}/{leave.id}")).status_code == 404
    await make.sign_in(client, staff.person_id)
    assert "Ah" in text_of(inspect((await client.get(root)).text))
    inspect((await client.get(f"{root}/{leave.id}")).text)
    answer = await client.post(f"{root}/{leave.id}/decision", data={"decision": "refuse", "answer": "Exams"})
    assert answer.status_code == 303
    await make.sign_in(client, parent.person_id)
    mine = f"/my/school/{child.account_id}/leave"
    assert "Exams" in text_of(inspect((await client.get(mine)).text))
    data = {"first_on": make.today().isoformat(), "last_on": make.today().isoformat(), "cause": "sick"}
    assert (await client.post(mine, data=data)).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        asked = await SchoolLeave.get(tenant_id=tenant.id, status="requested")
    assert (await client.post(f"{mine}/{asked.id}/cancelling")).status_code == 303
    bad = await client.post(mine, data=data | {"last_on": "2020-01-01"})
    assert bad.status_code == 422
    inspect(bad.text)


async def test_a_relative_cannot_ask_for_leave(db, bank):
    tenant, _, _, _ = await school(bank)
    aunt = await world.parent(tenant, "A1", name="Aunt", relation="relative")
    child = await world.child(aunt, (await world.account(tenant, "A1")).id)
    with pytest.raises(Forbidden):
        await ask(tenant, aunt, child, make.today())


QUESTION = {"key": "q0", "labels": {"en": "Do you come?", "zh_CN": "您来吗？"}, "choices": ["Yes", "No"]}


def asked(**given):
    words = {"en": "Parents' evening", "zh_CN": "家长会"}
    return Asked(**({"titles": words, "bodies": words, "audience": "school"} | given))


async def test_a_notice_reaches_every_guardian_once_and_counts_who_has_read_it(client, db, bank):
    tenant, staff, parent, child = await school(bank)
    async with open_scope(tenant_scope(tenant.id)):
        made = await notices.write(staff, asked(questions=[QUESTION]))
        sent = await notices.send(staff, made.id)
        assert (sent.sent_count, sent.needs_confirming) == (3, True)
        await notices.send(staff, made.id)
        assert await SchoolReceipt.filter(tenant_id=tenant.id).count() == 3
        mails = "select count(*) from tenants_notice where tenant_id = $1 and template = 'school.notice'"
        mails += " and channel = 'email'"
        first = await value(mails, tenant.id)
        assert first == 3
        said = await value(f"{mails.replace('count(*)', 'min(subject)')}", tenant.id)
        assert said == f"{made.titles['en']} / {made.titles['zh_CN']}", (
            "nobody knows which of the two a family reads"
        )
    await make.sign_in(client, parent.person_id)
    assert "To read, to sign or to take: 1." in text_of(inspect((await client.get("/my")).text))
    address = f"/my/school/{child.account_id}/notices/{made.id}"
    page = await client.get(address, headers={"Accept-Language": "zh-CN"})
    assert "家长会" in text_of(inspect(page.text))
    wrong = await client.post(f"{address}/confirmation", data={"answer_q0": "Perhaps"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(f"{address}/confirmation", data={"answer_q0": "Yes"})).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        read = await SchoolReceipt.filter(tenant_id=tenant.id, read_at__isnull=False)
        assert [one.answers for one in read] == [{"q0": "Yes"}]
        assert await notices.remind(staff, made.id) == 2
        assert await value(mails, tenant.id) == first + 2
        with pytest.raises(Conflict):
            await notices.remind(staff, made.id)
    await make.sign_in(client, staff.person_id)
    page = await client.get(f"/t/{tenant.slug}/school-notices/{made.id}")
    assert "Yes" in text_of(inspect(page.text))
    assert "Yes" in (await client.get(f"/t/{tenant.slug}/school-notices/{made.id}?export=csv")).text


async def test_a_notice_to_a_class_goes_to_that_class_and_a_teacher_writes_to_no_other(db, bank):
    tenant, staff, _, _ = await school(bank)
    teacher, mine = await teacher_of(tenant, staff, "3A")
    async with open_scope(tenant_scope(tenant.id)):
        other = await SchoolClass.get(tenant_id=tenant.id, title="3B")
        with pytest.raises(Forbidden):
            await notices.write(teacher, asked(audience="class", targets=[str(other.id)]))
        with pytest.raises(Forbidden):
            await notices.write(teacher, asked())
        made = await notices.write(teacher, asked(audience="class", targets=[str(mine.id)]))
        sent = await notices.send(teacher, made.id)
        assert sent.sent_count == 2
        assert {one.account_id for one in await SchoolReceipt.all()} == {
            (await world.account(tenant, "A1")).id
        }
        office = await notices.write(staff, asked(audience="grade", targets=["3"]))
        with pytest.raises(NotFound):
            await notices.get(teacher, office.id)
        assert (await notices.send(staff, office.id)).sent_count == 3
        named = await notices.write(staff, asked(audience="list", targets=["B1"]))
        assert (await notices.send(staff, named.id)).sent_count == 1
        with pytest.raises(Invalid):
            await notices.write(staff, asked(audience="grade", targets=["99"]))


async def test_another_family_sees_no_notice_of_ours(client, db, bank):
    tenant, staff, _, child = await school(bank)
    async with open_scope(tenant_scope(tenant.id)):
        made = await notices.write(staff, asked(audience="list", targets=["A1"]))
        await notices.send(staff, made.id)
    stranger = await world.parent(tenant, "B1", name="Other")
    theirs = await world.child(stranger, (await world.account(tenant, "B1")).id)
    await make.sign_in(client, stranger.person_id)
    for account_id in (child.account_id, theirs.account_id):
        assert (await client.get(f"/my/school/{account_id}/notices/{made.id}")).status_code == 404
    async with open_scope(stranger.scope()):
        assert await value("select count(*) from education_notice") == 0


async def test_the_pages_write_a_notice_with_a_file(client, db, bank):
    tenant, staff, _, _ = await school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/school-notices"
    for path in (root, f"{root}/new"):
        inspect((await client.get(path)).text)
    data = {
        "title_en": "Sports day",
        "body_en": "Bring water.",
        "audience": "school",
        "needs_confirming": "1",
    }
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
        "e221bc330000000049454e44ae426082"
    )
    made = await client.post(root, data=data, files={"files": ("map.png", png, "image/png")})
    assert made.status_code == 303, text_of(inspect(made.text))
    page = await client.get(made.headers["location"])
    assert "Send to 3 people" in text_of(inspect(page.text))
    assert "map.png" in page.text
    assert (await client.get(f"{made.headers['location']}/files/0")).content == png
    assert (await client.post(f"{made.headers['location']}/sending")).status_code == 303
    bad = await client.post(root, data={"audience": "grade"})
    assert bad.status_code == 422
    inspect(bad.text)


async def test_a_teacher_of_one_class_writes_to_it_in_their_own_language_first(client, db, bank):
    tenant, staff, _, _ = await school(bank)
    teacher, mine = await teacher_of(tenant, staff, "3A")
    await make.sign_in(client, teacher.person_id)
    path = f"/t/{tenant.slug}/school-notices/new"
    for language, first, then in (("zh-CN", "zh", "en"), ("en", "en", "zh")):
        page = (await client.get(path, headers={"Accept-Language": language})).text
        root = inspect(page)
        assert page.index(f'name="title_{first}"') < page.index(f'name="title_{then}"')
        ticked = [one.get("value") for one in root.iter("input") if one.get("checked") is not None]
        assert str(mine.id) in ticked


async def test_the_schools_terms_are_kept_with_the_rest(client, db, bank):
    tenant, staff, _, _ = await school(bank)
    await make.sign_in(client, staff.person_id)
    url = f"/t/{tenant.slug}/classes/settings"
    inspect((await client.get(url)).text)
    data = {"meal_notice_days": "3", "meal_least_days": "2"}
    assert (await client.post(url, data=data)).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        terms = await terms_of(tenant.id, SchoolTerms)
        assert (terms.meal_notice_days, terms.meal_least_days, terms.teachers_see_payment) == (3, 2, False)
        await execute("select 1")
