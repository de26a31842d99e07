"""Two schools: 1,200 pupils in 30 classes at one, a small second one, families with children at both."""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from billing.charges.periods import last_day
from billing.terms import save_terms
from deploy.seed import cast, people
from deploy.seed.cast import SEED, Employee, Habit, Institution, Resident
from deploy.seed.estate import bring_in as bring_in_table
from deploy.seed.months import Month, months
from deploy.seed.names import Names
from scenarios.education.classes import services as classes
from scenarios.education.days import attendance
from scenarios.education.fees.templates import TEMPLATES
from scenarios.education.importing import PUPILS
from scenarios.education.models import SchoolAttendance, SchoolClass, SchoolPartner
from scenarios.education.notices import services as notices
from scenarios.education.offers import office
from scenarios.education.offers.office import Asked, Option
from scenarios.education.partners import services as partners
from scenarios.education.terms import SchoolTerms
from scenarios.education.year import exceptions
from tenants import uscc
from tenants.actor import Actor
from tenants.days import bank_zone, today
from tenants.models import Account, Membership, Tenant
from tenants.scope import execute, open_scope, tenant_scope

HILLSIDE = Institution(
    "hillside",
    "Hillside Primary School",
    "Hillside Primary",
    uscc.make("12350100MA2XH1LT0"),
    "Yeo Swee Kiat",
    "Yeo Swee Kiat",
    "office@hillside.example",
    "+65 6555 0700",
    kind="public_institution",
    scenario="education",
)
RIVERSIDE = Institution(
    "riverside",
    "Riverside Secondary School",
    "Riverside Secondary",
    uscc.make("12350100MA2XR1WE0"),
    "Nadia Rahim",
    "Nadia Rahim",
    "office@riverside.example",
    "+65 6555 0800",
    kind="public_institution",
    scenario="education",
)
SCHOOLS = (HILLSIDE, RIVERSIDE)
EMPLOYEES = (
    Employee("op-yeo", "Yeo Swee Kiat", HILLSIDE, "administrator"),
    Employee("op-ng", "Ng Pei Shan", HILLSIDE, "finance"),
    Employee("op-rahim", "Aisyah binte Rahim", HILLSIDE, "secretary"),
    Employee("op-wati", "Wati binte Osman", HILLSIDE, "canteen"),
    Employee("op-lee", "Lee Xin Yi", HILLSIDE, "class_teacher"),
    Employee("op-nadia", "Nadia Rahim", RIVERSIDE, "administrator"),
    Employee("op-foo", "Foo Boon Keng", RIVERSIDE, "finance"),
)
CHEN = Resident(
    "p-chen",
    "陈美芬 Chen Mei Fen",
    "+6591230011",
    "has three children: two at Hillside Primary, one at Riverside Secondary",
    (),
)
FATHER = Resident(
    "p-chenfather", "Chen Zhi Hao", "+6591230012", "is the father of two children at Hillside Primary", ()
)
GRANDFATHER = Resident(
    "p-chengrandpa",
    "陈国荣 Chen Guo Rong",
    "+6591230013",
    "may pay for two grandchildren at Hillside Primary, up to a limit each",
    (),
)
PARENTS = (CHEN, FATHER, GRANDFATHER)
cast.join(EMPLOYEES, PARENTS)

GRADES = ("1", "2", "3", "4", "5", "6")
ROOMS = "ABCDE"
CLASS_COUNT, CLASS_SIZE = len(GRADES) * len(ROOMS), 40
SECOND = ("7A", "7B", "8A", "8B")
SECOND_SIZE = 30
_HEADER = (
    "Pupil number", "Name", "Grade", "Class", "Date of birth", "Boarding", "Meals", "After-school care",
    "Child of a member of staff", "Guardian", "Relation", "E-mail", "Phone", "Second guardian",
    "E-mail of the second guardian", "Phone of the second guardian",
)  # fmt: skip
CHILDREN = {
    ("hillside", "3A", 7): "Chen Jia Yi",
    ("hillside", "1B", 3): "Chen Jun Hao",
    ("riverside", "8A", 5): "Chen Li Ting",
}
"""Whose mother signs in: school, class and place in it."""
BOTH_PARENTS = "hillside"


