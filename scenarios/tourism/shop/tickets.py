"""An order by its link: what became of it, its tickets once the code was given, giving back, going another time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import wraps
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.holds import ending
from billing.holds import service as holds
from billing.models import Hold
from billing.names import localized
from integrations.sign_in import codes as otp
from integrations.sign_in.services import Visitor as Browser
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.merchants import Sharing, sharing_of
from scenarios.tourism.models import Order, PassHolder, Product, Site, Slot, Ticket
from scenarios.tourism.orders import access, changing, paper, people, refunding, wishes
from scenarios.tourism.orders.codes import code_of
from scenarios.tourism.shop.availability import days_left, slots_left
from scenarios.tourism.shop.public import Shop, shell_of, shop_of
from scenarios.tourism.words import ORDER_TONES, ORDER_WORDS, TICKET_TONES, TICKET_WORDS
from tenants.codes import new_token
from tenants.days import day_at
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

ROOT = "/tickets/{token}"
CODE_COOKIE, CODE_SECONDS = "tourism-code", 300
_WORDS = (
    t("Your code for opening your tickets"),
    N_(
        "{code} opens your tickets. It is good for five minutes. Nobody will ever ask you for it: do not pass it on."
    ),
)


@dataclass(frozen=True, slots=True)
class View:
    """An order as its page shows it."""

    shop: Shop
    order: Order
    is_open: bool

    @property
    def root(self) -> str:
        """Below which its pages are."""
        return access.path_of(self.order)


@dataclass(frozen=True, slots=True)
class Shown:
    """One ticket as it is shown, with its code while that lets in and nobody else has been given it."""

    ticket: Ticket
    product: str
    visitor: str
    code: str
    may_pass_on: bool = False
    holder: str = ""
    """Of a pass: none, or how far registering its holder is."""


Handler = Callable[[Request, View], Awaitable[Response]]


class Code(BaseModel):
    """The code that was sent."""

    code: str = Field(title=N_("One-time code"), max_length=20)


class GivingBack(BaseModel):
    """Tickets to give back, and what the page said comes back."""

    key: str = ""
    tickets: list[UUID] = Field(default_factory=list, title=N_("Tickets"))
    seen_minor: int = 0


class Moving(BaseModel):
    """The slot to go at instead."""

    key: str = ""
    slot: UUID = Field(title=N_("Time"))


def linked(
    handler: Handler, *, is_inside: bool = True, is_shut: bool = False, is_own: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of an order's page; all but those with ``is_shut`` ask for the code first.

    ``is_own`` is for what only a buyer may do: what an agency has booked is changed by the agency.
    """

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        tenant_id, order_id = access.read(request.path_params["token"])
        async with open_scope(tenant_scope(tenant_id)):
            view = await _view(request, tenant_id, order_id)
            if not view.is_open and not is_shut:
                raise Forbidden("order.shut", t("Open your tickets with the code first."))
            if is_own and view.order.contract_id is not None:
                raise Forbidden("order.agency", t("An agency has booked these tickets. Ask the agency."))
            if is_inside:
                return await handler(request, view)
        return await handler(request, view)

    return endpoint


async def _view(request: Request, tenant_id: UUID, order_id: UUID) -> View:
    order = await Order.get_or_none(tenant_id=tenant_id, id=order_id)
    if order is None:
        raise NotFound("order.unknown", t("This link does not open an order. Check that it is complete."))
    shop = await shop_of(request, await Site.get(tenant_id=tenant_id, id=order.site_id))
    request.state.shell = await shell_of(shop)
    return View(shop, order, access.is_open(request, order))


async def order_page(request: Request, view: View) -> Response:
    """Show what became of an order, with its tickets to whoever may see them."""
    return await _page(request, view, Form.blank(Code))


async def _page(request: Request, view: View, form: Form[Code], status: int = 200) -> Response:
    order = view.order
    tickets = await shown_of(order) if view.is_open else []
    now, is_own = datetime.now(UTC), order.contract_id is None
    context = {
        "view": view,
        "order": order,
        "slot": await Slot.get_or_none(tenant_id=order.tenant_id, id=order.slot_id)
        if order.slot_id
        else None,
        "tickets": tickets,
        "form": form,
        "is_sent": CODE_COOKIE in request.cookies,
        "pay_url": await _pay_url(order) if view.is_open else "",
        "may_give_back": is_own and any(refunding.may_go_back(one.ticket, now) for one in tickets),
        "words": ORDER_WORDS,
        "tones": ORDER_TONES,
        "ticket_words": TICKET_WORDS,
        "ticket_tones": TICKET_TONES,
        "kinds": VISITOR_KINDS,
        "renewal_key": new_token(),
        "sharing": await _sharing(view) if view.is_open and is_own else [],
        "may_move": is_own
        and order.slot_id is not None
        and any(one.ticket.status == "issued" for one in tickets),
    }
    return await respond(request, "tourism/shop/order.html", context, status=status)


