"""Long work that somebody waits for: begun with its job, counted while it runs, watched at ``/t/{tenant}/tasks/{id}``.

A job is one transaction, so what it counts would be seen only at its end: ``Progress`` counts on a connection of its
own. A worker that dies leaves the task where it stood; its job runs again and goes on or begins anew.
"""

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from tenants import texts
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Task
from tenants.scope import execute, open_scope, tenant_id, tenant_scope
from ui.errors import NotFound
from ui.i18n import Text, t

log = structlog.get_logger(__name__)
EVERY = 0.5
"""Seconds between two counts that are written."""
PATIENCE = 2.0
"""Seconds that a count may wait for a connection; then it is left out, for it is only for looking at."""
NAMES: dict[str, str] = {}


def name_kind(kind: str, label: str) -> None:
    """Say what tasks of a kind are called on their page, in an English msgid."""
    NAMES[kind] = label


async def start(
    actor: Actor,
    *,
    kind: str,
    subject_id: UUID | None,
    job: str,
    payload: dict[str, Any],
    total: int = 0,
) -> Task:
    """Write the task down and have ``job`` run with ``payload`` and its ``task_id`` after the commit.

    ``total`` is how many steps it has, 0 while nobody knows.
    """
    task = await begin(actor, kind, subject_id=subject_id, total=total)
    await enqueue(job, {**payload, "task_id": str(task.id)})
    return task


async def begin(actor: Actor, kind: str, *, subject_id: UUID | None, total: int) -> Task:
    """Write down work that somebody waits for, whose job the caller enqueues itself."""
    return await Task.create(
        id=new_id(),
        tenant_id=tenant_id(),
        kind=kind,
        subject_id=subject_id,
        total=total,
        started_by=actor.person_id,
        started_by_name=actor.name[:100],
    )


async def get(actor: Actor, task_id: UUID) -> Task:
    """Return a task of the actor's tenant; ``NotFound`` for any other."""
    found = await Task.get_or_none(tenant_id=actor.tenant_id, id=task_id)
    if found is None:
        raise NotFound("task.not_found", t("There is no such work, or it is not yours to see."))
    return found


async def step(task_id: UUID, done: int, total: int | None = None) -> None:
    """Show that ``done`` of ``total`` is done, at once and whatever becomes of the open transaction."""
    await _apart(_count(tenant_id(), task_id, done, total))


async def finish(task_id: UUID, *, url: str, result: dict[str, Any] | None = None) -> None:
    """Note in the open transaction that the work is done and where its result is."""
    task = await Task.get(tenant_id=tenant_id(), id=task_id)
    end(task, url=url, result=result)
    task.done = task.total
    await task.save()


def end(task: Task, *, url: str, result: dict[str, Any] | None = None) -> None:
    """Note on the task, which the caller saves, that the work is done and where its result is."""
    task.state, task.finished_at, task.error = "done", datetime.now(UTC), ""
    task.total = max(task.total, task.done)
    task.result = {"url": url, **(result or {})}


async def fail(task_id: UUID, reason: Text, *, url: str = "") -> None:
    """Note in the open transaction that the work has ended without a result, why, and where to go on."""
    task = await Task.get(tenant_id=tenant_id(), id=task_id)
    task.state, task.finished_at, task.error = "failed", datetime.now(UTC), texts.dumps(reason)
    task.result = {"url": url} if url else None
    await task.save()


class Progress:
    """Counts one task as it runs, no more often than anybody can read."""

    def __init__(self, task_id: UUID, total: int = 0) -> None:
        self._task_id, self._total, self._next = task_id, total, 0.0

    async def to(self, done: int) -> None:
        """Say how much is done."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            await step(self._task_id, done, max(self._total, done))


@asynccontextmanager
async def shown(task_id: UUID) -> AsyncIterator[None]:
    """Show the task as running inside the block; when it breaks off, show that it will be tried again."""
    tenant = tenant_id()
    await _apart(_note(tenant, task_id, "running", ""))
    try:
        yield
    except Exception:
        words = t("The work was interrupted. It will be tried again by itself.")
        await _apart(_note(tenant, task_id, "waiting", texts.dumps(words)))
        raise


async def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` on a connection of its own, outside the open transaction."""
    task = asyncio.create_task(work, context=contextvars.Context())
    try:
        await asyncio.wait_for(task, PATIENCE)
    except TimeoutError:
        log.info("task.count_left_out")


async def _count(tenant: UUID, task_id: UUID, done: int, total: int | None) -> None:
    async with open_scope(tenant_scope(tenant)):
        await execute(
            "update tenants_task set state = 'running', done = $3, total = coalesce($4, total) where (tenant_id, id) in"
            " (select tenant_id, id from tenants_task where tenant_id = $1 and id = $2 and finished_at is null"
            "  for update skip locked)",
            tenant,
            task_id,
            done,
            total,
        )


async def _note(tenant: UUID, task_id: UUID, state: str, error: str) -> None:
    async with open_scope(tenant_scope(tenant)):
        await execute(
            "update tenants_task set state = $3, error = $4 where (tenant_id, id) in"
            " (select tenant_id, id from tenants_task where tenant_id = $1 and id = $2 and finished_at is null"
            "  for update skip locked)",
            tenant,
            task_id,
            state,
            error,
        )
