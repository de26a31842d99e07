"""Booking: one balanced entry for one cause.

Entries that share no row never wait for each other: there is no balance row, balances are sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.ids import new_id
from tenants.scope import execute

RECEIVABLE, SUSPENSE, CREDIT = "receivable", "suspense", "credit"


def clearing(channel: str) -> str:
    """Return the ledger account of money that a channel holds for the tenant."""
    return f"clearing:{channel}"


def adjustment(kind: str) -> str:
    """Return the ledger account of what was let off by one kind of adjustment."""
    return f"adjustment:{kind}"


@dataclass(frozen=True, slots=True)
class Side:
    """One posting to be: debit positive, credit negative, in minor units of ``currency``."""

    ledger: str
    amount_minor: int
    currency: str
    account_id: UUID | None = None
    bill_id: UUID | None = None


_POST = """
with entry as (
  insert into billing_entry (tenant_id, id, kind, source_id) values ($1, $2, $3, $4) returning tenant_id, id
)
insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor, account_id, bill_id)
select entry.tenant_id, entry.id, s.*
  from entry, unnest($5::text[], $6::text[], $7::bigint[], $8::uuid[], $9::uuid[]) s
"""


async def post(tenant_id: UUID, kind: str, source_id: UUID, postings: Sequence[Side]) -> UUID:
    """Book one balanced entry in the open tenant scope and return its id.

    Raises:
        asyncpg.CheckViolationError: the postings do not balance in each currency.
        asyncpg.UniqueViolationError: this cause has been booked before.
    """
    entry_id, sides = new_id(), [side for side in postings if side.amount_minor]
    await execute(
        _POST,
        tenant_id,
        entry_id,
        kind,
        source_id,
        [side.ledger for side in sides],
        [side.currency for side in sides],
        [side.amount_minor for side in sides],
        [side.account_id for side in sides],
        [side.bill_id for side in sides],
    )
    return entry_id