async def _sharing(view: View) -> list[Sharing]:
    """Return how what was paid is shared with merchants on site."""
    tenant = await Tenant.get(id=view.order.tenant_id)
    bought = {one.bought_id for one in await tickets_of(view.order)}
    products = await Product.filter(tenant_id=view.order.tenant_id, id__in=bought)
    return await sharing_of(products, day_at(view.order.created_at, tenant.timezone), view.order.currency)


async def _pay_url(order: Order) -> str:
    if order.status != "held" or order.bill_id is None:
        return ""
    hold = await Hold.get(tenant_id=order.tenant_id, bill_id=order.bill_id)
    return holds.checkout_path(hold, is_signed_in=False)


async def tickets_of(order: Order) -> list[Ticket]:
    """Return an order's tickets in the order they were bought."""
    return await Ticket.filter(tenant_id=order.tenant_id, order_id=order.id).order_by("created_at", "id")


async def shown_of(order: Order) -> list[Shown]:
    """Return an order's tickets as they are shown."""
    tickets = await tickets_of(order)
    products = {
        one.id: one
        for one in await Product.filter(tenant_id=order.tenant_id, id__in={one.product_id for one in tickets})
    }
    holders = await _holders(tickets)
    return [
        Shown(
            one,
            localized(products[one.product_id].names),
            people.unseal(people.NAMES, one.visitor),
            code_of(one) if one.transfer_id is None and _lets_in(one) else "",
            changing.may_pass_on(one, products[one.product_id]),
            holders.get(one.id, "none") if one.kind == "pass" else "",
        )
        for one in tickets
    ]


async def _holders(tickets: list[Ticket]) -> dict[UUID, str]:
    """Return how far the holders of passes are registered."""
    passes = [one for one in tickets if one.kind == "pass"]
    if not passes:
        return {}
    found = PassHolder.filter(tenant_id=passes[0].tenant_id, ticket_id__in=[one.id for one in passes])
    return {one.ticket_id: one.status for one in await found.order_by("created_at")}


def _lets_in(ticket: Ticket) -> bool:
    return ticket.status in {"issued", "part_used"} and not ticket.is_closed


