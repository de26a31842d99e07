"""What a resident finds at home, read under their own scope, so that the walls decide what there is."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.plans.conditions import later_minor
from scenarios.community.common import named
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.prepaid.service import PLANS
from scenarios.community.service.resident_pages import UNITS
from tenants.scope import lists, rows

_OWED = f"""
select b.tenant_id, b.account_id, b.id, b.number, b.period, b.due_on, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor, b.due_on < day_of(b.tenant_id) is_overdue,
       {later_minor("day_of(b.tenant_id)")} later_minor
  from billing_bill b where b.account_id = any ($2::uuid[]) and b.status in ('issued', 'part_paid')
   and b.held_until is null order by b.due_on, b.number limit 200
"""
_METERS = """
select m.id, m.kind, m.serial, u.account_id,
       (select max(r.read_on) from community_reading r where r.tenant_id = m.tenant_id and r.meter_id = m.id
         and r.status <> 'rejected') read_on
  from community_meter m join community_unit u on u.tenant_id = m.tenant_id and u.id = m.unit_id
 where u.account_id = any ($1::uuid[]) and m.removed_on is null order by m.kind, m.serial
"""
_WORK = """
select w.id, w.number, w.text, w.status, w.account_id, w.consent, w.due_at, w.created_at from community_work_order w
 where w.account_id = any ($1::uuid[]) and w.status not in ('confirmed', 'cancelled')
 order by w.consent = 'asked' desc, w.created_at desc limit 30
"""
_NOTICES = """
select n.id, n.titles, n.published_at, n.tenant_id, r.id is not null is_read from community_notice n
  left join community_notice_reading r on r.tenant_id = n.tenant_id and r.notice_id = n.id and r.person_id = $3
 where lasts(n.until, day_of(n.tenant_id)) order by r.id is not null, n.published_at desc limit 12
"""
_VOTES = """
select v.id, v.titles, v.status, v.closes_at,
       (select count(*) from community_vote_entry e where e.tenant_id = v.tenant_id and e.vote_id = v.id
         and not exists (select 1 from community_ballot b
                          where b.tenant_id = e.tenant_id and b.entry_id = e.id)) open_entries
  from community_vote v where v.status in ('open', 'published') and v.closes_at > now() - interval '60 days'
 order by v.status, v.closes_at limit 10
"""
_VISITORS = """
select p.id, p.name, p.valid_until, p.account_id from community_visitor_pass p
 where p.account_id = any ($1::uuid[]) and p.revoked_at is null and p.valid_until > now() and p.used < p.uses
 order by p.valid_from limit 20
"""
_PARCELS = """
select p.number, p.code, p.carrier, p.created_at, p.account_id from community_parcel p
 where p.account_id = any ($1::uuid[]) and p.collected_at is null order by p.created_at limit 20
"""
_BOOKINGS = """
select k.id, k.starts_at, k.status, f.names from community_facility_booking k
  join community_facility f on f.tenant_id = k.tenant_id and f.id = k.facility_id
 where k.account_id = any ($1::uuid[]) and k.status <> 'free' and k.starts_at > now() - interval '30 days'
 order by k.starts_at limit 20
"""
_ORDERS = """
select o.id, o.number, o.names, o.status from community_shop_order o
 where o.account_id = any ($1::uuid[]) and o.status <> 'free' and o.created_at > now() - interval '60 days'
 order by o.created_at desc limit 10
"""
_POOLS = """
select p.id, p.names, p.period, p.currency, s.amount_minor, s.account_id from community_pool_share s
  join community_pool p on p.tenant_id = s.tenant_id and p.id = s.pool_id
 where s.account_id = any ($1::uuid[]) order by p.period desc, p.names::text limit 12
"""


_LEASED = """
select a.id, a.number from community_lease l join tenants_account a on a.tenant_id = l.tenant_id and a.id = l.payer_id
 where l.payer_id = any (
   select h.account_id from tenants_holder h where h.person_id = $1 and h.confirmed_at is not null)
"""
"""Accounts by which somebody pays for what they rent."""
_PARTS = {
    "prepaid": PLANS.replace("$1", "$2"),
    "owed": _OWED,
    "meters": _METERS,
    "work": _WORK,
    "notices": _NOTICES,
    "votes": _VOTES,
    "visitors": _VISITORS,
    "parcels": _PARCELS,
    "bookings": _BOOKINGS,
    "orders": _ORDERS,
    "pools": _POOLS,
}
"""What is read together: by the units ($1), by these and what is rented ($2), by the person ($3)."""


async def units_of(person_id: UUID) -> list[Mapping[str, Any]]:
    """Return the units that somebody holds now."""
    return [dict(one) for one in await rows(UNITS, person_id, SCENARIO_KEY)]


async def home_of(person_id: UUID) -> dict[str, Any]:
    """Return everything about somebody's units, each list in the order of what is to be done first."""
    held = await lists({"units": UNITS, "leased": _LEASED}, person_id, SCENARIO_KEY)
    ids = [one["id"] for one in held["units"]]
    paid = [*ids, *(one["id"] for one in held["leased"])]
    found = await lists(_PARTS, ids, paid, person_id)
    return {
        **found,
        "units": held["units"],
        "numbers": {one["id"]: one["number"] for one in (*held["units"], *held["leased"])},
        "notices": named(found["notices"], "titles", "title"),
        "votes": named(found["votes"], "titles", "title"),
        "bookings": named(found["bookings"]),
        "orders": named(found["orders"]),
        "pools": named(found["pools"]),
    }
