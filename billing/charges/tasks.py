"""Long work of charging: a task that people watch, begun here and ended here."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.models import Task


async def begin_task(actor: Actor, kind: str, *, subject_id: UUID | None, total: int) -> Task:
    """Write down work that somebody waits for; ``total`` is how many steps or bills it has."""
    return await Task.create(
        tenant_id=actor.tenant_id,
        kind=kind,
        subject_id=subject_id,
        total=total,
        started_by=actor.person_id,
        started_by_name=actor.name[:100],
    )


def end_task(task: Task, url: str, result: dict[str, Any] | None = None) -> None:
    """Note that the work is done and where its result is; the caller saves the task."""
    task.state, task.finished_at = "done", datetime.now(UTC)
    task.total = max(task.total, task.done)
    task.result = {"url": url, **(result or {})}
