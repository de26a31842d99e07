"""Who are brothers and sisters at a school: pupils with a guardian in common, the oldest first.

Two pupils have a guardian in common when a confirmed person, an e-mail address or a telephone number stands with both.
What stands with more pupils than any family has is the school's own address, and counts for nothing.
"""

from uuid import UUID

from scenarios.education.kinds import FAMILY, GRADES, SCENARIO_KEY
from tenants.scope import execute

LARGEST = 9
"""Children of one family at one school."""
_GRADE = f"array_position(array[{', '.join(repr(grade) for grade in GRADES)}], {{0}}.attributes ->> 'grade')"
_RANK = f"""
with contact as (
  select distinct a.id, k.key
    from tenants_account a join tenants_holder h on h.tenant_id = $1 and h.account_id = a.id
   cross join lateral (values (h.person_id::text), (nullif(lower(h.email), '')), (nullif(h.phone, ''))) k (key)
   where a.tenant_id = $1 and a.scenario = $2 and a.is_active and k.key is not null
     and h.relation = any ($3::text[]) and (h.until is null or h.until >= current_date)
), family as (
  select id, key from contact where key in (select key from contact group by key having count(*) between 2 and $4)
), older as (
  select a.id, count(distinct b.id) filter (
           where ({_GRADE.format("b")}, a.number) > ({_GRADE.format("a")}, b.number))::int + 1 rank
    from family f join family g on g.key = f.key and g.id <> f.id
    join tenants_account a on a.tenant_id = $1 and a.id = f.id
    join tenants_account b on b.tenant_id = $1 and b.id = g.id
   group by a.id
)
update tenants_account a
   set attributes = a.attributes || jsonb_build_object('sibling_rank', coalesce(o.rank, 1)), updated_at = now()
  from tenants_account same left join older o on o.id = same.id
 where a.tenant_id = $1 and a.scenario = $2 and a.is_active and same.tenant_id = $1 and same.id = a.id
   and (a.attributes ->> 'sibling_rank') is distinct from coalesce(o.rank, 1)::text
"""


async def rank_siblings(tenant_id: UUID) -> int:
    """Give every pupil their place among brothers and sisters, in the open tenant scope; return how many changed.

    It is a fact of the account that a sibling discount goes by, so a brother's leaving counts for later bills only.
    """
    return await execute(_RANK, tenant_id, SCENARIO_KEY, list(FAMILY), LARGEST)
