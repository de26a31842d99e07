"""Everything a person has to pay, in one statement under their own scope; what they do not owe is told apart.

Not owed is what is only kept for them while they pay, what may be declined, and what others let them pay.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED
from billing.mandates.caps import room_for
from billing.payer.planned import Planned, planned
from billing.payer.queries import SeenBill, due_of, title_of
from tenants.scope import open_scope, rows, tenant_scope

MOST_BILLS = 2000
"""Bills on one page; nobody owes more, and a page without an end would be a way to stop the house."""

_OWED = f"""
select t.id tenant_id, t.short_name, t.scenarios, t.status, t.takes_payments, t.word_to_payers, t.timezone,
       h.account_id, h.is_for_others, b.account_number, b.account_name, b.currency, b.held_until,
       case when b.held_until is not null then (
         select json_agg(l.names order by l.position, l.id)::text from billing_bill_line l
          where l.tenant_id = b.tenant_id and l.bill_id = b.id) end held_names,
       (select k.plan_id from billing_plan_bill k where k.tenant_id = b.tenant_id and k.bill_id = b.id
           and k.is_live) plan_id,
       b.id::text, b.number, b.period, b.due_on, b.total_minor - b.paid_minor - b.adjusted_minor left_minor,
       b.due_on < day_in(t.timezone) is_overdue, b.paid_minor > 0 is_part_paid, p.payment_id::text,
       said.promised_on, {IS_DISPUTED} is_disputed,
       (select d.due_on from billing_debit d where d.tenant_id = b.tenant_id and d.bill_id = b.id
           and d.status in ('announced', 'trying', 'waiting')) debit_on,
       case when offered.may_be_declined then coalesce((
         select sum(l.amount_minor) from billing_bill_line l
           join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id and i.is_voluntary
          where l.tenant_id = b.tenant_id and l.bill_id = b.id and l.amount_minor > 0 and l.paid_minor = 0
            and l.adjusted_minor = 0), 0) else 0 end::bigint voluntary_minor, 0::bigint later_minor
  from (select tenant_id, account_id, bool_and(is_proxy) is_for_others from (
          select tenant_id, account_id, false is_proxy from tenants_holder
           where person_id = $1 and confirmed_at is not null
          union all
          select tenant_id, account_id, true from billing_proxy where person_id = $1 and accepted_at is not null
             and ended_at is null and until >= day_of(tenant_id)) each group by tenant_id, account_id) h
  join tenants_tenant t on t.id = h.tenant_id
  cross join lateral (select exists (select 1 from billing_fee_item i where i.tenant_id = t.id and i.is_voluntary)
      may_be_declined offset 0) offered
  left join billing_bill b on b.tenant_id = h.tenant_id and b.account_id = h.account_id
   and b.status in ('issued', 'part_paid')
  left join billing_payment_part p on p.tenant_id = b.tenant_id and p.bill_id = b.id and p.is_live
  left join lateral (select max(a.promised_on) promised_on
      from billing_answer a where a.tenant_id = b.tenant_id and a.bill_id = b.id and a.closed_at is null) said on true
 order by t.short_name, t.id, b.account_number, b.due_on, b.number limit {MOST_BILLS}
