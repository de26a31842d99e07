"""What a family has paid in a year, over all children and all their schools: what came in, less what went back.

A payment counts in the year in which it reached its bill, a refund in the year in which it was made, by the school's
clock. Whatever anybody of the family has paid is in it; of what others have paid the amount shows, never their receipt.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from billing.names import localized
from scenarios.education.family.children import Child, children_of
from tenants.actor import Actor
from tenants.days import today
from tenants.scope import open_scope, rows, tenant_scope, value

MOST_YEARS = 6
_MOVES = """
select b.account_id, (a.created_at at time zone $3)::date paid_on, l.names, b.currency,
       coalesce(p.person_id = $5, false) is_mine, sum(a.amount_minor)::bigint amount_minor,
       case when p.person_id = $5 then r.id end receipt_id, case when p.person_id = $5 then r.number end receipt_number
  from billing_allocation a
  join billing_bill b on b.tenant_id = $1 and b.id = a.bill_id and b.account_id = any ($2::uuid[])
  join billing_bill_line l on l.tenant_id = $1 and l.id = a.bill_line_id
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
  left join billing_receipt r on r.tenant_id = $1 and r.payment_id = p.id
 where a.tenant_id = $1 and extract(year from a.created_at at time zone $3) = $4
 group by 1, 2, l.fee_item_id, l.names, b.currency, p.person_id, r.id, r.number
having sum(a.amount_minor) <> 0
 order by 2, l.names ->> 'en', 6
"""
_FIRST = """
select extract(year from min(a.created_at) at time zone $3)::int from billing_allocation a
  join billing_bill b on b.tenant_id = $1 and b.id = a.bill_id and b.account_id = any ($2::uuid[])
 where a.tenant_id = $1
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """One amount that reached one fee of one child, or went back (negative); minor units."""

    child: Child
    paid_on: date
    fee: str
    currency: str
    amount_minor: int
    is_mine: bool
    receipt_id: UUID | None
    receipt_number: str

    @property
    def mine_minor(self) -> int:
        """The same where the reader has paid it, else nothing."""
        return self.amount_minor if self.is_mine else 0


@dataclass(frozen=True, slots=True)
class FeeSum:
    """What was paid for one child and fee in the year: by anybody, and by the reader; minor units."""

    child: Child
    fee: str
    currency: str
    amount_minor: int
    mine_minor: int


@dataclass(frozen=True, slots=True)
class Year:
    """A family's year: every amount, oldest first."""

    year: int
    children: tuple[Child, ...]
    paid: tuple[Paid, ...] = ()
    years: tuple[int, ...] = field(default=())

    @property
    def by_fee(self) -> list[FeeSum]:
        """Sums for each child and fee, in the order of the children."""
        found: dict[tuple[UUID, str, str], list[Paid]] = {}
        for one in self.paid:
            found.setdefault((one.child.account_id, one.fee, one.currency), []).append(one)
        return [
            FeeSum(
                parts[0].child,
                fee,
                currency,
                sum(one.amount_minor for one in parts),
                sum(one.mine_minor for one in parts),
            )
            for (_, fee, currency), parts in found.items()
        ]

    def of(self, child: Child) -> list[FeeSum]:
        """Return one child's sums by fee."""
        return sorted(
            (one for one in self.by_fee if one.child.account_id == child.account_id), key=lambda one: one.fee
        )

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        """What was paid in all and by the reader, in minor units, by currency."""
        found: dict[str, tuple[int, int]] = {}
        for one in self.paid:
            total, mine = found.get(one.currency, (0, 0))
            found[one.currency] = (total + one.amount_minor, mine + one.mine_minor)
        return found


async def read(actor: Actor, asked: int | None) -> Year:
    """Return a family's year (the running one where none is asked for), for whoever acts for the children.

    Opens scopes of its own.
    """
    async with open_scope(actor.scope()):
        children = [one for one in await children_of(actor) if one.may_sign]
    this_year = max((today(one.timezone).year for one in children), default=today("UTC").year)
    paid: list[Paid] = []
    first, year = this_year, this_year if asked is None else asked
    for of_school in _by_school(children):
        async with open_scope(tenant_scope(of_school[0].tenant_id)):
            paid += await _of_school(actor, of_school, year)
            began = await value(
                _FIRST, of_school[0].tenant_id, [one.account_id for one in of_school], of_school[0].timezone
            )
            first = min(first, began or this_year)
    years = tuple(range(this_year, max(first, this_year - MOST_YEARS) - 1, -1))
    return Year(year, tuple(children), in_order(paid), years)


def in_order(paid: Iterable[Paid]) -> tuple[Paid, ...]:
    """Return payments from day to day, as a family remembers them, whichever school they went to."""
    return tuple(sorted(paid, key=lambda one: (one.paid_on, one.child.school, one.child.name, one.fee)))


def _by_school(children: Iterable[Child]) -> list[list[Child]]:
    found: dict[UUID, list[Child]] = {}
    for one in children:
        found.setdefault(one.tenant_id, []).append(one)
    return list(found.values())


async def _of_school(actor: Actor, children: Sequence[Child], year: int) -> list[Paid]:
    known = {one.account_id: one for one in children}
    first = children[0]
    found = await rows(_MOVES, first.tenant_id, list(known), first.timezone, year, actor.person_id)
    return [
        Paid(
            known[one["account_id"]],
            one["paid_on"],
            localized(json.loads(one["names"])),
            one["currency"],
            one["amount_minor"],
            one["is_mine"],
            one["receipt_id"],
            one["receipt_number"] or "",
        )
        for one in found
    ]
