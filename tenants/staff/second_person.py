"""Whether there is anybody else: what two people decide together is decided by one only where nobody else may."""

from tenants.actor import Actor
from tenants.scope import rows

_OTHERS = """
select distinct m.name from tenants_membership m
  join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and m.person_id is distinct from $2 and $3 = any (r.permissions)
 order by m.name limit 20
"""


async def others_who_may(actor: Actor, permission: str) -> list[str]:
    """Return the names of the colleagues who have a permission too, in the open tenant scope; at most 20."""
    return [found["name"] for found in await rows(_OTHERS, actor.tenant_id, actor.person_id, permission)]
