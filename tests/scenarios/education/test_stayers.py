"""Pupils who do not go up with their class, who teaches afterwards, and what becomes of those who leave at the end."""

import re

import pytest

from billing.models import BillLine, FeeItem
from scenarios.education.classes import services as classes
from scenarios.education.models import (
    SchoolClass,
    SchoolEnrolment,
    SchoolUser,
    SchoolYearException,
)
from scenarios.education.year import exceptions, moving, rolling, teaching
from scenarios.education.year.proposing import Closing, beginners, propose
from tenants.ids import new_id
from tenants.models import Audit, Membership
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = make.today()


async def school(bank):
    tenant, staff = await world.school(bank)
    rows = [
        pupil(f"{title}-{n}", f"Child {title} {n}", grade=title[0], class_title=title)
        for title, count in (("1A", 3), ("2A", 3), ("3A", 2), ("6A", 2))
        for n in range(1, count + 1)
    ]
    await world.bring_in(tenant, staff, world.table(*rows))
    return tenant, staff


async def keep(tenant, staff, number, outcome, title=""):
    account = await world.account(tenant, number)
    async with open_scope(tenant_scope(tenant.id)):
        return await exceptions.keep(staff, account.id, outcome=outcome, title=title)


async def close(tenant, staff, *, teachers=None, habit="", **given):
    """Close the year as it is proposed, with the teachers by habit where none are named."""
    async with open_scope(tenant_scope(tenant.id)):
        steps, known = await propose(tenant.id), await teaching.teachers(tenant.id)
        begins = {step.class_id: step.title for step in beginners(steps)}
        facts = {
            "year": 2026,
            "last_on": TODAY,
            "begins": begins,
            "titles": {s.class_id: s.next_title for s in steps},
        }
        named = {
            **{f"class_{s.class_id}": known.proposed(s, s.next_title, habit) for s in steps},
            **{f"begins_{s.class_id}": known.proposed(s, s.title, habit) for s in beginners(steps)},
        }
        return await rolling.roll(
            staff, Closing(**{**facts, "teachers": teachers or named, **given}), now=TODAY
        )


