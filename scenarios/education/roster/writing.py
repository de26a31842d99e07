"""Staged records into the school's tables, set by set: new added, what differs changed, the rest left, none deleted.

``$1`` is the tenant and ``$2`` today. What a bulk file no longer has is over from today on, except what the school has
entered by itself and rows of the file that were refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.education.families import rank_siblings
from scenarios.education.kinds import DEFAULTS, SCENARIO_KEY
from scenarios.education.roster import pupils
from tenants.imports.upsert import alone, by_sets
from tenants.jsons import dumps
from tenants.scope import execute, row

Counts = dict[str, dict[str, int]]
_COLUMNS = {
    "orgs": "name text, kind text, identifier text, parent text",
    "academicSessions": "title text, kind text, starts_on date, ends_on date, parent text, school_year smallint",
    "courses": "title text, code text, grades text",
    "classes": "title text, grades text, course text, code text, kind text, location text, org text,"
    " sessions jsonb, sort_key text",
    "users": "is_enabled boolean, username text, given_name text, family_name text, middle_name text, number text,"
    " email text, phone text, sms text, agents jsonb, grade text, preferred_name text",
    "roles": '"user" text, kind text, role text, begins_on date, ends_on date, org text',
    "demographics": "born_on date",
    "enrollments": 'class text, "user" text, role text, is_primary boolean, begins_on date, ends_on date',
}


@dataclass(frozen=True, slots=True)
class _Table:
    """How a file's records become rows: the table, each column's expression over ``s``, and joins."""

    table: str
    values: Mapping[str, str]
    joins: str = ""


def _id_of(table: str, column: str, alias: str) -> str:
    return f' left join {table} {alias} on {alias}.tenant_id = $1 and {alias}.sourced_id = s."{column}"'


_NAME = """case when s.family_name ~ '[\\u4e00-\\u9fff]' then s.family_name || s.given_name
  else coalesce(nullif(s.preferred_name, ''), s.given_name) || ' ' || s.family_name end"""
_TABLES = {
    "orgs": _Table("education_org", {k: f"s.{k}" for k in ("name", "kind", "identifier")}),
    "academicSessions": _Table(
        "education_session",
        {k: f"s.{k}" for k in ("title", "kind", "starts_on", "ends_on")}
        | {"school_year": "coalesce(s.school_year, 0)"},
    ),
    "courses": _Table("education_course", {k: f"s.{k}" for k in ("title", "code", "grades")}),
    "classes": _Table(
        "education_class",
        {k: f"s.{k}" for k in ("title", "code", "kind", "grades", "location", "sort_key")}
        | {"course_id": "course.id", "org_id": "org.id"},
        _id_of("education_course", "course", "course") + _id_of("education_org", "org", "org"),
    ),
    "users": _Table(
        "education_user",
        {k: f"s.{k}" for k in ("username", "given_name", "middle_name", "family_name", "number", "grade")}
        | {
            "name": _NAME,
            "email": "lower(s.email)",
            "phone": "coalesce(nullif(s.phone, ''), s.sms)",
            "is_enabled": "coalesce(s.is_enabled, true)",
        },
    ),
    "roles": _Table(
        "education_role",
        {k: f"s.{k}" for k in ("role", "kind", "begins_on", "ends_on")}
        | {"user_id": "person.id", "org_id": "org.id"},
        _id_of("education_user", "user", "person") + _id_of("education_org", "org", "org"),
    ),
    "enrollments": _Table(
        "education_enrolment",
        {k: f"s.{k}" for k in ("role", "begins_on", "ends_on")}
        | {"is_primary": "coalesce(s.is_primary, false)", "class_id": "class.id", "user_id": "person.id"},
        _id_of("education_class", "class", "class") + _id_of("education_user", "user", "person"),
    ),
}
_PARENTS = """
update {table} t set parent_id = p.id from "roster_{file}" s
  left join {table} p on p.tenant_id = $1 and p.sourced_id = s.parent
 where t.tenant_id = $1 and t.sourced_id = s.sourced_id and t.parent_id is distinct from p.id and $2::date is not null
"""
_SESSIONS = """
insert into education_class_session (tenant_id, class_id, session_id)
select $1, c.id, x.id from "roster_classes" s
  join education_class c on c.tenant_id = $1 and c.sourced_id = s.sourced_id
 cross join lateral jsonb_array_elements_text(s.sessions) named (id)
  join education_session x on x.tenant_id = $1 and x.sourced_id = named.id
 where $2::date is not null
on conflict (tenant_id, class_id, session_id) do nothing
"""
_BORN = """
update education_user u set born_on = s.born_on from "roster_demographics" s
 where u.tenant_id = $1 and u.sourced_id = s.sourced_id and u.born_on is distinct from s.born_on
   and $2::date is not null
