"""What a scenic site has done once a day: the next days are made, counters compared with what they count."""

import structlog

from billing.daily import every_day
from scenarios.tourism.agencies import statements
from scenarios.tourism.board import closing
from scenarios.tourism.models import Site
from scenarios.tourism.orders import absence, holding
from scenarios.tourism.planning.services import make_coming_days
from scenarios.tourism.stock import incidents
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope

del holding  # importing it has told billing what becomes of orders
log = structlog.get_logger(__name__)


@every_day
async def make_days(actor: Actor) -> None:
    """Make the days that have come into reach, and note who did not come to those that are over."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        for site in await Site.filter(tenant_id=actor.tenant_id):
            await make_coming_days(site)
            await absence.note(site)


@every_day
async def compare_counters(actor: Actor) -> None:
    """Compare every counter with what it counts; a difference is work with an owner, on the site's page."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        for wrong in await incidents.note(actor.tenant_id):
            log.error("pool.differs", **wrong.facts())


@every_day
async def repay_closed(actor: Actor) -> None:
    """Give the money back of closed times whose visitors have not chosen."""
    await closing.repay_the_rest(actor)


@every_day
async def draft_statements(actor: Actor) -> None:
    """Draft the statements of agencies for the month that is over."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await statements.draft_due(await Tenant.get(id=actor.tenant_id))
