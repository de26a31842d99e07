"""What ledger accounts come to, and how an account came to owe what it owes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.scope import rows


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of one ledger account in one currency."""

    ledger: str
    currency: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        """Debits less credits."""
        return self.debit_minor - self.credit_minor


async def trial_balance(tenant_id: UUID) -> list[Balance]:
    """Return every ledger account's sums; over each currency the balances add up to zero."""
    found = await rows(
        "select ledger, currency, coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint debit,"
        " coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0)::bigint credit"
        " from billing_posting where tenant_id = $1 group by ledger, currency order by currency, ledger",
        tenant_id,
    )
    return [Balance(r["ledger"], r["currency"], r["debit"], r["credit"]) for r in found]


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of an account's statement; ``balance_minor`` is what the account owes after it."""

    occurred_at: datetime
    kind: str
    source_id: UUID
    bill_id: UUID | None
    currency: str
    amount_minor: int
    balance_minor: int


async def account_statement(tenant_id: UUID, account_id: UUID, *, limit: int = 500) -> list[Movement]:
    """Return the latest movements of what an account owes, newest first, with the balance after each."""
    found = await rows(
        "select e.occurred_at, e.kind, e.source_id, p.bill_id, p.currency, p.amount_minor,"
        " sum(p.amount_minor) over (partition by p.currency order by e.occurred_at, p.id)::bigint balance_minor"
        " from billing_posting p join billing_entry e on e.tenant_id = p.tenant_id and e.id = p.entry_id"
        " where p.tenant_id = $1 and p.account_id = $2 and p.ledger = 'receivable'"
        " order by e.occurred_at desc, p.id desc limit $3",
        tenant_id,
        account_id,
        limit,
    )
    return [Movement(**dict(r)) for r in found]
