"""The visit summary at the hospital: installed for whoever looks after patients, and opened from their pages."""

from deploy.seed import apps
from deploy.seed.app_offers import offer_of
from integrations.apps.models import App
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope

TOOL = "visits"


async def tell(tenant: Tenant, chief: Actor) -> str:
    """Install the tool with all it asks for."""
    app = await App.get(slug=TOOL)
    async with open_scope(tenant_scope(tenant.id)):
        await apps.agree(chief, offer_of(TOOL), app.id)
    return "A summary of a patient's visits, opened at the patient by SMART"
