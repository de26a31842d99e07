"""Messages from channels: each kept once, handled in any order, any number of times.

A message is only ever a hint that is checked against our own rows: its ids came back from metadata that we wrote,
and the account it concerns must be the one that the payment goes to. It is kept and handled in one transaction where
that is possible at once; otherwise it is kept first, then handled under the lock of its row, in the transaction that
says so. One whose payment is not there yet is tried again, and in the end parked in its tenant's operations list.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from tortoise.exceptions import DoesNotExist

from billing.models import InboxEvent
from billing.payments import notes
from billing.payments.landing import as_opened
from tenants.actor import system_actor
from tenants.models import Outbox
from tenants.scope import (
    NOTHING,
    adopt,
    execute,
    once,
    open_scope,
    queue_scope,
    row,
    rows,
    switch,
    tenant_scope,
)

log = structlog.get_logger(__name__)
EVENT_JOB = "billing.channel_event"
PAUSES = (2, 5, 15, 60, 300, 1800, 7200, 21600)
"""Seconds before a message is tried again whose payment is missing, or whose handling failed."""
BATCH = 100
KIND_MAX, ERROR_MAX = 100, 500


@dataclass(frozen=True, slots=True)
class Incoming:
    """A verified message: ``event_id`` is unique at its source."""

    source: str
    event_id: str
    kind: str
    payload: Mapping[str, Any]
    tenant_id: UUID | None = None


async def receive(message: Incoming) -> None:
    """Keep a verified message and do what it means, in one transaction: all of it, or none. Needs no scope.

    One that has come before changes nothing. One that cannot be dealt with now, or not soon because others hold what
    it needs, is kept as it is and handled by itself; only then may its sender be told that it has arrived.
    """
    try:
        async with open_scope(NOTHING):
            await _hear(message)
    except Exception as error:  # noqa: BLE001 - whatever it was, the message is kept, and handled as any other
        log.info("inbox.kept", kind=message.kind, reason=type(error).__name__)
        stored = await store(message)
        if stored is not None:
            await handle(stored)


async def _hear(message: Incoming) -> None:
    note = notes.read(message.source, message.kind, message.payload, message.tenant_id)
    heard = await row(
        "select * from inbox_hear($1, $2, $3, $4, $5, $6, $7)",
        message.source,
        message.event_id,
        message.kind[:KIND_MAX],
        json.dumps(message.payload),
        note.tenant_id,
        note.attempt_id if note.outcome else None,
        note.outcome is not None and note.outcome.state == "succeeded",
    )
    adopt(tenant_scope(note.tenant_id))
    if heard is not None and heard["is_new"]:
        opened = as_opened(heard) if note.outcome else None
        await notes.act(system_actor(note.tenant_id), note, opened)


async def store(message: Incoming) -> UUID | None:
    """Keep a verified message and return its row's id; ``None`` when it has come before. Needs no scope."""
    stored: UUID | None = await once(
        "select inbox_store($1, $2, $3, $4, $5)",
        message.source,
        message.event_id,
        message.kind[:KIND_MAX],
        json.dumps(message.payload),
        message.tenant_id or _tenant_of(message),
    )
    return stored


def _tenant_of(message: Incoming) -> UUID | None:
    """Return whose message it says it is, in metadata that we wrote; what cannot be read is found out later."""
    try:
        return notes.read(message.source, message.kind, message.payload, None).tenant_id
    except (notes.Discarded, LookupError, TypeError, ValueError, AttributeError):
        return None


_DUE = (
    "select id from billing_inbox_event where handled_at is null and discarded_at is null and parked_at is null"
    " and due_at <= now() order by due_at limit $1"
)


async def sweep() -> int:
    """Handle all messages that are due, whatever process stored them, and return how many; run every few seconds."""
    async with open_scope(queue_scope()):
        due = await rows(_DUE, BATCH)
    return sum([await handle(found["id"]) for found in due])


async def handle(event_id: UUID) -> bool:
    """Handle one stored message now; ``False`` when another process has it, or nothing is left to do.

    The row is taken, marked as handled, and what it means done in one transaction: all of it, or none. What went
    wrong is noted in another one, unless somebody else has handled the message meanwhile.
    """
    event: asyncpg.Record | None = None
    try:
        async with open_scope(NOTHING):
            event = await row("select * from inbox_take($1)", event_id)
            adopt(queue_scope())
            if event is not None:
                await _act(event)
    except notes.Discarded as reason:
        log.info("inbox.discarded", reason=str(reason))
        await _note(event_id, discarded_at=datetime.now(UTC), error=str(reason))
    except DoesNotExist:
        await _later(event_id, "its payment is not here (yet)")
    except Exception as error:  # the edge of handling: whatever it was, the message is kept and tried again
        log.exception("inbox.failed", event_id=str(event_id))
        await _later(event_id, f"{type(error).__name__}: {error}")
    return event is not None


async def _act(event: asyncpg.Record) -> None:
    note = notes.read(event["source"], event["kind"], json.loads(event["payload"]), event["tenant_id"])
    if note.outcome is None:  # otherwise opening the payment sets the scope
        await switch(tenant_scope(note.tenant_id))
    await notes.act(system_actor(note.tenant_id), note)


async def handle_again(event_id: UUID) -> None:
    """Handle a parked message once more, with its tries counted anew."""
    async with open_scope(queue_scope()):
        await execute(
            "update billing_inbox_event set parked_at = null, tries = 0, due_at = now() where id = $1"
            " and parked_at is not null",
            event_id,
        )
    await handle(event_id)


async def _note(event_id: UUID, **changes: Any) -> InboxEvent | None:
    """Write down what became of a message that was not handled; ``None`` when it has been, by somebody else."""
    async with open_scope(queue_scope()):
        event = await InboxEvent.filter(id=event_id).select_for_update().get()
        if event.handled_at is not None:
            return None
        await event.update_from_dict(changes).save()
    return event


async def _later(event_id: UUID, error: str) -> None:
    """Have the message tried again after a pause, or, after the last one, shown to its institution."""
    async with open_scope(queue_scope()):
        event = await _note(event_id, error=error[:ERROR_MAX])
        if event is None:
            return
        event.tries += 1
        if event.tries <= len(PAUSES):
            event.due_at = datetime.now(UTC) + timedelta(seconds=PAUSES[event.tries - 1])
        else:
            event.parked_at = datetime.now(UTC)
        await event.save()
        if event.parked_at is not None and event.tenant_id is not None:
            await _show_to_operations(event, event.tenant_id)


async def _show_to_operations(event: InboxEvent, tenant_id: UUID) -> None:
    """Put the message where the tenant's staff look for work that failed, and may run it again."""
    async with open_scope(tenant_scope(tenant_id)):
        await Outbox.create(
            tenant_id=tenant_id,
            job=EVENT_JOB,
            payload={"event_id": str(event.id), "source": event.source, "kind": event.kind},
            due_at=datetime.now(UTC),
            tries=event.tries,
            error=event.error,
            failed_at=datetime.now(UTC),
        )
