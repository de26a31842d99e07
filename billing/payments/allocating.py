"""Which line of which bill a payment pays, to the minor unit; and what a refund takes back again.

Bills are locked in the order of their ids, always, so that payments that share bills wait rather than deadlock.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.credit.terms import PENALTY_RANK
from billing.payments.states import BILL, PAYABLE
from tenants.ids import new_id
from tenants.scope import execute, rows

Parts = Mapping[UUID, int]
"""Minor units meant for each bill."""


@dataclass(frozen=True, slots=True)
class LockedBill:
    """A bill as it is while this transaction holds it."""

    id: UUID
    account_id: UUID
    number: str
    status: str
    currency: str
    total_minor: int
    paid_minor: int
    adjusted_minor: int = 0
    is_held: bool = False

    @property
    def left_minor(self) -> int:
        """What may still be paid of it."""
        return self.total_minor - self.paid_minor - self.adjusted_minor if self.status in PAYABLE else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A bill's line that is not paid yet, with what a receipt says of it."""

    id: UUID
    bill_id: UUID
    left_minor: int
    names: Mapping[str, str]
    period: str
    account: str


@dataclass(frozen=True, slots=True)
class Share:
    """What one line got of a payment (negative: gave back), with what a receipt says of the line."""

    bill: LockedBill
    line_id: UUID
    amount_minor: int
    names: Mapping[str, str]
    period: str
    account: str


@dataclass(frozen=True, slots=True)
class Allocated:
    """What a payment paid, and how much of each bill's part found nothing left to pay."""

    shares: tuple[Share, ...]
    left_over: Parts
    bills: Mapping[UUID, LockedBill]

    @property
    def left_over_minor(self) -> int:
        """What found no bill, together."""
        return sum(self.left_over.values())

    def by_bill(self) -> dict[UUID, int]:
        """Return what each bill got."""
        return _sum((share.bill.id, share.amount_minor) for share in self.shares)


def spread(lefts: Sequence[int], amount: int) -> list[int]:
    """Return how ``amount`` fills places in order, each up to what is left there; the rest stays outside."""
    given = []
    for left in lefts:
        share = max(0, min(left, amount))
        given.append(share)
        amount -= share
    return given


