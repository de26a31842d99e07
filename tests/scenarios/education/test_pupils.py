"""A school's own table of pupils; classes, brothers and sisters, fees, runs by class, what is owed and who sees it."""

import re
from datetime import timedelta

import pytest

from billing.answers.jobs import lapse_voluntary
from billing.charges import fees, runs
from billing.models import Answer, Bill, BillLine, BillRun, FeeItem, SettlementAccount
from billing.payments.settlement import provision_settlement
from billing.rules import Facts, Outcome, dump, evaluate, parse
from billing.rules import builders as b
from billing.terms import save_terms
from scenarios.education.classes import queries, services
from scenarios.education.classes.pages import paid_state
from scenarios.education.fees.templates import TEMPLATES
from scenarios.education.importing import PUPILS
from scenarios.education.kinds import DEFAULTS
from scenarios.education.models import SchoolClass, SchoolEnrolment
from scenarios.education.terms import SchoolTerms
from tenants.actor import system_actor
from tenants.models import Holder, Membership, Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope
from tenants.tabular.columns import match_columns
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, NotFound

FAMILY = {"guardian": "Tan Mei", "email": "mei@mail.example"}


async def test_the_same_table_twice_changes_nothing_and_a_move_keeps_the_old_class(db, bank):
    tenant, staff = await world.school(bank)
    content = world.table(
        pupil("A1", "Tan Ah", **FAMILY), pupil("A2", "Tan Bee", class_title="1B", grade="1", **FAMILY)
    )
    first = await world.bring_in(tenant, staff, content)
    assert (first["added"], first["refused"]) == (2, 0)
    again = await world.bring_in(tenant, staff, content)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Tan Ah", class_title="3B", **FAMILY)))
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolClass.filter(tenant_id=tenant.id).count() == 3
        kept = await SchoolEnrolment.filter(tenant_id=tenant.id)
    assert sorted(one.closed_on is not None for one in kept) == [False, False, True]
    assert (await world.account(tenant, "A1")).place == "3B"


async def test_wrong_rows_are_named_and_the_others_come_in(db, bank):
    tenant, staff = await world.school(bank)
    rows_ = (
        pupil("A1", "Tan Ah"),
        pupil("A2", "Tan Bee", grade="13"),
        pupil("A3", "Tan Cai", guardian="", email="x@mail.example"),
        pupil("A1", "Twin"),
    )
    counts = await world.bring_in(tenant, staff, world.table(*rows_))
    assert (counts["added"], counts["refused"]) == (1, 3)


async def test_brothers_and_sisters_stand_in_order_of_age_and_a_school_address_makes_none(db, bank):
    tenant, staff = await world.school(bank)
    alone = [pupil(f"B{n}", f"Child {n}", guardian=f"P{n}", email="office@school.example") for n in range(12)]
    family = (
        pupil("A1", "Youngest", grade="1", class_title="1A", **FAMILY),
        pupil("A2", "Eldest", grade="6", class_title="6A", **FAMILY),
        pupil("A3", "Middle", grade="3", guardian="Tan Wei", email="MEI@mail.example"),
    )
    await world.bring_in(tenant, staff, world.table(*family, *alone))
    ranks = {n: (await world.account(tenant, n)).attributes["sibling_rank"] for n in ("A1", "A2", "A3", "B3")}
    assert ranks == {"A2": 1, "A3": 2, "A1": 3, "B3": 1}


