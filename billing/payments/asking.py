"""Asking a channel what is true. A time-out is no answer; nothing expires or is tried again before it was asked."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog

from billing.channels import CHANNELS, health
from billing.channels.contract import ChannelRefused, ChannelSilent, Order, Outcome
from billing.channels.counter import KEY as COUNTER
from billing.models import Attempt
from billing.payments.orders import order_of
from billing.payments.settling import lose, settle
from billing.payments.states import LIVE
from tenants.actor import Actor
from tenants.scope import execute, open_scope, tenant_scope

log = structlog.get_logger(__name__)
SEND_GRACE = timedelta(seconds=90)
"""How long after sending a channel may still come to know of an attempt: longer than all our time-outs together."""
ENDED = ("cancelled", "expired")


async def ask(actor: Actor, attempt_id: UUID) -> str:
    """Bring the attempt to what its channel says now and return its state; silence leaves it unknown.

    Opens its own scopes: nothing is locked while the channel thinks.
    """
    attempt, order = await _load(actor, attempt_id)
    if attempt.status == "succeeded" or attempt.channel == COUNTER:
        return attempt.status
    return await _told(actor, attempt, order, CHANNELS[attempt.channel].query)


async def withdraw(
    actor: Actor, attempt_id: UUID, *, ending: Literal["cancelled", "expired"] = "cancelled"
) -> str:
    """Have the channel let go of an attempt, and return the state that is true afterwards."""
    attempt, order = await _load(actor, attempt_id)
    if attempt.status not in LIVE:
        return attempt.status
    return await _told(actor, attempt, order, CHANNELS[attempt.channel].cancel, ending)


async def conclude(actor: Actor, attempt_id: UUID) -> str:
    """Ask; and when the attempt's time is over, withdraw it at the channel before it expires here."""
    status = await ask(actor, attempt_id)
    if status not in LIVE:
        return status
    attempt, _ = await _load(actor, attempt_id)
    if attempt.expires_at > datetime.now(UTC):
        return status
    return await withdraw(actor, attempt_id, ending="expired")


async def _load(actor: Actor, attempt_id: UUID) -> tuple[Attempt, Order]:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        attempt = await Attempt.get(tenant_id=actor.tenant_id, id=attempt_id)
        return attempt, await order_of(actor.tenant_id, attempt_id)


async def _told(
    actor: Actor,
    attempt: Attempt,
    order: Order,
    call: Callable[[Order], Awaitable[Outcome]],
    ending: str = "",
) -> str:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    try:
        outcome = await call(order)
        health.note(attempt.channel, is_answered=True)
    except (ChannelSilent, ChannelRefused) as error:
        health.note(attempt.channel, is_answered=isinstance(error, ChannelRefused))
        log.warning("channel.silent", channel=attempt.channel, attempt_id=str(attempt.id), error=str(error))
        async with open_scope(tenant_scope(actor.tenant_id)):
            return await _unanswered(actor, attempt, str(error), is_ending=bool(ending))
    if outcome.state == "absent" and not _may_give_up(attempt):
        return await _asked(actor, attempt)
    async with open_scope(tenant_scope(actor.tenant_id)):
        return (await settle(actor, attempt.id, _ended(outcome, ending))).status


def _ended(outcome: Outcome, ending: str) -> Outcome:
    """Say why an attempt ended when it was we who ended it; an unknown one simply ends."""
    if ending == "cancelled" and outcome.state in {*ENDED, "absent"}:
        return replace(outcome, state="cancelled")
    if ending == "expired" and outcome.state in {*ENDED, "absent"}:
        return replace(outcome, state="expired")
    return (
        replace(outcome, error=outcome.error or "unknown to the channel")
        if outcome.state == "absent"
        else outcome
    )


def _may_give_up(attempt: Attempt) -> bool:
    """Tell whether an attempt that the channel does not know can no longer reach it."""
    return datetime.now(UTC) - (attempt.sent_at or attempt.created_at) > SEND_GRACE


async def _asked(actor: Actor, attempt: Attempt) -> str:
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await execute(
            "update billing_attempt set asked_at = now() where tenant_id = $1 and id = $2",
            actor.tenant_id,
            attempt.id,
        )
    return attempt.status


async def _unanswered(actor: Actor, attempt: Attempt, error: str, *, is_ending: bool) -> str:
    """A silent channel makes an attempt unknown where it may have acted; a question alone changes nothing known."""
    if attempt.status not in LIVE:
        return attempt.status
    if is_ending or attempt.status == "created":
        return (await lose(actor, attempt.id, error)).status
    return attempt.status