def _sum(pairs: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    sums: dict[UUID, int] = {}
    for key, amount in pairs:
        sums[key] = sums.get(key, 0) + amount
    return sums


async def lock_bills(tenant_id: UUID, bill_ids: Iterable[UUID]) -> dict[UUID, LockedBill]:
    """Lock the bills until the transaction ends."""
    found = await rows(
        "select id, account_id, number, status, currency, total_minor, paid_minor, adjusted_minor,"
        " held_until is not null is_held from billing_bill"
        " where tenant_id = $1 and id = any ($2::uuid[]) order by id for update",
        tenant_id,
        list(bill_ids),
    )
    return {each["id"]: LockedBill(**dict(each)) for each in found}


_LINES = f"""
select l.id, l.bill_id, l.amount_minor - l.paid_minor - l.adjusted_minor left_minor, l.names,
       to_char(l.period, 'YYYY-MM') period,
       b.account_number || case when b.account_name in ('', b.account_number) then ''
                                else ' ' || b.account_name end account
  from billing_bill_line l join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
  join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = any ($2::uuid[]) and l.amount_minor > l.paid_minor + l.adjusted_minor
 order by b.due_on, b.number, {PENALTY_RANK}, l.position, l.id
"""


async def allocate(tenant_id: UUID, payment_id: UUID, parts: Parts) -> Allocated:
    """Pay the bills' lines, the oldest bill first, late fees as the terms say; return what remained without a bill."""
    bills = await lock_bills(tenant_id, parts)
    lines = [_read(line) for line in await rows(_LINES, tenant_id, list(parts))]
    done = plan(bills, lines, parts)
    await _write(tenant_id, payment_id, done.shares)
    return done


def plan(bills: Mapping[UUID, LockedBill], lines: Sequence[Line], parts: Parts) -> Allocated:
    """Return which line gets how much of a payment; ``lines`` are those left to pay, in the order of payment."""
    shares, left_over = list[Share](), dict[UUID, int]()
    for bill_id in dict.fromkeys([*(line.bill_id for line in lines), *parts]):
        bill, own = bills[bill_id], [line for line in lines if line.bill_id == bill_id]
        paid = min(parts[bill_id], bill.left_minor)
        given = spread([line.left_minor for line in own], paid)
        shares += [_share(bill, line, amount) for line, amount in zip(own, given, strict=True) if amount]
        if parts[bill_id] > sum(given):
            left_over[bill_id] = parts[bill_id] - sum(given)
    return Allocated(tuple(shares), left_over, bills)


def _read(found: Mapping[str, Any]) -> Line:
    names = json.loads(found["names"])
    return Line(found["id"], found["bill_id"], found["left_minor"], names, found["period"], found["account"])


def _share(bill: LockedBill, line: Line, amount: int) -> Share:
    return Share(bill, line.id, amount, line.names, line.period, line.account)


_TAKEN = """
select l.id, l.bill_id, a.net left_minor, l.names, to_char(l.period, 'YYYY-MM') period, b.account_number account,
       i.kind = 'stored' is_stored, l.fee_item_id
  from (select bill_line_id, sum(amount_minor)::bigint net, max(created_at) latest from billing_allocation
         where tenant_id = $1 and payment_id = $2 group by bill_line_id having sum(amount_minor) > 0) a
  join billing_bill_line l on l.tenant_id = $1 and l.id = a.bill_line_id
  join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
 order by a.latest desc, b.due_on desc, b.number desc, l.position desc, l.id desc
"""


async def take_back(
    tenant_id: UUID,
    payment_id: UUID,
    refund_id: UUID | None,
    amount: int,
    *,
    dispute_id: UUID | None = None,
    bill_id: UUID | None = None,
    fee_item_id: UUID | None = None,
) -> Allocated:
    """Take ``amount`` of a payment off its lines again, the last one paid first, and open their bills.

    Lines of the fee that is named give before all others.

    Because of a refund, or of a dispute that was lost. ``bill_id`` names the only bill that gives; a refund without
    it leaves alone what topped up stored money, which gives back from its store.

    Raises:
        ValueError: the payment pays less than that.
    """
    is_apart = refund_id is not None and bill_id is None
    paid = sorted(
        await rows(_TAKEN, tenant_id, payment_id),
        key=lambda line: fee_item_id not in {None, line["fee_item_id"]},
    )
    found = [_read(line) for line in paid if not (is_apart and line["is_stored"])]
    lines = [line for line in found if bill_id in {None, line.bill_id}]
    bills = await lock_bills(tenant_id, {line.bill_id for line in lines})
    taken = spread([line.left_minor for line in lines], amount)
    if sum(taken) != amount:
        raise ValueError(f"payment {payment_id} pays {sum(taken)}, not {amount}")
    shares = [
        _share(bills[line.bill_id], line, -back) for line, back in zip(lines, taken, strict=True) if back
    ]
    await _write(tenant_id, payment_id, shares, refund_id, dispute_id=dispute_id)
    return Allocated(tuple(shares), {}, bills)


async def release(tenant_id: UUID, payment_id: UUID, credit_id: UUID, parts: Parts) -> Allocated:
    """Take a payment off the bills in ``parts``, for it to become the account's credit; the last line first.

    Raises:
        ValueError: the payment pays less of one of them.
    """
    found = [_read(line) for line in await rows(_TAKEN, tenant_id, payment_id)]
    bills = await lock_bills(tenant_id, parts)
    shares: list[Share] = []
    for bill_id, amount in parts.items():
        lines = [line for line in found if line.bill_id == bill_id]
        taken = spread([line.left_minor for line in lines], amount)
        if sum(taken) != amount:
            raise ValueError(f"payment {payment_id} pays {sum(taken)} of bill {bill_id}, not {amount}")
        shares += [
            _share(bills[bill_id], line, -back) for line, back in zip(lines, taken, strict=True) if back
        ]
    await _write(tenant_id, payment_id, shares, credit_id=credit_id)
    return Allocated(tuple(shares), {}, bills)


_WRITE = """
with given as (
  insert into billing_allocation
    (tenant_id, id, payment_id, refund_id, bill_id, bill_line_id, amount_minor, credit_id, dispute_id)
  select $1, s.id, $2, $3, s.bill_id, s.line_id, s.amount, $8, $9
    from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[]) s (id, bill_id, line_id, amount)
)
update billing_bill_line l set paid_minor = l.paid_minor + s.amount
  from unnest($6::uuid[], $7::bigint[]) s (line_id, amount) where l.tenant_id = $1 and l.id = s.line_id
"""
_BILLS = """
update billing_bill b set paid_minor = s.paid, status = s.status
  from unnest($2::uuid[], $3::bigint[], $4::text[]) s (id, paid, status) where b.tenant_id = $1 and b.id = s.id
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Shares as PostgreSQL takes them: what each line gets, and what each bill is afterwards."""

    bills: list[UUID]
    lines: list[UUID]
    amounts: list[int]
    moved: list[UUID]
    paid: list[int]
    statuses: list[str]


def columns_of(shares: Sequence[Share]) -> Columns:
    """Return the shares as columns."""
    sums = _sum((share.bill.id, share.amount_minor) for share in shares)
    bills = {share.bill.id: share.bill for share in shares}.values()
    return Columns(
        bills=[share.bill.id for share in shares],
        lines=[share.line_id for share in shares],
        amounts=[share.amount_minor for share in shares],
        moved=[bill.id for bill in bills],
        paid=[bill.paid_minor + sums[bill.id] for bill in bills],
        statuses=[status_after(bill, sums[bill.id]) for bill in bills],
    )


async def _write(
    tenant_id: UUID,
    payment_id: UUID,
    shares: Sequence[Share],
    refund_id: UUID | None = None,
    *,
    credit_id: UUID | None = None,
    dispute_id: UUID | None = None,
) -> None:
    if not shares:
        return
    ids, of = [new_id() for _ in shares], columns_of(shares)
    causes = credit_id, dispute_id
    await execute(_WRITE, tenant_id, payment_id, refund_id, ids, of.bills, of.lines, of.amounts, *causes)
    await execute(_BILLS, tenant_id, of.moved, of.paid, of.statuses)


def status_after(bill: LockedBill, amount: int) -> str:
    """Return the bill's state once ``amount`` more (or, negative, less) of it is paid; closed bills stay closed."""
    paid = bill.paid_minor + amount
    if bill.status not in {*PAYABLE, "paid", "written_off"}:
        return bill.status
    if amount > 0:
        return BILL.after(
            bill.status, "pay_rest" if paid + bill.adjusted_minor >= bill.total_minor else "pay_part"
        )
    return BILL.after(bill.status, "reopen_part" if paid else "reopen")
