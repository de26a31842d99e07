"""Taking something off an issued bill's lines, and putting it back: the rows, without the journal.

The amounts of issued lines never change. What is let off stands beside them, in ``adjusted_minor`` of line and bill,
as the sum of append-only parts; PostgreSQL checks that paid and adjusted together never exceed what was billed.
Whoever calls this books its own journal entry, by the lines that come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.payments.allocating import LockedBill, lock_bills, spread
from billing.payments.states import BILL, PAYABLE
from tenants.ids import new_id
from tenants.scope import execute, rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t


@dataclass(frozen=True, slots=True)
class AdjustedLine:
    """What was taken off one line (negative: put back), and the fee item it charged."""

    line_id: UUID
    fee_item_key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The bill as it was before, and what happened to its lines."""

    bill: LockedBill
    lines: tuple[AdjustedLine, ...]

    @property
    def amount_minor(self) -> int:
        """All lines together."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Off:
    """What is to be taken off: an amount over the bill's lines in their order, or exact ``line_amounts``.

    ``fee_kind`` (``charge`` or ``late_fee``) and ``fee_item_id`` narrow an amount to some lines. A bill of which
    nothing is left is *paid* when some of it was, and *written off* when none was or ``is_write_off`` says so.
    """

    amount_minor: int = 0
    line_amounts: Mapping[UUID, int] | None = None
    fee_kind: str = ""
    fee_item_id: UUID | None = None
    is_write_off: bool = False


_LINES = """
select l.id, i.key fee_item_key, l.amount_minor - l.paid_minor - l.adjusted_minor left_minor
  from billing_bill_line l join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = $2 and l.amount_minor > l.paid_minor + l.adjusted_minor
   and ($3 = '' or i.kind = $3) and ($4::uuid is null or l.fee_item_id = $4)
 order by l.position, l.id
"""
_IS_BEING_PAID = (
    "select exists (select 1 from billing_payment_part where tenant_id = $1 and bill_id = $2 and is_live)"
)


async def adjust_bill(tenant_id: UUID, *, bill_id: UUID, off: Off, cause: str, source_id: UUID) -> Adjusted:
    """Take something off an issued bill in the open transaction, which holds the bill's lock from here on.

    Raises:
        NotFound: there is no such bill.
        Conflict: nothing of it is owed, or somebody is paying it at this moment.
        Invalid: ``adjustment.too_much`` where less is left than should come off.
    """
    bill = await _owed(tenant_id, bill_id)
    found = await rows(_LINES, tenant_id, bill_id, off.fee_kind, off.fee_item_id)
    lines = _exact(found, off.line_amounts) if off.line_amounts else _spread(bill, found, off.amount_minor)
    await _write(tenant_id, bill, lines, (cause, source_id))
    await _set(tenant_id, bill, _closed(bill, lines, off.is_write_off))
    return Adjusted(bill, tuple(lines))


async def restore_bill(tenant_id: UUID, *, bill_id: UUID, cause: str, source_id: UUID) -> Adjusted:
    """Put back all that ``source_id`` has taken off a bill; nothing happens where that was done before.

    Raises:
        NotFound: there is no such bill.
        Conflict: the bill is void.
    """
    bill = (await lock_bills(tenant_id, [bill_id])).get(bill_id)
    if bill is None:
        raise NotFound("bill.not_found", t("There is no such bill."))
    if bill.status not in {*PAYABLE, "paid", "written_off"}:
        raise Conflict("bill.closed", t("This bill is void, so there is nothing to put back."))
    found = await rows(_TAKEN, tenant_id, bill_id, cause, source_id)
    lines = [AdjustedLine(one["id"], one["fee_item_key"], -one["amount"]) for one in found]
    if lines:
        await _write(tenant_id, bill, lines, (cause, source_id))
        edge = "reopen_part" if bill.paid_minor else "reopen"
        await _set(tenant_id, bill, bill.status if bill.status in PAYABLE else BILL.after(bill.status, edge))
    return Adjusted(bill, tuple(lines))


_TAKEN = """
select l.id, i.key fee_item_key, sum(p.amount_minor)::bigint amount
  from billing_adjustment_part p
  join billing_bill_line l on l.tenant_id = $1 and l.id = p.bill_line_id
  join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id
 where p.tenant_id = $1 and p.bill_id = $2 and p.cause = $3 and p.source_id = $4
 group by l.id, l.position, i.key having sum(p.amount_minor) > 0 order by l.position, l.id
