"""Pupils of the roster as accounts, and their guardians as holders; both after the roster's own tables."""

from datetime import date
from typing import Any
from uuid import UUID

from tenants.scope import execute, row

_IS_NOW = "(x.closed_on is null and lasts(x.ends_on, $2))"
_PUPILS = f"""
drop table if exists roster_pupil;
create temporary table roster_pupil on commit drop as
select u.id user_id, u.account_id,
       coalesce(nullif(u.number, ''), nullif(u.username, ''), left(u.sourced_id, 60)) number, u.name,
       coalesce(home.title, '') place, left(coalesce(home.sort_key, '99') || ' ' || lower(u.number), 100) sort_key,
       coalesce(nullif(u.grade, ''), home.grade, '') grade,
       u.closed_on is null and u.is_enabled and role.is_now is_open,
       least(coalesce(u.closed_on, role.last, $2), $2) last_on
  from education_user u
 cross join lateral (
   select bool_or{_IS_NOW} is_now, max(coalesce(x.closed_on, x.ends_on)) last from education_role x
    where x.tenant_id = $1 and x.user_id = u.id and x.role = 'student') role
  left join lateral (
   select c.title, c.sort_key, split_part(c.grades, ',', 1) grade from education_enrolment x
     join education_class c on c.tenant_id = $1 and c.id = x.class_id and c.kind = 'homeroom' and c.closed_on is null
    where x.tenant_id = $1 and x.user_id = u.id and x.role = 'student' and {_IS_NOW}
    order by x.is_primary desc, c.sort_key limit 1) home on true
 where u.tenant_id = $1 and u.sourced_id not like 'local:%' and role.is_now is not null
"""
_KNOWN = """
update roster_pupil p set account_id = a.id from tenants_account a
 where p.account_id is null and a.tenant_id = $1 and a.scenario = $2 and a.number = p.number
"""
_ADD = """
with made as (
  insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
  select distinct on (number) $1, new_id(), $2, 'student', number, name, place, sort_key,
         $3::jsonb || jsonb_strip_nulls(jsonb_build_object('grade', nullif(grade, '')))
    from roster_pupil where account_id is null and is_open order by number, user_id
  returning id, number
), noted as (
  update roster_pupil p set account_id = made.id from made where made.number = p.number and p.account_id is null
)
select count(*)::int added from made
"""
_CHANGE = """
with changed as (
  update tenants_account a
     set name = p.name, place = coalesce(nullif(p.place, ''), a.place), sort_key = p.sort_key, updated_at = now(),
         attributes = a.attributes || jsonb_strip_nulls(jsonb_build_object('grade', nullif(p.grade, ''))),
         is_active = p.is_open, closed_on = case when not p.is_open then coalesce(a.closed_on, p.last_on) end
    from roster_pupil p
   where a.tenant_id = $1 and a.id = p.account_id and a.scenario = $2
     and ((a.name, a.is_active) is distinct from (p.name, p.is_open)
          or (p.place <> '' and (a.place, a.sort_key) is distinct from (p.place, p.sort_key))
          or (p.grade <> '' and a.attributes ->> 'grade' is distinct from p.grade))
  returning a.is_active
)
select count(*) filter (where is_active)::int changed, count(*) filter (where not is_active)::int closed from changed
"""
_LINK = """
update education_user u set account_id = p.account_id from roster_pupil p
 where u.tenant_id = $1 and u.id = p.user_id and u.account_id is distinct from p.account_id
   and p.account_id is not null
"""
_AGENTS = """
insert into education_agent as t (tenant_id, user_id, agent_id)
select distinct $1, u.id, g.id from "roster_users" s
  join education_user u on u.tenant_id = $1 and u.sourced_id = s.sourced_id
 cross join lateral jsonb_array_elements_text(s.agents) named (id)
  join education_user g on g.tenant_id = $1 and g.sourced_id = named.id
on conflict (tenant_id, user_id, agent_id) do update set closed_on = null where t.closed_on is not null
"""
_NO_AGENTS = """
update education_agent t set closed_on = $2 from "roster_users" s, education_user u, education_user g
 where t.tenant_id = $1 and t.closed_on is null and u.tenant_id = $1 and u.sourced_id = s.sourced_id
   and t.user_id = u.id and g.tenant_id = $1 and g.id = t.agent_id and not s.agents ? g.sourced_id
"""
_GUARDIANS = """
drop table if exists roster_guardian;
create temporary table roster_guardian on commit drop as
select distinct on (u.account_id, x.role, g.name) u.account_id, x.role relation, left(g.name, 100) name, g.email,
       g.phone, t.closed_on is null and g.closed_on is null is_open
  from education_agent t
  join education_user u on u.tenant_id = $1 and u.id = t.user_id and u.account_id is not null
  join education_user g on g.tenant_id = $1 and g.id = t.agent_id
  join lateral (select role from education_role x where x.tenant_id = $1 and x.user_id = g.id
                 and x.role in ('guardian', 'parent', 'relative')
                order by x.closed_on is not null, array_position(array['guardian','parent','relative'], x.role::text)
                limit 1) x on true
 where t.tenant_id = $1
 order by u.account_id, x.role, g.name, is_open desc
"""
_HOLDERS = """
with written as (
  insert into tenants_holder as h (tenant_id, account_id, relation, name, email, phone)
  select $1, account_id, relation, name, email, phone from roster_guardian where is_open
  on conflict (tenant_id, account_id, relation, name) do update
     set email = coalesce(nullif(excluded.email, ''), h.email), phone = coalesce(nullif(excluded.phone, ''), h.phone),
         until = null
   where (excluded.email <> '' and excluded.email <> h.email) or (excluded.phone <> '' and excluded.phone <> h.phone)
      or h.until is not null
  returning (xmax = 0) is_new)
select count(*) filter (where is_new)::int added, count(*) filter (where not is_new)::int changed from written
"""
_END_HOLDERS = """
with ended as (
  update tenants_holder h set until = greatest($2::date, h.since) from roster_guardian g
   where h.tenant_id = $1 and h.account_id = g.account_id and h.relation = g.relation and h.name = g.name
     and not g.is_open and h.until is null
  returning 1)
select count(*)::int closed from ended
"""


async def bring_in(
    tenant_id: UUID, now: date, defaults: str, scenario: str, *, has_users: bool
) -> dict[str, dict[str, int]]:
    """Write accounts and holders for everybody whom the roster knows as a pupil or as family of one."""
    await execute(_named(_PUPILS, tenant_id, now))
    await execute(_KNOWN, tenant_id, scenario)
    accounts = await _one(_ADD, tenant_id, scenario, defaults)
    accounts |= await _one(_CHANGE, tenant_id, scenario)
    await execute(_LINK, tenant_id)
    if has_users:
        await execute(_AGENTS, tenant_id)
        await execute(_NO_AGENTS, tenant_id, now)
    await execute(_named(_GUARDIANS, tenant_id, now))
    holders = await _one(_HOLDERS, tenant_id)
    holders |= await _one(_END_HOLDERS, tenant_id, now)
    return {"accounts": accounts, "holders": holders}


def _named(sql: str, tenant_id: UUID, now: date) -> str:
    """Return a statement that takes no parameters; these two are a UUID and a date of ours."""
    return sql.replace("$1", f"'{tenant_id}'::uuid").replace("$2", f"'{now.isoformat()}'::date")


async def _one(sql: str, *args: Any) -> dict[str, int]:
    found = await row(sql, *args)
    assert found is not None  # noqa: S101 - an aggregate has one row
    return dict(found)
