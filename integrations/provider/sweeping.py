"""What has run out is removed, of all tenants, a little at a time; and keys follow each other in time."""

import time

from integrations.provider import keys, requests
from tenants.scope import execute, open_scope, queue_scope

EVERY = 60.0
AT_ONCE = 5000
_KEPT = "interval '1 day'"
"""A spent token is remembered this much longer, so that its replay is known for what it is."""
_last: list[float] = []


async def sweep() -> None:
    """Run by the worker's loop; does its work once a minute."""
    if _last and time.monotonic() - _last[0] < EVERY:
        return
    _last[:] = [time.monotonic()]
    await requests.sweep()
    await remove()
    await keys.ring()


async def remove() -> None:
    """Remove tokens, then the grants that have none left."""
    async with open_scope(queue_scope()):
        await execute(
            "delete from integrations_token where (tenant_id, id) in (select tenant_id, id from integrations_token"
            f" where expires_at < now() - {_KEPT} order by expires_at limit $1)",
            AT_ONCE,
        )
        await execute(
            "delete from integrations_grant where (tenant_id, id) in (select g.tenant_id, g.id"
            f" from integrations_grant g where g.expires_at < now() - 2 * {_KEPT}"
            " and not exists (select 1 from integrations_token t where t.tenant_id = g.tenant_id"
            " and t.grant_id = g.id) order by g.expires_at limit $1)",
            AT_ONCE,
        )
