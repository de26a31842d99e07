"""What reconciliation books: what channels keep, what arrives at the bank, and what the bank itself charges."""

from uuid import UUID

from billing import ledger
from billing.ledger import Side

FEES, SETTLEMENT = "fees", "settlement"


async def book_fees(
    tenant_id: UUID, statement_id: UUID, *, channel: str, currency: str, amount_minor: int
) -> None:
    """Book what the channel kept according to one statement: the clearing account owes that much less."""
    if amount_minor:
        cost = Side(f"{FEES}:{channel}", amount_minor, currency)
        held = Side(ledger.clearing(channel), -amount_minor, currency)
        await ledger.post(tenant_id, "fee.charged", statement_id, [cost, held])


async def book_receipt(
    tenant_id: UUID, receipt_id: UUID, *, channel: str, currency: str, amount_minor: int
) -> None:
    """Book that a payout has arrived: the bank has what the channel owed."""
    own = Side(SETTLEMENT, amount_minor, currency)
    held = Side(ledger.clearing(channel), -amount_minor, currency)
    await ledger.post(tenant_id, "payout.received", receipt_id, [own, held])


async def book_release(
    tenant_id: UUID, receipt_id: UUID, *, channel: str, currency: str, amount_minor: int
) -> None:
    """Book that a receipt was no receipt: the match was taken back."""
    own = Side(SETTLEMENT, -amount_minor, currency)
    held = Side(ledger.clearing(channel), amount_minor, currency)
    await ledger.post(tenant_id, "payout.released", receipt_id, [own, held])


async def book_charge(tenant_id: UUID, line_id: UUID, *, currency: str, amount_minor: int) -> None:
    """Book what the bank itself took from the settlement account; ``amount_minor`` is what it took, above zero."""
    cost, own = Side(f"{FEES}:account", amount_minor, currency), Side(SETTLEMENT, -amount_minor, currency)
    await ledger.post(tenant_id, "charge.booked", line_id, [cost, own])
