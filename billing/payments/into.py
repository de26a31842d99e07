"""Which of an institution's accounts something is paid into, as papers say it and as a transfer needs it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from billing.bank_terms.document import TRANSFER
from billing.bank_terms.reading import bank_terms_of
from billing.models import SettlementAccount
from billing.payments.choosing import accounts_of
from billing.payments.orders import NUMBER
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope


async def paid_into(tenant_id: UUID, settlement_account_id: UUID | None) -> str:
    """Return whose account it is, at which bank, and its last digits; nothing where there is none yet.

    Opens the tenant's scope itself, since payers do not see settlement accounts.
    """
    async with open_scope(tenant_scope(tenant_id)):
        found = await SettlementAccount.get_or_none(tenant_id=tenant_id, id=settlement_account_id)
    return found.text if found else ""


async def bill_into(tenant_id: UUID, bill_id: UUID, currency: str) -> str:
    """Return the account that a bill is paid into."""
    accounts = await accounts_of(tenant_id, [bill_id], currency)
    return await paid_into(tenant_id, accounts.get(bill_id))


@dataclass(frozen=True, slots=True)
class Payee:
    """An account as somebody writes it who sends money there: whose it is, at which bank, and all of its number."""

    name: str
    bank: str
    number: str


async def payees_of(tenant_id: UUID, bills: Iterable[tuple[UUID, str]]) -> dict[UUID, Payee]:
    """Return for bills with their currencies where a transfer for them is sent.

    A bill is left out where transfers are switched off, or its account is none that the bank tells us of. Opens the
    tenant's scope itself, since payers do not see settlement accounts.
    """
    by_currency: dict[str, list[UUID]] = defaultdict(list)
    for bill_id, currency in bills:
        by_currency[currency].append(bill_id)
    of_bills: dict[UUID, UUID | None] = {}
    for currency, ids in by_currency.items():
        of_bills |= await accounts_of(tenant_id, ids, currency)
    async with open_scope(tenant_scope(tenant_id)):
        if not (await bank_terms_of(tenant_id)).offers(TRANSFER):
            return {}
        named = [account for account in set(of_bills.values()) if account]
        told_of = SettlementAccount.filter(tenant_id=tenant_id, id__in=named).exclude(rail_merchant="")
        accounts = {found.id: _payee(found) for found in await told_of}
    return {bill: accounts[account] for bill, account in of_bills.items() if account in accounts}


def _payee(found: SettlementAccount) -> Payee:
    number = runtime().decrypt(NUMBER, bytes(found.account_number))
    return Payee(found.account_name, found.bank_code, number)
