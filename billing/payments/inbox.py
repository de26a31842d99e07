"""Messages from channels, stored before anything is done with them, handled in any order, any number of times.

A message is only ever a hint that is checked against our own rows: its ids came back from metadata that we wrote,
and the account it concerns must be the one that the payment goes to. It is handled under the lock of its row, in
the transaction that says so; one whose payment is not there yet is tried again, and in the end parked in the
operations list of its tenant.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from tortoise.exceptions import DoesNotExist

from billing.models import InboxEvent
from billing.payments import notes
from tenants.actor import system_actor
from tenants.models import Outbox
from tenants.scope import execute, open_scope, queue_scope, rows, tenant_scope

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


_STORE = (
    "insert into billing_inbox_event (id, source, event_id, kind, payload, tenant_id)"
    " values (new_id(), $1, $2, $3, $4, $5) on conflict (source, event_id) do nothing returning id"
)


async def store(message: Incoming) -> UUID | None:
    """Keep a verified message and return its row's id; ``None`` when it has come before. Opens the queue's scope."""
    async with open_scope(queue_scope()):
        found = await rows(
            _STORE,
            message.source,
            message.event_id,
            message.kind[:KIND_MAX],
            json.dumps(message.payload),
            message.tenant_id,
        )
    return found[0]["id"] if found else None


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
    """Handle one stored message now; ``False`` when another process has it, or nothing is left to do."""
    async with open_scope(queue_scope()):
        locked = await rows(
            "select 1 from billing_inbox_event where id = $1 and handled_at is null and discarded_at is null"
            " and parked_at is null for update skip locked",
            event_id,
        )
        if not locked:
            return False
        await _work(await InboxEvent.get(id=event_id))
    return True


async def handle_again(event_id: UUID) -> None:
    """Handle a parked message once more, with its tries counted anew."""
    async with open_scope(queue_scope()):
        await execute(
            "update billing_inbox_event set parked_at = null, tries = 0, due_at = now() where id = $1"
            " and parked_at is not null",
            event_id,
        )
    await handle(event_id)


async def _work(event: InboxEvent) -> None:
    try:
        note = notes.read(event.source, event.kind, event.payload, event.tenant_id)
        event.tenant_id = note.tenant_id
        async with open_scope(tenant_scope(note.tenant_id)):
            await notes.act(system_actor(note.tenant_id), note)
        event.handled_at, event.error = datetime.now(UTC), ""
    except notes.Discarded as reason:
        event.discarded_at, event.error = datetime.now(UTC), str(reason)
        log.info("inbox.discarded", kind=event.kind, reason=str(reason))
    except DoesNotExist:
        await _later(event, "its payment is not here (yet)")
    except Exception as error:  # the edge of handling: whatever it was, the message is kept and tried again
        log.exception("inbox.failed", kind=event.kind)
        await _later(event, f"{type(error).__name__}: {error}")
    await event.save()


async def _later(event: InboxEvent, error: str) -> None:
    event.tries += 1
    event.error = error[:ERROR_MAX]
    if event.tries <= len(PAUSES):
        event.due_at = datetime.now(UTC) + timedelta(seconds=PAUSES[event.tries - 1])
        return
    event.parked_at = datetime.now(UTC)
    if event.tenant_id is not None:
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
