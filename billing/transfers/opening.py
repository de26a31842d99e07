"""An account gets a bank account number of its own at the rail, when its payer asks for one."""

from uuid import UUID

from billing.bank_terms.document import TRANSFER
from billing.bank_terms.reading import must_offer
from billing.channels.bank import notify_url
from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.channels.rail_agreements import open_virtual_account
from billing.models import SettlementAccount, VirtualAccount
from billing.names import account_text
from billing.payments.orders import as_destination
from billing.payments.starting import must_be_outside
from billing.runtime import channel_settings
from tenants.actor import Actor
from tenants.models import Account, Tenant
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict
from ui.i18n import t

_KEEP = """
insert into billing_virtual_account (tenant_id, account_id, settlement_account_id, number) values ($1, $2, $3, $4)
on conflict (tenant_id, account_id, settlement_account_id) do nothing
"""


async def virtual_account(actor: Actor, *, tenant_id: UUID, account_id: UUID) -> str:
    """Return the account's own number for transfers, opening it at the rail if need be; call it outside of any scope.

    The caller has proved that the actor holds the account.

    Raises:
        Conflict: transfers are switched off, the institution takes none this way, or the bank does not answer now.
    """
    del actor
    must_be_outside()
    async with open_scope(tenant_scope(tenant_id)):
        known = await VirtualAccount.filter(tenant_id=tenant_id, account_id=account_id).first()
        await must_offer(tenant_id, TRANSFER)
        settlement = await _settlement(tenant_id)
        account = await Account.get(tenant_id=tenant_id, id=account_id)
    if known is not None:
        return str(known.number)
    if settlement is None:
        raise Conflict("transfer.off", t("This institution has no account numbers for single payers."))
    try:
        number = await open_virtual_account(
            as_destination(settlement),
            account_id=account_id,
            name=account_text(account.number, account.name),
            notify_url=notify_url(tenant_id, settlement.id),
        )
    except (ChannelSilent, ChannelRefused) as error:
        text = t("The bank cannot open the account number right now. Please try again in a few minutes.")
        raise Conflict("transfer.silent", text) from error
    async with open_scope(tenant_scope(tenant_id)):
        await execute(_KEEP, tenant_id, account_id, settlement.id, number)
    return number


async def _settlement(tenant_id: UUID) -> SettlementAccount | None:
    if not channel_settings().rail_url:
        return None
    currency = (await Tenant.get(id=tenant_id)).currency
    return (
        await SettlementAccount.filter(tenant_id=tenant_id, currency=currency, status="active")
        .exclude(rail_merchant="")
        .order_by("created_at", "id")
        .first()
    )
