"""Who are brothers and sisters at a school: pupils with a guardian in common, the oldest first.

Two pupils have a guardian in common when a confirmed person, an e-mail address or a telephone number stands with both.
What stands with more pupils than any family has is the school's own address, and counts for nothing. Pupils of schools
with which it is agreed count too: of them nothing is kept but how many come before.
"""

from typing import Any
from uuid import UUID

from scenarios.education.kinds import FAMILY, GRADES, SCENARIO_KEY
from tenants.accounts.services import HOLDERS_CHANGED
from tenants.actor import Actor
from tenants.jobs import enqueue, job, subscribe
from tenants.scope import execute, open_scope, rows, tenant_scope

LARGEST = 9
"""Children of one family at one school."""
RANK_JOB, FAMILIES_JOB = "education.rank_siblings", "education.rank_families"
_IS_SCHOOL = f"exists (select 1 from tenants_tenant where id = $1 and '{SCENARIO_KEY}' = any (scenarios))"
_GRADE = f"array_position(array[{', '.join(repr(grade) for grade in GRADES)}], {{0}}.attributes ->> 'grade')"
_CONTACT = f"""
  select distinct a.id, {_GRADE.format("a")} grade, a.number, k.key
    from tenants_account a join tenants_holder h on h.tenant_id = $1 and h.account_id = a.id
   cross join lateral (values (h.person_id::text), (nullif(lower(h.email), '')), (nullif(h.phone, ''))) k (key)
   where a.tenant_id = $1 and a.scenario = $2 and a.is_active and k.key is not null
     and h.relation = any ($3::text[]) and lasts(h.until, day_of(h.tenant_id))
"""
_SHARED = f"""
with contact as ({_CONTACT})
select id, grade, number, key from contact where key in (select key from contact group by key having count(*) <= $4)
"""
_RANK = f"""
with contact as ({_CONTACT}), family as (
  select id, grade, number, key from contact where key in (select key from contact group by key having count(*) <= $4)
), everybody as (
  select * from family union all
  select * from unnest($5::uuid[], $6::int[], $7::text[], $8::text[])
), older as (
  select a.id, count(distinct b.id) filter (
           where (b.grade, a.number, a.id) > (a.grade, b.number, b.id))::int + 1 rank
    from family a join everybody b on b.key = a.key and b.id <> a.id group by a.id
)
update tenants_account a
   set attributes = a.attributes || jsonb_build_object('sibling_rank', coalesce(o.rank, 1)), updated_at = now()
  from tenants_account same left join older o on o.id = same.id
 where a.tenant_id = $1 and a.scenario = $2 and a.is_active and same.tenant_id = $1 and same.id = a.id
   and (a.attributes ->> 'sibling_rank') is distinct from coalesce(o.rank, 1)::text
"""
_PARTNERS = (
    "select partner_id from education_partner where tenant_id = $1 and status = 'agreed' order by partner_id"
)


async def rank_siblings(tenant_id: UUID) -> int:
    """Give every pupil their place among brothers and sisters, in the open tenant scope; return how many changed.

    It is a fact of the account that a sibling discount goes by, so a brother's leaving counts for later bills only.
    Schools with which it is agreed look at theirs anew.
    """
    partners = [one["partner_id"] for one in await rows(_PARTNERS, tenant_id)]
    changed = await _rank(tenant_id, partners)
    for partner in partners:
        async with open_scope(tenant_scope(partner)):
            await enqueue(RANK_JOB, {})
    return changed


@job(RANK_JOB)
async def rank(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at the places anew, because something has changed at a school with which it is agreed."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    await _rank(actor.tenant_id, [one["partner_id"] for one in await rows(_PARTNERS, actor.tenant_id)])


@job(FAMILIES_JOB)
async def rank_anew(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at the places anew, because a guardian has been written down, changed, ended, or is now known."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    await rank_siblings(actor.tenant_id)


for _event in (HOLDERS_CHANGED, "holder.confirmed"):
    subscribe(_event, FAMILIES_JOB, where=_IS_SCHOOL)


async def _rank(tenant_id: UUID, partners: list[UUID]) -> int:
    found: list[Any] = []
    for partner in partners:
        async with open_scope(tenant_scope(partner)):
            found += await rows(_SHARED, partner, SCENARIO_KEY, list(FAMILY), LARGEST)
    columns = [[one[name] for one in found] for name in ("id", "grade", "number", "key")]
    return await execute(_RANK, tenant_id, SCENARIO_KEY, list(FAMILY), LARGEST, *columns)