async def test_a_pupil_added_by_hand_has_a_class_and_every_fact_a_rule_asks_for(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    data = {"number": "C1", "name": "Lee Min", "place": "2C", "attribute_grade": "2"}
    answer = await client.post(f"/t/{tenant.slug}/accounts?kind=education.student", data=data)
    assert answer.status_code == 303, text_of(inspect(answer.text))
    made = await world.account(tenant, "C1")
    assert {**DEFAULTS, "grade": "2"}.items() <= made.attributes.items()
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolClass.filter(tenant_id=tenant.id, title="2C").count() == 1


def owed(key: str, **facts: object) -> int | None:
    template = next(one for one in TEMPLATES if one.key == key)
    outcome = evaluate(parse(template.document("SGD")), Facts(DEFAULTS | facts))
    return outcome.amount_minor if isinstance(outcome, Outcome) else None


def test_a_schools_own_headings_are_known():
    theirs = (
        "Adm. No", "Full name of child", "Level", "Form class", "DOB", "Lunch?", "Care",
        "Parent 1", "Parent 1 mail", "Parent 1 HP", "Parent 2",
    )  # fmt: skip
    found = match_columns(theirs, PUPILS.fields)
    assert (found.missing, found.unknown) == ([], [])
    assert [theirs[found.places[key]] for key in ("holder", "holder2")] == ["Parent 1", "Parent 2"]


def test_discounts_are_conditions_of_one_rule():
    assert owed("tuition", grade="3") == 60_000
    assert owed("tuition", grade="3", sibling_rank=2) == 54_000
    assert owed("tuition", grade="3", sibling_rank=4) == 48_000
    assert owed("tuition", grade="3", sibling_rank=2, is_staff_child=True) == 37_800
    assert owed("boarding", grade="3") is None
    assert owed("boarding", grade="3", boarding="boarder") == 45_000
    assert owed("meals", grade="3", meals="lunch") == 6_600


async def test_a_fee_goes_by_the_class_that_a_family_has_chosen(db, bank):
    rule = parse(dump(b.charge("SGD", b.table("class_choice", {"standard": "100", "bilingual": "160"}))))
    tenant, staff = await world.school(bank)
    rows_ = [(*pupil("A1", "Ah"), "双语班"), (*pupil("A2", "Bee"), "")]
    await world.bring_in(tenant, staff, world.table(*rows_, header=(*world.HEADER, "班型")))
    found = [evaluate(rule, Facts((await world.account(tenant, one)).attributes)) for one in ("A1", "A2")]
    assert [one.amount_minor for one in found] == [16_000, 10_000]


async def billed(tenant: Tenant) -> dict[str, int]:
    async with open_scope(tenant_scope(tenant.id)):
        bills = await Bill.filter(tenant_id=tenant.id).exclude(status="void")
        return {bill.account_number: bill.total_minor - bill.adjusted_minor for bill in bills}


async def test_a_run_for_one_class_bills_that_class_and_the_next_one_the_rest(client, db, bank):
    tenant, staff = await world.school(bank)
    content = world.table(pupil("A1", "Ah"), pupil("A2", "Bee"), pupil("B1", "Cai", class_title="3B"))
    await world.bring_in(tenant, staff, content)
    run = await world.charge(tenant, staff, "tuition", places=("3A",))
    assert run.bill_count == 2
    assert await billed(tenant) == {"A1": 60_000, "A2": 60_000}
    again = await world.charge(tenant, staff, "tuition", places=("3A",))
    assert again.bill_count == 0, "running it again adds nothing"
    rest = await world.charge(tenant, staff, "tuition")
    assert rest.bill_count == 1
    assert set(await billed(tenant)) == {"A1", "A2", "B1"}
    await make.sign_in(client, staff.person_id)
    page = f"/t/{tenant.slug}/runs/{run.id}"
    shown = text_of(inspect((await client.get(page)).text))
    assert "By class" in shown, "a school's word for where an account belongs"
    assert "By place" not in shown
    client.cookies.set("lang", "zh_CN")
    assert "按班级" in text_of(inspect((await client.get(page)).text))


async def test_a_change_of_class_in_the_month_bills_nothing_twice(db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah")))
    await world.charge(tenant, staff, "tuition")
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah", class_title="3B")))
    assert (await world.charge(tenant, staff, "tuition", places=("3B",))).bill_count == 0


async def test_fees_of_different_accounts_are_billed_apart(db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah", meals="lunch")))
    async with open_scope(tenant_scope(tenant.id)):
        for n in ("1020000001", "1020000002"):
            await provision_settlement(
                staff, tenant, bank_code="HARBSGSG", account_name="School", account_number=n, currency="SGD"
            )
        await world.no_outside(tenant)
        canteen = await SettlementAccount.get(tenant_id=tenant.id, account_mask="•••• 0002")
        canteen.created_at += timedelta(
            seconds=1
        )  # the other came first, and is meant where a fee names none
        await canteen.save(update_fields=["created_at"])
        meals = await FeeItem.get(tenant_id=tenant.id, key="meals")
        await fees.set_destination(staff, meals.id, settlement_account_id=canteen.id)
    first = await world.charge(tenant, staff, "tuition", "meals")
    async with open_scope(tenant_scope(tenant.id)):
        later = await BillRun.filter(tenant_id=tenant.id).exclude(id=first.id).get()
        await runs.request_issue(staff, later.id)
    await run_due(tenant.id)
    assert (first.bill_count, later.bill_count) == (1, 1), "a run for each account, one after the other"
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update billing_bill_line set paid_minor = 1 where tenant_id = $1", tenant.id)
        other = await SettlementAccount.get(tenant_id=tenant.id, account_mask="•••• 0001")
        with pytest.raises(Conflict):
            await fees.set_destination(staff, meals.id, settlement_account_id=other.id)


async def test_what_is_voluntary_lapses_on_its_day_and_never_becomes_arrears(db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah", care="yes")))
    await world.charge(tenant, staff, "books", "magazine")
    async with open_scope(tenant_scope(tenant.id)):
        past = make.today() - timedelta(days=2)
        await execute("update billing_bill set due_on = $2 where tenant_id = $1", tenant.id, past)
        assert (await queries.arrears(tenant.id, "class"))[0]["overdue_minor"] == 6_000
    await lapse_voluntary(system_actor(tenant.id))
    await lapse_voluntary(system_actor(tenant.id))
    async with open_scope(tenant_scope(tenant.id)):
        assert (await queries.arrears(tenant.id, "class"))[0]["overdue_minor"] == 4_800
        answer = await Answer.get(tenant_id=tenant.id)
        assert (answer.kind, answer.status, answer.amount_minor) == ("decline", "lapsed", 1_200)
        line = await BillLine.get(tenant_id=tenant.id, id=answer.bill_line_id)
        assert (line.amount_minor, line.adjusted_minor) == (1_200, 1_200), "the line stays as it was issued"


async def test_what_is_owed_is_the_same_by_class_grade_and_pupil(client, db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(*(pupil(f"A{n}", f"Child {n}") for n in range(5))))
    await world.charge(tenant, staff, "tuition")
    async with open_scope(tenant_scope(tenant.id)):
        await execute(
            "update billing_bill set due_on = day_of(tenant_id) - 1 where tenant_id = $1", tenant.id
        )
        sums = {
            by: sum(one["overdue_minor"] for one in await queries.arrears(tenant.id, by))
            for by in queries.ARREARS_BY
        }
    assert set(sums.values()) == {300_000}
    await make.sign_in(client, staff.person_id)
    for by in queries.ARREARS_BY:
        page = await client.get(f"/t/{tenant.slug}/classes/arrears?by={by}")
        assert "3,000.00" in text_of(inspect(page.text))
    assert "A3" in (await client.get(f"/t/{tenant.slug}/classes/arrears?by=pupil&export=csv")).text


async def test_a_teacher_sees_their_class_and_of_money_only_paid_or_not(client, db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah"), pupil("B1", "Bee", class_title="3B")))
    await world.charge(tenant, staff, "tuition")
    teacher = await make.staff(tenant, "class_teacher", name="Ann Lee")
    async with open_scope(tenant_scope(tenant.id)):
        mine = await SchoolClass.get(tenant_id=tenant.id, title="3A")
        other = await SchoolClass.get(tenant_id=tenant.id, title="3B")
        known = [
            one for one in await rows(queries.STAFF, tenant.id) if one["email"] == "class_teacher@example.com"
        ]
        await services.add_teacher(staff, mine.id, membership_id=known[0]["id"])
    await make.sign_in(client, teacher.person_id)
    root = f"/t/{tenant.slug}"
    assert (await client.get(root)).headers["location"] == f"{root}/classes"
    listed = await client.get(f"{root}/classes")
    assert "3A" in listed.text
    assert "3B" not in listed.text
    page = await client.get(f"{root}/classes/{mine.id}")
    assert "Ah" in text_of(inspect(page.text))
    assert "600" not in page.text
    assert "Not paid" not in page.text
    assert (await client.get(f"{root}/classes/{other.id}")).status_code == 404
    for refused in ("classes/arrears", "accounts", "bills", "rosters", "school-fees"):
        assert (await client.get(f"{root}/{refused}")).status_code == 403, refused
    await make.sign_in(client, staff.person_id)
    assert (
        await client.post(f"{root}/classes/settings", data={"teachers_see_payment": "1"})
    ).status_code == 303
    await make.sign_in(client, teacher.person_id)
    page = await client.get(f"{root}/classes/{mine.id}")
    assert "Not yet due" in page.text or "Not paid" in page.text
    assert "600" not in page.text
    async with open_scope(tenant_scope(tenant.id)):
        teaching = await SchoolEnrolment.get(tenant_id=tenant.id, role="teacher")
        with pytest.raises(NotFound):
            await services.end_teacher(staff, other.id, teaching.id)
        await services.end_teacher(staff, mine.id, teaching.id)
    assert (await client.get(f"{root}/classes/{mine.id}")).status_code == 404


async def test_who_has_paid_is_for_the_classs_own_teacher_where_the_school_wishes_it(client, db, bank):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    rows_ = (pupil("A1", "Ah"), pupil("A2", "Chin"), pupil("B1", "Bee", class_title="3B"))
    await world.bring_in(tenant, staff, world.table(*rows_))
    await world.charge(tenant, staff, "tuition")
    async with open_scope(tenant_scope(tenant.id)):
        await execute(
            "update billing_bill set due_on = day_of(tenant_id) - 1 where tenant_id = $1", tenant.id
        )
        paid = await Bill.get(tenant_id=tenant.id, account_number="A1")
        rooms = {one.title: one.id for one in await SchoolClass.filter(tenant_id=tenant.id)}
    await world.pay_at_desk(tenant, paid.id)
    own, other = await teacher_of(tenant, staff, rooms["3A"]), await teacher_of(tenant, staff, rooms["3B"])
    finance, stranger = await make.staff(tenant, "finance"), (await world.school(bank))[1]
    seen = {}
    for wished in (False, True):
        async with open_scope(tenant_scope(tenant.id)):
            await save_terms(staff, SchoolTerms(teachers_see_payment=wished))
        for name, who in {"own": own, "other": other, "finance": finance, "stranger": stranger}.items():
            await make.sign_in(client, who.person_id)
            here = f"/t/{tenant.slug}/classes/{rooms['3A']}"
            page, file = await client.get(here), await client.get(f"{here}?export=csv")
            seen[name, wished] = (page.status_code, text_of(inspect(page.text)) + file.text)
    assert {seen["other", wished][0] for wished in (False, True)} == {404}
    assert {seen["stranger", wished][0] for wished in (False, True)} == {404}
    assert "600.00" in seen["finance", False][1]
    assert "Not paid" not in seen["own", False][1]
    words = seen["own", True][1]
    assert "Not paid" in words
    assert re.search(r"A1.*Paid", words)
    for secret in ("600", "Overdue", "To pay"):
        assert secret not in words, secret


async def teacher_of(tenant, staff, class_id):
    """Somebody whom the school has put down as teacher of this class, under an address of their own."""
    teacher = await make.staff(tenant, "class_teacher", name=f"Teacher {make.serial()}")
    async with open_scope(tenant_scope(tenant.id)):
        member = await Membership.get(tenant_id=tenant.id, person_id=teacher.person_id)
        await Membership.filter(id=member.id).update(email=f"teacher{make.serial()}@example.com")
        await services.add_teacher(staff, class_id, membership_id=member.id)
    return teacher


def test_the_state_that_a_teacher_sees():
    assert paid_state({"bills": 0, "left_minor": 0, "overdue_minor": 0}) == "none"
    assert paid_state({"bills": 1, "left_minor": 0, "overdue_minor": 0}) == "paid"
    assert paid_state({"bills": 1, "left_minor": 5, "overdue_minor": 0}) == "open"
    assert paid_state({"bills": 1, "left_minor": 5, "overdue_minor": 5}) == "late"


async def test_approvals_are_written_down_with_authority_and_number(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/school-fees"
    page = await client.get(root)
    inspect(page.text)
    assert "Set by the government" in page.text
    async with open_scope(tenant_scope(tenant.id)):
        item = await FeeItem.get(tenant_id=tenant.id, key="tuition")
    inspect((await client.get(f"{root}/{item.id}")).text)
    data = {"group": "tuition", "basis": "approved", "authority": "Price bureau", "number": ""}
    refused = await client.post(f"{root}/{item.id}", data=data)
    assert refused.status_code == 422
    assert "Enter the number" in refused.text
    assert (await client.post(f"{root}/{item.id}", data=data | {"number": "2026-17"})).status_code == 303
    assert "2026-17" in (await client.get(root)).text
    reader = await make.staff(tenant, "reader")
    await make.sign_in(client, reader.person_id)
    listed = await client.get(root)
    assert f"{root}/{item.id}" not in listed.text, "who may not write it down is led to the rule"
    assert (await client.get(f"/t/{tenant.slug}/fees/{item.id}")).status_code == 200
    assert f"/t/{tenant.slug}/fees/{item.id}" in listed.text
    assert (await client.post(f"{root}/{item.id}", data=data)).status_code == 403


async def test_a_guardian_sees_exactly_their_children(client, db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Ah", **FAMILY), pupil("B1", "Bee")))
    await world.charge(tenant, staff, "tuition", "magazine")
    mother = await make.person("Tan Mei")
    async with open_scope(tenant_scope(tenant.id)):
        await execute(
            "update tenants_holder set person_id = $2, confirmed_at = now() where tenant_id = $1 and name = 'Tan Mei'",
            tenant.id,
            mother.id,
        )
        others = await Bill.get(tenant_id=tenant.id, account_number="B1")
        assert await Holder.filter(tenant_id=tenant.id).count() == 2
    await make.sign_in(client, mother.id)
    page = await client.get("/my")
    assert "A1" in page.text
    assert "B1" not in page.text
    assert (await client.get(f"/my/bills/{others.id}")).status_code == 404
    hers = text_of(inspect((await client.get("/my/school")).text))
    assert "Ah" in hers
    assert "Bee" not in hers
    assert "SGD 12.00 of it is voluntary." in hers, "what is voluntary looks voluntary"


async def test_a_chinese_secretary_reads_discounts_and_choices_in_chinese(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    client.headers["Accept-Language"] = "zh-CN"
    for path, said, unsaid in (
        ("fees/start", "第三个及以后的孩子", "Third child"),
        ("imports/new", "走读", "Goes home every day"),
    ):
        shown = text_of(inspect((await client.get(f"/t/{tenant.slug}/{path}")).text))
        assert said in shown
        assert unsaid not in shown