async def send_code(request: Request, view: View) -> Response:
    """Send the buyer a code (outside of any scope)."""
    contact = people.unseal(people.CONTACTS, view.order.contact)
    token = await otp.send_code(contact, _browser(request, view), _WORDS)
    response = redirect(request, view.root)
    response.set_cookie(
        CODE_COOKIE, token, max_age=CODE_SECONDS, path=view.root, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


async def open_with_code(request: Request, view: View) -> Response:
    """Open the tickets with the code that was sent (outside of any scope)."""
    form = await bind(request, Code)
    token = request.cookies.get(CODE_COOKIE, "")
    contact = people.unseal(people.CONTACTS, view.order.contact)
    if form.is_valid and token and await otp.prove(token, form.ok.code, _browser(request, view)) == contact:
        response = redirect(request, view.root)
        access.open_for(response, request, view.order)
        response.delete_cookie(CODE_COOKIE, path=view.root)
        return response
    form.fail("code", t("This is not the code, or its time is over. Ask for a new one."))
    async with open_scope(tenant_scope(view.order.tenant_id)):
        return await _page(request, view, form, status=422)


def _browser(request: Request, view: View) -> Browser:
    return Browser(view.shop.actor.ip, request.headers.get("user-agent", "")[:300], "")


async def pdf(request: Request, view: View) -> Response:
    """The buyer's tickets on paper."""
    del request
    return await on_paper(view.order, view.shop.site, view.shop.tenant)


async def on_paper(order: Order, site: Site, tenant: Tenant) -> Response:
    """Return an order's tickets as a file to print, one to a page; no price is on them.

    Raises:
        NotFound: no ticket of it lets in any more.
    """
    shown = [one for one in await shown_of(order) if one.code]
    if not shown:
        raise NotFound("ticket.none", t("There is no ticket to print."))
    slot = await Slot.get_or_none(tenant_id=order.tenant_id, id=order.slot_id) if order.slot_id else None
    content = paper.draw(site, tenant, order, slot, shown)
    headers = {
        "Content-Disposition": f'attachment; filename="{order.number}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/pdf", headers=headers)


async def cancel(request: Request, view: View) -> Response:
    """Let an order go that was not paid (outside of any scope: its payment is withdrawn first)."""
    async with open_scope(tenant_scope(view.order.tenant_id)):
        hold = await Hold.get_or_none(tenant_id=view.order.tenant_id, bill_id=view.order.bill_id)
    if view.order.status != "held" or hold is None:
        raise Conflict("order.not_held", t("This order is no longer waiting to be paid."))
    await ending.cancel(view.shop.actor, hold.id)
    return redirect(request, view.root, flash=t("The order is cancelled. Nothing was taken from you."))


async def ask_back(request: Request, view: View) -> Response:
    """Show what comes back of each ticket now, and what it would be later."""
    return await _giving_back(request, view, Form.blank(GivingBack, {"key": new_token()}))


async def _giving_back(request: Request, view: View, form: Form[GivingBack], status: int = 200) -> Response:
    now = datetime.now(UTC)
    shown = [one for one in await shown_of(view.order) if refunding.may_go_back(one.ticket, now)]
    if not shown:
        text = t("None of these tickets can be given back any more.")
        return redirect(request, view.root, flash=Flash(text, tone="warning"))
    chosen = form.chosen("tickets") or [str(one.ticket.id) for one in shown]
    context = {
        "view": view,
        "order": view.order,
        "form": form,
        "tickets": [
            (one, refunding.tier_of(one.ticket, now), refunding.comes_back(one.ticket, now)) for one in shown
        ],
        "chosen": chosen,
        "back_minor": sum(
            refunding.comes_back(one.ticket, now) for one in shown if str(one.ticket.id) in chosen
        ),
        "policies": {one.product: wishes.deadlines(one.ticket.policy, one.ticket.begins_at) for one in shown},
    }
    return await respond(request, "tourism/shop/give_back.html", context, status=status)


async def give_back(request: Request, view: View) -> Response:
    """Give the chosen tickets back."""
    form = await bind(request, GivingBack)
    if form.is_valid and form.value("act") != "total":
        try:
            async with open_scope(tenant_scope(view.order.tenant_id)):
                said = form.ok
                await refunding.give_back(
                    replace(view.shop.actor, name=""),
                    view.order.id,
                    said.tickets,
                    seen_minor=said.seen_minor,
                    key=said.key,
                )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(
                request, view.root, flash=t("Given back. The money is on its way to where it came from.")
            )
    async with open_scope(tenant_scope(view.order.tenant_id)):
        return await _giving_back(request, view, form, status=422 if form.errors else 200)


async def ask_move(request: Request, view: View) -> Response:
    """Show the days and times that the tickets could be for instead."""
    return await _moving(request, view, Form.blank(Moving, {"key": new_token()}))


async def _moving(request: Request, view: View, form: Form[Moving], status: int = 200) -> Response:
    day = _day(str(form.value("day") or request.query_params.get("day", "")), view.order.day)
    shop = view.shop
    (left,) = await days_left(shop.site, shop.zone, day, day)
    context = {
        "view": view,
        "order": view.order,
        "form": form,
        "day": day,
        "left": left,
        "slots": [one for one in await slots_left(shop.site, day) if one.id != view.order.slot_id],
    }
    return await respond(request, "tourism/shop/move.html", context, status=status)


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default


async def move(request: Request, view: View) -> Response:
    """Move the tickets to another time."""
    form = await bind(request, Moving)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(view.order.tenant_id)):
                await _move(view, form.ok, _day(str(form.value("day")), view.order.day))
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, view.root, flash=t("Your tickets are for the new time now."))
    async with open_scope(tenant_scope(view.order.tenant_id)):
        return await _moving(request, view, form, status=422)


async def _move(view: View, said: Moving, day: date) -> None:
    await changing.change_slot(view.shop.actor, view.order.id, day=day, slot_id=said.slot, key=said.key)
