"""Selling at the desk: day, time, how many, who; then the money is taken at the cashier's desk like any other."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from scenarios.tourism.calendar.catalogue import on_sale
from scenarios.tourism.models import Order, Site
from scenarios.tourism.orders import people, placing
from scenarios.tourism.orders.people import NAME_MAX
from scenarios.tourism.planning.services import site_of
from scenarios.tourism.shop.availability import slots_left
from scenarios.tourism.shop.browsing import offers, wishes_in
from scenarios.tourism.shop.ordering import VisitorRow
from scenarios.tourism.shop.public import Shop
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import day_named, today
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Tenant
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid
from ui.formats import clock
from ui.forms import Form, bind
from ui.i18n import N_, ngettext, t
from ui.render import redirect, respond

VISITORS = 5
"""Rows for names that the form offers; products that ask for none leave them empty."""


class Selling(BaseModel):
    """A sale's own fields; quantities are named after their product."""

    key: str = ""
    day: str = Field("", title=N_("Day"))
    slot: UUID | None = Field(None, title=N_("Time"))
    name: str = Field("", title=N_("Buyer's name"), max_length=NAME_MAX)
    contact: str = Field("", title=N_("E-mail or mobile number"), max_length=200)
    visitors: list[VisitorRow] = Field(default_factory=list)


async def sale(request: Request, actor: Actor) -> Response:
    """Show what can be sold on a day."""
    site = await site_of(actor, path_id(request))
    form = Form.blank(Selling, {"key": new_token(), "day": _day(request, actor).isoformat()})
    return await _page(request, actor, site, form)


def _day(request: Request, actor: Actor) -> date:
    return day_named(request.query_params.get("day", "")) or today(actor.place["timezone"])


async def _page(
    request: Request, actor: Actor, site: Site, form: Form[Selling], status: int = 200
) -> Response:
    day = day_named(str(form.value("day"))) or today(actor.place["timezone"])
    tenant = await Tenant.get(id=site.tenant_id)
    shop = Shop(site, tenant, actor)
    slots = [one for one in await slots_left(site, day, "desk", is_staff=True) if one.is_open]
    context: dict[str, Any] = {
        "site": site,
        "day": day,
        "form": form,
        "offers": offers(shop, day, await on_sale(site, day)),
        "slots": [(str(one.id), _words(one, tenant.timezone)) for one in slots],
        "currency": tenant.currency,
        "visitors": VISITORS,
        "root": root_of(request),
    }
    return await respond(request, "tourism/office/sale.html", context, status=status)


def _words(slot: Any, zone: str) -> str:
    left = ngettext("{n} place left", "{n} places left", slot.free)
    return f"{clock(slot.starts_at, zone)}–{clock(slot.ends_at, zone)} · {left}"


async def sell(request: Request, actor: Actor) -> Response:
    """Hold the tickets and lead to where the money is taken."""
    actor.require("orders.write")
    form = await bind(request, Selling)
    async with open_scope(actor.scope()):
        site = await site_of(actor, path_id(request))
    if form.is_valid:
        try:
            async with open_scope(actor.scope()):
                order = await placing.place(actor, _asked(site, form), key=form.ok.key)
            return _go_on(request, order)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
    async with open_scope(actor.scope()):
        return await _page(request, actor, site, form, status=422)


def _asked(site: Site, form: Form[Selling]) -> placing.Request:
    said, day = form.ok, day_named(form.ok.day)
    if day is None:
        text = t("Enter a day like 2026-03-31.")
        raise Invalid("sale.day", text, fields={"day": text})
    typed = [(place, one) for place, one in enumerate(said.visitors) if one.name or one.document]
    visitors = [people.read_visitor(one.name, one.document, f"visitors-{place}") for place, one in typed]
    return placing.Request(
        site_id=site.id,
        day=day,
        slot_id=said.slot,
        wishes=wishes_in({name: values[-1] for name, values in form.values.items()}),
        visitors=visitors,
        buyer=people.read_buyer(said.name or (visitors[0].name if visitors else ""), said.contact),
        channel="desk",
    )


def _go_on(request: Request, order: Order) -> Response:
    root = root_of(request)
    if order.status == "held":
        words = t("The tickets are kept for {number}. Take the money now.", number=order.number)
        return redirect(request, f"{root}/desk/accounts/{order.account_id}", flash=words)
    return redirect(request, f"{root}/ticket-orders/{order.id}", flash=t("The tickets are sold."))


ROUTES: list[BaseRoute] = [
    tenant_route("/sites/{id}/sale", sale, permission="orders.write", name="tourism_sale"),
    tenant_route(
        "/sites/{id}/sale",
        sell,
        permission="orders.write",
        methods=WRITES,
        name="tourism_sell",
        is_transactional=False,
    ),
]
