"""Background work of holds: shells over the services."""

from typing import Any
from uuid import UUID

from billing.holds import ending, keeping, late
from billing.payments.watching import LATE_JOB
from tenants.actor import Actor
from tenants.jobs import job


@job(keeping.END_JOB, is_transactional=False)
async def end_hold(actor: Actor, payload: dict[str, Any]) -> None:
    """End a hold when its time is over."""
    await ending.end(actor, UUID(payload["hold_id"]), int(payload["n"]))


@job(keeping.TELL_JOB)
async def tell_hold_kept(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell a scenario again that something of its was kept."""
    await keeping.tell_again(actor, UUID(payload["hold_id"]))


@job(LATE_JOB)
async def hold_came_late(actor: Actor, payload: dict[str, Any]) -> None:
    """Find out what becomes of money that came after the end."""
    await late.came_late(actor, UUID(payload["suspense_id"]), UUID(payload["bill_id"]))
