"""What an institution has done once a day, in the morning of its own zone: reminders, debits, promises that end.

One waiting row of the outbox carries it to the next day. It is written before the day's work begins, so that a day
that fails does not end the chain; bills that are issued begin it again where it has been lost.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from tenants.actor import Actor
from tenants.jobs import enqueue, job, subscribe
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value

log = structlog.get_logger(__name__)
DAILY_JOB, BEGIN_JOB = "billing.daily", "billing.daily_begin"
MORNING = time(9)
"""When the day's work begins, in the institution's zone."""
Work = Callable[[Actor], Awaitable[None]]
_works: list[Work] = []


def every_day(work: Work) -> Work:
    """Have ``work(actor)`` run once a day for each institution that bills; it opens its own scopes."""
    if work not in _works:
        _works.append(work)
    return work


_WAITS = (
    "select exists (select 1 from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null"
    " and failed_at is null and due_at > now() + $3)"
)
SOON = timedelta(minutes=5)
"""A row that is due so soon runs, or is about to (it is locked for a minute then): the next one is a day later."""


async def begin(tenant_id: UUID) -> None:
    """Have the chain of days begin in the open tenant scope, unless it runs; safe to call often."""
    if await value(_WAITS, tenant_id, DAILY_JOB, SOON):
        return
    zone, now = (await Tenant.get(id=tenant_id)).timezone, datetime.now(UTC)
    await enqueue(DAILY_JOB, {}, delay=next_morning(now + SOON, zone) - now)


def next_morning(now: datetime, zone: str) -> datetime:
    """Return the next moment at which a day's work begins there."""
    local = now.astimezone(ZoneInfo(zone))
    morning = datetime.combine(local.date(), MORNING, ZoneInfo(zone))
    return morning if morning > local else morning + timedelta(days=1)


@job(DAILY_JOB, is_transactional=False)
async def daily(actor: Actor, payload: dict[str, Any]) -> None:
    """Do the day's work, each part for itself: one that fails is tried again with the row, the others are done."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await begin(actor.tenant_id)
    failed: Exception | None = None
    for work in _works:
        try:
            await work(actor)
        except Exception as error:  # whatever it was, the day's other work must not wait for it
            log.exception("daily.failed", work=work.__name__)
            failed = error
    if failed is not None:
        raise failed


@job(BEGIN_JOB)
async def begin_days(actor: Actor, payload: dict[str, Any]) -> None:
    """Begin the chain when bills are issued."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    await begin(actor.tenant_id)


subscribe("bills.issued", BEGIN_JOB)
