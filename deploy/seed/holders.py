"""The palace museum's holders of passes, a blocked visitor who appeals, and a boat on its lake with a share."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from integrations.sign_in.codes import Address
from scenarios.tourism.models import Block, PassHolder, Product, Site, Strike, Ticket
from scenarios.tourism.orders import people, placing
from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.wishes import Wish
from scenarios.tourism.passes import services
from scenarios.tourism.scope import visitor
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scenarios.tourism.models import Order
    from tenants.actor import Actor
    from tenants.models import Tenant

    Pay = Callable[[Actor, Order], Awaitable[None]]

HOLDERS = (
    ("何敏 He Min", "he.min@mail.example", "E2345678K", (214, 176, 150)),
    ("Arjun Menon", "arjun@mail.example", "K2345679M", (171, 130, 104)),
)
SIDE = 96


_HEAD, _SHOULDERS = (48, 38, 20), (48, 98, 36)
"""Circles: where they are, and how wide."""


def portrait(colour: tuple[int, int, int]) -> bytes:
    """Return a picture to look at, as PNG: a head and shoulders in one colour."""
    ground, rows = (226, 230, 236), []
    for y in range(SIDE):
        inside = [
            any((x - cx) ** 2 + (y - cy) ** 2 < r * r for cx, cy, r in (_HEAD, _SHOULDERS))
            for x in range(SIDE)
        ]
        rows.append(b"\0" + b"".join(bytes(colour if one else ground) for one in inside))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


async def write(tenant: Tenant, site: Site, clerk: Actor, pay: Pay) -> None:
    """Sell two passes, one with a registered holder and one to be looked at, and block somebody who appeals; once."""
    async with open_scope(tenant_scope(tenant.id)):
        if await PassHolder.exists(tenant_id=tenant.id):
            return
        year = await Product.get(tenant_id=tenant.id, key="year")
    for name, contact, document, _ in HOLDERS:
        asked = placing.Request(
            site_id=site.id, day=today(tenant.timezone), slot_id=None, wishes=[Wish(year.id, "adult", 1)],
            visitors=[Visitor(name, document)], buyer=Buyer(name, Address("email", contact)), channel="desk",
        )  # fmt: skip
        async with open_scope(tenant_scope(tenant.id)):
            order = await placing.place(visitor(tenant.id), asked, key=f"seed pass {contact}")
        if order.status == "held":
            await pay(clerk, order)
    async with open_scope(tenant_scope(tenant.id)):
        await _register(tenant, clerk)
        await _block(tenant)


async def _register(tenant: Tenant, clerk: Actor) -> None:
    tickets = await Ticket.filter(tenant_id=tenant.id, kind="pass").order_by("created_at", "id")
    for ticket, (_, _, _, colour) in zip(tickets, HOLDERS, strict=False):
        holder = await services.register(ticket, portrait(colour))
        if ticket is tickets[0]:
            await services.decide(clerk, holder.id, is_good=True)


async def _block(tenant: Tenant) -> None:
    """Somebody has not come three times, and says why."""
    key, now = people.document_key(tenant.id, "E9876543R"), today(tenant.timezone)
    missed = await Ticket.filter(tenant_id=tenant.id, status="no_show").order_by("-day").limit(3)
    for ticket in missed:
        await Strike.create(
            tenant_id=tenant.id, document_key=key, ticket_id=ticket.id, reason="no_show", day=ticket.day
        )
    await Block.create(
        id=new_id(), tenant_id=tenant.id, document_key=key, reason="no_show", since=now - timedelta(days=9),
        until=now + timedelta(days=171), appealed_at=datetime.now(UTC),
        appeal="I was in hospital in those weeks, and could not come. I can show the papers.",
        appeal_contact=people.seal(people.CONTACTS, "ming.tao@mail.example"),
    )  # fmt: skip
