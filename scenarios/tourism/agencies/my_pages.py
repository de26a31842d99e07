"""An agency's pages: where it stands, what it has booked, each booking, and its monthly statements."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.names import localized
from scenarios.tourism.agencies import queries, statements
from scenarios.tourism.agencies.desk import Desk, agencies_of, booking_of
from scenarios.tourism.agencies.standing import deposit_of, standing_of
from scenarios.tourism.agencies.words import (
    BOOKING_TONES,
    BOOKING_WORDS,
    COUNTS,
    STATEMENT_TONES,
    STATEMENT_WORDS,
)
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import AgencyStatement, Order, Slot, Ticket
from scenarios.tourism.orders import access, changing, refunding
from scenarios.tourism.orders.refunding import may_go_back
from scenarios.tourism.shop.availability import slots_left
from scenarios.tourism.shop.tickets import on_paper, shown_of
from scenarios.tourism.words import TICKET_TONES, TICKET_WORDS
from tenants import audit
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import day_named
from tenants.http import path_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, t, texts
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class Cancelling(BaseModel):
    """Tickets to cancel, and how much of them the page said is not charged, in percent."""

    key: str = ""
    tickets: list[UUID] = Field(default_factory=list, title=N_("Tickets"))
    seen_percent: int = 0


class Moving(BaseModel):
    """The time to go at instead."""

    key: str = ""
    slot: UUID = Field(title=N_("Time"))


async def index(request: Request, actor: Actor) -> Response:
    """List the agencies that somebody books for."""
    return await respond(request, "tourism/agencies/mine.html", {"agencies": await agencies_of(actor)})


async def home(request: Request, desk: Desk) -> Response:
    """Show where the agency stands, what was agreed, and the places that are kept for it."""
    deposit = await deposit_of(desk.contract)
    products = await queries.products_sold(desk.contract)
    query = TableQuery.parse(request, default_sort="-created_at")
    latest, count = await queries.bookings(desk, query)
    context = {
        "desk": desk,
        "standing": await standing_of(desk.contract, deposit),
        "deposit": deposit,
        "prices": price_rows(desk.contract.prices, products),
        "allotments": await queries.allotments_of(desk.contract, desk.today),
        "latest": latest[:5],
        "count": count,
        "counts": COUNTS,
        "words": BOOKING_WORDS,
        "tones": BOOKING_TONES,
    }
    return await respond(request, "tourism/agencies/home.html", context)


def price_rows(prices: list[dict[str, Any]], products: dict[UUID, Any]) -> list[tuple[str, str, int]]:
    """Return settlement prices as they are read: product, visitor, amount."""
    names = {str(one.id): localized(one.names) for one in products.values()}
    return [
        (names[one["product"]], VISITOR_KINDS[one["kind"]], one["price_minor"])
        for one in prices
        if one["product"] in names
    ]


def _columns(desk: Desk) -> tuple[Column, ...]:
    return (
        Column("number", t("Booking number"), format="code", sortable=True, is_main=True,
               href=lambda row: f"{desk.root}/bookings/{row['id']}"),
        Column("day", t("Day"), format="date", sortable=True),
        Column("starts_at", t("Time"), format="datetime"),
        Column("people", t("How many people"), format="number", sortable=True),
        Column("used", t("Let in"), format="number"),
        Column("status", t("State"), format="badge", words=texts(BOOKING_WORDS), tones=BOOKING_TONES),
        Column("total_minor", t("Amount"), format="money"),
        Column("by_name", t("Booked by")),
        Column("created_at", t("Ordered"), format="datetime", sortable=True),
    )  # fmt: skip


async def bookings(request: Request, desk: Desk) -> Response:
    """List, search and download the agency's bookings."""
    columns = _columns(desk)
    query = TableQuery.parse(request, columns=columns, filters=("day",), default_sort="-created_at")
    found, total = await queries.bookings(desk, query, is_whole=wants_export(request))
    if wants_export(request):
        return await export(request, columns, found, "bookings")
    context = {"desk": desk, "page": Page.of(query, found, total), "columns": columns}
    return await respond(request, "tourism/agencies/bookings.html", context, block="list")


async def booking(request: Request, desk: Desk) -> Response:
    """Show one booking with its tickets, and what can be done about it."""
    order = await booking_of(desk, path_id(request, "order"))
    return await _booking(request, desk, order, Form.blank(Cancelling, {"key": new_token()}))


async def _booking(
    request: Request, desk: Desk, order: Order, form: Form[Cancelling], status: int = 200
) -> Response:
    shown = await shown_of(order)
    back = [one for one in shown if may_go_back(one.ticket)]
    context = {
        "desk": desk,
        "order": order,
        "slot": await _slot(order),
        "tickets": shown,
        "back": {one.ticket.id for one in back},
        "percent": percent_of([one.ticket for one in back]),
        "may_move": any(one.ticket.status == "issued" for one in shown),
        "form": form,
        "guide": access.url_of(order),
        "words": (BOOKING_WORDS, TICKET_WORDS, VISITOR_KINDS),
        "tones": (BOOKING_TONES, TICKET_TONES),
    }
    return await respond(request, "tourism/agencies/booking.html", context, status=status)


def percent_of(tickets: Sequence[Ticket]) -> int:
    """Return how much of these tickets is not charged when they are cancelled now, in percent."""
    tier = refunding.tier_of(tickets[0], datetime.now(UTC)) if tickets else None
    return tier.percent if tier else 0


