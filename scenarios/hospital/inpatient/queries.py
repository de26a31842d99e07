"""What pages read of stays."""

from typing import Any
from uuid import UUID

from billing.lists import Listing
from tenants.scope import rows

_MONEY = """
  left join lateral (select greatest(coalesce(sum(amount_minor), 0), 0)::bigint amount from hospital_stay_charge x
     where x.tenant_id = s.tenant_id and x.stay_id = s.id) c on true
  left join lateral (select insurer_minor from hospital_settlement x where x.tenant_id = s.tenant_id
     and x.stay_id = s.id and x.kind = 'presettle' order by created_at desc, id desc limit 1) p on true
"""
LEFT = "w.balance_minor - greatest(c.amount - coalesce(p.insurer_minor, 0), 0)"
STAYS = Listing(
    name="stays",
    filters=("status", "ward", "money"),
    sorts={"bed": "s.bed", "admitted_at": "s.admitted_at", "left_minor": LEFT, "patient_name": "a.sort_key"},
    default_sort="bed",
    sql=f"""
select s.id, s.reference, s.ward, s.bed, s.status, s.currency, s.admitted_at, s.ended_at, s.unbilled,
       a.number patient_number, a.name patient_name, c.amount charged_minor,
       case when s.status in ('admitted', 'leaving') then {LEFT} end left_minor,
       exists (select 1 from hospital_stay_credit k where k.tenant_id = s.tenant_id and k.stay_id = s.id
          and k.status = 'asked') has_asked
  from hospital_stay s join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
  join billing_wallet w on w.tenant_id = s.tenant_id and w.id = s.wallet_id {_MONEY}
 where s.tenant_id = $1
   and ($2 = '' or a.number ilike $2 or a.name ilike $2 or s.reference ilike $2 or s.bed ilike $2)
   and ($3 = '' or s.status = $3 or ($3 = 'here' and s.status in ('admitted', 'leaving'))) and ($4 = '' or s.ward = $4)
   and ($5 = '' or ($5 = 'asked' and exists (select 1 from hospital_stay_credit k where k.tenant_id = s.tenant_id
          and k.stay_id = s.id and k.status = 'asked'))
      or ($5 = 'gone' and s.status in ('admitted', 'leaving') and {LEFT} < 0))""",
)
_WARDS = """
select distinct ward from hospital_stay where tenant_id = $1 and ward <> '' and status in ('admitted', 'leaving')
 order by ward limit 200
"""
_MINE = """
select s.id, s.bed, s.status, s.reference, s.admitted_at, s.ended_at, s.currency, a.name patient, t.short_name
  from hospital_stay s join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
  join tenants_tenant t on t.id = s.tenant_id
 where s.status <> 'cancelled' and ($1::uuid is null or s.account_id = $1)
   and ($1::uuid is not null or s.status in ('admitted', 'leaving'))
 order by s.admitted_at desc limit 50
"""


async def wards(tenant_id: UUID) -> list[str]:
    """Return the wards in which somebody lies."""
    return [one["ward"] for one in await rows(_WARDS, tenant_id)]


async def mine(account_id: UUID | None = None) -> list[Any]:
    """Return the stays that the open scope's person may see: those that go on, or all of one patient."""
    return list(await rows(_MINE, account_id))
