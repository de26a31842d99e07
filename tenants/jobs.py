"""Work that must happen because a transaction committed.

``enqueue`` writes an outbox row in the business transaction. After the commit its id is offered to the queue at
once; if the queue is down, a sweep offers it again. The job runs under a lock on its row, so that two workers
never run it together; a job that fails is tried again with growing pauses and, after the last try, waits in the
operations list with its error.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog

from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Outbox
from tenants.scope import after_commit, execute, open_scope, queue_scope, row, rows, tenant_id, tenant_scope
from tenants.together import write
from ui.errors import AppError

log = structlog.get_logger(__name__)
PAUSES = (5, 30, 120, 600, 3600, 6 * 3600)
"""Seconds before the second, third … try; after the last one the row has failed."""
CLAIM = timedelta(seconds=60)
"""How long the sweep leaves a row alone after offering it to the queue."""
FRESH = timedelta(seconds=5)
"""How long the sweep leaves a new row to the offer that its own commit makes. Were it to hold the row at the moment a
worker takes it up, the worker would pass it by, and nobody would offer it again before ``CLAIM`` is over."""
NOW, SOON, LATER = timedelta(), timedelta(minutes=5), timedelta(minutes=10)
"""How long a job lets others go first: what somebody waits for at a page, a letter to one, and letters to very many."""

Handler = Callable[[Actor, dict[str, Any]], Awaitable[None]]
Listener = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Job:
    """A registered job. One that calls the outside is not transactional: it opens its own scopes.

    One with ``patience``, like a letter, lets others go first: a thousand of them hold up nobody at a page.
    """

    name: str
    handler: Handler
    is_transactional: bool
    patience: timedelta = NOW


class Queue(Protocol):
    """Where ids of due work are offered; losing one is harmless."""

    async def offer(self, tenant: UUID, outbox_id: UUID, *, patience: timedelta) -> None:
        """Tell a worker that this row is due, and to do first what has less patience and came at the same time.

        Raises:
            OSError: the queue is out of reach.
        """


JOBS: dict[str, Job] = {}
SUBSCRIBERS: dict[str, list[str]] = {}
CONDITIONS: dict[str, str] = {}
LISTENERS: dict[str, list[Listener]] = {}
_queue: Queue | None = None


def use_queue(queue: Queue | None) -> None:
    """Name the process's queue; without one, only the sweep finds work."""
    global _queue  # noqa: PLW0603 - one queue per process, set by the composition root
    _queue = queue


def job(
    name: str, *, is_transactional: bool = True, patience: timedelta = NOW
) -> Callable[[Handler], Handler]:
    """Register ``handler(actor, payload)`` under a name that never changes."""

    def register(handler: Handler) -> Handler:
        JOBS[name] = Job(name, handler, is_transactional, patience)
        return handler

    return register


def subscribe(event: str, job_name: str, *, where: str = "true") -> None:
    """Have ``job_name`` run for every ``event`` published; for the higher rooms, at composition.

    ``where`` is a condition in SQL on the tenant ``$1``, for what few tenants listen to: elsewhere nothing is written.
    """
    listeners = SUBSCRIBERS.setdefault(event, [])
    if job_name not in listeners:
        listeners.append(job_name)
    CONDITIONS[job_name] = where


def listen(event: str, listener: Listener) -> None:
    """Have ``listener()`` called within the transaction of every ``event``: for work that many events share."""
    listeners = LISTENERS.setdefault(event, [])
    if listener not in listeners:
        listeners.append(listener)


async def publish(event: str, payload: dict[str, Any]) -> None:
    """Announce a past-tense event to its subscribers, as part of the open transaction."""
    for name in SUBSCRIBERS.get(event, []):
        await enqueue(name, {"event": event, **payload}, where=CONDITIONS.get(name, "true"))
    for listener in LISTENERS.get(event, []):
        await listener()


async def enqueue(
    name: str, payload: dict[str, Any], *, delay: timedelta = timedelta(), where: str = "true"
) -> UUID:
    """Have the named job run in this tenant once the open transaction has committed, not before ``delay``.

    ``where`` is a condition in SQL on the tenant ``$1`` and the job's name ``$3``.
    """
    if name not in JOBS:
        raise KeyError(name)
    tenant, outbox_id = tenant_id(), new_id()
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    offer = partial(offer_after_commit, tenant, outbox_id, name)
    await write(
        "insert into tenants_outbox (tenant_id, id, job, payload, due_at, request_id)"
        f" select $1::uuid, $2::uuid, $3::varchar, $4::jsonb, $5::timestamptz, $6 where {where}",
        tenant,
        outbox_id,
        name,
        json.dumps(payload),
        datetime.now(UTC) + delay,
        request_id,
        wrote=None if delay else offer,
    )
    return outbox_id


