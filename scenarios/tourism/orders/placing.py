"""Placing an order: its tickets are written, its bill is held, and its places are taken as the very last step."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.holds import service as holds
from billing.idempotency import Answer, once
from billing.names import localized
from billing.plans.single import Charge
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Order
from scenarios.tourism.orders import settling, wishes
from scenarios.tourism.orders.requests import Ready, Request
from scenarios.tourism.orders.standing import must_be_welcome
from scenarios.tourism.orders.wishes import Item
from scenarios.tourism.orders.writing import write
from scenarios.tourism.stock import pools
from tenants.actor import Actor
from tenants.ids import new_id
from ui.i18n import LOCALES, gettext, use_locale

__all__ = ["HOLD", "RENEWAL", "Ready", "Request", "look_at", "place"]
HOLD = "tourism.order"
RENEWAL = "renewal"
"""The channel of passes that are renewed before their day is on sale."""


async def place(actor: Actor, asked: Request, *, key: str) -> Order:
    """Hold the places and tickets of an order until it is paid, once for each ``key``; one for nothing is paid at once.

    Raises:
        Invalid, Conflict, NotFound: it cannot be sold; what and why is said by the field or the message.
        SoldOut: fewer places are left than asked for.
    """
    order_id, placed = new_id(), []

    async def do() -> Answer:
        placed.append(await _place(actor, asked, order_id))
        return known

    known: Answer = {"order_id": str(order_id)}
    answer = await once(actor, key=key, act="order.place", body=asked.body(), do=do, known=known)
    return placed[0] if placed else await Order.get(tenant_id=actor.tenant_id, id=UUID(answer["order_id"]))


async def look_at(actor: Actor, asked: Request) -> Ready:
    """Return the order as it could be placed now, without taking anything.

    Raises:
        Invalid, Conflict, NotFound, SoldOut: as for ``place``.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    products = {one.product_id for one in asked.wishes}
    visit = await wishes.visit_of(
        actor.tenant_id, asked.site_id, asked.day, asked.slot_id, products, asked.channel
    )
    is_staff = asked.channel in {"desk", RENEWAL}
    wishes.must_be_on_sale(visit, is_staff=is_staff)
    items = wishes.items_of(visit, asked.wishes, is_staff=is_staff)
    count = sum(one.places for one in items)
    return Ready(asked, visit, items, pools.of_visit(visit.free, count) if count else {})


async def _place(actor: Actor, asked: Request, order_id: UUID) -> Order:
    ready = await look_at(actor, asked)
    wishes.check_visitors(ready.items, asked.visitors)
    site = ready.visit.site
    await must_be_welcome(site.tenant_id, [one.document for one in asked.visitors if one.document])
    held_until = datetime.now(UTC) + timedelta(minutes=site.hold_minutes)
    bill_id = new_id() if ready.total_minor else None
    order = await write(ready, id=order_id, held_until=held_until, bill_id=bill_id)
    if bill_id:
        await _hold(actor, order, ready, bill_id)
    await pools.take(site.tenant_id, ready.places)
    if not bill_id:
        await settling.confirm(order)
    return order


async def _hold(actor: Actor, order: Order, ready: Ready, bill_id: UUID) -> None:
    """Have its bill issued and held."""
    assert order.held_until is not None  # noqa: S101 - set when it was written
    await holds.place(
        actor,
        kind=HOLD,
        subject_id=order.id,
        account_id=order.account_id,
        charges=[_charge(one) for one in ready.items if one.total_minor],
        until=order.held_until,
        reference=order.number,
        key=None,
        bill_id=bill_id,
        tenant=ready.visit.tenant,
    )


def _charge(item: Item) -> Charge:
    """Return the bill's line of an item, which reads in the language of whoever opens the bill."""
    names = {}
    for locale in LOCALES:
        with use_locale(locale):
            kind = gettext(VISITOR_KINDS[item.visitor_kind])
            names[locale] = f"{item.quantity} × {localized(item.product.names)}, {kind}"
    return Charge(item.total_minor, names=names, fee_item_id=item.product.fee_item_id)
