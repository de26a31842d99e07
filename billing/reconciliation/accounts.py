"""The settlement accounts that are reconciled, and what their statements must be about."""

from uuid import UUID

from billing.models import SettlementAccount
from billing.payments.orders import NUMBER
from billing.reconciliation.sources.contract import Expected
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.runtime import runtime
from tenants.scope import execute
from ui.errors import NotFound
from ui.i18n import t


async def accounts(actor: Actor) -> list[SettlementAccount]:
    """Return the tenant's settlement accounts in a stable order."""
    return await SettlementAccount.filter(tenant_id=actor.tenant_id).order_by("currency", "id")


async def account(actor: Actor, account_id: UUID) -> SettlementAccount:
    """Return one settlement account of the actor's tenant; ``NotFound`` for any other."""
    found = await SettlementAccount.get_or_none(tenant_id=actor.tenant_id, id=account_id)
    if found is None:
        raise NotFound("settlement.not_found", t("There is no such account."))
    return found


async def expected_of(account: SettlementAccount) -> Expected:
    """Return what a statement of this account must name, in the open tenant scope."""
    tenant = await Tenant.get(id=account.tenant_id)
    number = runtime().decrypt(NUMBER, bytes(account.account_number)) if account.account_number else ""
    return Expected(
        currency=account.currency,
        zone=tenant.timezone,
        merchant=account.rail_merchant,
        account_number=number,
        stripe_account=account.stripe_account,
    )


async def one_at_a_time(account_id: UUID) -> None:
    """Wait until nobody else matches on this account; held until the end of the open transaction."""
    await execute(
        "select pg_advisory_xact_lock(hashtextextended('reconciliation ' || $1::uuid::text, 0))", account_id
    )
