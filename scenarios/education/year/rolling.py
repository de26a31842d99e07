"""Going up a grade: every home class becomes the next one or leaves, in one transaction, once for each school year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.education.families import rank_siblings
from scenarios.education.kinds import GRADES
from scenarios.education.models import SchoolRollOver
from scenarios.education.roster.checking import class_key
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.imports.upsert import alone
from tenants.scope import execute, row, rows
from ui.errors import Conflict, Invalid
from ui.i18n import t

_ORDER = list(GRADES)
_CLASSES = """
select c.id, c.title, split_part(c.grades, ',', 1) grade,
       (select count(*) from education_enrolment e where e.tenant_id = $1 and e.class_id = c.id and e.role = 'student'
           and e.closed_on is null)::int pupils
  from education_class c where c.tenant_id = $1 and c.kind = 'homeroom' and c.closed_on is null
 order by c.sort_key, c.title
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One home class and what is proposed for it: the next grade under the same letter, or the end of school."""

    class_id: UUID
    title: str
    grade: str
    pupils: int
    next_grade: str
    next_title: str


async def propose(tenant_id: UUID) -> list[Step]:
    """Return every home class with its next one; the highest grade of the school leaves."""
    found = [dict(one) for one in await rows(_CLASSES, tenant_id)]
    places = [_place(one["grade"]) for one in found]
    highest = max(places, default=-1)
    return [_step(one, place, is_last=place == highest) for one, place in zip(found, places, strict=True)]


def _place(grade: str) -> int:
    plain = grade.strip().lstrip("0")
    return _ORDER.index(plain) if plain in _ORDER else -1


def _step(one: Mapping[str, Any], place: int, *, is_last: bool) -> Step:
    after = "" if is_last or not 0 <= place < len(_ORDER) - 1 else _ORDER[place + 1]
    grade = _ORDER[place] if place >= 0 else ""
    title = re.sub(rf"^0*{re.escape(grade)}(?!\d)", after, one["title"], count=1) if after and grade else ""
    return Step(one["id"], one["title"], grade, one["pupils"], after, title)


_STAGE = """
drop table if exists roll;
create temporary table roll (class_id uuid, title text, grade text, sort_key text) on commit drop
"""
_FILL = "insert into roll select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])"
_NEW = """
insert into education_class (tenant_id, sourced_id, title, kind, grades, sort_key)
select $1, 'local:' || $2::int || ':' || lower(title), min(title), 'homeroom', min(grade), min(sort_key)
  from roll where title <> '' group by lower(title)
"""
_PUPILS = """
drop table if exists roll_pupil;
create temporary table roll_pupil on commit drop as
select distinct on (u.id) u.id user_id, u.account_id, e.id enrolment_id, r.title, r.grade, r.sort_key
  from roll r
  join education_enrolment e on e.class_id = r.class_id and e.role = 'student' and e.closed_on is null
  join education_user u on u.id = e.user_id
 order by u.id, e.is_primary desc
"""
_END = """
update education_enrolment e set closed_on = $2, ends_on = $2 from roll r
 where e.tenant_id = $1 and e.class_id = r.class_id and e.closed_on is null
