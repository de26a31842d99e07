"""Pupils, their classes and guardians from a school's own table; the pupil's number is the natural key."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from scenarios.education.families import rank_siblings
from scenarios.education.kinds import (
    BOARDING,
    CLASS_CHOICES,
    DEFAULTS,
    GRADES,
    MEALS,
    RELATIONS,
    SCENARIO_KEY,
    STUDENT_KINDS,
)
from scenarios.education.roster.checking import class_key
from tenants.actor import Actor
from tenants.imports import upsert
from tenants.jsons import dumps
from tenants.kinds import Applied, ImportSpec, Shaped
from tenants.models import Account
from tenants.scope import execute
from tenants.tabular import Field, choice, day, email, phone, text, yes_no
from ui.i18n import N_, Text, t

_CHINESE_GRADES = ("小班", "中班", "大班", "一年级", "二年级", "三年级", "四年级", "五年级", "六年级",
                   "七年级", "八年级", "九年级", "高一", "高二", "高三")  # fmt: skip
_GRADES = {
    key: (key, label, f"G{key}", f"Year {key}", f"P{key}", chinese)
    for (key, label), chinese in zip(GRADES.items(), _CHINESE_GRADES, strict=True)
}
_BOARDING = {
    "day": (BOARDING["day"], "day", "走读"),
    "boarder": (BOARDING["boarder"], "boarding", "住宿", "寄宿"),
}
_KINDS = {
    "resident": (STUDENT_KINDS["resident"], "local", "本区", "本地"),
    "other_district": (STUDENT_KINDS["other_district"], "other", "跨区", "外地"),
    "international": (STUDENT_KINDS["international"], "foreign", "国际"),
}
_CLASS_CHOICES = {
    "standard": (CLASS_CHOICES["standard"], "normal", "普通班"),
    "bilingual": (CLASS_CHOICES["bilingual"], "双语班"),
    "arts": (CLASS_CHOICES["arts"], "艺术班"),
    "science": (CLASS_CHOICES["science"], "科学班", "理科班"),
    "sports": (CLASS_CHOICES["sports"], "体育班"),
}
_MEALS = {
    "none": (MEALS["none"], "no", "无", "不用餐"),
    "lunch": (MEALS["lunch"], "yes", "午餐"),
    "all": (MEALS["all"], "full", "三餐"),
}
_RELATIONS = {
    "guardian": ("guardian", "监护人"),
    "parent": ("parent", "mother", "father", "父亲", "母亲", "家长"),
    "relative": ("relative", "grandparent", "亲属", "祖父母"),
    "student": ("student", "pupil", "本人"),
}
_OWN = ("grade", "boarding", "student_kind", "class_choice", "meals", "has_care", "is_staff_child")

FIELDS = (
    Field(
        "number",
        N_("Pupil number"),
        text(40),
        (
            "student number",
            "student id",
            "pupil id",
            "admission number",
            "admission no",
            "adm no",
            "学号",
            "学籍号",
        ),
        is_required=True,
    ),
    Field(
        "name",
        N_("Full name"),
        text(100),
        (
            "name",
            "student name",
            "pupil name",
            "full name of child",
            "child",
            "pupil",
            "student",
            "学生姓名",
            "姓名",
        ),
        is_required=True,
    ),
    Field("grade", N_("Grade"), choice(_GRADES), ("year", "level", "year group", "年级"), is_required=True),
    Field(
        "class_title",
        N_("Class"),
        text(60),
        ("class name", "form", "form class", "homeroom", "班级"),
        is_required=True,
    ),
    Field("born", N_("Date of birth"), day(), ("birth date", "born", "dob", "出生日期")),
    Field("boarding", N_("Boarding"), choice(_BOARDING), ("boarder", "住宿情况")),
    Field("student_kind", N_("Kind of pupil"), choice(_KINDS), ("学生类别",)),
    Field("class_choice", N_("Class chosen"), choice(_CLASS_CHOICES), ("class type", "stream", "班型")),
    Field("meals", N_("Meals"), choice(_MEALS), ("lunch", "用餐")),
    Field("has_care", N_("After-school care"), yes_no(), ("care", "after school", "课后服务")),
    Field("is_staff_child", N_("Child of a member of staff"), yes_no(), ("staff child", "教职工子女")),
    Field(
        "holder",
        N_("Guardian"),
        text(100),
        ("parent", "parent 1", "guardian 1", "guardian name", "first guardian", "家长", "监护人", "家长姓名"),
    ),
    Field("relation", N_("Relation"), choice(_RELATIONS), ("关系",)),
    Field("email", N_("E-mail"), email(), ("guardian e-mail", "parent 1 e-mail", "parent 1 mail", "邮箱")),
    Field(
        "phone",
        N_("Phone"),
        phone(),
        ("guardian phone", "parent 1 phone", "parent 1 hp", "mobile", "handphone", "手机", "家长电话"),
    ),
    Field(
        "holder2",
        N_("Second guardian"),
        text(100),
        ("second parent", "parent 2", "guardian 2", "第二监护人", "第二家长"),
    ),
    Field("relation2", N_("Relation of the second guardian"), choice(_RELATIONS), ("第二监护人关系",)),
    Field(
        "email2",
        N_("E-mail of the second guardian"),
        email(),
        ("parent 2 e-mail", "parent 2 mail", "第二监护人邮箱"),
    ),
    Field(
        "phone2",
        N_("Phone of the second guardian"),
        phone(),
        ("parent 2 phone", "parent 2 hp", "第二监护人手机"),
    ),
)
EXAMPLE = (
    {
        "number": "2026-0301", "name": "Tan Jia Yi", "grade": "3", "class_title": "3A", "born": "2017-05-14",
        "boarding": "day", "student_kind": "resident", "meals": "lunch", "has_care": "yes",
        "is_staff_child": "no", "holder": "Tan Mei Ling", "relation": "parent",
        "email": "meiling.tan@example.com", "phone": "+65 9123 4567", "holder2": "Tan Wei Ming",
        "relation2": "parent", "email2": "weiming.tan@example.com", "phone2": "+65 9123 4568",
    },
    {
        "number": "2026-0101", "name": "Tan Jia Hao", "grade": "1", "class_title": "1B", "born": "2019-09-02",
        "boarding": "day", "student_kind": "resident", "meals": "none", "has_care": "no",
        "is_staff_child": "no", "holder": "Tan Mei Ling", "relation": "parent",
        "email": "meiling.tan@example.com", "phone": "+65 9123 4567",
    },
)  # fmt: skip


def shape(values: dict[str, Any]) -> Shaped:
    """Return the pupil, their class and their guardians that one row stands for."""
    number, grade = tidy(values["number"] or ""), values["grade"] or ""
    title = values["class_title"] or ""
    key = class_key(title, grade)
    record: dict[str, Any] = {
        "number": number,
        "kind": "student",
        "name": values["name"],
        "place": title,
        "sort_key": f"{key} {number.lower()}"[:100],
        "attributes": {one: values[one] for one in _OWN if values[one] is not None},
        "defaults": DEFAULTS,
        "class_key": key,
        "grade": grade,
        "born": values["born"],
        "holder2": values["holder2"],
        "relation2": values["relation2"] or "parent",
        "email2": values["email2"],
        "phone2": values["phone2"],
    }
    if values["holder"]:
        given = {one: values[one] for one in ("holder", "email", "phone") if values[one] is not None}
        record |= given | {"relation": values["relation"] or "parent"}
    return Shaped(record, _problems(values))


def _problems(values: Mapping[str, Any]) -> list[tuple[str, Text]]:
    needed = t("is needed where the row says something about this guardian")
    found = []
    if not values["holder"] and any(values[key] for key in ("relation", "email", "phone")):
        found.append(("holder", needed))
    if not values["holder2"] and any(values[key] for key in ("relation2", "email2", "phone2")):
        found.append(("holder2", needed))
    if values["holder"] and (values["holder"], values["relation"]) == (
        values["holder2"],
        values["relation2"],
    ):
        found.append(("holder2", t("is the same as the first guardian")))
    return found


_EXTRA = "class_key text, grade text, born date, holder2 text, relation2 text, email2 text, phone2 text"
_MARK = """
update staged_account s set status = 'changed'
 where s.status = 'unchanged' and (
   (s.holder2 is not null and not exists (
     select 1 from tenants_holder h where h.tenant_id = $1 and h.account_id = s.account_id
        and h.relation = s.relation2 and h.name = s.holder2))
   or exists (select 1 from education_user u where u.tenant_id = $1 and u.account_id = s.account_id
               and s.born is not null and u.born_on is distinct from s.born))
