"""The basket of a home: goods of whichever shops, ordered and paid in one place, and what was paid together."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import nothing, resident_route
from scenarios.community.merchants import baskets, buying
from scenarios.community.merchants.leading import to_checkout
from scenarios.community.merchants.models import NeighbourShop, ShopOrder
from scenarios.community.merchants.selling import sharing_of
from scenarios.community.merchants.states import TONES, WAYS, WORDS
from scenarios.community.service.resident_pages import unit_seen
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, ngettext
from ui.render import redirect, respond


class PutForm(BaseModel):
    """How many of something go into the basket."""

    product: UUID = Field(title=N_("What"))
    quantity: int = Field(1, title=N_("How many"))
    then: str = Field("", title=N_("Act"), max_length=10)


class BasketForm(BaseModel):
    """How somebody gets what is in the basket."""

    way: str = Field("pickup", title=N_("How you get it"))
    key: str = Field("", title=N_("Number of this try"), max_length=60)


async def basket(request: Request, actor: Actor) -> Response:
    """Show what is in the basket, with what promotions take off, and ask how they get it."""
    unit = await unit_seen(actor, path_id(request), "pay")
    form = Form.blank(BasketForm, {"way": "pickup", "key": str(uuid4())})
    return await _basket(request, actor, unit, form)


async def _basket(
    request: Request, actor: Actor, unit: dict[str, Any], form: Form[Any], status: int = 200
) -> Response:
    async with open_scope(tenant_scope(unit["tenant_id"])):
        found = await baskets.contents(actor, unit["tenant_id"], unit["id"])
        shops = await _shops(unit["tenant_id"], [one.product.shop_id for one in found])
    context = {
        "unit": unit,
        "items": [
            {
                "one": one,
                "name": localized(one.product.names),
                "shop": localized(shops[one.product.shop_id].names),
                "promotion": localized(one.promotion.names) if one.promotion else "",
            }
            for one in found
        ],
        "total": sum(one.total_minor for one in found),
        "currency": found[0].product.currency if found else "",
        "form": form,
        "ways": [(key, str(words)) for key, words in WAYS.items()],
    }
    return await respond(request, "community/merchants/basket.html", context, status=status)


async def _shops(tenant_id: UUID, ids: list[UUID]) -> dict[UUID, NeighbourShop]:
    return {one.id: one for one in await NeighbourShop.filter(tenant_id=tenant_id, id__in=ids)}


async def put(request: Request, actor: Actor) -> Response:
    """Say how many of something are in the basket."""
    unit = await unit_seen(actor, path_id(request), "pay")
    form = await bind(request, PutForm)
    home = f"/my/units/{unit['id']}"
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(unit["tenant_id"])):
                await baskets.put(
                    actor, unit["tenant_id"], unit["id"], form.ok.product, quantity=form.ok.quantity
                )
                count = len(await baskets.contents(actor, unit["tenant_id"], unit["id"]))
        except Invalid as error:
            return redirect(request, f"{home}/basket", flash=Flash(error.message, tone="warning"))
        flash = ngettext("The basket has {n} thing in it.", "The basket has {n} things in it.", count)
        return redirect(
            request, f"{home}/{'basket' if form.ok.then == 'basket' else 'market'}", flash=Flash(flash)
        )
    return await _basket(request, actor, unit, form, status=422)


async def order(request: Request, actor: Actor) -> Response:
    """Order everything in the basket, and lead on to paying it."""
    unit = await unit_seen(actor, path_id(request), "pay")
    form = await bind(request, BasketForm)
    if form.is_valid:
        said = {"way": form.ok.way, "key": form.ok.key or str(uuid4())}
        ordering = partial(baskets.order, actor, unit["tenant_id"], unit["id"], **said)
        if answer := await to_checkout(request, form, unit["tenant_id"], ordering):
            return answer
    return await _basket(request, actor, unit, form, status=422)


async def ordered(request: Request, actor: Actor) -> Response:
    """Show the orders that were paid together, and who gets how much of the money."""
    del actor
    found = await ShopOrder.filter(basket_id=path_id(request)).order_by("number")
    if not found:
        raise nothing()
    tenant_id = found[0].tenant_id
    async with open_scope(tenant_scope(tenant_id)):
        shops = await _shops(tenant_id, [one.shop_id for one in found])
        day = await today_at(tenant_id)
        told = {one.id: await sharing_of(one, shops[one.shop_id], day) for one in found}
        hold = await buying.hold_of(found[0])
    context = {
        "orders": [
            {
                "one": one,
                "name": localized(one.names),
                "shop": localized(shops[one.shop_id].names),
                "state": {"words": WORDS[one.status], "tone": TONES[one.status]},
                "sharing": told[one.id],
            }
            for one in found
        ],
        "total": sum(one.total_minor for one in found),
        "currency": found[0].currency,
        "way": WAYS[found[0].way],
        "hold": hold,
    }
    return await respond(request, "community/merchants/ordered.html", context)


ROUTES: list[BaseRoute] = [
    resident_route("/my/units/{id}/basket", basket, name="my_basket"),
    resident_route("/my/units/{id}/basket", put, methods=WRITES, name="my_basket_put"),
    resident_route("/my/units/{id}/basket/order", order, methods=WRITES, name="my_basket_order"),
    resident_route("/my/baskets/{id}", ordered, name="my_basket_ordered"),
]
