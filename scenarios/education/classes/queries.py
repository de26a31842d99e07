"""Reading classes: whose they are, who is in them, and what is open there.

A class teacher sees the classes in which the school has put them down as a teacher under the very e-mail address by
which it has invited them to its staff; both are the school's own acts.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from billing.lists import Listing
from scenarios.education.kinds import GRADES
from scenarios.education.models import SchoolClass
from tenants.actor import Actor
from tenants.scope import rows
from ui.errors import NotFound
from ui.i18n import gettext, t

IS_IN = "(e.closed_on is null and lasts(e.ends_on, day_of(e.tenant_id)))"
_TAUGHT = f"""exists (
  select 1 from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id
    join tenants_membership m on m.tenant_id = $1 and lower(m.email) = lower(u.email) and m.ended_at is null
   where e.tenant_id = $1 and e.class_id = c.id and e.role = 'teacher' and {IS_IN} and u.email <> ''
     and m.person_id = {{person}})"""
_UNTAUGHT = f"""not exists (
  select 1 from education_enrolment e
   where e.tenant_id = $1 and e.class_id = c.id and e.role = 'teacher' and {IS_IN})"""
CURRENCY = "(select currency from tenants_tenant where id = $1) currency"


def teaches(person: str) -> str:
    """Return the condition that a person (SQL) is put down as a teacher of class ``c``."""
    return _TAUGHT.format(person=person)


_OPEN = """
select sum(b.total_minor - b.paid_minor - b.adjusted_minor)::bigint left_minor,
       (sum(b.total_minor - b.paid_minor - b.adjusted_minor)
          filter (where b.due_on < (select day_of($1))))::bigint overdue_minor,
       sum(b.total_minor - b.adjusted_minor)::bigint billed_minor, sum(b.paid_minor)::bigint paid_minor,
       count(*) filter (where b.status in ('issued', 'part_paid')) open_bills, count(*) bills
  from billing_bill b
 where b.tenant_id = $1 and b.account_id = {account} and b.status in ('issued', 'part_paid', 'paid', 'written_off')
   and b.held_until is null
"""
"""What a pupil owes. A place that is held while it is paid for is nothing owed."""
CLASSES = Listing(
    name="classes",
    filters=("grade", "state", "teacher"),
    sorts={"title": "sort_key", "pupils": "pupils", "owing": "owing", "overdue_minor": "overdue_minor"},
    default_sort="title",
    sql=f"""
select c.id, c.title, c.kind, c.grades, c.sort_key, c.closed_on, c.closed_on is null is_open,
       (select string_agg(distinct u.name, ', ') from education_enrolment e
          join education_user u on u.tenant_id = $1 and u.id = e.user_id
         where e.tenant_id = $1 and e.class_id = c.id and e.role = 'teacher' and {IS_IN}) teachers,
       s.pupils, s.owing, s.overdue_minor, {CURRENCY}
  from education_class c
 cross join lateral (
   select count(*) pupils, count(*) filter (where o.overdue_minor > 0) owing,
          coalesce(sum(o.overdue_minor), 0)::bigint overdue_minor
     from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id
     left join lateral ({_OPEN.format(account="u.account_id")}) o on true
    where e.tenant_id = $1 and e.class_id = c.id and e.role = 'student' and {IS_IN}) s
 where c.tenant_id = $1 and ($2 = '' or c.title ilike $2) and ($3 = '' or $3 = any (string_to_array(c.grades, ',')))
   and ($4 = 'all' or (c.closed_on is null) = ($4 = ''))
   and ($5 = '' or ({_UNTAUGHT}) = ($5 = 'none'))""",
)
UNTAUGHT = f"""
select count(*) from education_class c
 where c.tenant_id = $1 and c.closed_on is null and c.kind = 'homeroom' and {_UNTAUGHT}
"""
PUPILS = f"""
select a.id, a.number, a.name, a.attributes, a.is_active, coalesce(o.left_minor, 0) left_minor,
       coalesce(o.overdue_minor, 0) overdue_minor, coalesce(o.bills, 0) bills, {CURRENCY},
       (select string_agg(distinct h.name, ', ') from tenants_holder h where h.tenant_id = $1 and h.account_id = a.id
           and lasts(h.until, day_of(h.tenant_id))) holders
  from education_enrolment e
  join education_user u on u.tenant_id = $1 and u.id = e.user_id
  join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
  left join lateral ({_OPEN.format(account="a.id")}) o on true
 where e.tenant_id = $1 and e.class_id = $2 and e.role = 'student' and {IS_IN}
 order by a.sort_key, a.number