async def classes_now(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        rooms = await SchoolClass.filter(tenant_id=tenant.id, closed_on=None)
        found = {}
        for room in rooms:
            users = await SchoolEnrolment.filter(class_id=room.id, closed_on=None, role="student")
            names = [(await SchoolUser.get(id=one.user_id)).number for one in users]
            found[room.title] = sorted(names)
        return found


async def test_single_pupils_stay_skip_change_class_or_leave_when_the_year_is_closed(db, bank):
    tenant, staff = await school(bank)
    await keep(tenant, staff, "2A-1", "repeat", "2A")
    await keep(tenant, staff, "1A-1", "repeat", " 1a ")
    await keep(tenant, staff, "1A-2", "skip", "3A")
    await keep(tenant, staff, "3A-1", "other", "4B")
    await keep(tenant, staff, "2A-2", "leave", "ignored")
    await keep(tenant, staff, "6A-1", "repeat", "6A")
    made = await close(tenant, staff)
    assert (made.promoted, made.stayed, made.graduated) == (5, 3, 2)
    assert await classes_now(tenant) == {
        "1A": ["1A-1"], "2A": ["1A-3", "2A-1"], "3A": ["1A-2", "2A-3"], "4A": ["3A-2"], "4B": ["3A-1"], "6A": ["6A-1"],
    }  # fmt: skip
    facts = {
        number: await world.account(tenant, number) for number in ("2A-1", "1A-1", "1A-2", "3A-1", "6A-1")
    }
    assert {n: (a.place, a.attributes["grade"], a.is_active) for n, a in facts.items()} == {
        "2A-1": ("2A", "2", True),
        "1A-1": ("1A", "1", True),
        "1A-2": ("3A", "3", True),
        "3A-1": ("4B", "4", True),
        "6A-1": ("6A", "6", True),
    }
    assert facts["2A-1"].sort_key.startswith("04 "), "stands with the new class"
    for gone in ("2A-2", "6A-2"):
        account = await world.account(tenant, gone)
        assert (account.is_active, account.closed_on) == (False, TODAY)
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolYearException.filter(tenant_id=tenant.id, roll_over_id=None).count() == 0
        done = await Audit.get(tenant_id=tenant.id, act="year.exception_done", subject_id=facts["2A-1"].id)
        assert done.after == {"outcome": "repeat", "class": "2A", "grade": "2"}


async def test_fees_by_grade_follow_whoever_repeats(db, bank):
    tenant, staff = await school(bank)
    await keep(tenant, staff, "2A-1", "repeat", "2A")
    await close(tenant, staff)
    await world.charge(tenant, staff, "books")
    async with open_scope(tenant_scope(tenant.id)):
        item = await FeeItem.get(tenant_id=tenant.id, key="books")
        amounts = {}
        for number in ("2A-1", "1A-3", "2A-3"):
            account = await world.account(tenant, number)
            line = await BillLine.get(tenant_id=tenant.id, account_id=account.id, fee_item_id=item.id)
            amounts[number] = (line.amount_minor, line.inputs.get("grade"))
    assert amounts["2A-1"] == amounts["1A-3"]
    assert amounts["2A-1"][1] == "2"
    assert amounts["2A-3"][1] == "3"


async def test_what_is_written_down_is_sound_and_can_be_changed_and_dropped(db, bank):
    tenant, staff = await school(bank)
    for outcome, title in (("fly", "2A"), ("repeat", "  "), ("", "")):
        with pytest.raises(Invalid):
            await keep(tenant, staff, "2A-1", outcome, title)
    await keep(tenant, staff, "2A-1", "repeat", "2A")
    await keep(tenant, staff, "2A-1", "skip", "4A")
    async with open_scope(tenant_scope(tenant.id)):
        (only,) = await exceptions.waiting(tenant.id)
        assert (only.outcome, only.title, only.next_grade) == ("skip", "4A", "4")
        await exceptions.drop(staff, only.account_id)
        assert await exceptions.waiting(tenant.id) == []
        with pytest.raises(NotFound):
            await exceptions.drop(staff, only.account_id)
    teacher = await make.staff(tenant, "class_teacher", name="Ann")
    with pytest.raises(Forbidden):
        await keep(tenant, teacher, "2A-1", "repeat", "2A")
    _, stranger = await world.school(bank)
    with pytest.raises(NotFound):
        await _as_stranger(tenant, stranger)


async def _as_stranger(tenant, stranger):
    account = await world.account(tenant, "2A-1")
    async with open_scope(stranger.scope()):
        await exceptions.keep(stranger, account.id, outcome="repeat", title="2A")


async def put_down(tenant, staff, title, name):
    member = await make.staff(tenant, "class_teacher", name=name)
    async with open_scope(tenant_scope(tenant.id)):
        await Membership.filter(person_id=member.person_id).update(email=f"{name.lower()}@school.example")
        room = await SchoolClass.get(tenant_id=tenant.id, title=title, closed_on=None)
        held = await Membership.get(tenant_id=tenant.id, person_id=member.person_id)
        await classes.add_teacher(staff, room.id, membership_id=held.id)
    return held.id


async def taught(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        found = {}
        for room in await SchoolClass.filter(tenant_id=tenant.id, closed_on=None):
            held = await SchoolEnrolment.filter(class_id=room.id, role="teacher", closed_on=None)
            found[room.title] = sorted([(await SchoolUser.get(id=one.user_id)).name for one in held])
        return found


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        ("along", {"1A": [], "2A": ["Ann"], "3A": ["Bob"], "4A": [], "6A": []}),
        ("stays", {"1A": ["Ann"], "2A": ["Bob"], "3A": [], "4A": [], "6A": ["Eva"]}),
        ("nobody", {"1A": [], "2A": [], "3A": [], "4A": [], "6A": []}),
    ],
)
async def test_teachers_go_along_or_stay_with_the_grade(db, bank, habit, expected):
    tenant, staff = await school(bank)
    for title, name in (("1A", "Ann"), ("2A", "Bob"), ("6A", "Eva")):
        await put_down(tenant, staff, title, name)
    await close(tenant, staff, habit=habit)
    assert await taught(tenant) == expected


async def test_somebody_else_can_be_put_down_and_new_pupils_join_the_class_that_begins(db, bank):
    tenant, staff = await school(bank)
    await put_down(tenant, staff, "1A", "Ann")
    bob = await put_down(tenant, staff, "2A", "Bob")
    async with open_scope(tenant_scope(tenant.id)):
        steps = {step.title: step for step in await propose(tenant.id)}
    first = steps["1A"].class_id
    await close(tenant, staff, teachers={f"class_{first}": str(bob), f"begins_{first}": "stays"})
    assert (await taught(tenant))["2A"] == ["Bob"]
    await world.bring_in(tenant, staff, world.table(pupil("N1", "New", grade="1", class_title="1A")))
    assert (await taught(tenant))["1A"] == ["Ann"]
    assert (await classes_now(tenant))["1A"] == ["N1"]
    wrong = await school(bank)
    with pytest.raises(Invalid):
        await close(*wrong, teachers={f"class_{s}": str(bob) for s in await _class_ids(wrong[0])})


