"""What a family sees of its children, in the reader's own scope, so that row-level security decides what there is."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.names import localized
from billing.plans.conditions import later_minor
from scenarios.education.canteen.terms import WALLET
from scenarios.education.family.children import Child
from tenants.scope import row, rows
from ui.errors import NotFound
from ui.i18n import t

_OF = "unnest($1::uuid[], $2::uuid[], $3::text[]) c(tenant_id, account_id, grade)"
"""The children that are asked about, as a relation: one statement for all of them, however many there are."""
_OWED = f"""
select c.account_id, coalesce(sum(total_minor - paid_minor - adjusted_minor - p.later_minor), 0)::bigint left_minor,
       coalesce(sum(total_minor - paid_minor - adjusted_minor - p.later_minor)
                  filter (where due_on < day_of(c.tenant_id)), 0)::bigint overdue,
       coalesce(sum(p.later_minor), 0)::bigint later_minor,
       min(b.due_on) filter (where p.later_minor > 0) instalment_on,
       count(b.id) bills, coalesce(sum(v.minor), 0)::bigint voluntary_minor,
       coalesce((array_agg(b.id order by b.due_on, b.id) filter (
         where b.total_minor - b.paid_minor - b.adjusted_minor > p.later_minor))[:50], '{{}}') bill_ids,
       (select p.percent from education_sharing s
          join education_sharing_part p on p.tenant_id = s.tenant_id and p.sharing_id = s.id and p.person_id = $4
         where s.tenant_id = c.tenant_id and s.account_id = c.account_id and s.status = 'agreed' limit 1) percent
  from {_OF} left join billing_bill b on b.tenant_id = c.tenant_id and b.account_id = c.account_id
   and b.status in ('issued', 'part_paid') and b.held_until is null
  left join lateral (
    select sum(l.amount_minor) minor from billing_bill_line l
      join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id and i.is_voluntary
     where l.tenant_id = b.tenant_id and l.bill_id = b.id and l.amount_minor > 0 and l.paid_minor = 0
       and l.adjusted_minor = 0) v on true
  left join lateral (select {later_minor("day_of(b.tenant_id)")} later_minor) p on true
 group by c.account_id, c.tenant_id
"""
_OFFERS = f"""
select c.account_id, o.id, o.kind, o.titles, o.texts, o.consent, o.closes_at,
       o.closes_at - interval '1 second' last_at, o.happens_on, o.most_each, o.status, o.opens_at,
       coalesce((select min(p.price_minor) from education_offer_option p
                  where p.tenant_id = o.tenant_id and p.offer_id = o.id), 0) price_minor,
       b.status booked, b.id booking_id
  from {_OF} join education_offer o on o.tenant_id = c.tenant_id
  left join lateral (
    select b.id, b.status from education_booking b
     where b.tenant_id = o.tenant_id and b.offer_id = o.id and b.account_id = c.account_id
       and b.status in ('held', 'kept', 'offered', 'waiting') order by b.created_at desc limit 1) b on true
 where o.status in ('open', 'closed', 'cancelled')
   and (o.grades = '' or c.grade = any (string_to_array(o.grades, ','))) and o.closes_at > now() - interval '60 days'
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


_NOTICES = f"""
select c.account_id, n.*
  from {_OF} cross join lateral (
   select n.id, n.titles, n.sent_at, n.needs_confirming, r.read_at, r.confirmed_at
     from education_receipt r
     join education_notice n on n.tenant_id = r.tenant_id and n.id = r.notice_id and n.status = 'sent'
     join tenants_holder h on h.tenant_id = r.tenant_id and h.id = r.holder_id and h.person_id = $4
    where r.tenant_id = c.tenant_id and r.account_id = c.account_id order by n.sent_at desc limit 30) n
 order by n.sent_at desc
"""


_CARDS = f"""
select c.account_id, w.balance_minor, coalesce(w.balance_minor < k.alert_minor, false) is_low
  from {_OF} join billing_wallet w on w.tenant_id = c.tenant_id and w.account_id = c.account_id and w.kind = $4
   and w.status = 'open'
  left join education_card k on k.tenant_id = c.tenant_id and k.account_id = c.account_id
"""


def _of(children: Sequence[Child]) -> tuple[list[UUID], list[UUID], list[str]]:
    return (
        [one.tenant_id for one in children],
        [one.account_id for one in children],
        [one.grade for one in children],
    )


async def notices(children: Sequence[Child], person_id: UUID | None) -> dict[UUID, list[dict[str, Any]]]:
    """Return what the schools have told the reader about each child, by account, the latest first."""
    return _by_child(
        children,
        [
            {**_named(one, "titles"), "waits": _waits(one)}
            for one in await rows(_NOTICES, *_of(children), person_id)
        ],
    )


def _by_child(children: Sequence[Child], found: Sequence[dict[str, Any]]) -> dict[UUID, list[dict[str, Any]]]:
    each: dict[UUID, list[dict[str, Any]]] = {one.account_id: [] for one in children}
    for one in found:
        each[one["account_id"]].append(one)
    return each


def _waits(one: Any) -> bool:
    return one["read_at"] is None or (one["needs_confirming"] and one["confirmed_at"] is None)


def _named(found: Any, *keys: str) -> dict[str, Any]:
    facts = dict(found)
    for key in keys:
        facts[key] = localized(json.loads(facts[key]))
    return facts


async def cards(children: Sequence[Child]) -> dict[UUID, Any]:
    """Return what is on each child's card for the canteen, by account; nothing for who has none yet."""
    return {one["account_id"]: one for one in await rows(_CARDS, *_of(children), WALLET)}


async def owed(children: Sequence[Child], person_id: UUID | None) -> dict[UUID, Any]:
    """Return what is open of each child's bills, by account, and which part the reader has agreed to; minor units.

    Of what is paid by a plan the instalment that is due counts, and the rest is ``later_minor``.
    """
    return {one["account_id"]: one for one in await rows(_OWED, *_of(children), person_id)}


async def offers(children: Sequence[Child], offer_id: UUID | None = None) -> dict[UUID, list[dict[str, Any]]]:
    """Return what is offered to each child, by account: the next to close first, with what the family has done.

    What costs something cannot be taken (``is_payable``) while the school takes no payments.
    """
    now = datetime.now(UTC)
    paying = {one.account_id for one in children if one.takes_payments}
    return _by_child(
        children,
        [
            {
                **_named(one, "titles", "texts", "consent"),
                "is_open": one["status"] == "open" and one["opens_at"] <= now < one["closes_at"],
                "is_payable": one["account_id"] in paying or not one["price_minor"],
            }
            for one in await rows(_OFFERS, *_of(children), offer_id)
        ],
    )


async def offer(child: Child, offer_id: UUID) -> dict[str, Any]:
    """Return one offer with the options that can be taken now; ``NotFound`` for one that is not for this child."""
    found = (await offers([child], offer_id))[child.account_id]
    if not found:
        raise NotFound("offer.not_found", t("There is no such offer, or it is not for this child."))
    options = [_named(one, "names") for one in await rows(_OPTIONS, child.tenant_id, offer_id)]
    payable = [one for one in options if child.takes_payments or not one["price_minor"]]
    return found[0] | {"options": payable}


async def booking(child: Child, booking_id: UUID) -> dict[str, Any]:
    """Return one booking of a child; ``NotFound`` for any other."""
    found = await row(_BOOKING, child.tenant_id, child.account_id, booking_id)
    if found is None:
        raise NotFound("booking.not_found", t("There is no such booking."))
    return _named(found, "titles", "texts", "names")
