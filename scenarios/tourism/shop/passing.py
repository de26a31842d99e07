"""Passing a ticket on: the buyer names who goes instead, and the new holder gets a link of their own.

The ticket's code is a new one from that moment; the old code is refused at every gate, also by those that have no
network and take the list of revoked codes along. The buyer sees that the ticket is passed on, and no longer its code.
"""

from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.names import localized
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Order, Product, Site, Slot, Ticket, TicketTransfer
from scenarios.tourism.orders import changing, people
from scenarios.tourism.orders.codes import code_of
from scenarios.tourism.orders.people import NAME_MAX
from scenarios.tourism.shop.public import shell_of, shop_of
from scenarios.tourism.shop.tickets import View
from scenarios.tourism.words import TICKET_TONES, TICKET_WORDS
from tenants import signed_links, throttle
from tenants.codes import new_token
from tenants.http import path_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

PURPOSE = changing.PASSED_ON
PER_VISITOR = ("20/10 minutes", "60/1 day")


class PassingOn(BaseModel):
    """Who goes instead, and where they are told."""

    key: str = ""
    name: str = Field("", title=N_("Full name"), max_length=NAME_MAX)
    document: str = Field("", title=N_("Identity card or passport number"), max_length=30)
    contact: str = Field(title=N_("E-mail or mobile number"), max_length=200)


async def ask(request: Request, view: View) -> Response:
    """Ask who goes instead."""
    ticket, product = await _ticket(request, view)
    return await _page(request, view, ticket, product, Form.blank(PassingOn, {"key": new_token()}))


async def _ticket(request: Request, view: View) -> tuple[Ticket, Product]:
    found = await Ticket.get_or_none(
        tenant_id=view.order.tenant_id, order_id=view.order.id, id=path_id(request, "ticket")
    )
    if found is None:
        raise NotFound("ticket.not_found", t("There is no such ticket in this order."))
    product = await Product.get(tenant_id=found.tenant_id, id=found.product_id)
    if not changing.may_pass_on(found, product):
        raise Conflict("ticket.not_transferable", t("This ticket cannot be passed on."))
    return found, product


async def _page(  # noqa: PLR0917 - all that one page shows
    request: Request, view: View, ticket: Ticket, product: Product, form: Form[PassingOn], status: int = 200
) -> Response:
    context = {
        "view": view,
        "order": view.order,
        "ticket": ticket,
        "product": localized(product.names),
        "has_name": product.real_name != "none",
        "visitor": people.unseal(people.NAMES, ticket.visitor),
        "form": form,
    }
    return await respond(request, "tourism/shop/pass_on.html", context, status=status)


async def pass_on(request: Request, view: View) -> Response:
    """Pass the ticket on (outside of any scope, so that a refusal is a page)."""
    await throttle.spend("tourism pass on", view.shop.actor.ip, PER_VISITOR)
    form = await bind(request, PassingOn)
    async with open_scope(tenant_scope(view.order.tenant_id)):
        ticket, product = await _ticket(request, view)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(view.order.tenant_id)):
                await _pass_on(view, ticket, form.ok)
        except (Invalid, Conflict) as refused:
            for name, text in refused.fields.items():
                form.fail(name.removeprefix("holder-"), text)
            if not refused.fields:
                form.fail_with(refused)
        else:
            words = t("Passed on. The new holder has been sent a link; your code no longer works.")
            return redirect(request, view.root, flash=words)
    async with open_scope(tenant_scope(view.order.tenant_id)):
        return await _page(request, view, ticket, product, form, status=422)


async def _pass_on(view: View, ticket: Ticket, said: PassingOn) -> None:
    visitor = people.read_visitor(said.name, said.document, "holder")
    buyer = people.read_buyer(said.name or "-", said.contact)
    await changing.transfer(
        view.shop.actor, ticket.id, order_id=view.order.id, visitor=visitor, key=said.key, to=buyer.address
    )


async def holder_page(request: Request) -> Response:
    """Show a ticket to whoever it was passed on to, while it is theirs."""
    found = signed_links.read(PURPOSE, request.path_params["token"])
    if found is None:
        raise _gone()
    async with open_scope(tenant_scope(found[0])):
        return await _holder(request, *found)


async def _holder(request: Request, tenant_id: UUID, transfer_id: UUID) -> Response:
    transfer = await TicketTransfer.get_or_none(tenant_id=tenant_id, id=transfer_id)
    ticket = await Ticket.get_or_none(tenant_id=tenant_id, id=transfer.ticket_id) if transfer else None
    if transfer is None or ticket is None or ticket.transfer_id != transfer.id:
        raise _gone()
    order = await Order.get(tenant_id=tenant_id, id=ticket.order_id)
    product = await Product.get(tenant_id=tenant_id, id=ticket.product_id)
    shop = await shop_of(request, await Site.get(tenant_id=tenant_id, id=ticket.site_id))
    request.state.shell = await shell_of(shop)
    is_good = ticket.status in {"issued", "part_used"} and not ticket.is_closed
    context = {
        "order": order,
        "ticket": ticket,
        "slot": await Slot.get_or_none(tenant_id=tenant_id, id=ticket.slot_id) if ticket.slot_id else None,
        "product": localized(product.names),
        "visitor": people.unseal(people.NAMES, ticket.visitor),
        "code": code_of(ticket) if is_good else "",
        "kinds": VISITOR_KINDS,
        "words": TICKET_WORDS,
        "tones": TICKET_TONES,
    }
    return await respond(request, "tourism/shop/held_ticket.html", context)


def _gone() -> NotFound:
    return NotFound("ticket.unknown", t("This link opens no ticket, or the ticket has been passed on since."))
