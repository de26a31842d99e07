"""Closing a time that was sold: everybody is told once, and gets all money back or goes at another time, as they like.

Whoever has not chosen when the time is over gets their money back by themselves.
"""

from typing import Any
from uuid import UUID

from billing.holds import ending
from billing.models import Hold
from scenarios.tourism.models import Order, Slot, Ticket
from scenarios.tourism.orders import news, refunding
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

TELL_JOB = "tourism.tell_of_closing"
RIGHT = "slots.close"
_CLOSE = """
update tourism_ticket set is_closed = true, changed_at = now()
 where tenant_id = $1 and slot_id = $2 and status = 'issued' and used = 0
"""
_OPEN = """
select id from tourism_order where tenant_id = $1 and slot_id = $2 and status in ('held', 'paid', 'part_refunded')
 order by id
"""
_LEFT = """
select order_id, array_agg(id) tickets from tourism_ticket
 where tenant_id = $1 and is_closed and status in ('issued', 'no_show') and used = 0 and valid_until < now()
 group by order_id order by order_id
"""


async def close_slot(actor: Actor, slot_id: UUID, *, reason: str) -> Slot:
    """Close a slot: nothing more of it is sold, its tickets no longer let in, and its buyers are told.

    Raises:
        NotFound, Conflict: there is no such slot, or it is closed already.
        Invalid: no reason.
        StepUp: the sign-in is not fresh and strong; this gives money back.
    """
    actor.require(RIGHT)
    actor.require_fresh()
    reason = reason.strip()
    if not reason:
        text = t("Say why; visitors read it.")
        raise Invalid("slot.reason", text, fields={"reason": text})
    slot = await Slot.filter(tenant_id=actor.tenant_id, id=slot_id).select_for_update().get_or_none()
    if slot is None:
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    if slot.status != "open":
        raise Conflict("slot.closed", t("This time is closed already."))
    slot.status, slot.reason = "closed", reason
    await slot.save(update_fields=["status", "reason"])
    await execute(_CLOSE, slot.tenant_id, slot.id)
    for found in await rows(_OPEN, slot.tenant_id, slot.id):
        await enqueue(TELL_JOB, {"order_id": str(found["id"]), "slot_id": str(slot.id)})
    await audit.record(
        actor,
        "slot.closed",
        subject_kind="slot",
        subject_id=slot.id,
        subject_label=f"{slot.names.get('en', '')} {slot.day}",
        after={"reason": reason},
    )
    return slot


@job(TELL_JOB, is_transactional=False)
async def tell(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell one buyer, once; an order that is still being paid is let go."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    order_id, slot_id = UUID(payload["order_id"]), UUID(payload["slot_id"])
    async with open_scope(tenant_scope(actor.tenant_id)):
        order = await Order.filter(tenant_id=actor.tenant_id, id=order_id).select_for_update().get()
        slot = await Slot.get(tenant_id=actor.tenant_id, id=slot_id)
        is_paid = order.status in {"paid", "part_refunded"} and order.slot_id == slot_id
        if is_paid and order.told_slot_id != slot_id:
            order.told_slot_id = slot_id
            await order.save(update_fields=["told_slot_id"])
            await news.time_was_closed(order, slot)
        hold = await Hold.get_or_none(tenant_id=order.tenant_id, bill_id=order.bill_id, status="held")
    if order.status == "held" and hold is not None:
        await ending.cancel(actor, hold.id)


async def repay_the_rest(actor: Actor) -> int:
    """Give the money back of closed times that are over and whose visitors have not chosen; return the orders."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        left = await rows(_LEFT, actor.tenant_id)
    for one in left:
        async with open_scope(tenant_scope(actor.tenant_id)):
            tickets = await Ticket.filter(tenant_id=actor.tenant_id, id__in=list(one["tickets"]))
            amounts = {ticket.id: ticket.price_minor for ticket in tickets}
            await refunding.take_back(actor, one["order_id"], amounts, reason=refunding.CLOSED)
    return len(left)
