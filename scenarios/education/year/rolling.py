"""Going up a grade: every home class becomes the next one or leaves, in one transaction, once for each school year."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.education.families import rank_siblings
from scenarios.education.models import SchoolRollOver
from scenarios.education.roster.checking import class_key
from scenarios.education.year import exceptions, leavers, teaching
from scenarios.education.year.proposing import Closing, Step, beginners, propose
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.imports.upsert import alone
from tenants.scope import execute, row
from ui.errors import Conflict, Invalid
from ui.i18n import t

_STAGE = """
drop table if exists roll, roll_exception;
create temporary table roll (class_id uuid, title text, grade text, sort_key text) on commit drop;
create temporary table roll_exception (account_id uuid, outcome text, title text, grade text, sort_key text)
 on commit drop
"""
_FILL = "insert into roll select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])"
_EXCEPT = "insert into roll_exception select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])"
_PUPILS = """
drop table if exists roll_pupil;
create temporary table roll_pupil on commit drop as
select distinct on (u.id) u.id user_id, u.account_id, e.id enrolment_id, x.outcome,
       case when x.outcome is null then r.title else x.title end title,
       case when x.outcome is null then r.grade else x.grade end grade,
       case when x.outcome is null then r.sort_key else x.sort_key end sort_key
  from roll r
  join education_enrolment e on e.class_id = r.class_id and e.role = 'student' and e.closed_on is null
  join education_user u on u.id = e.user_id
  left join roll_exception x on x.account_id = u.account_id
 order by u.id, e.is_primary desc
"""
_NEW = """
insert into education_class (tenant_id, sourced_id, title, kind, grades, sort_key)
select $1, 'local:' || $2::int || ':' || lower(title), (array_agg(title order by kind, title))[1], 'homeroom',
       (array_agg(grade order by kind, grade))[1], (array_agg(sort_key order by kind, sort_key))[1]
  from (select title, grade, sort_key, 0 kind from roll
        union all select title, grade, sort_key, 1 from roll_pupil) made
 where title <> '' group by lower(title)
"""
"""A class has the name and the grade of those who go up together; single pupils only join it."""
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
   set place = c.title, attributes = a.attributes || jsonb_build_object('grade', p.grade), updated_at = now(),
       sort_key = left(c.sort_key || ' ' || lower(a.number), 100)
  from roll_pupil p join education_class c on c.tenant_id = $1
   and c.sourced_id = 'local:' || $2::int || ':' || lower(p.title)
 where a.tenant_id = $1 and a.id = p.account_id and p.title <> ''
"""
_LEAVE = """
update tenants_account a set is_active = false, closed_on = $2, updated_at = now()
  from roll_pupil p where a.tenant_id = $1 and a.id = p.account_id and p.title = '' and a.is_active
"""
_GONE = """
update education_user u set closed_on = $2 from roll_pupil p
 where u.tenant_id = $1 and u.id = p.user_id and p.title = ''
"""
_GONE_FROM_COURSES = """
update education_enrolment e set closed_on = $2, ends_on = $2 from roll_pupil p
 where e.tenant_id = $1 and e.user_id = p.user_id and p.title = '' and e.closed_on is null
"""


async def roll(actor: Actor, closing: Closing, *, now: date) -> SchoolRollOver:
    """Have every pupil go up with their class, but for those of whom something else is written down.

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
    steps = await check(actor, closing, now=now)
    known = await teaching.teachers(actor.tenant_id)
    exempt = await exceptions.waiting(actor.tenant_id)
    await _stage(steps, closing, exempt)
    await _write(actor.tenant_id, closing)
    await teaching.put_down(actor, closing, steps, known)
    await rank_siblings(actor.tenant_id)
    made = await _keep(actor, closing)
    await exceptions.done(actor, made, exempt)
    await leavers.settle(actor.tenant_id, closing.last_on)
    return made


async def _write(tenant_id: UUID, closing: Closing) -> None:
    year, last_on = closing.year, closing.last_on
    for sql, args in (
        (_NEW, (year,)), (_END, (last_on,)), (_CLOSE, (last_on,)), (_JOIN, (year, last_on)), (_GO_UP, ()),
        (_ACCOUNTS, (year,)), (_LEAVE, (last_on,)), (_GONE, (last_on,)), (_GONE_FROM_COURSES, (last_on,)),
    ):  # fmt: skip
        await execute(sql, tenant_id, *args)


async def check(actor: Actor, closing: Closing, *, now: date) -> list[Step]:
    """Return every home class as it is now, or raise what stands against closing the year as ``roll`` would."""
    actor.require("classes.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    if await SchoolRollOver.exists(tenant_id=actor.tenant_id, year=closing.year):
        raise Conflict("year.closed", t("The school year {year} has been closed already.", year=closing.year))
    steps = await propose(actor.tenant_id)
    _look(steps, closing, now)
    return steps


def _look(steps: list[Step], closing: Closing, now: date) -> None:
    wrong: dict[str, Any] = {}
    if closing.last_on > now:
        wrong["last_on"] = t("Choose today or an earlier day: who leaves gets no more bills from then on.")
    if {step.class_id for step in steps} != set(closing.titles):
        wrong[""] = t("The classes have changed meanwhile. Look at the page again.")
    if wrong:
        raise Invalid("year.wrong", t("Something is missing."), fields=wrong)


async def _stage(steps: list[Step], closing: Closing, exempt: list[exceptions.Exempt]) -> None:
    up = [(step.class_id, closing.titles, step, step.next_grade or step.grade) for step in steps]
    new = [(None, closing.begins, step, step.grade) for step in beginners(steps)]
    kept = [(key, _title(titles, step), grade) for key, titles, step, grade in (*up, *new)]
    await execute(_STAGE)
    await execute(
        _FILL,
        [key for key, _, _ in kept],
        [title for _, title, _ in kept],
        [grade for _, _, grade in kept],
        [class_key(title, grade) if title else "" for _, title, grade in kept],
    )
    await execute(
        _EXCEPT,
        [one.account_id for one in exempt],
        [one.outcome for one in exempt],
        [one.title for one in exempt],
        [one.next_grade for one in exempt],
        [class_key(one.title, one.next_grade) if one.title else "" for one in exempt],
    )
    await execute(_PUPILS)


def _title(titles: Mapping[UUID, str], step: Step) -> str:
    return " ".join(titles.get(step.class_id, "").split())[:60]


_COUNTS = """
select count(*) filter (where title <> '' and outcome is distinct from 'repeat')::int promoted,
       count(*) filter (where title <> '' and outcome = 'repeat')::int stayed,
       count(*) filter (where title = '')::int graduated from roll_pupil
"""


async def _keep(actor: Actor, closing: Closing) -> SchoolRollOver:
    counts = await row(_COUNTS)
    assert counts is not None  # noqa: S101 - an aggregate has one row
    made = await SchoolRollOver.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        year=closing.year,
        last_on=closing.last_on,
        by_name=actor.name[:100],
        **dict(counts),
    )
    await audit.record(
        actor,
        "year.closed",
        subject_kind="school_year",
        subject_id=made.id,
        subject_label=str(closing.year),
        after=dict(counts) | {"last_on": closing.last_on.isoformat()},
    )
    return made
