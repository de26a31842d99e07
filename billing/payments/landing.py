"""A payment whose channel reports, in two calls: all of it locked and read, and all that its money changes written.

Between the two nothing but Python decides. The rows are locked in the house's order: attempt, payment, bills by id.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    return as_opened(found)


def as_opened(found: Mapping[str, Any] | None) -> Opened:
    """Return what ``payment_open`` has found.

    Raises:
        tortoise.exceptions.DoesNotExist: no such attempt.
    """
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
        is_held=found["is_held"],
    )


def _line(found: Mapping[str, Any]) -> Line:
    ids = {"id": UUID(found["id"]), "bill_id": UUID(found["bill_id"])}
    return Line(**{**found, **ids})


def _rival(found: Mapping[str, Any]) -> Rival:
    return Rival(UUID(found["attempt_id"]), UUID(found["bill_id"]), found["amount_minor"])


_TRIED = (
    *("id", "status", "ended_at", "channel_reference", "channel_payment", "redirect_url", "qr_content"),
    *("error", "asked_at"),
)
_PAID = ("id", "status", "currency", "amount_minor", "succeeded_at")
_PROOF = ("id", "person_id", "link_bill_id", "number", "verification_hash", "document")


async def land(attempt: Attempt, payment: Payment, done: Allocated, receipt: Receipt) -> None:
    """Write in one call what a received payment changes: itself, its holds, allocations, bills, its receipt.

    Raises:
        asyncpg.UniqueViolationError: the payment has a receipt already, so it has been received before.
    """
    of = columns_of(done.shares)
    shares = zip(of.bills, of.lines, of.amounts, strict=True)
    bills = zip(of.moved, of.paid, of.statuses, strict=True)
    await execute(
        "select payment_land($1, $2, $3, $4, $5, $6)",
        payment.tenant_id,
        _json({name: getattr(attempt, name) for name in _TRIED}),
        _json({name: getattr(payment, name) for name in _PAID}),
        _json(
            [{"id": new_id(), "bill_id": b, "line_id": line, "amount": amount} for b, line, amount in shares]
        ),
        _json([{"id": bill, "paid": paid, "status": status} for bill, paid, status in bills]),
        _json({name: getattr(receipt, name) for name in _PROOF}),
    )


def _json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    """Return an id, a moment or a hash as PostgreSQL reads it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
