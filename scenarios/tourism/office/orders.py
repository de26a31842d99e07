"""Orders for staff: the list, one order with its tickets, giving back, and sending the link again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.holds import ending
from billing.models import Hold
from billing.names import localized
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Order, Product, Site, Slot, Ticket
from scenarios.tourism.orders import news, people, queries, refunding
from scenarios.tourism.orders.states import ORDER
from scenarios.tourism.planning.pages import require_here
from scenarios.tourism.shop.tickets import on_paper
from scenarios.tourism.words import CHANNEL_WORDS, ORDER_TONES, ORDER_WORDS, TICKET_TONES, TICKET_WORDS
from tenants import audit
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Tenant
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class GivingBack(BaseModel):
    """Tickets that are given back at the desk."""

    key: str = ""
    tickets: list[UUID] = Field(default_factory=list, title=N_("Tickets"))
    seen_minor: int = 0


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Order"),
            format="code",
            sortable=True,
            is_main=True,
            href=lambda row: f"{root}/ticket-orders/{row['id']}",
        ),
        Column("account_name", t("Buyer")),
        Column("day", t("Day"), format="date", sortable=True),
        Column("people", t("How many people"), format="number", sortable=True),
        Column("status", t("State"), format="badge", words=texts(ORDER_WORDS), tones=ORDER_TONES),
        Column("channel", t("Sold"), words=texts(CHANNEL_WORDS)),
        Column("total_minor", t("Amount"), format="money", sortable=True),
        Column("created_at", t("Ordered"), format="datetime", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download orders."""
    require_here(actor)
    columns = _columns(root_of(request))
    query = TableQuery.parse(
        request, columns=columns, filters=queries.FILTERS, default_sort=queries.DEFAULT_SORT
    )
    if wants_export(request):
        return await export(request, columns, queries.every_order(actor, query), "orders")
    found, total = await queries.list_orders(actor, query)
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "states": [(key, gettext(name)) for key, name in ORDER_WORDS.items()],
        "channels": [(key, gettext(name)) for key, name in CHANNEL_WORDS.items()],
    }
    return await respond(request, "tourism/office/orders.html", context, block="list")


