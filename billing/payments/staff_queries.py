"""What staff read about payments, refunds and unassigned money: one statement a list, always inside their tenant."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.lists import adding, amount_of, totalled, uuid_of
from billing.models import Refund
from tenants.actor import Actor
from tenants.days import day_named
from tenants.scope import each, row, rows
from tenants.search import literal
from ui.i18n import N_
from ui.tables import Page, TableQuery, Total

_SORTS = {"created_at": "p.created_at", "amount_minor": "p.amount_minor", "number": "p.number"}


class Selection:
    """A where clause with its parameters; ``$1`` is the tenant."""

    def __init__(self, tenant_id: UUID | None) -> None:
        self.args: list[Any] = [tenant_id]
        self.conditions: list[str] = []

    def add(self, condition: str, value: Any) -> None:
        """Add a condition on one more parameter, written ``{}`` in it."""
        self.args.append(value)
        self.conditions.append(condition.replace("{}", f"${len(self.args)}"))

    def search(self, words: str, *conditions: str, amount: str = "", currency: str = "") -> None:
        """Add that one of ``conditions`` holds of these words, or that the column ``amount`` is what they name."""
        self.args.append(like(words))
        found = [condition.replace("{}", f"${len(self.args)}") for condition in conditions]
        if amount and (minor := amount_of(words, currency)) is not None:
            self.args.append(minor)
            found.append(f"abs({amount}) = ${len(self.args)}")
        self.conditions.append(f"({' or '.join(found)})")

    @property
    def where(self) -> str:
        """All conditions, to follow one on the tenant."""
        return "".join(f" and {condition}" for condition in self.conditions)


def like(words: str) -> str:
    """Return a pattern that finds ``words`` anywhere, taken literally."""
    return f"%{literal(words)}%"


PAYMENT_FILTERS = ("status", "channel", "from", "until", "run")
"""``run`` is a bill run: the payments that pay any bill of it."""
_OF_RUN = """p.id in (select a.payment_id from billing_bill b
  join billing_allocation a on a.tenant_id = b.tenant_id and a.bill_id = b.id
 where b.tenant_id = $1 and b.run_id = {})"""
_PAYMENTS = """
select p.id, p.number, p.created_at, p.payer_name, p.taken_by_name, p.channel, p.counter_method, p.status, p.currency,
       p.amount_minor, p.refunded_minor, p.counter_reference, acc.accounts, r.number receipt_number
  from billing_payment p
  left join lateral (select string_agg(distinct b.account_number, ', ') accounts from billing_payment_part part
      join billing_bill b on b.tenant_id = part.tenant_id and b.id = part.bill_id
     where part.tenant_id = p.tenant_id and part.payment_id = p.id) acc on true
  left join billing_receipt r on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.tenant_id = $1
