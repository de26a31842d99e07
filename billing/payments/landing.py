"""A payment whose channel reports, in two calls: all of it locked and read, and all that its money changes written.

Between the two nothing but Python decides. The rows are locked in the house's order: attempt, payment, bills by id.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.exceptions import DoesNotExist

from billing.models import Attempt, Payment, Receipt
from billing.payments.allocating import Allocated, Line, LockedBill, columns_of
from tenants.ids import new_id
from tenants.scope import adopt, execute, row, tenant_scope


@dataclass(frozen=True, slots=True)
class Rival:
    """Another payment's attempt that holds one of the same bills for so many minor units."""

    attempt_id: UUID
    bill_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A payment under its locks. Bills, lines, rivals and place are there when its money is to be received."""

    attempt: Attempt
    payment: Payment
    account: str
    """What the channel calls the institution's account that this payment goes to; empty at the counter."""
    parts: Mapping[UUID, int]
    bills: Mapping[UUID, LockedBill]
    lines: Sequence[Line]
    rivals: Sequence[Rival]
    place: Mapping[str, str]


async def open_payment(tenant_id: UUID, attempt_id: UUID, *, is_receiving: bool) -> Opened:
    """Lock and read an attempt and its payment, and for money that has arrived its bills too.

    It sets the tenant's scope on the open transaction, so that it may be the first statement there.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such attempt (yet).
    """
    found = await row("select * from payment_open($1, $2, $3)", tenant_id, attempt_id, is_receiving)
    adopt(tenant_scope(tenant_id))
    if found is None or found["attempt"] is None:
        raise DoesNotExist(Attempt)
    more = json.loads(found["more"])
    return Opened(
        attempt=Attempt._init_from_db(**found["attempt"]),  # noqa: SLF001 - a row, however it was read
        payment=Payment._init_from_db(**found["payment"]),  # noqa: SLF001
        account=found["account"],
        parts={UUID(each["id"]): each["part_minor"] for each in more["bills"]},
        bills={UUID(each["id"]): _bill(each) for each in more["bills"]},
        lines=[_line(each) for each in more["lines"]],
        rivals=[_rival(each) for each in more["rivals"]],
        place=more["place"],
    )


def _bill(found: Mapping[str, Any]) -> LockedBill:
    return LockedBill(
        id=UUID(found["id"]),
        account_id=UUID(found["account_id"]),
        number=found["number"],
        status=found["status"],
        currency=found["currency"],
        total_minor=found["total_minor"],
        paid_minor=found["paid_minor"],
        adjusted_minor=found["adjusted_minor"],
    )


def _line(found: Mapping[str, Any]) -> Line:
    ids = {"id": UUID(found["id"]), "bill_id": UUID(found["bill_id"])}
    return Line(**{**found, **ids})


def _rival(found: Mapping[str, Any]) -> Rival:
    return Rival(UUID(found["attempt_id"]), UUID(found["bill_id"]), found["amount_minor"])


_LAND = """
with tried as (
  update billing_attempt set status = $3, ended_at = $4, channel_reference = $5, channel_payment = $6,
         redirect_url = $7, qr_content = $8, error = $9, asked_at = $10 where tenant_id = $1 and id = $2
), paid as (
  update billing_payment set status = $12, succeeded_at = $4, amount_minor = $13, currency = $14
   where tenant_id = $1 and id = $11
), let_go as (
  update billing_payment_part set is_live = false where tenant_id = $1 and payment_id = $11 and is_live
), given as (
  insert into billing_allocation (tenant_id, id, payment_id, bill_id, bill_line_id, amount_minor)
  select $1, s.id, $11, s.bill_id, s.line_id, s.amount
    from unnest($15::uuid[], $16::uuid[], $17::uuid[], $18::bigint[]) s (id, bill_id, line_id, amount)
), lines as (
  update billing_bill_line l set paid_minor = l.paid_minor + s.amount
    from unnest($17::uuid[], $18::bigint[]) s (line_id, amount) where l.tenant_id = $1 and l.id = s.line_id
), bills as (
  update billing_bill b set paid_minor = s.paid, status = s.status
    from unnest($19::uuid[], $20::bigint[], $21::text[]) s (id, paid, status)
   where b.tenant_id = $1 and b.id = s.id
)
insert into billing_receipt (tenant_id, id, payment_id, person_id, link_bill_id, number, verification_hash, document)
values ($1, $22, $11, $23, $24, $25, $26, $27)
"""


async def land(attempt: Attempt, payment: Payment, done: Allocated, receipt: Receipt) -> None:
    """Write in one statement what a received payment changes: itself, its holds, allocations, bills, its receipt.

    Raises:
        asyncpg.UniqueViolationError: the payment has a receipt already, so it has been received before.
    """
    columns = columns_of(done.shares)
    await execute(
        _LAND,
        *(payment.tenant_id, attempt.id, attempt.status, attempt.ended_at),
        *(attempt.channel_reference, attempt.channel_payment, attempt.redirect_url, attempt.qr_content),
        *(attempt.error, attempt.asked_at),
        *(payment.id, payment.status, payment.amount_minor, payment.currency),
        *([new_id() for _ in done.shares], columns.bills, columns.lines, columns.amounts),
        *(columns.moved, columns.paid, columns.statuses),
        *(receipt.id, receipt.person_id, receipt.link_bill_id, receipt.number),
        *(receipt.verification_hash, json.dumps(receipt.document, ensure_ascii=False)),
    )
