"""What a payer reads: raw statements under their own scope, so that row-level security decides what there is."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED
from billing.names import account_text, localized
from billing.payer.planned import planned
from tenants.scope import each, row, rows
from ui.errors import Forbidden, NotFound
from ui.formats import month_text
from ui.i18n import t

MOST_NAMED = 3


def title_of(names: str) -> str:
    """Return in a word or two what is kept for its payer, by the names of its bill's lines as JSON."""
    named = [localized(one) for one in json.loads(names)]
    return " + ".join(named[:MOST_NAMED]) + (" …" if len(named) > MOST_NAMED else "")


def due_of(left_minor: int, later_minor: int) -> int:
    """Return what is due of an open bill: the instalment where it is paid by a plan, otherwise all that is left."""
    return max(0, left_minor - later_minor)


@dataclass(frozen=True, slots=True)
class SeenBill:
    """One bill as the scope sees it, with its institution. ``payment_id`` is the reader's own open payment of it."""

    id: UUID
    tenant_id: UUID
    tenant_name: str
    short_name: str
    timezone: str
    contact_phone: str
    contact_email: str
    number: str
    account_number: str
    account_name: str
    place: str
    period: date
    due_on: date
    currency: str
    status: str
    total_minor: int
    paid_minor: int
    adjusted_minor: int
    closed_reason: str
    held_until: datetime | None
    held_names: str | None
    is_overdue: bool
    payment_id: UUID | None
    standing: str
    takes_payments: bool
    word_to_payers: str
    may_pay: bool = True
    is_for_others: bool = False
    """Whether its reader owes nothing of it, and only may pay it for whoever does."""
    is_disputed: bool = False
    plan_id: UUID | None = None
    """The plan by which it is paid."""
    later_minor: int = 0
    """How much of what is left is due only later, by an agreed plan."""

    @property
    def due_minor(self) -> int:
        """What is due of it (``due_of``)."""
        return due_of(self.left_minor, self.later_minor)

    def asked_of(self, most: int) -> int:
        """Return how much of the ``most`` that somebody may pay of it paying begins with: what is due, else all."""
        return min(most, self.due_minor) or most

    @property
    def is_held(self) -> bool:
        """Whether it is for something that is kept for its payer until then."""
        return self.held_until is not None and self.left_minor > 0

    @property
    def account(self) -> str:
        """Whose it is, by number and name."""
        return account_text(self.account_number, self.account_name)

    @property
    def title(self) -> str:
        """What it is for, in a word or two: what is kept for its payer, or a month."""
        return title_of(self.held_names) if self.held_names else month_text(self.period)

    @property
    def left_minor(self) -> int:
        """What can still be paid of it."""
        return (
            self.total_minor - self.paid_minor - self.adjusted_minor
            if self.status in {"issued", "part_paid"}
            else 0
        )


_BILLS = f"""
select b.id, b.tenant_id, t.name tenant_name, t.short_name, t.timezone, t.contact_phone, t.contact_email, b.number,
       b.account_number, b.account_name, b.place, b.period, b.due_on, b.currency, b.status, b.total_minor,
       b.paid_minor, b.adjusted_minor, b.closed_reason, b.held_until,
       case when b.held_until is not null then (
         select json_agg(l.names order by l.position, l.id)::text from billing_bill_line l
          where l.tenant_id = b.tenant_id and l.bill_id = b.id) end held_names, p.payment_id,
       b.account_id <> all ((select scope_barred('pay'))::uuid[]) may_pay,
       b.status in ('issued', 'part_paid') and b.due_on < day_in(t.timezone) is_overdue,
       t.status standing, t.takes_payments, t.word_to_payers,
       (select scope_is('person')) and not exists (select 1 from tenants_holder h where h.tenant_id = b.tenant_id
           and h.account_id = b.account_id and h.person_id = (select scope_person())
           and h.confirmed_at is not null) is_for_others, {IS_DISPUTED} is_disputed,
       (select k.plan_id from billing_plan_bill k where k.tenant_id = b.tenant_id and k.bill_id = b.id
           and k.is_live) plan_id
  from billing_bill b join tenants_tenant t on t.id = b.tenant_id
  left join billing_payment_part p on p.tenant_id = b.tenant_id and p.bill_id = b.id and p.is_live
 where b.tenant_id = any ((select scope_tenants())::uuid[]) and b.id = any ($1::uuid[]) and b.status <> 'draft'
 order by b.due_on, b.number
"""