"""


_PAYS = """exists (select 1 from billing_payment_part part
  join billing_bill b on b.tenant_id = part.tenant_id and b.id = part.bill_id
 where part.tenant_id = p.tenant_id and part.payment_id = p.id and (b.account_number ilike {} or b.number ilike {}))"""
_FROM = "from billing_payment p where p.tenant_id = $1"
_RECEIVED = adding("amount_minor", label=N_("Total received"), only="succeeded_at is not null")
"""What did not come is listed, and is no money."""


def _payments(actor: Actor, query: TableQuery) -> Selection:
    chosen = Selection(actor.tenant_id)
    for name in ("status", "channel"):
        if query.get(name):
            chosen.add(f"p.{name} = {{}}", query.get(name))
    zone = ZoneInfo(actor.place["timezone"])
    for name, sign, days in (("from", ">=", 0), ("until", "<", 1)):
        if (day := day_named(query.get(name))) is not None:
            start = datetime.combine(day + timedelta(days=days), datetime.min.time(), zone)
            chosen.add(f"p.created_at {sign} {{}}", start)
    if query.get("run"):
        chosen.add(_OF_RUN, uuid_of(query.get("run")))
    if query.q:
        searched = ("p.number ilike {}", "p.payer_name ilike {}", "p.counter_reference ilike {}", _PAYS)
        chosen.search(query.q, *searched, amount="p.amount_minor", currency=actor.place["currency"])
    return chosen


async def list_payments(actor: Actor, query: TableQuery) -> Page:
    """Return one page of payments, with how many there are and what came in."""
    actor.require("payments.read")
    chosen = _payments(actor, query)
    every = f"select p.currency, p.amount_minor, p.succeeded_at {_FROM}{chosen.where}"
    counted = await totalled(every, chosen.args, [_RECEIVED])
    page = f"{_in_order(chosen, query)} limit {query.limit:d} offset {query.offset:d}"
    return Page.of(query, await rows(page, *chosen.args), *counted)


_RECEIPTS = """
select r.id from billing_payment p join billing_receipt r on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.tenant_id = $1
"""


async def count_receipts(actor: Actor, query: TableQuery, most: int) -> int:
    """Return how many receipts the selected payments have; no more than ``most`` are counted."""
    actor.require("payments.read")
    chosen = _payments(actor, query)
    found = await row(
        f"select count(*)::int n from ({_RECEIPTS}{chosen.where} limit {most:d}) found", *chosen.args
    )
    return int(found["n"]) if found else 0


async def receipt_ids(actor: Actor, query: TableQuery, most: int) -> list[UUID]:
    """Return the receipts of the selected payments, the earliest first, up to ``most``."""
    actor.require("payments.read")
    chosen = _payments(actor, query)
    found = await rows(f"{_RECEIPTS}{chosen.where} order by r.number limit {most:d}", *chosen.args)
    return [one["id"] for one in found]


def _in_order(chosen: Selection, query: TableQuery) -> str:
    column = _SORTS.get(query.sort.removeprefix("-"), "p.created_at")
    way = "desc" if query.sort.startswith("-") else "asc"
    return f"{_PAYMENTS}{chosen.where} order by {column} {way}, p.id {way}"


def all_payments(actor: Actor, query: TableQuery) -> AsyncIterator[Any]:
    """Return a reader of every selected payment, within the open scope."""
    actor.require("payments.read")
    chosen = _payments(actor, query)
    return each(_in_order(chosen, query), *chosen.args)


_PARTS = """
select part.bill_id, part.amount_minor, b.number, b.period, b.account_id, b.account_number, b.account_name, b.currency,
       coalesce((select sum(a.amount_minor) from billing_allocation a where a.tenant_id = $1
         and a.payment_id = $2 and a.bill_id = b.id), 0)::bigint paid_minor
  from (select bill_id, amount_minor from billing_payment_part where tenant_id = $1 and payment_id = $2
        union all
        select bill_id, 0::bigint from billing_allocation a where tenant_id = $1 and payment_id = $2 and not exists
          (select 1 from billing_payment_part q where q.tenant_id = $1 and q.payment_id = $2 and q.bill_id = a.bill_id)
         group by bill_id) part
  join billing_bill b on b.tenant_id = $1 and b.id = part.bill_id order by b.due_on, b.number
"""
_STORY = """
select act, created_at at, person_name, subject_label, after from tenants_audit
 where tenant_id = $1 and (subject_id = $2
    or subject_id in (select id from billing_refund where tenant_id = $1 and payment_id = $2)
    or subject_id in (select id from billing_suspense where tenant_id = $1 and payment_id = $2)
    or subject_id in (select id from billing_dispute where tenant_id = $1 and payment_id = $2))
 order by created_at desc limit 200
"""


async def parts_of(tenant_id: UUID, payment_id: UUID) -> Sequence[Any]:
    """Return what a payment was meant for and what it pays, bill by bill."""
    return await rows(_PARTS, tenant_id, payment_id)


async def acts_on(tenant_id: UUID, payment_id: UUID) -> list[dict[str, Any]]:
    """Return the audit trail of a payment, its refunds and its unassigned money, newest first."""
    found = await rows(_STORY, tenant_id, payment_id)
    return [{**dict(one), "after": json.loads(one["after"]) if one["after"] else {}} for one in found]


_KEPT = (
    "select status, decided_by_name, reason from billing_risk_hold where tenant_id = $1 and refund_id = $2"
)


async def kept_by_bank(refund: Refund) -> Any | None:
    """Return how the bank keeps a refund from going, or has kept it."""
    return await row(_KEPT, refund.tenant_id, refund.id)


_INSTEAD = """
select r.id, r.number, r.status, r.way from tenants_audit a
  join billing_refund r on r.tenant_id = a.tenant_id and r.number = a.after ->> 'refund'
 where a.tenant_id = $1 and a.subject_kind = 'refund' and a.subject_id = $2 and a.act = 'refund.resolved'
 order by a.created_at desc limit 1
