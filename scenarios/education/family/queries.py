"""What a family sees of its children, in the reader's own scope, so that row-level security decides what there is."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.names import localized
from scenarios.education.family.children import Child
from tenants.scope import row, rows
from ui.errors import NotFound
from ui.i18n import t

_OWED = """
select coalesce(sum(total_minor - paid_minor - adjusted_minor), 0)::bigint left_minor,
       coalesce(sum(total_minor - paid_minor - adjusted_minor)
                  filter (where due_on < current_date), 0)::bigint overdue,
       count(*) bills
  from billing_bill where tenant_id = $1 and account_id = $2 and status in ('issued', 'part_paid')
   and held_until is null
"""
_OFFERS = """
select o.id, o.kind, o.titles, o.texts, o.consent, o.closes_at,
       o.closes_at - interval '1 second' last_at, o.happens_on, o.most_each, o.status, o.opens_at,
       coalesce((select min(p.price_minor) from education_offer_option p
                  where p.tenant_id = $1 and p.offer_id = o.id), 0) price_minor,
       (select b.status from education_booking b where b.tenant_id = $1 and b.offer_id = o.id and b.account_id = $2
           and b.status in ('held', 'kept', 'offered', 'waiting') order by b.created_at desc limit 1) booked,
       (select b.id from education_booking b where b.tenant_id = $1 and b.offer_id = o.id and b.account_id = $2
           and b.status in ('held', 'kept', 'offered', 'waiting') order by b.created_at desc limit 1) booking_id
  from education_offer o
 where o.tenant_id = $1 and o.status in ('open', 'closed', 'cancelled')
   and (o.grades = '' or $3 = any (string_to_array(o.grades, ','))) and o.closes_at > now() - interval '60 days'
   and ($4::uuid is null or o.id = $4)
 order by o.closes_at
"""
_OPTIONS = """
select id, names, price_minor, places, taken from education_offer_option
 where tenant_id = $1 and offer_id = $2 order by position, id
"""
_BOOKING = """
select b.id, b.status, b.quantity, b.until, b.hold_id, b.offer_id, o.titles, o.texts, o.happens_on, o.closes_at,
       p.names, p.price_minor * b.quantity amount_minor, h.bill_id, c.words, c.person_name signed_by,
       c.created_at signed_at, b.ended_reason, coalesce(h.status, '') = 'kept' is_paid,
       case when b.status = 'waiting' then (
         select count(*) from education_booking w where w.tenant_id = $1 and w.option_id = b.option_id
            and w.status = 'waiting' and (w.created_at, w.id) <= (b.created_at, b.id)) end queue
  from education_booking b
  join education_offer o on o.tenant_id = $1 and o.id = b.offer_id
  join education_offer_option p on p.tenant_id = $1 and p.id = b.option_id
  left join billing_hold h on h.tenant_id = $1 and h.id = b.hold_id
  left join education_consent c on c.tenant_id = $1 and c.id = b.consent_id
 where b.tenant_id = $1 and b.account_id = $2 and b.id = $3
"""


_NOTICES = """
select n.id, n.titles, n.sent_at, n.needs_confirming, r.read_at, r.confirmed_at
  from education_receipt r
  join education_notice n on n.tenant_id = r.tenant_id and n.id = r.notice_id and n.status = 'sent'
  join tenants_holder h on h.tenant_id = r.tenant_id and h.id = r.holder_id and h.person_id = $3
 where r.tenant_id = $1 and r.account_id = $2 order by n.sent_at desc limit 30
"""


async def notices(child: Child, person_id: UUID | None) -> list[dict[str, Any]]:
    """Return what the school has told the reader about a child, the latest first."""
    found = [
        _named(one, "titles") for one in await rows(_NOTICES, child.tenant_id, child.account_id, person_id)
    ]
    return [one | {"waits": _waits(one)} for one in found]


def _waits(one: dict[str, Any]) -> bool:
    return one["read_at"] is None or (one["needs_confirming"] and one["confirmed_at"] is None)


def _named(found: Any, *keys: str) -> dict[str, Any]:
    facts = dict(found)
    for key in keys:
        facts[key] = localized(json.loads(facts[key]))
    return facts


async def owed(child: Child) -> Any:
    """Return what is open of a child's bills; minor units."""
    return await row(_OWED, child.tenant_id, child.account_id)


async def offers(child: Child, offer_id: UUID | None = None) -> list[dict[str, Any]]:
    """Return what is offered to a child, the next to close first, with what the family has done about it."""
    found = await rows(_OFFERS, child.tenant_id, child.account_id, child.grade, offer_id)
    now = datetime.now(UTC)
    return [
        {
            **_named(one, "titles", "texts", "consent"),
            "is_open": one["status"] == "open" and one["opens_at"] <= now < one["closes_at"],
        }
        for one in found
    ]


async def offer(child: Child, offer_id: UUID) -> dict[str, Any]:
    """Return one offer with its options; ``NotFound`` for one that is not for this child."""
    found = await offers(child, offer_id)
    if not found:
        raise NotFound("offer.not_found", t("There is no such offer, or it is not for this child."))
    options = [_named(one, "names") for one in await rows(_OPTIONS, child.tenant_id, offer_id)]
    return found[0] | {"options": options}


async def booking(child: Child, booking_id: UUID) -> dict[str, Any]:
    """Return one booking of a child; ``NotFound`` for any other."""
    found = await row(_BOOKING, child.tenant_id, child.account_id, booking_id)
    if found is None:
        raise NotFound("booking.not_found", t("There is no such booking."))
    return _named(found, "titles", "texts", "names")