def number_of(one: Institution, title: str, place: int) -> str:
    """Return the number of the pupil at a place in a class: when they came, and where they sit."""
    year = today(bank_zone("SG")).year - int(title[0])
    return f"{one.slug[0].upper()}{year}-{title}{place:02d}"


HABITS: dict[str, Habit] = {number_of(RIVERSIDE, "8A", 5): "part"}
"""So that a mother owes at both schools, and can pay them together."""


def pupils(one: Institution) -> bytes:
    """Return a school's pupils as the table that its secretary would import."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADER)
    writer.writerows(_rows(one))
    return out.getvalue().encode()


def _rows(one: Institution) -> Iterator[Sequence[str]]:
    dice = random.Random(f"{SEED} {one.slug}")  # noqa: S311 - a play
    names = Names(SEED + len(one.slug))
    families: list[tuple[str, str, str]] = []
    first = [(f"{grade}{room}", grade) for grade in GRADES for room in ROOMS]
    rooms = first if one is HILLSIDE else [(title, title[0]) for title in SECOND]
    size = CLASS_SIZE if one is HILLSIDE else SECOND_SIZE
    for title, grade in rooms:
        for place in range(1, size + 1):
            known = CHILDREN.get((one.slug, title, place))
            yield _child(one, (title, grade, place), names, dice, families, known)


_BOARDS, _LUNCHES, _STAYS, _IS_STAFF, _IS_SIBLING = 0.2, 0.7, 0.35, 0.02, 0.22
"""Shares of pupils: who board at the second school, have lunch, stay for care, are staff's, have a sibling here."""


def _child(  # noqa: PLR0917 - a child and its surroundings
    one: Institution,
    seat: tuple[str, str, int],
    names: Names,
    dice: random.Random,
    families: list[Any],
    known: str | None,
) -> Sequence[str]:
    title, grade, place = seat
    year = today(bank_zone("SG")).year
    number = number_of(one, title, place)
    born = date(year - 6 - int(grade), dice.randint(1, 12), dice.randint(1, 28)).isoformat()
    facts = [
        born, "boarding" if one is RIVERSIDE and dice.random() < _BOARDS else "day",
        "lunch" if dice.random() < _LUNCHES else "none", "yes" if dice.random() < _STAYS else "no",
        "yes" if dice.random() < _IS_STAFF else "no",
    ]  # fmt: skip
    if known:
        father = ("Chen Zhi Hao", FATHER.email, FATHER.phone) if one.slug == BOTH_PARENTS else ("", "", "")
        return [number, known, grade, title, *facts, CHEN.name, "parent", CHEN.email, CHEN.phone, *father]
    if families and dice.random() < _IS_SIBLING:
        guardian, mail, phone = dice.choice(families[-400:])
    else:
        guardian, digits = names.one(), names.number(80_000_000, 98_999_999)
        mail, phone = f"parent{digits}@mail.example", f"+65{digits}"
        families.append((guardian, mail, phone))
    return [
        number,
        _child_name(guardian, names),
        grade,
        title,
        *facts,
        guardian,
        "parent",
        mail,
        phone,
        "",
        "",
        "",
    ]


def _child_name(guardian: str, names: Names) -> str:
    """Return a name for a child: its parent's family name, where that can be told, before another's given name."""
    drawn = names.one()
    family, _, _ = guardian.partition(" ")
    _, _, given = drawn.partition(" ")
    return f"{family} {given}" if given and family.isascii() and "bin" not in drawn else drawn


async def bring_in(actor: Actor, one: Institution) -> int:
    """Import a school's pupils as its secretary would."""
    return await bring_in_table(actor, f"{one.slug}-pupils.csv", pupils(one), PUPILS.kind)