def offer_after_commit(tenant: UUID, outbox_id: UUID, name: str) -> None:
    """Have a row that the open transaction has written itself taken up as soon as it commits."""
    after_commit(lambda: _offer(tenant, outbox_id, name))


async def _offer(tenant: UUID, outbox_id: UUID, name: str) -> None:
    if _queue is None:
        return
    try:
        await _queue.offer(tenant, outbox_id, patience=JOBS[name].patience if name in JOBS else NOW)
    except OSError as error:
        log.warning("queue.unreachable", error=type(error).__name__, outbox_id=str(outbox_id))


async def sweep(limit: int = 500) -> int:
    """Offer due rows of all tenants to the queue and return how many; rows new or just offered are left alone."""
    async with open_scope(queue_scope()):
        due = await rows(
            "update tenants_outbox set due_at = now() + $2 where (tenant_id, id) in ("
            " select tenant_id, id from tenants_outbox where done_at is null and failed_at is null"
            " and due_at <= now() and created_at <= now() - $3::interval"
            " order by due_at limit $1 for update skip locked) returning tenant_id, id, job",
            limit,
            CLAIM,
            FRESH,
        )
    for found in due:
        await _offer(found["tenant_id"], found["id"], found["job"])
    return len(due)


async def run(tenant: UUID, outbox_id: UUID) -> bool:
    """Run one row's job now; ``False`` when it is done already, or another worker has it."""
    waiting = "select job, payload, request_id from tenants_outbox where tenant_id = $1 and id = $2"
    async with open_scope(tenant_scope(tenant)):
        found = await row(waiting, tenant, outbox_id)
    if found is None:
        return False
    with structlog.contextvars.bound_contextvars(
        request_id=found["request_id"], tenant_id=str(tenant), job=found["job"]
    ):
        entry = JOBS[found["job"]]
        actor = system_actor(tenant, request_id=found["request_id"])
        try:
            return await _attempt(entry, actor, json.loads(found["payload"]), outbox_id)
        except Exception as error:  # noqa: BLE001 - the edge of a job: whatever it was is kept and tried again
            await _note_failure(tenant, outbox_id, error)
            return False


async def _attempt(entry: Job, actor: Actor, payload: dict[str, Any], outbox_id: UUID) -> bool:
    tenant = actor.tenant_id
    assert tenant is not None  # noqa: S101 - system_actor always has one
    async with open_scope(tenant_scope(tenant)):
        if not await _lock(tenant, outbox_id):
            return False
        if entry.is_transactional:
            await entry.handler(actor, payload)
            await _finish(tenant, outbox_id)
            return True
    await entry.handler(actor, payload)
    async with open_scope(tenant_scope(tenant)):
        await _finish(tenant, outbox_id)
    return True


async def _lock(tenant: UUID, outbox_id: UUID) -> bool:
    """Take the row for this worker; for a job that works outside the transaction the due time is the lock."""
    return bool(
        await execute(
            "update tenants_outbox set due_at = greatest(due_at, now() + $3) where tenant_id = $1 and id = ("
            " select id from tenants_outbox where tenant_id = $1 and id = $2 and done_at is null"
            " and failed_at is null for update skip locked)",
            tenant,
            outbox_id,
            CLAIM,
        ),
    )


async def _finish(tenant: UUID, outbox_id: UUID) -> None:
    await execute(
        "update tenants_outbox set done_at = now() where tenant_id = $1 and id = $2", tenant, outbox_id
    )


async def _note_failure(tenant: UUID, outbox_id: UUID, error: Exception) -> None:
    words = str(error) if isinstance(error, AppError) else f"{type(error).__name__}: {error}"
    log.error("job.failed", error=words, exc_info=not isinstance(error, AppError))
    async with open_scope(tenant_scope(tenant)):
        entry = await Outbox.get(tenant_id=tenant, id=outbox_id)
        entry.tries += 1
        entry.error = words[:2000]
        if entry.tries > len(PAUSES):
            entry.failed_at = datetime.now(UTC)
        else:
            entry.due_at = datetime.now(UTC) + timedelta(seconds=PAUSES[entry.tries - 1])
        await entry.save(update_fields=["tries", "error", "failed_at", "due_at"])