async def _class_ids(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        return [step.class_id for step in await propose(tenant.id)]


async def test_a_class_of_last_year_stays_closed_when_new_pupils_come(db, bank):
    tenant, staff = await school(bank)
    await close(tenant, staff, begins={})
    assert "1A" not in await classes_now(tenant)
    await world.bring_in(tenant, staff, world.table(pupil("N1", "New", grade="1", class_title="1A")))
    assert (await classes_now(tenant))["1A"] == ["N1"]
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolClass.filter(tenant_id=tenant.id, title="1A").count() == 2


async def test_a_pupil_changes_class_within_the_year_and_back(db, bank):
    tenant, staff = await school(bank)
    account = await world.account(tenant, "2A-1")
    async with open_scope(tenant_scope(tenant.id)):
        rooms = {one.title: one.id for one in await SchoolClass.filter(tenant_id=tenant.id)}
        assert next(iter(await moving.rooms_for(account)))["title"] != "2A"
        with pytest.raises(Conflict):
            await moving.move(staff, account.id, class_id=rooms["2A"])
        with pytest.raises(Invalid):
            await moving.move(staff, account.id, class_id=new_id())
        await moving.move(staff, account.id, class_id=rooms["3A"])
    moved = await world.account(tenant, "2A-1")
    assert (moved.place, moved.attributes["grade"]) == ("3A", "3")
    now = await classes_now(tenant)
    assert "2A-1" in now["3A"]
    assert "2A-1" not in now["2A"]
    async with open_scope(tenant_scope(tenant.id)):
        told = await Audit.get(tenant_id=tenant.id, act="pupil.moved")
        assert (told.before["class"], told.after["class"]) == ("2A", "3A")
        await moving.move(staff, account.id, class_id=rooms["2A"])
    now = await classes_now(tenant)
    assert "2A-1" in now["2A"]
    assert "2A-1" not in now["3A"]


async def test_the_pages_say_who_stays_and_what_becomes_of_them(client, db, bank):
    tenant, _ = await school(bank)
    root = f"/t/{tenant.slug}"
    secretary = await make.staff(tenant, "secretary", name="Sec")
    await make.sign_in(client, secretary.person_id)
    account = await world.account(tenant, "2A-1")
    year, one = f"{root}/classes/year", f"{root}/classes/year/pupils/{account.id}"
    for path in (year, f"{year}?teachers=stays", f"{year}/exceptions", f"{year}/pupils?q=2A", one,
                 f"{root}/classes/pupils/{account.id}/moving", f"{root}/classes?teacher=none"):  # fmt: skip
        answer = await client.get(path)
        assert answer.status_code == 200, path
        inspect(answer.text)
    found = await client.get(f"{year}/pupils?q=2A-1")
    assert one in found.text
    refused = await client.post(one, data={"outcome": "repeat", "title": ""})
    assert refused.status_code == 422
    inspect(refused.text)
    assert (await client.post(one, data={"outcome": "repeat", "title": "2Z"})).status_code == 303
    listed = text_of(inspect((await client.get(f"{year}/exceptions")).text))
    assert "Repeats the grade" in listed
    assert "2A-1" in listed
    page = text_of(inspect((await client.get(f"{root}/accounts/{account.id}")).text))
    assert "When the school year is closed: Repeats the grade → 2Z" in page
    async with open_scope(tenant_scope(tenant.id)):
        data = {f"class_{step.class_id}": step.next_title for step in await propose(tenant.id)}
        first = next(step.class_id for step in await propose(tenant.id) if step.title == "1A")
    data |= {f"begins_{first}": "1Z", f"teacher_class_{first}": "", f"teacher_begins_{first}": "stays"}
    asked = await client.post(year, data={"year": "2026", "last_on": TODAY.isoformat()} | data)
    fields = dict(re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', asked.text))
    assert fields.items() >= data.items(), "everything typed is read once more"
    back = await client.post(year, data=fields | {"again": "1"})
    assert 'value="1Z"' in back.text
    inspect(back.text)
    said = text_of(inspect(asked.text))
    assert "Classes that are made for single pupils alone: 2Z" in said
    assert "<dt>Pupils who repeat the grade</dt><dd>1</dd>" in asked.text
    assert "Child 2A 1 · 2A" in said
    assert (await client.post(f"{one}/removal")).status_code == 303
    assert (await client.post(f"{one}/removal")).status_code == 404
    move = f"{root}/classes/pupils/{account.id}/moving"
    async with open_scope(tenant_scope(tenant.id)):
        room = await SchoolClass.get(tenant_id=tenant.id, title="3A")
        own = await SchoolClass.get(tenant_id=tenant.id, title="2A")
    for wrong in (new_id(), own.id):
        again = await client.post(move, data={"room": str(wrong)})
        assert again.status_code == 422
        inspect(again.text)
    assert (await client.post(move, data={"room": str(room.id)})).status_code == 303
