"""Every morning: papers of an institution that run out soon are asked for again."""

from billing.daily import every_day
from tenants.actor import Actor
from tenants.days import today
from tenants.life.papers import ask_for_expiring
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope


@every_day
async def look_at_papers(actor: Actor) -> None:
    """Ask an institution that is not closed for what runs out."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant = await Tenant.get(id=actor.tenant_id)
    if tenant.status != "closed":
        await ask_for_expiring(tenant, today(tenant.timezone))
