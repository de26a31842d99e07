"""The end of a hold: the channel is asked first, then the unpaid bill is voided and its place let go, together.

These open their own scopes, since they talk to the outside.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from billing.charges.bills import take_back
from billing.holds.keeping import END_JOB, hold_of, keep, let_go
from billing.holds.states import CANCELLED, EXPIRED, WHYS
from billing.models import Bill, Hold, PaymentPart
from billing.payments.asking import ask, withdraw
from billing.payments.holding import holds
from billing.payments.starting import must_be_outside
from billing.payments.states import LIVE, PAYABLE
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict
from ui.i18n import gettext, t

PAUSES = (5, 10, 30, 60, 300, 900)
"""Seconds between two looks at a hold whose time is over while a payment of it has no known end."""


async def end(actor: Actor, hold_id: UUID, n: int = 0) -> None:
    """End a hold whose time is over; while a payment is under way it stays kept, and is looked at again."""
    hold = await _load(actor, hold_id)
    if hold.status != "held":
        return
    left = hold.until - datetime.now(UTC)
    if left <= timedelta() and await _end(actor, hold, "expired", EXPIRED):
        return
    pause = left if left > timedelta() else timedelta(seconds=PAUSES[min(n, len(PAUSES) - 1)])
    async with open_scope(tenant_scope(hold.tenant_id)):
        await enqueue(END_JOB, {"hold_id": str(hold.id), "n": n + 1}, delay=pause)


async def run_out(tenant_id: UUID, bill_id: UUID) -> None:
    """Have the time of an unpaid hold be over now, in the open tenant scope; it ends right after, as any other."""
    query = Hold.filter(tenant_id=tenant_id, bill_id=bill_id, status="held")
    hold = await query.select_for_update().first()
    if hold is not None:
        hold.until = datetime.now(UTC)
        await hold.save(update_fields=["until"])
        await enqueue(END_JOB, {"hold_id": str(hold.id), "n": 0})


async def cancel(actor: Actor, hold_id: UUID) -> Hold:
    """Let something go before its time: its payment is withdrawn at the channel, its bill voided. Safe to repeat.

    Call it outside of any scope.

    Raises:
        NotFound: there is none.
        Conflict: it has been paid (refund it instead), or a payment is under way and may still succeed.
    """
    must_be_outside()
    hold = await _load(actor, hold_id)
    if hold.status == "held" and not await _end(actor, hold, "cancelled", CANCELLED):
        text = t("A payment for this is on its way or being checked, so it cannot be cancelled just now.")
        raise Conflict("hold.being_paid", text)
    found = await _load(actor, hold_id)
    if found.status == "kept":
        raise Conflict("hold.kept", t("This has just been paid. Ask for a refund instead."))
    return found


async def _load(actor: Actor, hold_id: UUID) -> Hold:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await hold_of(actor.tenant_id, hold_id)


async def _end(actor: Actor, hold: Hold, ending: Literal["cancelled", "expired"], why: str) -> bool:
    """Tell whether it has an end now, one way or the other."""
    if not await _is_clear(actor, hold, ending):
        return False
    async with open_scope(tenant_scope(hold.tenant_id)):
        return await _close(actor, hold.id, hold.bill_id, why)


async def _is_clear(actor: Actor, hold: Hold, ending: Literal["cancelled", "expired"]) -> bool:
    """Ask the channel of each live try to pay, have it withdrawn, and tell whether all of them have ended."""
    async with open_scope(tenant_scope(hold.tenant_id)):
        tries = await holds(hold.tenant_id, [hold.bill_id])
    for one in tries:
        status = await ask(actor, one.attempt_id)
        if status in LIVE and await withdraw(actor, one.attempt_id, ending=ending) in LIVE:
            return False
    return True


async def _close(actor: Actor, hold_id: UUID, bill_id: UUID, why: str) -> bool:
    """Void and let go under the locks of bill and hold; a payment that began in between is found by its live part."""
    bill = await Bill.filter(tenant_id=actor.tenant_id, id=bill_id).select_for_update().get()
    hold = await Hold.filter(tenant_id=actor.tenant_id, id=hold_id).select_for_update().get()
    if hold.status != "held":
        return True
    if await PaymentPart.filter(tenant_id=bill.tenant_id, bill_id=bill.id, is_live=True).exists():
        return False
    if bill.status not in PAYABLE:
        await keep(hold)
        return True
    await take_back(actor, bill, gettext(WHYS[why]))
    await let_go(hold, why)
    return True
