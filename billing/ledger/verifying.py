"""The books proving themselves: every check of ``checks.py``, and no entry that nobody could explain."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from billing.ledger.accounts import is_known_kind, is_known_ledger
from billing.ledger.checks import CHECKS
from tenants.planning import in_bulk
from tenants.scope import rows

_KINDS = "select kind, count(*) n from billing_entry where tenant_id = $1 group by kind"
_LEDGERS = "select ledger, count(*) n from billing_posting where tenant_id = $1 group by ledger"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the books do not bear out: which check, on what, what was expected and found (minor units)."""

    check: str
    subject: str
    expected_minor: int
    found_minor: int


async def verify_ledger(tenant_id: UUID) -> list[Fault]:
    """Recompute a tenant's books from their rows, in its open scope, and return every fault; empty is good."""
    async with in_bulk():
        return [fault async for fault in _faults(tenant_id)] + await _unexplained(tenant_id)


async def _faults(tenant_id: UUID) -> AsyncIterator[Fault]:
    for check, sql in CHECKS.items():
        for found in await rows(sql, tenant_id):
            yield Fault(check, found["subject"], found["expected"], found["found"])


async def _unexplained(tenant_id: UUID) -> list[Fault]:
    """Return the kinds of entries and the ledger accounts that have no name; ``found_minor`` counts their rows."""
    kinds, ledgers = await rows(_KINDS, tenant_id), await rows(_LEDGERS, tenant_id)
    return [
        *(
            Fault("kind of entry has no name", r["kind"], 0, r["n"])
            for r in kinds
            if not is_known_kind(r["kind"])
        ),
        *(
            Fault("ledger account has no name", r["ledger"], 0, r["n"])
            for r in ledgers
            if not is_known_ledger(r["ledger"])
        ),
    ]