"""


async def _owed(tenant_id: UUID, bill_id: UUID) -> LockedBill:
    bill = (await lock_bills(tenant_id, [bill_id])).get(bill_id)
    if bill is None:
        raise NotFound("bill.not_found", t("There is no such bill."))
    if bill.status not in PAYABLE:
        raise Conflict("bill.closed", t("Nothing is owed on this bill any more, so nothing can be let off."))
    if await value(_IS_BEING_PAID, tenant_id, bill_id):
        text = t("Somebody is paying this bill right now. Wait until the payment has ended, then look again.")
        raise Conflict("bill.being_paid", text)
    return bill


def _spread(bill: LockedBill, found: Sequence[Any], amount: int) -> list[AdjustedLine]:
    given = spread([line["left_minor"] for line in found], min(amount, bill.left_minor))
    if amount <= 0 or sum(given) != amount:
        raise _too_much()
    return [
        AdjustedLine(line["id"], line["fee_item_key"], share)
        for line, share in zip(found, given, strict=True)
        if share
    ]


def _exact(found: Sequence[Any], amounts: Mapping[UUID, int]) -> list[AdjustedLine]:
    lefts = {line["id"]: line for line in found}
    for line_id, amount in amounts.items():
        if line_id not in lefts or not 0 < amount <= lefts[line_id]["left_minor"]:
            raise _too_much()
    return [
        AdjustedLine(line_id, lefts[line_id]["fee_item_key"], amount) for line_id, amount in amounts.items()
    ]


def _too_much() -> Invalid:
    text = t("Less than that is left to pay on these lines. Look at the bill again.")
    return Invalid("adjustment.too_much", text, fields={"amount": text})


def _closed(bill: LockedBill, lines: Sequence[AdjustedLine], is_write_off: bool) -> str:
    if sum(line.amount_minor for line in lines) < bill.left_minor:
        return bill.status
    return BILL.after(bill.status, "write_off" if is_write_off or not bill.paid_minor else "pay_rest")


_WRITE = """
with part as (
  insert into billing_adjustment_part (tenant_id, id, bill_id, bill_line_id, cause, source_id, amount_minor)
  select $1, s.id, $2, s.line_id, $3, $4, s.amount
    from unnest($5::uuid[], $6::uuid[], $7::bigint[]) s (id, line_id, amount)
), line as (
  update billing_bill_line l set adjusted_minor = l.adjusted_minor + s.amount
    from unnest($6::uuid[], $7::bigint[]) s (line_id, amount) where l.tenant_id = $1 and l.id = s.line_id
)
update billing_bill set adjusted_minor = adjusted_minor + $8 where tenant_id = $1 and id = $2
"""


async def _write(
    tenant_id: UUID, bill: LockedBill, lines: Sequence[AdjustedLine], source: tuple[str, UUID]
) -> None:
    ids, amounts = [new_id() for _ in lines], [line.amount_minor for line in lines]
    line_ids = [line.line_id for line in lines]
    await execute(_WRITE, tenant_id, bill.id, *source, ids, line_ids, amounts, sum(amounts))


async def _set(tenant_id: UUID, bill: LockedBill, status: str) -> None:
    if status != bill.status:
        await execute(
            "update billing_bill set status = $3 where tenant_id = $1 and id = $2", tenant_id, bill.id, status
        )
