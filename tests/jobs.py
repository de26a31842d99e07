"""The queue in tests: run what is due in one tenant, in order, until nothing is left."""

from uuid import UUID

from tenants.jobs import run
from tenants.scope import open_scope, rows, tenant_scope


async def run_due(tenant_id: UUID) -> int:
    """Run the tenant's due jobs, and those that they enqueue; return how many ran."""
    count = 0
    while True:
        async with open_scope(tenant_scope(tenant_id)):
            waiting = await rows(
                "select id from tenants_outbox where tenant_id = $1 and done_at is null and failed_at is null"
                " and tries = 0 and due_at <= clock_timestamp() order by created_at, id",
                tenant_id,
            )
        ran = [await run(tenant_id, found["id"]) for found in waiting]
        count += sum(ran)
        if not any(ran):
            return count
