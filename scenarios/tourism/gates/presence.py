"""How many people are on site, and that gates together let in no more than may be there at once."""

from uuid import UUID

from tenants.scope import value

NEARLY = 500
"""So many people below the cap of a site, gates begin to count one after the other. It is far more than all of them let
in within one moment; with more room than that they do not wait for each other."""
_ON_SITE = """
select coalesce(sum(inside), 0)::int from tourism_ticket where tenant_id = $1 and site_id = $2 and inside > 0
"""


async def on_site(tenant_id: UUID, site_id: UUID) -> int:
    """Return how many people are on site: entries less exits, one person at two gates being one."""
    return int(await value(_ON_SITE, tenant_id, site_id))


async def counted(tenant_id: UUID, site_id: UUID, seen: int, cap: int) -> int:
    """Return how many are on site, where ``seen`` were a moment ago; near the cap, once nobody else is going in."""
    if seen + NEARLY <= cap:
        return seen
    await queue_up(site_id)
    return await on_site(tenant_id, site_id)


async def queue_up(site_id: UUID) -> None:
    """Wait until no other gate of the site is letting anybody in; to the end of the transaction."""
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"site:{site_id}")
