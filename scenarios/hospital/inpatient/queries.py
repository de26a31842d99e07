"""What pages read of stays. Where somebody lies is encrypted, so its order is worked out here and not by SQL."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.lists import Listing
from scenarios.hospital import places
from tenants.scope import rows
from ui.tables import TableQuery

_MONEY = """
  left join lateral (select greatest(coalesce(sum(amount_minor), 0), 0)::bigint amount from hospital_stay_charge x
     where x.tenant_id = s.tenant_id and x.stay_id = s.id) c on true
  left join lateral (select insurer_minor from hospital_settlement x where x.tenant_id = s.tenant_id
     and x.stay_id = s.id and x.kind = 'presettle' order by created_at desc, id desc limit 1) p on true
"""
LEFT = "w.balance_minor - greatest(c.amount - coalesce(p.insurer_minor, 0), 0)"
_HERE = "s.status in ('admitted', 'leaving')"
_PLACES = (
    f"select s.id, s.place from hospital_stay s where s.tenant_id = $1 and {_HERE} and s.place is not null"
)


@dataclass(frozen=True, slots=True)
class Stays(Listing):
    """The list of stays: a ward and a whole bed are found by their hashes; ordered by bed are those who lie in one."""

    def _args(self, tenant_id: UUID, query: TableQuery) -> list[Any]:
        args = Listing._args(self, tenant_id, query)  # noqa: SLF001 - its own, by the name that slots leave it
        args[2 + self.filters.index("ward")] = places.hash_of_ward(tenant_id, query.get("ward"))
        return [*args, places.hash_of_bed(tenant_id, query.q)]

    async def read(self, tenant_id: UUID, query: TableQuery, limit: int, offset: int) -> list[Any]:
        """Return some rows in the order that is asked for, each with its ward and bed."""
        if query.sort.removeprefix("-") == "bed":
            found = await self._by_bed(tenant_id, query, limit, offset)
        else:
            found = await Listing.read(self, tenant_id, query, limit, offset)
        return [{**dict(one), **places.opened(one["place"])._asdict()} for one in found]

    async def _by_bed(self, tenant_id: UUID, query: TableQuery, limit: int, offset: int) -> list[Any]:
        beds = [(places.opened(one["place"]), one["id"]) for one in await rows(_PLACES, tenant_id)]
        ids = [found for _, found in sorted(beds, reverse=query.sort.startswith("-"))]
        args = [*self._args(tenant_id, query), ids]
        order = f"array_position(${len(args)}::uuid[], s.id), s.admitted_at desc, s.id"
        return await rows(f"{self.sql} order by {order} limit {limit:d} offset {offset:d}", *args)


STAYS = Stays(
    name="stays",
    filters=("status", "ward", "money"),
    sorts={
        "bed": "s.admitted_at",
        "admitted_at": "s.admitted_at",
        "left_minor": LEFT,
        "patient_name": "a.sort_key",
    },
    default_sort="bed",
    sql=f"""
select s.id, s.reference, s.place, s.status, s.currency, s.admitted_at, s.ended_at, s.unbilled,
       a.number patient_number, a.name patient_name, c.amount charged_minor,
       case when s.status in ('admitted', 'leaving') then {LEFT} end left_minor,
       exists (select 1 from hospital_stay_credit k where k.tenant_id = s.tenant_id and k.stay_id = s.id
          and k.status = 'asked') has_asked
  from hospital_stay s join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
  join billing_wallet w on w.tenant_id = s.tenant_id and w.id = s.wallet_id {_MONEY}
 where s.tenant_id = $1
   and ($2 = '' or a.number ilike $2 or a.name ilike $2 or s.reference ilike $2 or s.bed_hash = $6)
   and ($3 = '' or s.status = $3 or ($3 = 'here' and {_HERE})) and ($4::bytea is null or s.ward_hash = $4)
   and ($5 = '' or ($5 = 'asked' and exists (select 1 from hospital_stay_credit k where k.tenant_id = s.tenant_id
          and k.stay_id = s.id and k.status = 'asked'))
      or ($5 = 'gone' and s.status in ('admitted', 'leaving') and {LEFT} < 0))""",
)
_WARDS = f"""
select distinct on (s.ward_hash) s.place from hospital_stay s where s.tenant_id = $1 and s.ward_hash is not null
   and {_HERE} order by s.ward_hash limit 200
"""
_MINE = """
select s.id, s.place, s.status, s.reference, s.admitted_at, s.ended_at, s.currency, a.name patient, t.short_name
  from hospital_stay s join tenants_account a on a.tenant_id = s.tenant_id and a.id = s.account_id
  join tenants_tenant t on t.id = s.tenant_id
 where s.status <> 'cancelled' and ($1::uuid is null or s.account_id = $1)
   and ($1::uuid is not null or s.status in ('admitted', 'leaving'))
 order by s.admitted_at desc limit 50
"""


async def wards(tenant_id: UUID) -> list[str]:
    """Return the wards in which somebody lies."""
    return sorted(places.opened(one["place"]).ward for one in await rows(_WARDS, tenant_id))


async def mine(account_id: UUID | None = None) -> list[Any]:
    """Return the stays that the open scope's person may see: those that go on, or all of one patient."""
    found = await rows(_MINE, account_id)
    return [{**dict(one), "bed": places.opened(one["place"]).bed} for one in found]