"""
_MISSING = """
with gone as (
  update {table} t set closed_on = $2
   where t.tenant_id = $1 and t.closed_on is null and t.sourced_id not like 'local:%'
     and not exists (select 1 from roster_seen s where s.file = '{file}' and s.sourced_id = t.sourced_id)
  returning 1)
select count(*)::int closed,
       (select count(*)::int from {table} where tenant_id = $1 and closed_on is null) stood from gone
"""
_STAGE = """
drop table if exists "roster_{file}";
create temporary table "roster_{file}" on commit drop as
select s.* from education_bundle_part p
 cross join lateral jsonb_to_recordset(p.records) s (sourced_id text, is_over boolean, {columns})
 where p.tenant_id = '{tenant}' and p.bundle_id = '{bundle}' and p.file = '{file}'
"""
_SEEN = """
drop table if exists roster_seen;
create temporary table roster_seen on commit drop as
select substr(p.file, 6) file, named.sourced_id
  from education_bundle_part p cross join lateral jsonb_array_elements_text(p.records) named (sourced_id)
 where p.tenant_id = '{tenant}' and p.bundle_id = '{bundle}' and p.file like 'seen:%'
"""


def _upsert(file: str, table: _Table) -> str:
    columns = list(table.values)
    ours = ", ".join(f"t.{column}" for column in columns)
    theirs = ", ".join(f"excluded.{column}" for column in columns)
    return f"""
with ending as (
  select t.sourced_id from {table.table} t join "roster_{file}" s on s.sourced_id = t.sourced_id and s.is_over
   where t.tenant_id = $1 and t.closed_on is null),
written as (
  insert into {table.table} as t (tenant_id, sourced_id, closed_on, {", ".join(columns)})
  select $1, s.sourced_id, case when s.is_over then $2::date end, {", ".join(table.values.values())}
    from "roster_{file}" s{table.joins}
  on conflict (tenant_id, sourced_id) do update
     set ({", ".join(columns)}, closed_on) = row({theirs},
         case when excluded.closed_on is not null then coalesce(t.closed_on, excluded.closed_on) end)
   where ({ours}, t.closed_on is null) is distinct from ({theirs}, excluded.closed_on is null)
  returning (xmax = 0) is_new, t.sourced_id)
select count(*) filter (where is_new)::int added,
       count(*) filter (where not is_new and e.sourced_id is null)::int changed, count(e.sourced_id)::int closed
  from written w left join ending e on e.sourced_id = w.sourced_id
"""


async def write(tenant_id: UUID, bundle_id: UUID, modes: Mapping[str, str], now: date) -> Counts:
    """Bring a staged bundle in, in the open tenant scope, and return what became of each file's rows."""
    await alone(tenant_id)
    await by_sets()
    await _stage(tenant_id, bundle_id, modes)
    counts: Counts = {}
    for file, table in _TABLES.items():
        if file in modes:
            counts[file] = await _write_file(file, table, (tenant_id, now), is_bulk=modes[file] == "bulk")
    for file, statement in (("classes", _SESSIONS), ("demographics", _BORN)):
        if file in modes:
            await execute(statement, tenant_id, now)
    counts |= await pupils.bring_in(tenant_id, now, dumps(DEFAULTS), SCENARIO_KEY, has_users="users" in modes)
    await rank_siblings(tenant_id)
    return counts


async def _stage(tenant_id: UUID, bundle_id: UUID, modes: Mapping[str, str]) -> None:
    for file in modes:
        columns = _COLUMNS[file]
        await execute(_STAGE.format(file=file, columns=columns, tenant=tenant_id, bundle=bundle_id))
    await execute(_SEEN.format(tenant=tenant_id, bundle=bundle_id))


async def _write_file(file: str, table: _Table, args: tuple[UUID, date], *, is_bulk: bool) -> dict[str, int]:
    found = await _one(_upsert(file, table), *args)
    if file in {"orgs", "academicSessions"}:
        await execute(_PARENTS.format(table=table.table, file=file), *args)
    staged = await _one(f'select count(*)::int staged from "roster_{file}"')
    unchanged = staged["staged"] - found["added"] - found["changed"] - found["closed"]
    missing = await _one(_MISSING.format(table=table.table, file=file), *args) if is_bulk else {"closed": 0}
    return found | missing | {"closed": found["closed"] + missing["closed"], "unchanged": unchanged}


async def _one(sql: str, *args: Any) -> dict[str, int]:
    found = await row(sql, *args)
    assert found is not None  # noqa: S101 - an aggregate has one row
    return dict(found)
