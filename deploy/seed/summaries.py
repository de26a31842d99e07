"""The visit summary at the hospital: installed for whoever looks after patients, and opened from their pages."""

from deploy.seed import apps
from integrations.apps.models import App
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope

TOOL = "visits"


async def tell(tenant: Tenant, chief: Actor) -> str:
    """Install the tool with all it asks for."""
    one = next(offer for offer in apps.OFFERS if offer.about.name == TOOL)
    app = await App.get(slug=TOOL)
    async with open_scope(tenant_scope(tenant.id)):
        await apps.agree(chief, one, app.id)
    return "A summary of a patient's visits, opened at the patient by SMART"