"""
_BEFORE_BILL = 15
"""Columns of the statement before those of the bill itself."""


class OwedBill(NamedTuple):
    """One open bill; a tuple with ids as text, because the busiest page takes it apart for each row."""

    id: str
    number: str
    period: date
    due_on: date
    left_minor: int
    is_overdue: bool
    is_part_paid: bool
    payment_id: str | None
    promised_on: date | None
    is_disputed: bool | None
    debit_on: date | None
    """The day on which a mandate takes it by itself."""
    voluntary_minor: int
    """How much of it may be declined."""
    later_minor: int
    """How much of what is left is due only later, by an agreed plan; ``due_on`` is the day of the instalment."""

    @property
    def due_minor(self) -> int:
        """What is due of it (``due_of``)."""
        return due_of(self.left_minor, self.later_minor)

    @property
    def is_late(self) -> bool:
        """Whether its day is over and nobody has said what becomes of it: no dispute, no promise, no debit to come."""
        is_due = self.is_overdue and self.due_minor > 0
        return is_due and not (self.is_disputed or self.promised_on or self.debit_on)


@dataclass(slots=True)
class OwedAccount:
    """One account's open bills. Of somebody else's account ``may_minor`` is what the person may pay of them now."""

    number: str
    name: str
    is_for_others: bool = False
    may_minor: int = 0
    bills: list[OwedBill] = field(default_factory=list)


@dataclass(slots=True)
class OwedInstitution:
    """What is to be paid to one institution in one currency; it is paid in one go."""

    tenant_id: UUID
    name: str
    currency: str
    accounts: list[OwedAccount] = field(default_factory=list)
    total_minor: int = 0
    overdue_minor: int = 0
    standing: str = "live"
    takes_payments: bool = True
    word_to_payers: str = ""

    @property
    def anchor(self) -> str:
        """A name that is this group's alone on the page."""
        return f"owed-{self.tenant_id.hex}-{self.currency}"

    @property
    def for_others(self) -> list[OwedAccount]:
        """Return the accounts of others that the person may pay for."""
        return [account for account in self.accounts if account.is_for_others]


@dataclass(frozen=True, slots=True)
class HeldBill:
    """The bill of something that is only kept for its payer: paid in time it is theirs, otherwise it lapses."""

    tenant_id: UUID
    bill: OwedBill
    what: str
    account: str
    institution: str
    currency: str
    until: datetime
    timezone: str
    takes_payments: bool
    is_for_others: bool


@dataclass(slots=True)
class Owed:
    """Everything a person has to pay. Sums are minor units by currency.

    ``totals`` and ``overdue`` are of their own bills (of what is paid by a plan the instalment that is due, the rest
    of it is ``later``), ``voluntary`` is the part of ``totals`` that may be declined,
    ``for_others`` what they may pay now of bills that others owe. What is ``held`` is in none of them.
    """

    institutions: list[OwedInstitution] = field(default_factory=list)
    held: list[HeldBill] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    overdue: dict[str, int] = field(default_factory=dict)
    voluntary: dict[str, int] = field(default_factory=dict)
    for_others: dict[str, int] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    account_count: int = 0
    is_answered: bool = False
    """Whether a bill is past its day, and a promise, a dispute or a debit says what becomes of it."""
    scenarios: set[str] = field(default_factory=set)
    """The industries of the institutions at which the person holds something."""

    @property
    def payable(self) -> list[OwedInstitution]:
        """Return those that take payments here now; a bank may have suspended the others."""
        return [one for one in self.institutions if one.takes_payments]


async def owed_by(person_id: UUID) -> Owed:
    """Return everything the scope's person has to pay, by institution and account."""
    owed, accounts = Owed(), set()
    groups: dict[tuple[UUID, str], OwedInstitution] = {}
    found = await rows(_OWED, person_id)
    plans = await planned(one["plan_id"] for one in found)
    for one in found:
        accounts.add(one["account_id"])
        owed.scenarios.update(one["scenarios"])
        if one["currency"] is not None:
            _sort_in(owed, groups, one, plans)
    owed.account_count, owed.institutions = len(accounts), list(groups.values())
    for group in owed.institutions:
        if group.for_others:
            await _hold_within_caps(owed, group, person_id)
    owed.held = [one for one in owed.held if not one.is_for_others or await _may_pay_whole(one, person_id)]
    return owed