async def order_of(actor: Actor, order_id: UUID) -> Order:
    """Return an order of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await Order.get_or_none(tenant_id=actor.tenant_id, id=order_id)
    if found is None:
        raise NotFound("order.not_found", t("There is no such order."))
    return found


async def order(request: Request, actor: Actor) -> Response:
    """Show one order with its tickets and what can be done about it."""
    found = await order_of(actor, path_id(request))
    return await _page(request, actor, found, Form.blank(GivingBack, {"key": new_token()}))


async def _page(
    request: Request, actor: Actor, found: Order, form: Form[GivingBack], status: int = 200
) -> Response:
    tickets = await _tickets(found)
    back = [one for one in tickets if one["may_go_back"]]
    context: dict[str, Any] = {
        "order": found,
        "site": await Site.get(tenant_id=found.tenant_id, id=found.site_id),
        "slot": await Slot.get_or_none(tenant_id=found.tenant_id, id=found.slot_id)
        if found.slot_id
        else None,
        "buyer": people.unseal(people.NAMES, found.name),
        "contact": people.unseal(people.CONTACTS, found.contact),
        "tickets": tickets,
        "form": form,
        "back_minor": sum(one["back_minor"] for one in back),
        "may_give_back": bool(back) and actor.may("orders.write") and ORDER.can(found.status, "refund_all"),
        "may_write": actor.may("orders.write"),
        "is_printable": any(_is_printable(one["ticket"]) for one in tickets),
        "words": (ORDER_WORDS, TICKET_WORDS, CHANNEL_WORDS, VISITOR_KINDS),
        "tones": (ORDER_TONES, TICKET_TONES),
        "root": root_of(request),
        "actor": actor,
    }
    return await respond(request, "tourism/office/order.html", context, status=status)


def _is_printable(ticket: Ticket) -> bool:
    return ticket.transfer_id is None and ticket.status in {"issued", "part_used"}


async def _tickets(found: Order) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    tickets = await Ticket.filter(tenant_id=found.tenant_id, order_id=found.id).order_by("created_at", "id")
    ids = {one.product_id for one in tickets}
    names = {
        one.id: localized(one.names) for one in await Product.filter(tenant_id=found.tenant_id, id__in=ids)
    }
    return [
        {
            "ticket": one,
            "product": names[one.product_id],
            "visitor": people.unseal(people.NAMES, one.visitor),
            "document": _masked(people.unseal(people.DOCUMENTS, one.document)),
            "may_go_back": refunding.may_go_back(one, now),
            "back_minor": refunding.comes_back(one, now),
        }
        for one in tickets
    ]


def _masked(document: str) -> str:
    return f"{document[:2]}…{document[-3:]}" if document else ""


async def give_back(request: Request, actor: Actor) -> Response:
    """Give tickets back for a visitor at the desk, by the tiers they were sold with."""
    actor.require("orders.write")
    actor.require_fresh()
    form = await bind(request, GivingBack)
    async with open_scope(actor.scope()):
        found = await order_of(actor, path_id(request))
    if form.is_valid:
        try:
            async with open_scope(actor.scope()):
                await _give_back(actor, found, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            url = f"{root_of(request)}/ticket-orders/{found.id}"
            return redirect(
                request, url, flash=t("Given back. The money is on its way to where it came from.")
            )
    async with open_scope(actor.scope()):
        return await _page(request, actor, found, form, status=422)


async def _give_back(actor: Actor, found: Order, said: GivingBack) -> None:
    await refunding.give_back(actor, found.id, said.tickets, seen_minor=said.seen_minor, key=said.key)
    await audit.record(
        actor,
        "tickets.given_back",
        subject_kind="ticket_order",
        subject_id=found.id,
        subject_label=found.number,
        after={"count": len(said.tickets), "amount_minor": said.seen_minor, "currency": found.currency},
    )


async def cancel(request: Request, actor: Actor) -> Response:
    """Let an order go that was not paid (outside of any scope: its payment is withdrawn first)."""
    actor.require("orders.write")
    async with open_scope(actor.scope()):
        found = await order_of(actor, path_id(request))
        hold = await Hold.get_or_none(tenant_id=found.tenant_id, bill_id=found.bill_id, status="held")
    if found.status != "held" or hold is None:
        raise Conflict("order.not_held", t("This order is no longer waiting to be paid."))
    await ending.cancel(actor, hold.id)
    url = f"{root_of(request)}/ticket-orders/{found.id}"
    return redirect(request, url, flash=t("The order is cancelled. Nothing was taken from the buyer."))


async def send_link(request: Request, actor: Actor) -> Response:
    """Send the buyer the link of their tickets again."""
    actor.require("orders.write")
    found = await order_of(actor, path_id(request))
    if found.status not in {"paid", "part_refunded"}:
        raise Conflict("order.no_tickets", t("This order has no tickets to send."))
    await news.tickets_are_ready(found)
    url = f"{root_of(request)}/ticket-orders/{found.id}"
    return redirect(request, url, flash=t("The link is on its way to {contact}.", contact=found.contact_hint))


async def pdf(request: Request, actor: Actor) -> Response:
    """The tickets on paper, for a buyer at the window who has no phone at hand."""
    actor.require("orders.write")
    found = await order_of(actor, path_id(request))
    site = await Site.get(tenant_id=found.tenant_id, id=found.site_id)
    return await on_paper(found, site, await Tenant.get(id=found.tenant_id))


READ, WRITE = "orders.read", "orders.write"
_ONE = "/ticket-orders/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/ticket-orders", index, permission=READ, name="tourism_orders"),
    tenant_route(_ONE, order, permission=READ, name="tourism_order_staff"),
    tenant_route(
        _ONE + "/give-back",
        give_back,
        permission=WRITE,
        methods=WRITES,
        name="tourism_order_give_back",
        is_transactional=False,
    ),
    tenant_route(
        _ONE + "/cancellation",
        cancel,
        permission=WRITE,
        methods=WRITES,
        name="tourism_order_cancel",
        is_transactional=False,
    ),
    tenant_route(_ONE + "/link", send_link, permission=WRITE, methods=WRITES, name="tourism_order_link"),
    tenant_route(_ONE + "/pdf", pdf, permission=WRITE, name="tourism_order_pdf"),
]
