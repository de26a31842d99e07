"""Placing an order: its tickets are written, its bill is held, and its places are taken as the very last step."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from billing.holds import service as holds
from billing.idempotency import Answer, once
from billing.names import localized
from billing.plans.single import Charge
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Order, Product
from scenarios.tourism.orders import people, settling, wishes
from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.standing import must_be_welcome
from scenarios.tourism.orders.wishes import Item, Visit, Wish
from scenarios.tourism.stock import pools
from tenants.actor import Actor
from tenants.codes import new_code
from tenants.ids import new_id
from tenants.scope import raw
from ui.errors import Conflict
from ui.i18n import LOCALES, current_locale, gettext, t, use_locale

HOLD = "tourism.order"
RENEWAL = "renewal"
"""The channel of passes that are renewed before their day is on sale."""
_TICKETS = """
insert into tourism_ticket (tenant_id, id, order_id, site_id, product_id, bought_id, slot_id, number, day, valid_from,
    valid_until, begins_at, kind, visitor_kind, visitor, document, document_key, people, price_minor, policy, status,
    uses, uses_per_day, places)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
"""
ONE_EACH = "tourism_ticket_document_key"


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that is asked for in one order. ``visitors`` are named in the order of the tickets."""

    site_id: UUID
    day: date
    slot_id: UUID | None
    wishes: Sequence[Wish]
    visitors: Sequence[Visitor]
    buyer: Buyer
    channel: str = "web"

    def body(self) -> dict[str, Any]:
        """Return what is asked for in JSON types."""
        return {
            "site": str(self.site_id),
            "day": self.day.isoformat(),
            "slot": str(self.slot_id or ""),
            "wishes": [[str(one.product_id), one.visitor_kind, one.quantity] for one in self.wishes],
            "visitors": [[one.name, one.document] for one in self.visitors],
            "buyer": [self.buyer.name, self.buyer.address.value],
            "channel": self.channel,
        }


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that may be placed."""

    asked: Request
    visit: Visit
    items: Sequence[Item]
    places: pools.Places
    policy: Sequence[Mapping[str, Any]] | None = None
    """Refund tiers that were agreed, instead of the products' own."""

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return sum(one.total_minor for one in self.items)


async def place(actor: Actor, asked: Request, *, key: str) -> Order:
    """Hold the places and tickets of an order until it is paid, once for each ``key``; one for nothing is paid at once.

    Raises:
        Invalid, Conflict, NotFound: it cannot be sold; what and why is said by the field or the message.
        SoldOut: fewer places are left than asked for.
    """

    async def do() -> Answer:
        return {"order_id": str((await _place(actor, asked)).id)}

    answer = await once(actor, key=key, act="order.place", body=asked.body(), do=do)
    return await Order.get(tenant_id=actor.tenant_id, id=UUID(answer["order_id"]))


async def look_at(actor: Actor, asked: Request) -> Ready:
    """Return the order as it could be placed now, without taking anything.

    Raises:
        Invalid, Conflict, NotFound, SoldOut: as for ``place``.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    visit = await wishes.visit_of(actor.tenant_id, asked.site_id, asked.day, asked.slot_id)
    is_staff = asked.channel in {"desk", RENEWAL}
    wishes.must_be_on_sale(visit, is_staff=is_staff)
    items = await wishes.items_of(visit, asked.wishes, is_staff=is_staff)
    count = sum(one.places for one in items)
    places = await pools.for_slot(visit.site, asked.day, asked.slot_id, asked.channel, count) if count else {}
    return Ready(asked, visit, items, places)


async def _place(actor: Actor, asked: Request) -> Order:
    ready = await look_at(actor, asked)
    wishes.check_visitors(ready.items, asked.visitors)
    site = ready.visit.site
    await must_be_welcome(site.tenant_id, [one.document for one in asked.visitors if one.document])
    account_id = await people.account_of(site.tenant_id, asked.buyer)
    held_until = datetime.now(UTC) + timedelta(minutes=site.hold_minutes)
    order = await write_order(ready, account_id, held_until=held_until)
    await write_tickets(order, ready)
    if order.total_minor:
        await _hold(actor, order, ready)
        await pools.take(site.tenant_id, ready.places)
    else:
        await pools.take(site.tenant_id, ready.places)
        await settling.confirm(order)
    return order


async def write_order(ready: Ready, account_id: UUID, **facts: Any) -> Order:
    """Write an order that is held, without its tickets; ``facts`` are further columns."""
    site, asked = ready.visit.site, ready.asked
    return await Order.create(
        id=new_id(),
        tenant_id=site.tenant_id,
        number=new_code(8),
        site_id=site.id,
        slot_id=asked.slot_id,
        day=asked.day,
        account_id=account_id,
        channel=asked.channel,
        status="held",
        currency=ready.visit.currency,
        total_minor=ready.total_minor,
        people=sum(one.quantity for one in ready.items),
        pools=pools.stored(ready.places),
        name=people.seal(people.NAMES, asked.buyer.name),
        contact=people.seal(people.CONTACTS, asked.buyer.address.value),
        contact_kind=asked.buyer.address.channel,
        contact_hint=people.hint(asked.buyer.address),
        locale=current_locale(),
        **facts,
    )


async def _hold(actor: Actor, order: Order, ready: Ready) -> None:
    """Have its bill issued and held."""
    assert order.held_until is not None  # noqa: S101 - set when it was written
    paid = [one for one in ready.items if one.total_minor]
    charges = [_charge(one) for one in paid]
    hold = await holds.place(
        actor,
        kind=HOLD,
        subject_id=order.id,
        account_id=order.account_id,
        charges=charges,
        until=order.held_until,
        reference=order.number,
        key=f"order {order.id}",
    )
    order.bill_id = hold.bill_id
    await order.save(update_fields=["bill_id"])


def _charge(item: Item) -> Charge:
    """Return the bill's line of an item, which reads in the language of whoever opens the bill."""
    names = {}
    for locale in LOCALES:
        with use_locale(locale):
            kind = gettext(VISITOR_KINDS[item.visitor_kind])
            names[locale] = f"{item.quantity} × {localized(item.product.names)}, {kind}"
    return Charge(item.total_minor, names=names, fee_item_id=item.product.fee_item_id)


