"""An order with its tickets, written in one statement together with the account of whoever buys for the first time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from scenarios.tourism.calendar.catalogue import read
from scenarios.tourism.models import Order, Product
from scenarios.tourism.orders import people, wishes
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.orders.requests import Ready
from scenarios.tourism.orders.wishes import Item
from scenarios.tourism.stock import pools
from tenants.codes import new_code
from tenants.ids import new_id
from tenants.scope import row
from ui.errors import Conflict
from ui.i18n import current_locale, t

ONE_EACH = "tourism_ticket_document_key"
_TICKET = {
    "id": "uuid", "order_id": "uuid", "site_id": "uuid", "product_id": "uuid", "bought_id": "uuid", "slot_id": "uuid",
    "number": "text", "day": "date", "valid_from": "timestamptz", "valid_until": "timestamptz",
    "begins_at": "timestamptz", "kind": "text", "visitor_kind": "text", "visitor": "bytea", "document": "bytea",
    "document_key": "bytea", "people": "int", "price_minor": "bigint", "policy": "jsonb", "status": "text",
    "uses": "smallint", "uses_per_day": "smallint", "places": "int",
}  # fmt: skip
"""The columns of a ticket with their types, in the order of ``_row``."""
_KEY_AT = list(_TICKET).index("document_key")
_ORDER = (
    "id", "number", "site_id", "slot_id", "day", "bill_id", "channel", "status", "currency", "total_minor", "people",
    "pools", "name", "contact", "contact_kind", "contact_hint", "locale", "held_until", "contract_id", "by_name",
)  # fmt: skip
_FIRST = len(_ORDER) + 7
_WRITE = f"""
with known as (
  select id from tenants_account where tenant_id = $1 and id = $2
  union all
  select id from tenants_account where $2::uuid is null and tenant_id = $1 and scenario = $3 and number = $5
), added as (
  insert into tenants_account (tenant_id, id, scenario, kind, number, name, sort_key, attributes)
  select $1, new_id(), $3, $4, $5, $6, $5, '{{}}' where $2::uuid is null and not exists (select 1 from known)
  on conflict (tenant_id, scenario, number) do update set number = excluded.number returning id
), made as (
  insert into tourism_order (tenant_id, account_id, {", ".join(_ORDER)})
  select $1, a.id, {", ".join(f"${place + 7}" for place in range(len(_ORDER)))}
    from (select id from known union all select id from added) a returning *
), tickets as (
  insert into tourism_ticket (tenant_id, {", ".join(_TICKET)})
  select $1, s.* from unnest({", ".join(f"${place + _FIRST}::{of}[]" for place, of in enumerate(_TICKET.values()))}) s
)
select made.* from made
"""


async def write(ready: Ready, *, account_id: UUID | None = None, **facts: Any) -> Order:
    """Write an order that is held, with its tickets; ``facts`` are further columns.

    Without an ``account_id`` it is the account of the buyer's address, the same one for every order of theirs.

    Raises:
        Conflict: one of the visitors has a ticket for that day already.
    """
    order = _order(ready) | {"bill_id": None, "held_until": None, "contract_id": None, "by_name": ""} | facts
    tickets = sorted(await _rows(order["id"], ready), key=lambda one: one[_KEY_AT] or b"")
    try:
        found = await row(
            _WRITE,
            ready.visit.site.tenant_id,
            account_id,
            *people.account_of(ready.visit.site.tenant_id, ready.asked.buyer),
            *(order[name] for name in _ORDER),
            *map(list, zip(*tickets, strict=True)),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != ONE_EACH:
            raise
        raise _has_ticket() from None
    made = read(Order, found)
    assert made is not None  # noqa: S101 - the account is there by now
    return made


def _has_ticket() -> Conflict:
    return Conflict(
        "visitor.has_ticket",
        t("One of these visitors has a ticket for this day already. One document gets one ticket a day."),
    )


def _order(ready: Ready) -> dict[str, Any]:
    asked, buyer = ready.asked, ready.asked.buyer
    return {
        "id": new_id(),
        "number": new_code(8),
        "site_id": ready.visit.site.id,
        "slot_id": asked.slot_id,
        "day": asked.day,
        "channel": asked.channel,
        "status": "held",
        "currency": ready.visit.currency,
        "total_minor": ready.total_minor,
        "people": sum(one.quantity for one in ready.items),
        "pools": pools.as_json(pools.stored(ready.places)),
        "name": people.seal(people.NAMES, buyer.name),
        "contact": people.seal(people.CONTACTS, buyer.address.value),
        "contact_kind": buyer.address.channel,
        "contact_hint": people.hint(buyer.address),
        "locale": current_locale(),
    }


async def _rows(order_id: UUID, ready: Ready) -> list[tuple[Any, ...]]:
    parts = await _parts(ready)
    visitors = iter(ready.asked.visitors)
    return [
        row
        for item in ready.items
        for _ in range(1 if item.is_group else item.quantity)
        for row in _of_visitor(order_id, ready, item, parts, _next(visitors, item))
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
    order_id: UUID, ready: Ready, item: Item, parts: dict[UUID, Sequence[Product]], visitor: Visitor
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
        yield _row(order_id, ready, item, one)


@dataclass(frozen=True, slots=True)
class Piece:
    """One ticket to be written: for whom, for how many people, how many places it stands for, and its price."""

    product: Product
    visitor: Visitor
    people: int
    places: int
    price_minor: int


def _row(order_id: UUID, ready: Ready, item: Item, piece: Piece) -> tuple[Any, ...]:
    product, document, visit = piece.product, piece.visitor.document, ready.visit
    tenant_id = visit.site.tenant_id
    is_pass = product.kind == "pass"
    return (
        new_id(),
        order_id,
        visit.site.id,
        product.id,
        item.product.id,
        ready.asked.slot_id if product.is_slotted else None,
        new_code(10),
        visit.day,
        *visit.span(product),
        visit.begins_at(product),
        product.kind,
        item.visitor_kind,
        people.seal(people.NAMES, piece.visitor.name) if piece.visitor.name else None,
        people.seal(people.DOCUMENTS, document) if document else None,
        people.document_key(tenant_id, document) if document else None,
        piece.people,
        piece.price_minor,
        json.dumps(wishes.policy_of(item.product) if ready.policy is None else list(ready.policy)),
        "held",
        32_000 if is_pass else product.uses,
        product.uses_per_day if is_pass else 0,
        piece.places,
    )