"""
_CLASSES = """
insert into education_class as t (tenant_id, sourced_id, title, kind, grades, sort_key)
select $1, 'local:' || case when bool_or(past.id is not null) then day_of($1) || ':' else '' end || lower(s.place),
       min(s.place), 'homeroom', min(s.grade), min(s.class_key)
  from staged_account s
  left join education_class past on past.tenant_id = $1 and past.sourced_id = 'local:' || lower(s.place)
 where s.status <> 'unchanged' and s.place <> '' and not exists (
   select 1 from education_class c where c.tenant_id = $1 and c.closed_on is null and c.kind = 'homeroom'
      and lower(c.title) = lower(s.place))
 group by lower(s.place)
on conflict (tenant_id, sourced_id) do update set closed_on = null where t.closed_on is not null
"""
"""A class of last year stays closed with those who were in it: this year's of the same name is another one."""
_USERS = """
insert into education_user (tenant_id, sourced_id, name, number, grade, born_on, account_id)
select $1, 'local:' || s.account_id, left(s.name, 200), s.number, s.grade, s.born, s.account_id
  from staged_account s
 where s.status <> 'unchanged'
   and not exists (select 1 from education_user u where u.tenant_id = $1 and u.account_id = s.account_id)
on conflict (tenant_id, sourced_id) do nothing
"""
_CHANGE_USERS = """
update education_user u set name = left(s.name, 200), grade = s.grade, born_on = coalesce(s.born, u.born_on)
  from staged_account s
 where u.tenant_id = $1 and u.account_id = s.account_id and s.status <> 'unchanged'
   and (u.name, u.grade, u.born_on) is distinct from (left(s.name, 200), s.grade, coalesce(s.born, u.born_on))
"""
_LEAVE = """
update education_enrolment e set ends_on = day_of($1), closed_on = day_of($1)
  from staged_account s, education_user u, education_class c
 where e.tenant_id = $1 and e.closed_on is null and e.role = 'student' and s.status <> 'unchanged'
   and u.tenant_id = $1 and u.account_id = s.account_id and e.user_id = u.id
   and c.tenant_id = $1 and c.id = e.class_id and c.kind = 'homeroom' and lower(c.title) <> lower(s.place)
"""
_JOIN = """
insert into education_enrolment as e (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
select distinct on (u.id) $1, 'local:' || c.id || ':' || u.id, c.id, u.id, 'student', true, day_of($1)
  from staged_account s
  join education_user u on u.tenant_id = $1 and u.account_id = s.account_id
  join education_class c on c.tenant_id = $1 and c.kind = 'homeroom' and c.closed_on is null
   and lower(c.title) = lower(s.place)
 where s.status <> 'unchanged' and not exists (
   select 1 from education_enrolment x where x.tenant_id = $1 and x.class_id = c.id and x.user_id = u.id
      and x.role = 'student' and x.closed_on is null)
 order by u.id, c.id
on conflict (tenant_id, sourced_id) do update set closed_on = null, ends_on = null
"""
_SECOND = """
insert into tenants_holder as h (tenant_id, account_id, relation, name, email, phone)
select $1, account_id, relation2, holder2, coalesce(email2, ''), coalesce(phone2, '')
  from staged_account where holder2 is not null and status <> 'unchanged'
on conflict (tenant_id, account_id, relation, name) do update
   set email = coalesce(nullif(excluded.email, ''), h.email), phone = coalesce(nullif(excluded.phone, ''), h.phone)
 where h.until is null
"""
SCHOOL = (_CLASSES, _USERS, _CHANGE_USERS, _LEAVE, _JOIN)
"""Statements that give staged accounts (table ``staged_account``) their class and their place in it."""


