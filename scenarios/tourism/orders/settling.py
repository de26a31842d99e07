"""What becomes of an order when its hold ends: paid, let go, or paid when nothing was left."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from scenarios.tourism.models import Order, Slot
from scenarios.tourism.orders import news
from scenarios.tourism.orders.states import ORDER, TICKET
from scenarios.tourism.stock import pools
from tenants.scope import execute, open_scope, tenant_scope

_TICKETS = """
update tourism_ticket set status = $3, changed_at = now() where tenant_id = $1 and order_id = $2 and status = any ($4)
"""


async def order_of(tenant_id: UUID, order_id: UUID) -> Order:
    """Return an order, locked until the transaction ends."""
    return await Order.filter(tenant_id=tenant_id, id=order_id).select_for_update().get()


async def confirm(order: Order, bill_id: UUID | None = None) -> None:
    """Make a held order's tickets good; in the transaction that settles its payment. Safe to call again.

    ``bill_id`` is the bill that was paid: another one than at first where the money came after the end.
    """
    if not ORDER.can(order.status, "pay"):
        return
    order.bill_id = bill_id or order.bill_id
    await issue(order)
    await pools.convert(order.tenant_id, pools.kept(order.pools))


async def issue(order: Order) -> None:
    """Make a held order's tickets good and tell the buyer; its places are the caller's business."""
    order.status, order.paid_at = ORDER.after(order.status, "pay"), datetime.now(UTC)
    await order.save(update_fields=["status", "paid_at", "bill_id"])
    await _move(order, "issue")
    await news.tickets_are_ready(order)


async def _move(order: Order, edge: str) -> None:
    """Take one edge with all of an order's tickets that have it."""
    states = TICKET.edges[edge]
    await execute(_TICKETS, order.tenant_id, order.id, states.target, list(states.sources))


async def let_go(order: Order, edge: str) -> None:
    """Give a held order's places back; in the transaction that voids its bill. Safe to call again."""
    if not ORDER.can(order.status, edge):
        return
    order.status, order.closed_at = ORDER.after(order.status, edge), datetime.now(UTC)
    await order.save(update_fields=["status", "closed_at"])
    await _move(order, "void")
    await pools.release(order.tenant_id, pools.kept(order.pools))


async def take_again(order: Order) -> bool:
    """Hold an order's places once more, for its money has come after its end; else tell the buyer that it goes back."""
    try:
        async with open_scope(tenant_scope(order.tenant_id)):
            await _hold_again(order)
    except (pools.SoldOut, asyncpg.UniqueViolationError):
        order.status = ORDER.after(order.status, "come_late")
        await order.save(update_fields=["status"])
        await news.money_came_too_late(order)
        return False
    return True


async def _hold_again(order: Order) -> None:
    was, slot = order.status, await _slot(order)
    if slot is not None and slot.status != "open":
        raise pools.SoldOut
    order.status = ORDER.after(was, "take_again")
    try:
        await order.save(update_fields=["status"])
        await _move(order, "take_again")
        await pools.take(order.tenant_id, pools.kept(order.pools))
    except BaseException:
        order.status = was
        raise


async def _slot(order: Order) -> Slot | None:
    return await Slot.get_or_none(tenant_id=order.tenant_id, id=order.slot_id) if order.slot_id else None


async def repaid(tenant_id: UUID, order_id: UUID, returned_minor: int) -> None:
    """Note that the money of tickets that were given back has really gone back, once all of it has.

    What was bought together from several may go back by several refunds, each in its own time.
    """
    order = await Order.get(tenant_id=tenant_id, id=order_id)
    if returned_minor < order.refunded_minor:
        return
    edge = TICKET.edges["repay"]
    await execute(_TICKETS, tenant_id, order_id, edge.target, list(edge.sources))