"""
_CLOSE = (
    "update education_class c set closed_on = $2 from roll r where c.tenant_id = $1 and c.id = r.class_id"
)
_JOIN = """
insert into education_enrolment (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
select $1, 'local:' || c.id || ':' || p.user_id, c.id, p.user_id, 'student', true, $3::date + 1
  from roll_pupil p join education_class c on c.tenant_id = $1
   and c.sourced_id = 'local:' || $2::int || ':' || lower(p.title)
 where p.title <> ''
"""
_GO_UP = """
update education_user u set grade = p.grade from roll_pupil p
 where u.tenant_id = $1 and u.id = p.user_id and p.title <> ''
"""
_ACCOUNTS = """
update tenants_account a
   set place = p.title, attributes = a.attributes || jsonb_build_object('grade', p.grade), updated_at = now(),
       sort_key = left(p.sort_key || ' ' || lower(a.number), 100)
  from roll_pupil p where a.tenant_id = $1 and a.id = p.account_id and p.title <> ''
"""
_LEAVE = """
update tenants_account a set is_active = false, closed_on = $2, updated_at = now()
  from roll_pupil p where a.tenant_id = $1 and a.id = p.account_id and p.title = '' and a.is_active
"""
_GONE = """
update education_user u set closed_on = $2 from roll_pupil p
 where u.tenant_id = $1 and u.id = p.user_id and p.title = ''
"""


async def roll(
    actor: Actor, *, year: int, last_on: date, titles: Mapping[UUID, str], now: date
) -> SchoolRollOver:
    """Have every pupil go up: ``titles`` says what each home class is called next, empty for those who leave.

    What was billed stays as it is; who has left gets no new bills, and owes what is open.

    Raises:
        Conflict: the year has been closed already.
        Invalid: a class is not named, or the last day is still to come.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("classes.write")
    actor.require_fresh()
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    await alone(actor.tenant_id)
    await _stage(await check(actor, year=year, last_on=last_on, titles=titles, now=now), titles)
    for sql, args in (
        (_NEW, (year,)), (_END, (last_on,)), (_CLOSE, (last_on,)), (_JOIN, (year, last_on)), (_GO_UP, ()),
        (_ACCOUNTS, ()), (_LEAVE, (last_on,)), (_GONE, (last_on,)),
    ):  # fmt: skip
        await execute(sql, actor.tenant_id, *args)
    await rank_siblings(actor.tenant_id)
    return await _keep(actor, year, last_on)


async def check(
    actor: Actor, *, year: int, last_on: date, titles: Mapping[UUID, str], now: date
) -> list[Step]:
    """Return every home class as it is now, or raise what stands against closing the year as ``roll`` would."""
    actor.require("classes.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    if await SchoolRollOver.exists(tenant_id=actor.tenant_id, year=year):
        raise Conflict("year.closed", t("The school year {year} has been closed already.", year=year))
    steps = await propose(actor.tenant_id)
    _look(steps, titles, last_on, now)
    return steps


def _look(steps: list[Step], titles: Mapping[UUID, str], last_on: date, now: date) -> None:
    wrong: dict[str, Any] = {}
    if last_on > now:
        wrong["last_on"] = t("Choose today or an earlier day: who leaves gets no more bills from then on.")
    if {step.class_id for step in steps} != set(titles):
        wrong[""] = t("The classes have changed meanwhile. Look at the page again.")
    if wrong:
        raise Invalid("year.wrong", t("Something is missing."), fields=wrong)


async def _stage(steps: list[Step], titles: Mapping[UUID, str]) -> None:
    kept = [(step, " ".join(titles[step.class_id].split())[:60]) for step in steps]
    await execute(_STAGE)
    await execute(
        _FILL,
        [step.class_id for step, _ in kept],
        [title for _, title in kept],
        [step.next_grade or step.grade for step, _ in kept],
        [class_key(title, step.next_grade or step.grade) if title else "" for step, title in kept],
    )
    await execute(_PUPILS)


async def _keep(actor: Actor, year: int, last_on: date) -> SchoolRollOver:
    counts = await row(
        "select count(*) filter (where title <> '')::int promoted, count(*) filter (where title = '')::int graduated"
        " from roll_pupil"
    )
    assert counts is not None  # noqa: S101 - an aggregate has one row
    made = await SchoolRollOver.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        year=year,
        last_on=last_on,
        by_name=actor.name[:100],
        **dict(counts),
    )
    await audit.record(
        actor,
        "year.closed",
        subject_kind="school_year",
        subject_id=made.id,
        subject_label=str(year),
        after={"promoted": made.promoted, "graduated": made.graduated, "last_on": last_on.isoformat()},
    )
    return made