_CONFIRM = """
update tenants_holder set person_id = $3, confirmed_at = $4
 where tenant_id = $1 and (email = $2) is true and person_id is null
"""


async def confirm(issuer: str, tenants: Sequence[Tenant]) -> None:
    """Let the parents who have typed the code on a bill see their children."""
    since = datetime.now(UTC) - timedelta(days=90)
    for parent in PARENTS:
        person_id = await people.resident(parent, issuer)
        for tenant in tenants:
            async with open_scope(tenant_scope(tenant.id)):
                await execute(_CONFIRM, tenant.id, parent.email, person_id, since)


_MORNING = time(1, 0)


async def settle_in(tenant: Tenant, chief: Actor, secretary: Actor, month: Month) -> None:
    """Let teachers see who has paid, and take last month's days attended."""
    async with open_scope(tenant_scope(tenant.id)):
        await save_terms(chief, SchoolTerms(teachers_see_payment=True))
        if not await SchoolAttendance.filter(tenant_id=tenant.id).exists():
            await attendance.take(secretary, month.first, [])


async def agree(one: Actor, other: Actor, code: str) -> None:
    """Have two schools count each other's brothers and sisters."""
    async with open_scope(one.scope()):
        if await SchoolPartner.filter(tenant_id=one.tenant_id).exists():
            return
        await partners.ask(one, code)
    async with open_scope(other.scope()):
        waiting = await SchoolPartner.get(tenant_id=other.tenant_id)
        await partners.answer(other, waiting.id, "agree")


TRIP = {
    "titles": {"en": "A day at the zoo", "zh_CN": "动物园一日游"},
    "texts": {
        "en": "By bus from school at 8:30, back at 15:00. Bring water, a hat and lunch.",
        "zh_CN": "8:30 从学校乘车出发，15:00 返回。请带水、帽子和午餐。",
    },
    "consent": {
        "en": "My child may go to the zoo with the class and travel by bus. The teachers may call a doctor if needed.",
        "zh_CN": "同意孩子随班乘车前往动物园；必要时教师可联系医生。",
    },
    "grades": ("3",),
    "options": [Option({}, 1_800, 120)],
}
CLUB = {
    "kind": "club",
    "titles": {"en": "Chess club, Thursdays", "zh_CN": "周四棋社"},
    "texts": {"en": "For beginners and others.", "zh_CN": "欢迎初学者。"},
    "grades": ("1", "2", "3"),
    "options": [Option({}, 0, 12)],
}
UNIFORM = {
    "kind": "shop",
    "titles": {"en": "School uniform", "zh_CN": "校服"},
    "texts": {"en": "Shirt and shorts. Collected at the office.", "zh_CN": "上衣和短裤，在教务处领取。"},
    "options": [
        Option({"en": size, "zh_CN": size}, price, 80)
        for size, price in (("110 cm", 2_400), ("120 cm", 2_400), ("130 cm", 2_600), ("140 cm", 2_600))
    ],
    "most_each": 4,
}
NOTICE = {
    "en": "Parents' evening on Thursday at 19:00",
    "zh_CN": "周四晚七点家长会",
}
NOTICE_TEXT = {
    "en": "We talk about the term and the trip to the zoo. Tell us, please, whether you come.",
    "zh_CN": "我们将介绍本学期安排和动物园之行。请告知您是否参加。",
}
_THERE = "update education_enrolment set begins_on = $2 where tenant_id = $1 and begins_on is not null"
_TEACHERS = """
with taught as (
  insert into education_user (tenant_id, sourced_id, name)
  select $1, 'local:teacher-' || c.title, n.name
    from unnest($2::text[], $3::text[]) n (title, name)
    join education_class c on c.tenant_id = $1 and c.title = n.title and c.closed_on is null
  on conflict (tenant_id, sourced_id) do nothing returning id, sourced_id
)
insert into education_enrolment (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
select $1, 'local:teacher:' || c.id || ':' || t.id, c.id, t.id, 'teacher', true, $4::date
  from taught t join education_class c on c.tenant_id = $1 and t.sourced_id = 'local:teacher-' || c.title
"""
UNTAUGHT = "5E"
"""A class that has no teacher yet."""
QUESTION = {
    "key": "q0",
    "labels": {"en": "Do you come?", "zh_CN": "您参加吗？"},
    "choices": ["Yes 参加", "No 不参加"],
}


