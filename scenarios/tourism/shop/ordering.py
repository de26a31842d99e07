"""Ordering: who comes, who pays, what happens if plans change; then the places are held and paid for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.holds import service as holds
from billing.names import localized
from integrations.sign_in.codes import Address
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.merchants import sharing_of
from scenarios.tourism.models import Order
from scenarios.tourism.orders import access, people, placing, wishes
from scenarios.tourism.orders.people import NAME_MAX, Visitor
from scenarios.tourism.orders.placing import Ready
from scenarios.tourism.shop.browsing import names_of, path_day, wishes_in
from scenarios.tourism.shop.public import Shop
from scenarios.tourism.stock.pools import SoldOut
from tenants import throttle
from tenants.codes import new_token
from tenants.days import today
from tenants.scope import open_scope, tenant_scope
from ui.errors import AppError, Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

PER_VISITOR = ("30/10 minutes", "200/1 day")


class VisitorRow(BaseModel):
    """One visitor as typed."""

    name: str = Field("", title=N_("Full name"), max_length=NAME_MAX)
    document: str = Field("", title=N_("Identity card or passport number"), max_length=30)


class Ordering(BaseModel):
    """The order's own fields; quantities are named after their product."""

    key: str = ""
    visitors: list[VisitorRow] = Field(default_factory=list)
    name: str = Field("", title=N_("Your name"), max_length=NAME_MAX)
    contact: str = Field("", title=N_("E-mail or mobile number"), max_length=200)
    is_agreed: bool = Field(False, title=N_("I have read when I get my money back"))


async def review(request: Request, shop: Shop) -> Response:
    """Ask who comes, and say what it costs and when money comes back: all of it before anything is taken."""
    form = Form.blank(Ordering, {"key": new_token()})
    try:
        ready = await placing.look_at(shop.actor, _asked(request, shop, form, request.query_params))
    except (Invalid, Conflict) as refused:
        return await _back(request, shop, refused)
    return await _page(request, shop, form, ready)


async def _back(request: Request, shop: Shop, refused: AppError) -> Response:
    """Lead back to choosing, with what stands in the way."""
    context = {
        "shop": shop,
        "refused": refused,
        "day": path_day(request),
        "query": request.url.query,
        "slot": request.path_params["slot"],
    }
    return await respond(request, "tourism/shop/refused.html", context, status=refused.status)


def _asked(request: Request, shop: Shop, form: Form[Ordering], values: Any) -> placing.Request:
    """Return the order as it stands in the form; who comes is read only once it has been sent."""
    buyer = people.Buyer("", Address("email", ""))
    visitors: Sequence[Visitor] = ()
    if form.is_sent:
        said = form.ok
        visitors = [
            people.read_visitor(one.name, one.document, f"visitors-{place}")
            for place, one in enumerate(said.visitors)
        ]
        buyer = people.read_buyer(said.name or (visitors[0].name if visitors else ""), said.contact)
    slot = request.path_params["slot"]
    return placing.Request(
        site_id=shop.site.id,
        day=path_day(request),
        slot_id=_uuid(slot),
        wishes=wishes_in(values),
        visitors=visitors,
        buyer=buyer,
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def _page(
    request: Request, shop: Shop, form: Form[Ordering], ready: Ready, status: int = 200
) -> Response:
    context = {
        "shop": shop,
        "form": form,
        "ready": ready,
        "currency": shop.tenant.currency,
        "count": wishes.names_needed(ready.items),
        "quantities": names_of(ready.asked.wishes),
        "policies": _policies(ready),
        "kinds": VISITOR_KINDS,
        "sharing": await sharing_of(
            [one.product for one in ready.items], today(shop.zone), shop.tenant.currency
        ),
    }
    return await respond(request, "tourism/shop/review.html", context, status=status)


def _policies(ready: Ready) -> dict[str, Sequence[wishes.Deadline]]:
    """Return until when what comes back, by the name of what is bought."""
    return {
        localized(one.product.names): wishes.deadlines(
            wishes.policy_of(one.product), ready.visit.begins_at(one.product)
        )
        for one in ready.items
    }


async def create(request: Request, shop: Shop) -> Response:
    """Hold the places and go where they are paid for (outside of any scope, so that a refusal is a page)."""
    await throttle.spend("tourism order", shop.actor.ip, PER_VISITOR)
    form = await bind(request, Ordering)
    sent = {name: values[-1] for name, values in form.values.items()}
    if form.is_valid:
        _look_through(form)
    try:
        if form.is_valid:
            async with open_scope(tenant_scope(shop.tenant.id)):
                asked = _asked(request, shop, form, sent)
                order = await placing.place(shop.actor, asked, key=form.ok.key)
            return _go_on(request, order)
    except SoldOut as refused:
        return await _back(request, shop, refused)
    except (Invalid, Conflict) as refused:
        form.fail_with(refused)
    return await _again(request, shop, form, sent)


def _look_through(form: Form[Ordering]) -> None:
    """Say at once everything that can be seen to be wrong with what was typed, so that nobody is sent back twice."""
    said = form.ok
    rows = [name.removesuffix("-name") for name in form.values if name.endswith("-name")]
    for row in rows:
        name, document = form.value(f"{row}-name").strip(), form.value(f"{row}-document").strip()
        with _noted(form):
            people.read_visitor(name, document, row)
        if not (name and document):
            form.fail(f"{row}-name", t("Give the name and document of this visitor."))
    with _noted(form):
        people.read_buyer("–" if rows else said.name, said.contact)
    if not said.is_agreed:
        form.fail("is_agreed", t("Tick this once you have read it."))


@contextmanager
def _noted(form: Form[Ordering]) -> Iterator[None]:
    try:
        yield
    except Invalid as refused:
        form.fail_with(refused)


async def _again(request: Request, shop: Shop, form: Form[Ordering], sent: dict[str, Any]) -> Response:
    blank = Form.blank(Ordering)
    async with open_scope(tenant_scope(shop.tenant.id)):
        try:
            ready = await placing.look_at(shop.actor, _asked(request, shop, blank, sent))
        except (Invalid, Conflict) as refused:
            return await _back(request, shop, refused)
        return await _page(request, shop, form, ready, status=422)


def _go_on(request: Request, order: Order) -> Response:
    response = redirect(request, next_of(order))
    access.open_for(response, request, order)
    return response


def next_of(order: Order) -> str:
    """Return where the buyer goes on: paying, or the tickets where nothing is to pay."""
    if order.status != "held" or order.bill_id is None:
        return access.path_of(order)
    return holds.guest_path(order.tenant_id, order.bill_id)