"""


async def made_instead(refund: Refund) -> Any | None:
    """Return the refund that was made in the place of one that failed; ``None`` where its money took another way."""
    return await row(_INSTEAD, refund.tenant_id, refund.id)


REFUND_FILTERS = ("status",)
_REFUNDS = """
select p.id, p.number, p.created_at, p.amount_minor, p.currency, p.status, p.reason, p.requested_by_name,
       p.decided_by_name, p.payment_id, pay.number payment_number, pay.channel, pay.payer_name
  from billing_refund p join billing_payment pay on pay.tenant_id = p.tenant_id and pay.id = p.payment_id
 where p.tenant_id = $1
"""


def _refunds(actor: Actor, query: TableQuery) -> Selection:
    chosen = Selection(actor.tenant_id)
    if query.get("status"):
        chosen.add("p.status = {}", query.get("status"))
    if query.q:
        searched = ("p.number ilike {}", "pay.number ilike {}", "pay.payer_name ilike {}")
        chosen.search(query.q, *searched, amount="p.amount_minor", currency=actor.place["currency"])
    return chosen


_GOING_BACK = (
    adding("amount_minor", label=N_("Total refunded"), only="status = 'succeeded'"),
    adding("amount_minor", label=N_("Not yet back"), only="status in ('requested', 'approved', 'submitted')"),
)


async def list_refunds(
    actor: Actor, query: TableQuery, *, limit: int, offset: int
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    """Return refunds, those that wait for a decision first, how many there are and what they come to."""
    actor.require("payments.read")
    chosen = _refunds(actor, query)
    count, totals = await totalled(f"{_REFUNDS}{chosen.where}", chosen.args, _GOING_BACK)
    order = "p.status = 'requested' desc, p.created_at desc, p.id"
    found = await rows(
        f"{_REFUNDS}{chosen.where} order by {order} limit {limit:d} offset {offset:d}", *chosen.args
    )
    return found, count, totals


SUSPENSE_FILTERS = ("status",)
_SUSPENSE = """
select p.id, p.created_at, p.amount_minor, p.currency, p.reason, p.status, p.owner_id, p.owner_name, p.payment_id,
       pay.number payment_number, pay.channel, pay.payer_name
  from billing_suspense p join billing_payment pay on pay.tenant_id = p.tenant_id and pay.id = p.payment_id
 where p.tenant_id = $1
"""


async def list_suspense(
    actor: Actor, query: TableQuery, *, limit: int, offset: int
) -> tuple[Sequence[Any], int, Sequence[Total]]:
    """Return unassigned money, the oldest open first, how many there are and what they come to."""
    actor.require("suspense.work")
    chosen = Selection(actor.tenant_id)
    if query.get("status") != "all":
        chosen.add("p.status = {}", query.get("status") or "open")
    if query.q:
        searched = ("pay.number ilike {}", "pay.payer_name ilike {}", "p.owner_name ilike {}")
        chosen.search(query.q, *searched, amount="p.amount_minor", currency=actor.place["currency"])
    count, totals = await totalled(f"{_SUSPENSE}{chosen.where}", chosen.args, [adding("amount_minor")])
    found = await rows(
        f"{_SUSPENSE}{chosen.where} order by p.status = 'open' desc, p.created_at, p.id"
        f" limit {limit:d} offset {offset:d}",
        *chosen.args,
    )
    return found, count, totals


_OPEN_BILLS = """
select b.id, b.number, b.account_number, b.account_name, b.period, b.due_on, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from billing_bill b
 where b.tenant_id = $1 and b.currency = $2 and b.status in ('issued', 'part_paid')
   and (b.number ilike $3 or b.account_number ilike $3 or b.account_name ilike $3 or exists (select 1
     from tenants_holder h where h.tenant_id = $1 and h.account_id = b.account_id and h.name ilike $3))
 order by b.due_on, b.number limit 20
"""


async def find_open_bills(tenant_id: UUID, currency: str, words: str) -> Sequence[Any]:
    """Return up to 20 bills with something left to pay, by bill, account or holder."""
    return await rows(_OPEN_BILLS, tenant_id, currency, like(words)) if words else []
