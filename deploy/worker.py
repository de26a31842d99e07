"""The worker process: arq runs outbox rows, and a sweep every few seconds finds those the queue has lost."""

import asyncio
from typing import Any
from uuid import UUID

import structlog
from arq.connections import create_pool
from arq.worker import Worker, func
from redis.exceptions import RedisError

from billing.payments import inbox
from billing.sealing import sealer
from deploy import composition, metrics
from deploy.database import connected
from deploy.queue import JOB, RedisQueue, dumps, loads, redis_settings
from deploy.settings import Settings
from integrations.apps.launching import health
from integrations.provider import sweeping
from scenarios import registry
from tenants import jobs
from tenants.sealing import sealer as trail

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 3
LOOK_SECONDS = 5
JOB_TIMEOUT = 1800
POLL_SECONDS = 0.1
AT_ONCE = 8
PERIODIC: list[Any] = [inbox.sweep, sweeping.sweep]


async def run_outbox(ctx: dict[str, Any], tenant: str, outbox_id: str) -> bool:
    """Run one outbox row; the row itself keeps failures and the next try."""
    del ctx
    with metrics.job("outbox"):
        return await jobs.run(UUID(tenant), UUID(outbox_id))


async def run(settings: Settings) -> None:
    """Work until cancelled; running jobs are let finish."""
    composition.compose(settings, registry.load())
    if settings.metrics_port:
        metrics.serve(settings.metrics_port)
    async with connected(settings.database_url.get_secret_value(), pool=AT_ONCE + 4):
        queue = RedisQueue(settings.redis_url.get_secret_value())
        jobs.use_queue(queue)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_sweep())
                group.create_task(_seal())
                group.create_task(_seal_trail())
                group.create_task(_look_at_apps())
                group.create_task(_consume(settings))
        finally:
            await queue.close()


async def _sweep() -> None:
    """Offer due rows for ever. A database or queue that is away is waited for, not died of."""
    while True:
        try:
            await jobs.sweep()
            for periodic in PERIODIC:
                await periodic()
        except Exception:  # the edge of the process: whatever failed is tried again in a moment
            log.exception("sweep.failed")
        await asyncio.sleep(SWEEP_SECONDS)


async def _seal() -> None:
    """Seal new entries for ever, at a pace of its own."""
    looking = sealer.Sealer()
    while True:
        try:
            await looking.round()
        except Exception:  # the edge of the process: what could not be sealed now is new at the next look
            log.exception("seal.failed")
        await asyncio.sleep(sealer.EVERY)


async def _seal_trail() -> None:
    """Seal new rows of the audit trail for ever."""
    looking = trail.AuditSealer()
    while True:
        try:
            await looking.round()
        except Exception:  # the edge of the process: what could not be sealed now is new at the next look
            log.exception("trail.seal_failed")
        await asyncio.sleep(trail.EVERY)


async def _look_at_apps() -> None:
    """Ask apps whether they are there, for ever; one that is slow to answer keeps nobody else waiting."""
    while True:
        try:
            await health.look()
        except Exception:  # the edge of the process: the next look is soon
            log.exception("apps.look_failed")
        await asyncio.sleep(LOOK_SECONDS)


async def _consume(settings: Settings) -> None:
    """Run arq; when Redis goes away, start again once it is back."""
    while True:
        try:
            await _worker(settings)
        except (RedisError, OSError) as error:
            log.warning("queue.unreachable", error=type(error).__name__)
        await asyncio.sleep(1)


async def _worker(settings: Settings) -> None:
    pool = await create_pool(
        redis_settings(settings.redis_url.get_secret_value()), job_serializer=dumps, job_deserializer=loads
    )
    worker = Worker(
        functions=[func(run_outbox, name=JOB, max_tries=1, keep_result=0, timeout=JOB_TIMEOUT)],
        redis_pool=pool,
        handle_signals=False,
        max_jobs=AT_ONCE,
        poll_delay=POLL_SECONDS,
        job_serializer=dumps,
        job_deserializer=loads,
        job_completion_wait=30,
    )
    try:
        await worker.async_run()
    finally:
        await worker.close()