async def _slot(order: Order) -> Slot | None:
    return await Slot.get_or_none(tenant_id=order.tenant_id, id=order.slot_id)


async def pdf(request: Request, desk: Desk) -> Response:
    """The tickets of a booking on paper; no price is on them."""
    order = await booking_of(desk, path_id(request, "order"))
    return await on_paper(order, desk.site, desk.tenant)


async def cancel(request: Request, desk: Desk) -> Response:
    """Cancel tickets by the contract's terms."""
    order = await booking_of(desk, path_id(request, "order"))
    form = await bind(request, Cancelling)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(desk.tenant.id)):
                await _cancel(desk, order, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = t("Cancelled. What the contract keeps is on the next statement.")
            return redirect(request, f"{desk.root}/bookings/{order.id}", flash=words)
    return await _booking(request, desk, order, form, status=422)


async def _cancel(desk: Desk, order: Order, said: Cancelling) -> None:
    chosen = await Ticket.filter(tenant_id=order.tenant_id, order_id=order.id, id__in=said.tickets)
    if chosen and percent_of(chosen) != said.seen_percent:
        text = t("What is charged has changed since you opened the page. Look again before you decide.")
        raise Conflict("ticket.tier_passed", text)
    seen = sum(refunding.comes_back(one) for one in chosen)
    await refunding.give_back(desk.actor, order.id, said.tickets, seen_minor=seen, key=said.key)
    await audit.record(
        desk.actor,
        "booking.cancelled",
        subject_kind="ticket_order",
        subject_id=order.id,
        subject_label=order.number,
        after={"count": len(chosen)},
    )


async def ask_move(request: Request, desk: Desk) -> Response:
    """Show the times that a booking could be moved to."""
    order = await booking_of(desk, path_id(request, "order"))
    return await _moving(request, desk, order, Form.blank(Moving, {"key": new_token()}))


async def _moving(
    request: Request, desk: Desk, order: Order, form: Form[Moving], status: int = 200
) -> Response:
    day = _day(request, form) or order.day
    slots = await slots_left(desk.site, day, "agency", is_staff=True)
    context = {
        "desk": desk,
        "order": order,
        "form": form,
        "day": day,
        "slots": [one for one in slots if one.id != order.slot_id and one.state != "over"],
    }
    return await respond(request, "tourism/agencies/move.html", context, status=status)


def _day(request: Request, form: Form[Any]) -> date | None:
    return day_named(str(form.value("day") or request.query_params.get("day", "")))


async def move(request: Request, desk: Desk) -> Response:
    """Move a booking to another time."""
    order = await booking_of(desk, path_id(request, "order"))
    form = await bind(request, Moving)
    day = _day(request, form) or order.day
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(desk.tenant.id)):
                await _move(desk, order, day, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = t("The booking is for the new time now. Old codes no longer work.")
            return redirect(request, f"{desk.root}/bookings/{order.id}", flash=words)
    return await _moving(request, desk, order, form, status=422)


async def _move(desk: Desk, order: Order, day: date, said: Moving) -> None:
    await changing.change_slot(desk.actor, order.id, day=day, slot_id=said.slot, key=said.key)
    await audit.record(
        desk.actor,
        "booking.moved",
        subject_kind="ticket_order",
        subject_id=order.id,
        subject_label=order.number,
        before={"day": order.day.isoformat()},
        after={"day": day.isoformat()},
    )


async def my_statements(request: Request, desk: Desk) -> Response:
    """List the agency's statements that were issued."""
    found = await AgencyStatement.filter(
        tenant_id=desk.tenant.id, account_id=desk.account.id, status=statements.ISSUED
    ).order_by("-period")
    left = {one.id: await statements.left_of(one) for one in found[:24]}
    context = {
        "desk": desk,
        "statements": found[:24],
        "left": left,
        "words": STATEMENT_WORDS,
        "tones": STATEMENT_TONES,
    }
    return await respond(request, "tourism/agencies/my_statements.html", context)


async def my_statement(request: Request, desk: Desk) -> Response:
    """Show one statement, line by line, or send it as a file."""
    found = await AgencyStatement.get_or_none(
        tenant_id=desk.tenant.id,
        account_id=desk.account.id,
        id=path_id(request, "statement"),
        status=statements.ISSUED,
    )
    if found is None:
        raise NotFound("statement.not_found", t("There is no such statement."))
    lines = await lines_of(found)
    if wants_export(request):
        return await export(request, LINE_COLUMNS, lines, f"statement-{found.period:%Y-%m}")
    context = {
        "desk": desk,
        "statement": found,
        "page": Page.of(TableQuery.parse(request), lines, len(lines)),
        "columns": LINE_COLUMNS,
        "left_minor": await statements.left_of(found),
        "counts": COUNTS,
    }
    return await respond(request, "tourism/agencies/my_statement.html", context)


LINE_COLUMNS = (
    Column("name", t("Ticket"), is_main=True),
    Column("quantity", t("How many people"), format="number"),
    Column("amount_minor", t("Amount"), format="money"),
)


async def lines_of(found: AgencyStatement) -> list[dict[str, Any]]:
    """Return a statement's lines as they are read."""
    products = await statements.products_of(found)
    return [
        {
            "name": statements.line_name(one, products.get(one["product"])),
            "quantity": one["quantity"],
            "amount_minor": one["amount_minor"],
            "currency": found.currency,
        }
        for one in found.lines
    ]