async def write_tickets(order: Order, ready: Ready) -> None:
    """Write the tickets of an order.

    Raises:
        Conflict: one of the visitors has a ticket for that day already.
    """
    rows = await _rows(order, ready)
    try:
        await raw().executemany(_TICKETS, rows)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != ONE_EACH:
            raise
        raise Conflict(
            "visitor.has_ticket",
            t("One of these visitors has a ticket for this day already. One document gets one ticket a day."),
        ) from None


async def _rows(order: Order, ready: Ready) -> list[tuple[Any, ...]]:
    parts = await _parts(ready)
    visitors = iter(ready.asked.visitors)
    return [
        row
        for item in ready.items
        for _ in range(1 if item.is_group else item.quantity)
        for row in _of_visitor(order, ready, item, parts, _next(visitors, item))
    ]


def _next(visitors: Iterator[Visitor], item: Item) -> Visitor:
    return next(visitors, Visitor()) if item.product.real_name != "none" else Visitor()


async def _parts(ready: Ready) -> dict[UUID, Sequence[Product]]:
    """Return what each combined ticket is made of: every part is a ticket of its own."""
    made: dict[UUID, Sequence[Product]] = {}
    for item in ready.items:
        if item.product.kind == "combo":
            ids = [UUID(part) for part in item.product.parts]
            found = await Product.filter(tenant_id=item.product.tenant_id, id__in=ids)
            made[item.product.id] = sorted(found, key=lambda one: ids.index(one.id))
    return made


def _of_visitor(
    order: Order, ready: Ready, item: Item, parts: dict[UUID, Sequence[Product]], visitor: Visitor
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of one visitor or group; the first part of a combined ticket has the place and the document."""
    products = parts.get(item.product.id, [item.product])
    count = item.quantity if item.is_group else 1
    share, rest = divmod(item.price_minor * count, len(products))
    for place, product in enumerate(products):
        one = Piece(
            product,
            visitor if place == 0 else Visitor(visitor.name),
            count,
            count if place == 0 and item.product.is_slotted else 0,
            share + rest if place == 0 else share,
        )
        yield _row(order, ready, item, one)


@dataclass(frozen=True, slots=True)
class Piece:
    """One ticket to be written: for whom, for how many people, how many places it stands for, and its price."""

    product: Product
    visitor: Visitor
    people: int
    places: int
    price_minor: int


def _row(order: Order, ready: Ready, item: Item, piece: Piece) -> tuple[Any, ...]:
    product, document, visit = piece.product, piece.visitor.document, ready.visit
    is_pass = product.kind == "pass"
    return (
        order.tenant_id,
        new_id(),
        order.id,
        order.site_id,
        product.id,
        item.product.id,
        order.slot_id if product.is_slotted else None,
        new_code(10),
        order.day,
        *visit.span(product),
        visit.begins_at(product),
        product.kind,
        item.visitor_kind,
        people.seal(people.NAMES, piece.visitor.name) if piece.visitor.name else None,
        people.seal(people.DOCUMENTS, document) if document else None,
        people.document_key(order.tenant_id, document) if document else None,
        piece.people,
        piece.price_minor,
        json.dumps(wishes.policy_of(item.product) if ready.policy is None else list(ready.policy)),
        "held",
        32_000 if is_pass else product.uses,
        product.uses_per_day if is_pass else 0,
        piece.places,
    )