def _sort_in(
    owed: Owed, groups: dict[tuple[UUID, str], OwedInstitution], one: Any, plans: Mapping[UUID, Planned]
) -> None:
    bill = OwedBill(*one[_BEFORE_BILL:])
    if one["plan_id"] and (plan := plans.get(UUID(bill.id))):
        bill = bill._replace(later_minor=plan.later_minor, debit_on=plan.debit_on)
    if one["held_until"] is not None:
        owed.held.extend(_still_held(one, bill))
        return
    tenant_id, currency, number = one["tenant_id"], one["currency"], one["account_number"]
    group = groups.get((tenant_id, currency))
    if group is None:
        group = groups[tenant_id, currency] = OwedInstitution(
            tenant_id,
            one["short_name"],
            currency,
            standing=one["status"],
            takes_payments=one["takes_payments"],
            word_to_payers=one["word_to_payers"],
        )
    if not group.accounts or group.accounts[-1].number != number:
        group.accounts.append(OwedAccount(number, one["account_name"], one["is_for_others"]))
    group.accounts[-1].bills.append(bill)
    if not one["is_for_others"]:
        _add(owed, group, bill)


def _still_held(one: Any, bill: OwedBill) -> Iterator[HeldBill]:
    """Yield the bill of what is kept, unless its time is over: then it is about to be let go."""
    if one["held_until"] > datetime.now(UTC):
        yield HeldBill(
            one["tenant_id"],
            bill,
            what=title_of(one["held_names"]),
            account=one["account_name"] or one["account_number"],
            institution=one["short_name"],
            currency=one["currency"],
            until=one["held_until"],
            timezone=one["timezone"],
            takes_payments=one["takes_payments"],
            is_for_others=one["is_for_others"],
        )


def _add(owed: Owed, group: OwedInstitution, bill: OwedBill) -> None:
    currency, due = group.currency, bill.due_minor
    group.total_minor += due
    owed.totals[currency] = owed.totals.get(currency, 0) + due
    if bill.later_minor:
        owed.later[currency] = owed.later.get(currency, 0) + bill.later_minor
    if bill.voluntary_minor:
        owed.voluntary[currency] = owed.voluntary.get(currency, 0) + min(due, bill.voluntary_minor)
    if bill.is_late:
        group.overdue_minor += due
        owed.overdue[currency] = owed.overdue.get(currency, 0) + due
    elif bill.is_overdue:
        owed.is_answered = True


async def _hold_within_caps(owed: Owed, group: OwedInstitution, person_id: UUID) -> None:
    """Say of others' accounts what the person may pay now: no more than is left, and no more than they were allowed."""
    ids = [UUID(bill.id) for bill in chain.from_iterable(account.bills for account in group.for_others)]
    async with open_scope(tenant_scope(group.tenant_id)):
        room = await room_for(person_id, group.tenant_id, ids)
    for account in group.for_others:
        account.may_minor = sum(room.get(UUID(bill.id), 0) for bill in account.bills)
        group.total_minor += account.may_minor
        owed.for_others[group.currency] = owed.for_others.get(group.currency, 0) + account.may_minor


async def _may_pay_whole(held: HeldBill, person_id: UUID) -> bool:
    """Tell whether somebody may pay all of what is kept for another one: there is no paying a part of it."""
    bill_id = UUID(held.bill.id)
    async with open_scope(tenant_scope(held.tenant_id)):
        room = await room_for(person_id, held.tenant_id, [bill_id])
    return room.get(bill_id, 0) >= held.bill.left_minor


async def payable_now(person_id: UUID | None, bills: Sequence[SeenBill]) -> dict[UUID, int]:
    """Return how much of each bill a person may pay now: all that is left, or of others' what they were allowed."""
    found = {bill.id: bill.left_minor for bill in bills}
    of_others = [bill for bill in bills if bill.is_for_others]
    if person_id is None:
        return found
    for tenant_id in dict.fromkeys(bill.tenant_id for bill in of_others):
        own = [bill.id for bill in of_others if bill.tenant_id == tenant_id]
        async with open_scope(tenant_scope(tenant_id)):
            found |= await room_for(person_id, tenant_id, own)
    return found