async def bills_seen(bill_ids: list[UUID]) -> list[SeenBill]:
    """Return these bills, oldest first.

    Raises:
        NotFound: one of them does not exist or is not in the open scope.
    """
    found = [SeenBill(**dict(each)) for each in await rows(_BILLS, bill_ids)]
    plans = await planned(bill.plan_id for bill in found)
    found = [
        replace(bill, later_minor=plans[bill.id].later_minor) if bill.id in plans else bill for bill in found
    ]
    if len(found) != len(set(bill_ids)) or not found:
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    return found


async def bill_seen(bill_id: UUID) -> SeenBill:
    """Return one bill of the open scope; ``NotFound`` when there is none."""
    return (await bills_seen([bill_id]))[0]


async def bill_of_ones_own(bill_id: UUID) -> SeenBill:
    """Return one bill of the open scope about which its person decides, and not only looks at it or pays it.

    Raises:
        Forbidden: they are a guest who may only look, or only pay it for whoever owes it.
    """
    seen = await bill_seen(bill_id)
    if not seen.may_pay:
        raise Forbidden("guest.pay", t("You may see these bills, but not pay them. Ask who invited you."))
    if seen.is_for_others:
        raise Forbidden("proxy.only_pay", t("You may pay this bill, nothing else. Ask whoever owes it."))
    return seen


_PAID = """
select p.id, p.number, p.status, p.channel, p.succeeded_at, p.created_at, p.currency, a.paid_minor, r.id receipt_id
  from (select payment_id, sum(amount_minor)::bigint paid_minor from billing_allocation
         where tenant_id = $1 and bill_id = $2 group by payment_id) a
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
  left join billing_receipt r on r.tenant_id = $1 and r.payment_id = p.id
 order by p.succeeded_at desc, p.id limit 200
"""


async def payments_of_bill(bill: SeenBill) -> list[Any]:
    """Return the reader's own payments that went to a bill, newest first."""
    return await rows(_PAID, bill.tenant_id, bill.id)


@dataclass(frozen=True, slots=True)
class SeenPayment:
    """One payment as its payer sees it, with its latest attempt and its receipt."""

    id: UUID
    tenant_id: UUID
    tenant_name: str
    short_name: str
    timezone: str
    contact_phone: str
    number: str
    currency: str
    amount_minor: int
    refunded_minor: int
    refunding_minor: int
    status: str
    channel: str
    created_at: datetime
    succeeded_at: datetime | None
    expires_at: datetime | None
    redirect_url: str
    qr_content: str
    error: str
    receipt_id: UUID | None
    unassigned_minor: int
    together_id: UUID | None
    """The person's own payment to several institutions that this one is a part of, where all are paid at once."""

    @property
    def is_open(self) -> bool:
        """Whether its end is not known yet."""
        return self.status in {"created", "pending", "processing", "unknown"}

    @property
    def is_received(self) -> bool:
        """Whether the money has arrived."""
        return self.status in {"succeeded", "part_refunded", "refunded", "disputed", "charged_back"}

    @property
    def may_come_back(self) -> bool:
        """Whether some of it is still with the institution, so that its payer may ask for it."""
        return self.status in {"succeeded", "part_refunded"} and (
            self.refunded_minor + self.refunding_minor < self.amount_minor
        )

    @property
    def is_unreached(self) -> bool:
        """Whether the channel gave no answer before it had named a page or a code to pay with."""
        return self.status == "unknown" and not self.redirect_url and not self.qr_content


