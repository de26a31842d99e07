"""What waits, as metrics: depth of the outbox and the inbox, and what has given up."""

from deploy import metrics
from tenants.scope import open_scope, queue_scope, value

WAITING = (
    "select count(*) from tenants_outbox where done_at is null and failed_at is null and due_at <= now()"
)
FAILED = "select count(*) from tenants_outbox where done_at is null and failed_at is not null"
INBOX = (
    "select count(*) from billing_inbox_event"
    " where handled_at is null and discarded_at is null and parked_at is null"
)
NOBODYS = "select count(*) from billing_inbox_event where parked_at is not null and tenant_id is null"


async def _count(sql: str) -> float:
    async with open_scope(queue_scope()):
        return float(await value(sql))


async def outbox_waiting() -> float:
    """Jobs that are due and not done, of all tenants."""
    return await _count(WAITING)


async def outbox_failed() -> float:
    """Jobs that have given up and wait for a person."""
    return await _count(FAILED)


async def inbox_waiting() -> float:
    """Messages of channels that are not handled yet."""
    return await _count(INBOX)


async def inbox_nobodys() -> float:
    """Messages of channels that have given up and name no institution, in whose operations list they would stand."""
    return await _count(NOBODYS)


def register() -> None:
    """Show the gauges at each scrape."""
    metrics.gauge("cloud_outbox_waiting", outbox_waiting.__doc__ or "", outbox_waiting)
    metrics.gauge("cloud_outbox_failed", outbox_failed.__doc__ or "", outbox_failed)
    metrics.gauge("cloud_inbox_waiting", inbox_waiting.__doc__ or "", inbox_waiting)
    metrics.gauge("cloud_inbox_nobodys", inbox_nobodys.__doc__ or "", inbox_nobodys)
