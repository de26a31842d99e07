"""The journal: double entry, append-only, balanced by PostgreSQL itself (a trigger on each statement).

Debits are positive, credits negative, in minor units. Ledger accounts of every tenant:

==================== ========================================================================
``receivable``       what accounts owe; each posting names its account and bill
``income:<fee>``     what was charged, by fee item key (booked by bill runs; voiding takes it back)
``clearing:<channel>`` money that a channel (``stripe``, ``bank``, ``counter``) has for the tenant
``suspense``         money received that belongs to no bill yet
==================== ========================================================================

An entry is named by what caused it: (kind, source) is unique, so the same cause books once. Entries that share no
row never wait for each other: there is no balance row, balances are sums.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.ids import new_id
from tenants.scope import execute, rows

RECEIVABLE, SUSPENSE = "receivable", "suspense"


def clearing(channel: str) -> str:
    """Return the ledger account of money that a channel holds for the tenant."""
    return f"clearing:{channel}"


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


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the books do not bear out: which check, on what, what was expected and found (minor units)."""

    check: str
    subject: str
    expected_minor: int
    found_minor: int


_CHECKS = {
    "entry does not balance": """
        select entry_id::text || ' ' || currency subject, 0::bigint expected, sum(amount_minor)::bigint found
          from billing_posting where tenant_id = $1 group by entry_id, currency having sum(amount_minor) <> 0""",
    "receivable is not what the bill says is left": """
        select b.number subject, case when b.status in ('issued', 'part_paid', 'paid')
                 then b.total_minor - b.paid_minor else 0 end expected, coalesce(p.amount, 0) found
          from billing_bill b left join (
            select bill_id, sum(amount_minor)::bigint amount from billing_posting
             where tenant_id = $1 and ledger = 'receivable' group by bill_id) p on p.bill_id = b.id
         where b.tenant_id = $1 and coalesce(p.amount, 0) <> case when b.status in ('issued', 'part_paid', 'paid')
                 then b.total_minor - b.paid_minor else 0 end""",
    "line's paid amount is not its allocations": """
        select l.id::text subject, l.paid_minor expected, coalesce(a.amount, 0) found
          from billing_bill_line l left join (
            select bill_line_id, sum(amount_minor)::bigint amount from billing_allocation
             where tenant_id = $1 group by bill_line_id) a on a.bill_line_id = l.id
         where l.tenant_id = $1 and l.paid_minor <> coalesce(a.amount, 0)""",
    "bill's paid amount is not its lines'": """
        select b.number subject, b.paid_minor expected, coalesce(sum(l.paid_minor), 0)::bigint found
          from billing_bill b left join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
         where b.tenant_id = $1 group by b.tenant_id, b.id, b.number, b.paid_minor
        having b.paid_minor <> coalesce(sum(l.paid_minor), 0)""",
    "payment is not its allocations, unassigned money and refunds": """
        select p.number subject, p.amount_minor - p.refunded_minor expected,
               (coalesce(a.amount, 0) + coalesce(s.amount, 0))::bigint found
          from billing_payment p
          left join (select payment_id, sum(amount_minor) amount from billing_allocation
                      where tenant_id = $1 group by payment_id) a on a.payment_id = p.id
          left join (select payment_id, sum(amount_minor) amount from billing_suspense
                      where tenant_id = $1 and status in ('open', 'refunding') group by payment_id) s
            on s.payment_id = p.id
         where p.tenant_id = $1 and p.status in ('succeeded', 'part_refunded', 'refunded')
           and p.amount_minor - p.refunded_minor <> coalesce(a.amount, 0) + coalesce(s.amount, 0)""",
    "clearing is not the payments less refunds": """
        select coalesce(p.channel, l.channel) || ' ' || coalesce(p.currency, l.currency) subject,
               coalesce(p.amount, 0)::bigint expected, coalesce(l.amount, 0)::bigint found
          from (select channel, currency, sum(amount_minor - refunded_minor) amount from billing_payment
                 where tenant_id = $1 and status in ('succeeded', 'part_refunded', 'refunded')
                 group by channel, currency) p
          full join (select substr(ledger, 10) channel, currency, sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger like 'clearing:%' group by ledger, currency) l
            using (channel, currency)
         where coalesce(p.amount, 0) <> coalesce(l.amount, 0)""",
}


async def verify_ledger(tenant_id: UUID) -> list[Fault]:
    """Recompute a tenant's books from their rows, in its open scope, and return every fault; empty is good."""
    return [fault async for fault in _faults(tenant_id)]


async def _faults(tenant_id: UUID) -> AsyncIterator[Fault]:
    for check, sql in _CHECKS.items():
        for found in await rows(sql, tenant_id):
            yield Fault(check, found["subject"], found["expected"], found["found"])
