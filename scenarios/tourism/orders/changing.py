"""Going at another time, or somebody else going: the ticket stays, its code is a new one."""

from datetime import UTC, date, datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from billing.idempotency import Answer, once
from integrations.sign_in.codes import Address
from scenarios.tourism.models import Contract, Order, Product, Ticket, TicketTransfer
from scenarios.tourism.orders import agreed, news, people, refunding, standing, wishes
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.orders.wishes import Visit
from scenarios.tourism.stock import pools
from tenants import signed_links
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import t

PASSED_ON = "tourism ticket passed on"


async def change_slot(actor: Actor, order_id: UUID, *, day: date, slot_id: UUID, key: str) -> Order:
    """Move all of an order's tickets to another slot, where they cost no more; the old codes are revoked.

    Raises:
        NotFound, Conflict: no such slot, it is not on sale, costs more, or a ticket is used or its time is over.
        SoldOut: it has not so many places left.
    """
    body = {"order": str(order_id), "day": day.isoformat(), "slot": str(slot_id)}

    async def do() -> Answer:
        await _change(actor, order_id, day, slot_id)
        return {"order_id": str(order_id)}

    await once(actor, key=key, act="order.change_slot", body=body, do=do)
    return await Order.get(tenant_id=actor.tenant_id, id=order_id)


async def _change(actor: Actor, order_id: UUID, day: date, slot_id: UUID) -> None:
    ids = await _slotted(actor, order_id)
    order, tickets = await refunding.locked(actor, order_id, ids)
    if order.slot_id == slot_id:
        raise Conflict("order.same_slot", t("The tickets are for this time already."))
    if any(one.begins_at <= datetime.now(UTC) and not one.is_closed for one in tickets):
        raise Conflict(
            "ticket.too_late", t("The time that was booked has begun, so it can no longer be changed.")
        )
    products = {one.bought_id for one in tickets} | {one.product_id for one in tickets}
    visit = await wishes.visit_of(order.tenant_id, order.site_id, day, slot_id, products, order.channel)
    contract = await _contract(order)
    _may_move(actor, visit, contract, tickets)
    if contract is None and not all(one.is_closed for one in tickets):
        _must_cost_no_more(visit, tickets)
    places = sum(one.places for one in tickets)
    given = pools.part(order.pools, places)
    taken = (
        await agreed.places_of(contract, visit, places, given)
        if contract
        else pools.of_visit(visit.free, places, given)
    )
    order.day, order.slot_id, order.pools = day, slot_id, pools.stored(taken)
    await order.save(update_fields=["day", "slot_id", "pools"])
    await _move(visit, tickets)
    await news.slot_was_changed(order)
    if contract:
        await agreed.swap(order, taken, given)
    else:
        await pools.swap(order.tenant_id, taken, given)


async def _contract(order: Order) -> Contract | None:
    """Return the contract that a booking of an agency was made under."""
    if order.contract_id is None:
        return None
    return await Contract.get(tenant_id=order.tenant_id, id=order.contract_id)


def _may_move(actor: Actor, visit: Visit, contract: Contract | None, tickets: list[Ticket]) -> None:
    """Refuse a time that is not sold, or to an agency one that its contract does not cover, or too late."""
    if contract is None:
        wishes.must_be_on_sale(visit, is_staff=actor.kind == "staff")
        return
    agreed.must_be_bookable(contract, visit)
    if not all(one.is_closed for one in tickets):
        agreed.must_be_in_time(contract, min(one.begins_at for one in tickets))


async def _slotted(actor: Actor, order_id: UUID) -> list[UUID]:
    found = await Ticket.filter(tenant_id=actor.tenant_id, order_id=order_id, status="issued").exclude(
        kind="pass"
    )
    return [one.id for one in found]


def _must_cost_no_more(visit: Visit, tickets: list[Ticket]) -> None:
    """Compare what was bought with what it would cost on the new day; parts of a combined ticket count as bought."""
    prices, by_id = visit.catalogue.prices, {one.id: one for one in visit.catalogue.products}
    now = sum(
        (prices.price(by_id[one.bought_id], one.visitor_kind) or 0) * one.people
        for one in tickets
        if one.places or one.product_id == one.bought_id
    )
    if now > sum(one.price_minor for one in tickets):
        raise Conflict(
            "order.costs_more",
            t("That day costs more, so the tickets cannot simply be moved there."),
            advice=t("Give these tickets back and order new ones."),
        )


