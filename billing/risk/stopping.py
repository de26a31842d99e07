"""Telling the channels to keep, or to pay out again: one account at one channel after the other, until all have it.

Before a channel is called, what held there before is committed, so that a worker that dies puts back the right thing.
A hold that was let go while a channel was answering is told again: the last word is always the hold's own.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.channels import PAYOUT_STOPS
from billing.channels.contract import ChannelRefused, Destination
from billing.models import PayoutHold, SettlementAccount
from billing.payments.orders import as_destination
from billing.payments.settlement import after_connecting
from billing.risk.payouts import PAYOUTS, STOP_JOB, record, tell_released
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.scope import open_scope, tenant_scope

KEPT, FREE, ASKED, REFUSED = "held", "released", "asked", "refused"
"""States of an account at a channel: ``asked`` may have been done there, ``refused`` was not."""


def aim(hold: PayoutHold) -> str:
    """Return what every channel should do now."""
    return KEPT if hold.status in {"placing", "held"} else FREE


@job(STOP_JOB, is_transactional=False)
async def tell_channels(actor: Actor, payload: dict[str, Any]) -> None:
    """Bring every account at every channel to what the hold says. Silence breaks off, and the job is tried again."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    hold_id = UUID(payload["hold_id"])
    for leg, to in await _legs(actor.tenant_id):
        await _tell(actor, hold_id, leg, to)
    await _conclude(actor, hold_id)


async def _legs(tenant_id: UUID) -> list[tuple[str, Destination]]:
    """Return every account of the institution at every channel that pays out, those of retired accounts too."""
    async with open_scope(tenant_scope(tenant_id)):
        accounts = await SettlementAccount.filter(tenant_id=tenant_id).order_by("id")
    places = [replace(as_destination(one), stripe_account=one.stripe_account) for one in accounts]
    return [
        (f"{channel}:{to.id}", to)
        for to in places
        for channel, stop in PAYOUT_STOPS.items()
        if stop.is_open_to(to)
    ]


async def _tell(actor: Actor, hold_id: UUID, leg: str, to: Destination) -> None:
    wanted, known = await _note(actor, hold_id, leg)
    state = known.get("state", FREE)
    if state == wanted or (wanted == FREE and state == REFUSED):
        return
    try:
        await (_keep(actor, hold_id, leg, to, known) if wanted == KEPT else _free(hold_id, leg, to, known))
    except ChannelRefused as refused:
        facts = {"state": REFUSED} if wanted == KEPT and state in {FREE, REFUSED} else {}
        await _note(actor, hold_id, leg, error=str(refused)[:300], **facts)
        return
    now, _ = await _note(actor, hold_id, leg, state=wanted, error="")
    if now != wanted:
        await _once_more(actor, hold_id)


async def _keep(actor: Actor, hold_id: UUID, leg: str, to: Destination, known: dict[str, Any]) -> None:
    stop = PAYOUT_STOPS[leg.partition(":")[0]]
    was = known["was"] if "was" in known else await stop.terms(to)
    await _note(actor, hold_id, leg, state=ASKED, was=was)
    await stop.hold(to, str(hold_id))


async def _free(hold_id: UUID, leg: str, to: Destination, known: dict[str, Any]) -> None:
    await PAYOUT_STOPS[leg.partition(":")[0]].release(to, str(hold_id), known.get("was") or {})


async def _note(actor: Actor, hold_id: UUID, leg: str, **facts: Any) -> tuple[str, dict[str, Any]]:
    """Write down what is known of one account at a channel; return what it should do now, and all that is known."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        hold = await PayoutHold.filter(tenant_id=actor.tenant_id, id=hold_id).select_for_update().get()
        if facts:
            hold.legs = {**hold.legs, leg: {**hold.legs.get(leg, {}), **facts}}
            await hold.save(update_fields=["legs"])
        return aim(hold), dict(hold.legs.get(leg, {}))


async def _conclude(actor: Actor, hold_id: UUID) -> None:
    """Move the hold on once every account has it; one that refuses leaves it where it is, for people to see."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        hold = await PayoutHold.filter(tenant_id=actor.tenant_id, id=hold_id).select_for_update().get()
        states = {one.get("state", FREE) for one in hold.legs.values()}
        if hold.status == "placing" and states <= {KEPT}:
            hold.status, hold.held_at = PAYOUTS.after(hold.status, "hold"), datetime.now(UTC)
            await hold.save(update_fields=["status", "held_at"])
        elif hold.status == "releasing" and states <= {FREE, REFUSED}:
            hold.status, hold.ended_at = PAYOUTS.after(hold.status, "end"), datetime.now(UTC)
            await hold.save(update_fields=["status", "ended_at"])
            await record(actor, hold, "ended", {})
            await tell_released(actor, hold)


async def _once_more(actor: Actor, hold_id: UUID) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await enqueue(STOP_JOB, {"hold_id": str(hold_id)})


async def hold_what_is_new(actor: Actor) -> None:
    """Have an account that was just opened at a channel be held too, where the institution's payouts are."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        hold = await PayoutHold.filter(tenant_id=actor.tenant_id, status__in=("placing", "held")).first()
        if hold is not None:
            await enqueue(STOP_JOB, {"hold_id": str(hold.id)})


after_connecting(hold_what_is_new)
