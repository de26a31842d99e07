"""Background work of payments: shells over the services, each naming what it is about by id."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.models import Attempt
from billing.payments import inbox, refunding, settlement, stuck
from billing.payments.asking import conclude, withdraw
from billing.payments.settling import WITHDRAW_JOB
from billing.payments.starting import ASK_JOB
from billing.payments.states import LIVE
from tenants.actor import Actor
from tenants.jobs import enqueue, job, publish
from tenants.scope import open_scope, tenant_scope

PAUSES = (20, 30, 60, 120, 300, 600)
"""Seconds between two questions about an attempt that is live; the last one repeats, up to its expiry."""
AFTER_EXPIRY = (60, 300, 1800, 3600)
"""Seconds between two questions about an attempt whose time is over but whose channel does not answer."""
LATE_LOOKS = (timedelta(minutes=15), timedelta(days=1))
"""When to look once more at an attempt that has ended without money: the channel may have been paid after all."""
JUST_AFTER = timedelta(seconds=2)


@job(ASK_JOB, is_transactional=False)
async def ask_attempt(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask what became of an attempt, and have it asked again until that is final; then twice more."""
    attempt_id = UUID(payload["attempt_id"])
    status = await conclude(actor, attempt_id)
    if status == "succeeded":
        return
    late = int(payload.get("late", 0))
    if status not in LIVE:
        if late < len(LATE_LOOKS):
            await _again(actor, attempt_id, LATE_LOOKS[late], late=late + 1)
        return
    n = int(payload["n"])
    await _again(actor, attempt_id, await _pause(actor, attempt_id, n), n=n + 1)


async def _pause(actor: Actor, attempt_id: UUID, n: int) -> timedelta:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        attempt = await Attempt.get(tenant_id=actor.tenant_id, id=attempt_id)
    left: timedelta = attempt.expires_at - datetime.now(UTC)
    if left <= timedelta():
        over = int(-left.total_seconds())
        return timedelta(seconds=next((p for p in AFTER_EXPIRY if p > over), AFTER_EXPIRY[-1]))
    return min(timedelta(seconds=PAUSES[min(n, len(PAUSES) - 1)]), left + JUST_AFTER)


async def _again(actor: Actor, attempt_id: UUID, delay: timedelta, *, n: int = 0, late: int = 0) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await enqueue(ASK_JOB, {"attempt_id": str(attempt_id), "n": n, "late": late}, delay=delay)


@job(WITHDRAW_JOB, is_transactional=False)
async def withdraw_attempt(actor: Actor, payload: dict[str, Any]) -> None:
    """Stop an attempt whose bills have been paid another way; what succeeds all the same lands in suspense."""
    await withdraw(actor, UUID(payload["attempt_id"]))


@job(refunding.SUBMIT_JOB, is_transactional=False)
async def submit_refund(actor: Actor, payload: dict[str, Any]) -> None:
    """Send an approved refund to its channel."""
    await refunding.submit_refund(actor, UUID(payload["refund_id"]))


@job(refunding.ASK_JOB, is_transactional=False)
async def ask_refund(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask about a refund on its way."""
    await refunding.ask_refund(actor, UUID(payload["refund_id"]), int(payload["n"]))


@job(inbox.EVENT_JOB, is_transactional=False)
async def channel_event(actor: Actor, payload: dict[str, Any]) -> None:
    """Handle a parked message of a channel again, when somebody in operations says so."""
    del actor
    await inbox.handle_again(UUID(payload["event_id"]))


@job(settlement.CONNECT_JOB, is_transactional=False)
async def connect_settlement(actor: Actor, payload: dict[str, Any]) -> None:
    """Open a new settlement account at the channels."""
    await settlement.connect(actor, UUID(payload["settlement_account_id"]))
    async with open_scope(actor.scope()):
        await publish("settlement.connected", {"settlement_account_id": payload["settlement_account_id"]})


settlement.register()
stuck.register()
