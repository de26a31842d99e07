"""The journal: double entry, append-only, balanced by PostgreSQL itself (a trigger on each statement).

Debits are positive, credits negative, in minor units. ``accounts.py`` lists every ledger account and kind of entry
with its name; ``checks.py`` what must be true of them. An entry is named by what caused it: (kind, source) is unique,
so the same cause books once.
"""

from billing.ledger.balances import Balance, Movement, account_statement, trial_balance
from billing.ledger.posting import CREDIT, RECEIVABLE, SUSPENSE, Side, adjustment, clearing, post
from billing.ledger.verifying import Fault, verify_ledger

__all__ = [
    "CREDIT",
    "RECEIVABLE",
    "SUSPENSE",
    "Balance",
    "Fault",
    "Movement",
    "Side",
    "account_statement",
    "adjustment",
    "clearing",
    "post",
    "trial_balance",
    "verify_ledger",
]
