"""Once a day the rail is asked what has arrived, for transfers whose notification was lost."""

from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.channels.rail_agreements import latest_transfers
from billing.daily import every_day
from billing.models import SettlementAccount
from billing.payments.orders import as_destination
from billing.runtime import channel_settings
from billing.transfers.receiving import receive
from tenants.actor import Actor
from tenants.scope import open_scope, tenant_scope


@every_day
async def ask_for_transfers(actor: Actor) -> None:
    """Take every transfer that the rail knows and we do not; a silent rail is asked again tomorrow."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    if not channel_settings().rail_url:
        return
    async with open_scope(tenant_scope(actor.tenant_id)):
        accounts = await SettlementAccount.filter(tenant_id=actor.tenant_id, status="active").exclude(
            rail_merchant=""
        )
    for account in accounts:
        try:
            found = await latest_transfers(as_destination(account))
        except (ChannelSilent, ChannelRefused):
            continue
        async with open_scope(tenant_scope(actor.tenant_id)):
            for transfer in reversed(found):
                await receive(actor, account, transfer)