async def _move(visit: Visit, tickets: list[Ticket]) -> None:
    products = {one.id: one for one in visit.catalogue.products}
    for ticket in tickets:
        product = products[ticket.product_id]
        ticket.day, ticket.serial = visit.day, ticket.serial + 1
        ticket.slot_id = visit.slot.id if visit.slot and product.is_slotted else None
        ticket.valid_from, ticket.valid_until = visit.span(product)
        ticket.begins_at, ticket.changed_at = visit.begins_at(product), datetime.now(UTC)
        ticket.is_closed = False
    await _save(visit.site.tenant_id, tickets)


async def _save(tenant_id: UUID, tickets: list[Ticket]) -> None:
    fields = ["day", "serial", "slot_id", "valid_from", "valid_until", "begins_at", "is_closed", "changed_at"]
    try:
        async with open_scope(tenant_scope(tenant_id)):
            for ticket in tickets:
                await ticket.save(update_fields=fields)
    except IntegrityError:
        text = t(
            "One of these visitors has a ticket for that day already. One document gets one ticket a day."
        )
        raise Conflict("visitor.has_ticket", text) from None


def may_pass_on(ticket: Ticket, product: Product) -> bool:
    """Tell whether a ticket can be passed on: its product allows it, it is unused, in time, and not passed on yet."""
    is_live = ticket.status == "issued" and not ticket.used and not ticket.is_closed
    if ticket.transfer_id is not None:
        return False
    return product.is_transferable and is_live and ticket.valid_until > datetime.now(UTC)


async def transfer(
    actor: Actor, ticket_id: UUID, *, order_id: UUID, visitor: Visitor, key: str, to: Address | None = None
) -> Ticket:
    """Let somebody else use a ticket whose product allows it; the old code is revoked.

    ``to`` is where the new holder is sent a link of their own; the buyer no longer sees the code then.

    Raises:
        Invalid: the new visitor is not named as the product asks.
        Conflict: it cannot be passed on, has been used, or the new visitor is blocked or has one already.
    """
    body = {
        "ticket": str(ticket_id),
        "visitor": [visitor.name, visitor.document],
        "to": to.value if to else "",
    }

    async def do() -> Answer:
        await _transfer(actor, ticket_id, order_id, visitor, to)
        return {"ticket_id": str(ticket_id)}

    await once(actor, key=key, act="ticket.transfer", body=body, do=do)
    return await Ticket.get(tenant_id=actor.tenant_id, id=ticket_id)


async def _transfer(
    actor: Actor, ticket_id: UUID, order_id: UUID, visitor: Visitor, to: Address | None
) -> None:
    order, (ticket,) = await refunding.locked(actor, order_id, [ticket_id])
    product = await Product.get(tenant_id=ticket.tenant_id, id=ticket.product_id)
    if not may_pass_on(ticket, product):
        raise Conflict("ticket.not_transferable", t("This ticket cannot be passed on."))
    if product.real_name != "none" and not visitor.is_known:
        text = t("Give the name and document of this visitor.")
        raise Invalid("visitor.missing", text, fields={"name": text})
    await standing.must_be_welcome(ticket.tenant_id, [visitor.document] if visitor.document else [])
    ticket.visitor = people.seal(people.NAMES, visitor.name) if visitor.name else None
    ticket.document = people.seal(people.DOCUMENTS, visitor.document) if visitor.document else None
    ticket.document_key = (
        people.document_key(ticket.tenant_id, visitor.document) if visitor.document else None
    )
    ticket.serial, ticket.changed_at = ticket.serial + 1, datetime.now(UTC)
    if to is not None:
        ticket.transfer_id = await _note(order, ticket, to)
    fields = ["visitor", "document", "document_key", "serial", "changed_at", "transfer_id"]
    try:
        async with open_scope(tenant_scope(ticket.tenant_id)):
            await ticket.save(update_fields=fields)
    except IntegrityError:
        text = t("This visitor has a ticket for this day already. One document gets one ticket a day.")
        raise Conflict("visitor.has_ticket", text) from None


async def _note(order: Order, ticket: Ticket, to: Address) -> UUID:
    """Keep where the new holder is told, and send them their link."""
    made = await TicketTransfer.create(
        id=new_id(),
        tenant_id=ticket.tenant_id,
        ticket_id=ticket.id,
        serial=ticket.serial,
        contact=people.seal(people.CONTACTS, to.value),
        contact_kind=to.channel,
        contact_hint=people.hint(to),
    )
    await news.ticket_is_yours(order, to, signed_links.token(PASSED_ON, made.tenant_id, made.id))
    return made.id
