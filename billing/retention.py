"""Every institution's day also removes what its time is over for."""

from billing.daily import every_day
from tenants.actor import Actor
from tenants.privacy.retention import keep_to_rules
from tenants.scope import open_scope, tenant_scope


async def once_a_day(actor: Actor) -> None:
    """Keep to the retention rules in one institution."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await keep_to_rules()


every_day(once_a_day)