_PAYMENT = """
select p.id, p.tenant_id, t.name tenant_name, t.short_name, t.timezone, t.contact_phone, p.number, p.currency,
       p.amount_minor, p.refunded_minor, p.refunding_minor, p.status, p.channel, p.created_at, p.succeeded_at,
       least(coalesce(a.expires_at, p.expires_at), (
         select min(b.held_until) from billing_payment_part k
           join billing_bill b on b.tenant_id = k.tenant_id and b.id = k.bill_id
          where k.tenant_id = p.tenant_id and k.payment_id = p.id)) expires_at,
       coalesce(a.redirect_url, '') redirect_url, coalesce(a.qr_content, '') qr_content,
       coalesce(a.error, '') error, r.id receipt_id,
       p.amount_minor - p.refunded_minor - coalesce((select sum(l.amount_minor) from billing_allocation l
         where l.tenant_id = p.tenant_id and l.payment_id = p.id and l.dispute_id is null), 0)::bigint unassigned_minor,
       (select c.id from billing_checkout c where c.id = p.checkout_id and c.is_combined) together_id
  from billing_payment p join tenants_tenant t on t.id = p.tenant_id
  left join lateral (select expires_at, redirect_url, qr_content, error from billing_attempt a
    where a.tenant_id = p.tenant_id and a.payment_id = p.id order by a.created_at desc, a.id desc limit 1) a on true
  left join billing_receipt r on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.tenant_id = any ((select scope_tenants())::uuid[]) and p.id = $1
"""
_PARTS = """
select part.bill_id, part.amount_minor, b.number, b.period, b.account_number, b.account_name, b.status,
       case when b.held_until is not null then (
         select json_agg(l.names order by l.position, l.id)::text from billing_bill_line l
          where l.tenant_id = $1 and l.bill_id = b.id) end held_names
  from billing_payment_part part join billing_bill b on b.tenant_id = $1 and b.id = part.bill_id
 where part.tenant_id = $1 and part.payment_id = $2 order by b.due_on, b.number
"""


async def payment_seen(payment_id: UUID) -> SeenPayment:
    """Return one payment of the open scope; ``NotFound`` when there is none."""
    found = await row(_PAYMENT, payment_id)
    if found is None:
        raise NotFound("payment.not_found", t("There is no such payment, or it is not yours to see."))
    return SeenPayment(**dict(found))


async def parts_seen(payment: SeenPayment) -> list[Any]:
    """Return what a payment was meant for, bill by bill, as far as the scope sees the bills."""
    found = await rows(_PARTS, payment.tenant_id, payment.id)
    return [
        {
            **dict(one),
            "title": title_of(one["held_names"]) if one["held_names"] else month_text(one["period"]),
            "account": account_text(one["account_number"], one["account_name"]),
        }
        for one in found
    ]


_HISTORY = """
select p.id, p.number, p.created_at, p.succeeded_at, t.short_name, t.timezone, p.channel, p.status, p.currency,
       p.amount_minor, p.refunded_minor, r.id receipt_id, r.number receipt_number
  from billing_payment p join tenants_tenant t on t.id = p.tenant_id
  left join billing_receipt r on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.tenant_id = any ((select scope_tenants())::uuid[]) and p.person_id = $1
 order by p.created_at desc, p.id desc
"""


async def history_of(person_id: UUID, *, limit: int, offset: int) -> list[Any]:
    """Return the person's payments, newest first."""
    return await rows(f"{_HISTORY} limit {limit:d} offset {offset:d}", person_id)


async def count_history(person_id: UUID) -> int:
    """Return how many payments the person has started."""
    found = await row(
        "select count(*) n from billing_payment where tenant_id = any ((select scope_tenants())::uuid[])"
        " and person_id = $1",
        person_id,
    )
    return found["n"] if found else 0


def all_history(person_id: UUID) -> AsyncIterator[Any]:
    """Return a reader of all of the person's payments, newest first, within the open scope."""
    return each(_HISTORY, person_id)


_ACCOUNTS = """
select h.tenant_id, t.short_name, t.scenarios, a.id, a.number, a.name, a.place, a.scenario,
       array_agg(distinct h.relation) relations, min(h.since) since,
       case when bool_or(h.until is null) then null else max(h.until) end until
  from tenants_holder h join tenants_tenant t on t.id = h.tenant_id
  join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id
 where h.person_id = $1 and h.confirmed_at is not null
 group by h.tenant_id, t.short_name, t.scenarios, a.id, a.number, a.name, a.place, a.scenario, a.sort_key
 order by t.short_name, a.sort_key, a.number limit 500
"""


async def accounts_of(person_id: UUID) -> list[Any]:
    """Return the accounts that the person holds, with how they hold them."""
    return await rows(_ACCOUNTS, person_id)
