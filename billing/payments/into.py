"""Which of an institution's accounts something is paid into, as bills and receipts say it."""

from uuid import UUID

from billing.models import SettlementAccount
from billing.payments.choosing import accounts_of
from tenants.scope import open_scope, tenant_scope


async def paid_into(tenant_id: UUID, settlement_account_id: UUID | None) -> str:
    """Return whose account it is, at which bank, and its last digits; nothing where there is none yet.

    Opens the tenant's scope itself, since payers do not see settlement accounts.
    """
    async with open_scope(tenant_scope(tenant_id)):
        found = await SettlementAccount.get_or_none(tenant_id=tenant_id, id=settlement_account_id)
    return f"{found.account_name}, {found.bank_code} {found.account_mask}" if found else ""


async def bill_into(tenant_id: UUID, bill_id: UUID, currency: str) -> str:
    """Return the account that a bill is paid into."""
    accounts = await accounts_of(tenant_id, [bill_id], currency)
    return await paid_into(tenant_id, accounts.get(bill_id))
