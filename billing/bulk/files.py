"""Making a file in the background, fetching it, and letting it expire.

A module adds a ``Maker``; ``begin`` writes the task and its job. The job writes beside and moves into place, so that a
worker that is killed leaves nothing half, and one that runs twice makes the same file again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import tasks
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.models import Task, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope
from tenants.tasks import Progress
from ui.errors import NotFound
from ui.i18n import Text, current_locale, t, use_locale

JOB, DROP_JOB = "billing.make_file", "billing.drop_file"
KEPT = timedelta(days=2)
_PRIVATE = 0o700

Make = Callable[[Actor, Path, Mapping[str, Any], Progress], Awaitable[str]]
"""Writes the file in the tenant's scope and returns the name under which it is sent."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One kind of file: what its task is called, the right it takes, and how it is made."""

    kind: str
    permission: str
    label: Text
    make: Make
    hint: Text | str = ""
    """What whoever fetches it should know."""


_MAKERS: dict[str, Maker] = {}


def add_maker(maker: Maker) -> None:
    """Make a kind of file known; safe to call again."""
    _MAKERS[maker.kind] = maker
    tasks.name_kind(maker.kind, maker.label.message)


async def begin(
    actor: Actor, kind: str, asked: Mapping[str, Any], *, total: int, subject_id: UUID | None = None
) -> Task:
    """Have a file made for those who have its right; ``total`` is how many things go into it."""
    actor.require(_MAKERS[kind].permission)
    payload = {"kind": kind, "locale": current_locale(), "asked": dict(asked)}
    return await tasks.start(actor, kind=kind, subject_id=subject_id, job=JOB, payload=payload, total=total)


@job(JOB, is_transactional=False)
async def make_file(actor: Actor, payload: dict[str, Any]) -> None:
    """Make the file of a task, and have it removed when its time is over."""
    task_id, maker = UUID(payload["task_id"]), _MAKERS[payload["kind"]]
    async with open_scope(actor.scope()), tasks.shown(task_id):
        task, tenant = await tasks.get(actor, task_id), await Tenant.get(id=actor.tenant_id)
        if task.state == "done":
            return
        path = _path(tenant.id, task_id)
        with use_locale(payload["locale"]):
            name = await _written(maker, actor, path, payload["asked"], Progress(task_id, task.total))
        result = {"name": name, "size": path.stat().st_size, "until": (datetime.now(UTC) + KEPT).isoformat()}
        await tasks.finish(task_id, url=f"/t/{tenant.slug}/files/{task_id}", result=result)
        await enqueue(DROP_JOB, {"task_id": str(task_id)}, delay=KEPT)


async def _written(
    maker: Maker, actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress
) -> str:
    aside = path.with_suffix(".part")
    await asyncio.to_thread(aside.parent.mkdir, mode=_PRIVATE, parents=True, exist_ok=True)
    try:
        name = await maker.make(actor, aside, asked, progress)
        await asyncio.to_thread(aside.replace, path)
    finally:
        await asyncio.to_thread(aside.unlink, missing_ok=True)
    return name


@job(DROP_JOB)
async def drop_file(actor: Actor, payload: dict[str, Any]) -> None:
    """Remove a file whose time is over."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has its tenant
    path = _path(actor.tenant_id, UUID(payload["task_id"]))
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def made(actor: Actor, task_id: UUID) -> tuple[Task, Path | None]:
    """Return the task of a file that has been made, and where it is while it is kept.

    Raises:
        NotFound: there is none.
        Forbidden: the actor may not have what is in it.
    """
    task = await Task.get_or_none(tenant_id=actor.tenant_id, id=task_id, state="done")
    if task is None or task.kind not in _MAKERS:
        raise NotFound("file.not_found", t("There is no such file."))
    actor.require(_MAKERS[task.kind].permission)
    path = _path(task.tenant_id, task.id)
    return task, path if await asyncio.to_thread(path.exists) else None


def maker_of(task: Task) -> Maker:
    """Return what kind of file a task has made."""
    return _MAKERS[task.kind]


def _path(tenant_id: UUID, task_id: UUID) -> Path:
    return runtime().data_dir / "made" / str(tenant_id) / str(task_id)


async def counted(rows: AsyncIterator[Any], progress: Progress) -> AsyncIterator[Any]:
    """Yield what there is and show how much of it is done."""
    done = 0
    async for each in rows:
        yield each
        done += 1
        if done % 1000 == 0:
            await progress.to(done)