async def tell(tenant: Tenant, office_staff: Actor) -> None:
    """Have the secretary put the class teacher to 3A, offer what there is, and write to the class's families."""
    teacher = next(one for one in EMPLOYEES if one.role == "class_teacher")
    now = today(tenant.timezone)
    async with open_scope(tenant_scope(tenant.id)):
        await execute(_THERE, tenant.id, since(tenant.timezone))
        room = await SchoolClass.get(tenant_id=tenant.id, title="3A")
        member = await Membership.filter(tenant_id=tenant.id, name=teacher.name).get()
        await classes.add_teacher(office_staff, room.id, membership_id=member.id)
        await _put_down_teachers(tenant, {"3A", UNTAUGHT})
        child = await Account.get(tenant_id=tenant.id, name=CHILDREN["hillside", "3A", 7])
        await exceptions.keep(office_staff, child.id, outcome="other", title="4B")
        for given in (TRIP, CLUB, UNIFORM):
            plain: dict[str, Any] = {"kind": "trip", "consent": {}, "grades": ()}
            days = {"opens_on": now, "closes_on": now + timedelta(days=21)}
            if given is TRIP:
                days["happens_on"] = now + timedelta(days=28)
            asked = Asked(**{**plain, **given, **days})
            offer = await office.add(office_staff, asked)
            await office.turn(office_staff, offer.id, "open")
        written = await notices.write(
            office_staff,
            notices.Asked(NOTICE, NOTICE_TEXT, "class", [str(room.id)], questions=[QUESTION]),
        )
        await notices.send(office_staff, written.id)


async def _put_down_teachers(tenant: Tenant, but: set[str]) -> None:
    """Give every other class its teacher, as the school's own list says; they have no sign-in yet."""
    rooms = [f"{grade}{room}" for grade in GRADES for room in ROOMS if f"{grade}{room}" not in but]
    names = Names(SEED + CLASS_COUNT)
    teachers = [names.one() for _ in rooms]
    await execute(_TEACHERS, tenant.id, rooms, teachers, since(tenant.timezone))


def terms(zone: str) -> list[tuple[Month, tuple[str, ...]]]:
    """Return the months that are billed, each with the fees of it: the term's first, then the running one.

    The running one is due on its last day, so that what is voluntary in it can still be declined.
    """
    *_, first, latest = months(zone)
    latest = replace(latest, due_day=last_day(latest.first))
    return [(first, ("tuition", "boarding", "books", "magazine", "care")), (latest, ("care",))]


BY_DAY = "meals_by_day"
"""What some classes pay by the days they were there, once the month is over."""
AT_START = ("meals", "boarding")
"""Fees that the primary school has yet to look at: it has no boarders, and meals are paid by the day."""
BY_DAY_CLASSES = ("3A", "1B")


def in_force(one: Institution) -> tuple[str, ...]:
    """Return the fees that a school has put into force; its own page of first fees shows the rest."""
    if one is not HILLSIDE:
        return ()
    return tuple(fee.key for fee in TEMPLATES if fee.key not in AT_START)


def closed_month(month: Month) -> Month:
    """Return a month's second run, which charges by what happened in it: on the day after its end, for a month."""
    after = last_day(month.first) + timedelta(days=1)
    opened = datetime.combine(after, _MORNING, tzinfo=UTC)
    issued_at = min(opened, datetime.now(UTC) - timedelta(minutes=2))
    return replace(month, issued_at=issued_at, due_day=last_day(after))


def since(zone: str) -> date:
    """Return the month from which the fees are in force."""
    return months(zone)[0].first
