"""The day's work of autopay: announce, take, look; and telling the channel of a mandate that was stopped."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from billing.daily import every_day
from billing.mandates import cards, debiting, instalments, leaving, life, places, saving
from billing.mandates.life import PRESENT_JOB, REVOKE_JOB
from billing.models import Mandate
from billing.payments.settling import KEEP_JOB
from tenants.actor import Actor
from tenants.jobs import enqueue, job, subscribe
from tenants.scope import open_scope, tenant_scope

FOLLOW_JOB = "billing.debits_follow_plans"
PAUSES = (30, 60, 300, 1800, 3600)
"""Seconds between two looks at a debit under way; the last one repeats."""


@every_day
async def autopay(actor: Actor) -> None:
    """End what former holders agreed to, tell of cards that expire, announce what is coming, take what is due."""
    await leaving.end_of_former(actor)
    await cards.warn(actor)
    await debiting.plan(actor)
    await debiting.take_due(actor)


@job(debiting.TAKE_JOB, is_transactional=False)
async def take_debit(actor: Actor, payload: dict[str, Any]) -> None:
    """Take one debit."""
    await debiting.take(actor, UUID(payload["debit_id"]))


@job(debiting.LOOK_JOB, is_transactional=False)
async def look_at_debit(actor: Actor, payload: dict[str, Any]) -> None:
    """Look what became of a debit, and again until it is known."""
    if await debiting.look(actor, UUID(payload["debit_id"])):
        return
    n = int(payload.get("n", 0)) + 1
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        pause = timedelta(seconds=PAUSES[min(n, len(PAUSES) - 1)])
        await enqueue(debiting.LOOK_JOB, {"debit_id": payload["debit_id"], "n": n}, delay=pause)


@job(REVOKE_JOB, is_transactional=False)
async def revoke(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell the channel that a mandate is over."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        mandate = await Mandate.get(tenant_id=actor.tenant_id, id=UUID(payload["mandate_id"]))
    await places.let_go(mandate)


@job(PRESENT_JOB, is_transactional=False)
async def present(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask what became of a mandate whose payer has been at the channel's page."""
    await life.present(actor, UUID(payload["mandate_id"]))


@job(cards.DETACH_JOB, is_transactional=False)
async def detach(actor: Actor, payload: dict[str, Any]) -> None:
    """Have a card that nothing needs any more forgotten at Stripe."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    settlement_id = await cards.claim_detaching(actor, payload["method"])
    if settlement_id is not None:
        await places.take_away(actor.tenant_id, settlement_id, payload["method"])


@job(KEEP_JOB, is_transactional=False)
async def keep_card(actor: Actor, payload: dict[str, Any]) -> None:
    """Take down the card that a payer has let be kept while paying with it."""
    await saving.keep_after(actor, UUID(payload["attempt_id"]))


@job(FOLLOW_JOB)
async def follow_plans(actor: Actor, payload: dict[str, Any]) -> None:
    """Let go what was announced of a bill as a whole once it is paid by a plan, and of a plan that has ended."""
    del payload
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    await instalments.follow(actor.tenant_id)


for _event in ("plan.agreed", "plan.broken"):
    subscribe(_event, FOLLOW_JOB)
