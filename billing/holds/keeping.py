"""A hold is kept or let go, in the transaction that pays or voids its bill; told to its scenario there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from tortoise.transactions import in_transaction

from billing.holds.kinds import HOLD_KINDS
from billing.holds.states import HOLD, VOIDED
from billing.models import Bill, Hold
from billing.payments.watching import Watcher, watch
from billing.plans.credit_notes import write_for
from tenants.actor import Actor
from tenants.jobs import enqueue, publish
from ui.errors import NotFound
from ui.i18n import t

log = structlog.get_logger(__name__)
END_JOB, TELL_JOB = "billing.end_hold", "billing.tell_hold_kept"


async def hold_of(tenant_id: UUID, hold_id: UUID) -> Hold:
    """Return a hold of the open scope.

    Raises:
        NotFound: there is none.
    """
    found = await Hold.get_or_none(tenant_id=tenant_id, id=hold_id)
    if found is None:
        raise NotFound("hold.not_found", t("There is nothing being kept under this number."))
    return found


async def pages_of(tenant_id: UUID, bill_ids: Sequence[UUID]) -> list[str]:
    """Return where payers of these bills go on, in whatever scope sees them; nothing for ordinary bills."""
    found = await Hold.filter(tenant_id=tenant_id, bill_id__in=list(bill_ids)).order_by("id")
    pages = [HOLD_KINDS[hold.kind].page(hold) for hold in found if hold.kind in HOLD_KINDS]
    return list(dict.fromkeys(page for page in pages if page))


async def locked_of_bill(actor: Actor, bill_id: UUID) -> Hold | None:
    """Return the hold of a bill, locked after the bill; none where the bill never was held."""
    query = Hold.filter(tenant_id=actor.tenant_id, bill_id=bill_id).select_for_update()
    return await query.get_or_none()


async def paid(actor: Actor, bill_id: UUID) -> None:
    """Keep what a bill was for that needs no more money."""
    hold = await locked_of_bill(actor, bill_id)
    if hold is not None and hold.status == "held":
        await keep(hold)


async def keep(hold: Hold) -> None:
    """Keep it: its bill is one like any other from here on."""
    hold.status, hold.ended_at = HOLD.after(hold.status, "keep"), datetime.now(UTC)
    hold.is_told = await _told(hold)
    await hold.save(update_fields=["status", "ended_at", "is_told"])
    await Bill.filter(tenant_id=hold.tenant_id, id=hold.bill_id).update(held_until=None)
    await publish("hold.kept", {"hold_id": str(hold.id), "bill_id": str(hold.bill_id), "kind": hold.kind})


async def _told(hold: Hold) -> bool:
    """Have the scenario do its part. Where that fails the money stays taken, and the scenario is told again."""
    try:
        async with in_transaction():
            await HOLD_KINDS[hold.kind].kept(hold)
    except Exception:  # whatever it was, money that has arrived must not be lost over it
        log.exception("hold.not_told", hold_id=str(hold.id), kind=hold.kind)
        await enqueue(TELL_JOB, {"hold_id": str(hold.id)})
        return False
    return True


async def tell_again(actor: Actor, hold_id: UUID) -> None:
    """Tell a scenario that something of its was kept, once more; in the job's own transaction."""
    hold = await Hold.filter(tenant_id=actor.tenant_id, id=hold_id).select_for_update().get()
    if hold.is_told or hold.status != "kept":
        return
    await HOLD_KINDS[hold.kind].kept(hold)
    hold.is_told = True
    await hold.save(update_fields=["is_told"])


async def let_go(hold: Hold, why: str) -> None:
    """Let it go: its bill is void in this transaction."""
    hold.status, hold.why, hold.ended_at = HOLD.after(hold.status, "let_go"), why, datetime.now(UTC)
    await hold.save(update_fields=["status", "why", "ended_at"])
    await HOLD_KINDS[hold.kind].let_go(hold, why)
    facts = {"hold_id": str(hold.id), "bill_id": str(hold.bill_id), "kind": hold.kind, "why": why}
    await publish("hold.let_go", facts)


async def _voided(actor: Actor, bill_id: UUID) -> None:
    hold = await locked_of_bill(actor, bill_id)
    if hold is not None and hold.status == "held":
        await let_go(hold, VOIDED)


async def _returned(actor: Actor, back: Mapping[UUID, int], reason: str) -> None:
    """What is given back of a kept hold is owed by nobody: it is credited on the bill at once."""
    for bill_id in sorted(back):
        hold = await locked_of_bill(actor, bill_id)
        if hold is None or hold.status != "kept":
            continue
        await write_for(actor, bill_id, None, back[bill_id], reason)
        await HOLD_KINDS[hold.kind].returned(hold, back[bill_id])


watch(Watcher(paid, _voided, _returned))