compare = partial(upsert.compare_accounts, SCENARIO_KEY, extra=_EXTRA, mark=_MARK)


async def apply(actor: Actor, import_id: UUID) -> Applied:
    """Add and change pupils, classes and guardians; a second time changes nothing."""
    assert actor.tenant_id is not None  # noqa: S101 - an import belongs to a tenant
    then = (*SCHOOL, _SECOND)
    counted = await upsert.apply_accounts(SCENARIO_KEY, actor, import_id, extra=_EXTRA, mark=_MARK, then=then)
    await rank_siblings(actor.tenant_id)
    return counted


PUPILS = ImportSpec(
    kind="education_pupils",
    name=N_("Pupils, classes and guardians"),
    fields=FIELDS,
    natural_key=("number",),
    shape=shape,
    compare=compare,
    apply=apply,
    check=partial(upsert.check_accounts, SCENARIO_KEY, "number"),
    example=EXAMPLE,
)
_ONE = """
create temporary table staged_account (
  account_id uuid, number text, name text, place text, status text, class_key text, grade text, born date
) on commit drop
"""
_STAGED = """
insert into staged_account
select a.id, a.number, a.name, a.place, 'added', $3, coalesce(a.attributes ->> 'grade', ''), null
  from tenants_account a where a.tenant_id = $1 and a.id = $2
"""
_FILL = """
update tenants_account set attributes = attributes || $3::jsonb, sort_key = $4 where tenant_id = $1 and id = $2
"""


async def added(account: Account) -> None:
    """Give a pupil who was added by hand a class, and the facts that nobody has typed."""
    if account.kind != "student":
        return
    grade = str(account.attributes.get("grade") or "")
    key = class_key(account.place, grade)
    given = {name: value for name, value in account.attributes.items() if value not in (None, "")}
    sort_key = f"{key} {account.number.lower()}"[:100]
    await execute(_FILL, account.tenant_id, account.id, dumps(DEFAULTS | given), sort_key)
    await execute("drop table if exists staged_account")
    await execute(_ONE)
    await execute(_STAGED, account.tenant_id, account.id, key)
    for statement in SCHOOL:
        await execute(statement, account.tenant_id)
    await rank_siblings(account.tenant_id)


def tidy(number: str) -> str:
    """Return a pupil's number as imports write it."""
    return " ".join(number.split())


assert RELATIONS.keys() == _RELATIONS.keys()  # noqa: S101 - the table knows every relation
assert CLASS_CHOICES.keys() == _CLASS_CHOICES.keys()  # noqa: S101
assert MEALS.keys() == _MEALS.keys() and BOARDING.keys() == _BOARDING.keys()  # noqa: S101, PT018