"""
TEACHERS = f"""
select e.id, u.name, u.email, e.is_primary,
       exists (select 1 from tenants_membership m where m.tenant_id = $1 and m.ended_at is null
                and u.email <> '' and lower(m.email) = lower(u.email)) is_staff
  from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id
 where e.tenant_id = $1 and e.class_id = $2 and e.role = 'teacher' and {IS_IN} order by e.is_primary desc, u.name
"""
STAFF = """
select distinct on (lower(email)) id, name, email from tenants_membership
 where tenant_id = $1 and ended_at is null and email <> '' order by lower(email), created_at
"""


def classes_for(actor: Actor) -> Listing:
    """Return the list of classes that the actor may see: all of them, or those they teach."""
    if actor.may("classes.read"):
        return CLASSES
    person = f"'{actor.person_id}'::uuid" if actor.person_id else "null"
    return replace(CLASSES, sql=f"{CLASSES.sql} and {_TAUGHT.format(person=person)}")


async def class_of(actor: Actor, class_id: UUID) -> SchoolClass:
    """Return a class that the actor may see; ``NotFound`` for any other."""
    found = await SchoolClass.get_or_none(tenant_id=actor.tenant_id, id=class_id)
    if found is not None and not actor.may("classes.read"):
        taught = await rows(
            "select c.id from education_class c where c.tenant_id = $1 and c.id = $2"
            f" and {_TAUGHT.format(person='$3')}",
            actor.tenant_id,
            class_id,
            actor.person_id,
        )
        found = found if taught else None
    if found is None:
        raise NotFound("class.not_found", t("There is no such class, or it is not yours to see."))
    return found


_GRADES_HERE = """
select distinct attributes ->> 'grade' grade from tenants_account
 where tenant_id = $1 and scenario = 'education' and kind = 'student' and is_active
"""


async def grade_choices(tenant_id: UUID) -> list[tuple[str, str]]:
    """Return the grades that have pupils, to choose from; all there are while a school has none."""
    here = {one["grade"] for one in await rows(_GRADES_HERE, tenant_id)} & GRADES.keys()
    return [(key, gettext(label)) for key, label in GRADES.items() if not here or key in here]


ARREARS_BY = {
    "class": ("a.place", "min(a.sort_key)", "null::uuid"),
    "grade": ("a.attributes ->> 'grade'", "min(a.sort_key)", "null::uuid"),
    "pupil": ("a.number || ' ' || a.name", "min(a.sort_key)", "(array_agg(a.id))[1]"),
}
"""Group, order and account of each way to look at what is owed."""
_ARREARS = f"""
select {{group}} label, {{account}} id, max(a.place) place, count(*) pupils,
       count(*) filter (where o.overdue_minor > 0) owing,
       coalesce(sum(o.billed_minor), 0)::bigint billed_minor, coalesce(sum(o.paid_minor), 0)::bigint paid_minor,
       coalesce(sum(o.left_minor), 0)::bigint left_minor,
       coalesce(sum(o.overdue_minor), 0)::bigint overdue_minor, {CURRENCY}
  from tenants_account a
  left join lateral ({_OPEN.format(account="a.id")}) o on true
 where a.tenant_id = $1 and a.scenario = 'education' and ($2 = '' or a.number || ' ' || a.name ilike $2)
   and ($3 = '' or a.place = $3) and (a.is_active or o.left_minor > 0)
 group by {{group}} {{having}}
 order by {{order}} limit 5000
"""


async def arrears(
    tenant_id: UUID, by: str, *, words: str = "", place: str = "", only_owing: bool = False
) -> list[Any]:
    """Return what was billed, paid and is open, by class, grade or pupil; minor units of the school's currency."""
    group, order, account = ARREARS_BY[by]
    having = "having coalesce(sum(o.overdue_minor), 0) > 0" if only_owing else ""
    sql = _ARREARS.format(group=group, order=order, account=account, having=having)
    return await rows(sql, tenant_id, words, place)
