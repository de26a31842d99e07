"""The market of a home: what the shops sell, ordering it, the order and how it was."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import nothing, resident_route
from scenarios.community.merchants import baskets, buying, promotions, selling
from scenarios.community.merchants.buying import Wish
from scenarios.community.merchants.leading import to_checkout
from scenarios.community.merchants.models import NeighbourShop, ShopOrder
from scenarios.community.merchants.pages import named
from scenarios.community.merchants.states import TONES, WAYS, WORDS
from scenarios.community.service.resident_pages import unit_seen
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

_GOODS = """
select p.id, p.names, p.price_minor, p.currency, p.stock, p.group_minimum, p.group_ends_at, p.group_status,
       p.shop_id, s.names shop, s.about,
       (select round(avg(o.rating), 1) from community_shop_order o where o.tenant_id = $1 and o.shop_id = s.id) stars,
       (select count(o.rating) from community_shop_order o where o.tenant_id = $1 and o.shop_id = s.id) rated,
       (select coalesce(sum(o.quantity), 0) from community_shop_order o where o.tenant_id = $1 and o.product_id = p.id
         and o.status in ('paid', 'fulfilled')) sold
  from community_shop_product p join community_shop s on s.tenant_id = $1 and s.id = p.shop_id and s.is_active
 where p.tenant_id = $1 and p.is_active and p.stock > 0 and p.group_status in ('', 'open')
   and (p.group_ends_at is null or p.group_ends_at > now()) order by s.created_at, p.created_at limit 300
"""


class OrderForm(BaseModel):
    """An order."""

    product: UUID = Field(title=N_("What"))
    quantity: int = Field(1, title=N_("How many"))
    way: str = Field("pickup", title=N_("How you get it"))
    key: str = Field("", title=N_("Number of this try"), max_length=60)


class RatingForm(BaseModel):
    """How it was."""

    rating: int = Field(title=N_("How was it?"))


async def market(request: Request, actor: Actor) -> Response:
    """Show a resident what the shops sell."""
    unit = await unit_seen(actor, path_id(request), "pay")
    return await _market(request, actor, unit, Form.blank(OrderForm))


async def _market(
    request: Request, actor: Actor, unit: dict[str, Any], form: Form[OrderForm], status: int = 200
) -> Response:
    tenant_id = unit["tenant_id"]
    async with open_scope(tenant_scope(tenant_id)):
        goods = named(await rows(_GOODS, tenant_id), "names", "shop")
        shops = list({one["shop_id"] for one in goods})
        offers = await promotions.running(tenant_id, shops, datetime.now(UTC)) if shops else []
        in_basket = await baskets.contents(actor, tenant_id, unit["id"])
    for one in goods:
        one["promotions"] = [
            promotions.said(each, one["currency"])
            for each in offers
            if each.shop_id == one["shop_id"] and each.product_id in {None, one["id"]}
        ]
    context = {
        "unit": unit,
        "goods": goods,
        "form": form,
        "ways": [(key, str(words)) for key, words in WAYS.items()],
        "key": str(uuid4()),
        "in_basket": len(in_basket),
    }
    return await respond(request, "community/merchants/market.html", context, status=status)


async def buy(request: Request, actor: Actor) -> Response:
    """Order something, and lead on to paying it."""
    unit = await unit_seen(actor, path_id(request), "pay")
    form = await bind(request, OrderForm)
    if form.is_valid:
        said = form.ok
        wish = Wish({said.product: said.quantity}, unit["id"], said.way, said.key or str(uuid4()))
        ordering = partial(buying.buy, actor, unit["tenant_id"], wish)
        if answer := await to_checkout(request, form, unit["tenant_id"], ordering):
            return answer
    return await _market(request, actor, unit, form, status=422)


async def _own(request: Request) -> ShopOrder:
    found = await ShopOrder.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def mine(request: Request, actor: Actor) -> Response:
    """Show a resident their order."""
    return await _mine(request, actor, await _own(request), Form.blank(RatingForm))


async def _mine(
    request: Request, actor: Actor, found: ShopOrder, form: Form[RatingForm], status: int = 200
) -> Response:
    async with open_scope(tenant_scope(found.tenant_id)):
        shop = await NeighbourShop.get(tenant_id=found.tenant_id, id=found.shop_id)
        sharing = await selling.sharing_of(found, shop, await today_at(found.tenant_id))
        hold = await buying.hold_of(found)
    context = {
        "order": found,
        "name": localized(found.names),
        "shop_name": localized(shop.names),
        "state": {"words": WORDS[found.status], "tone": TONES[found.status]},
        "way": WAYS[found.way],
        "promotion": localized(found.discount_names) if found.discount_names else "",
        "sharing": sharing,
        "hold": hold,
        "form": form,
        "can_rate": found.status == "fulfilled"
        and found.rating is None
        and found.ordered_by == actor.person_id,
        "ratings": [(str(n), "★" * n) for n in range(5, 0, -1)],
    }
    return await respond(request, "community/merchants/mine.html", context, status=status)


async def rate(request: Request, actor: Actor) -> Response:
    """Keep how it was."""
    found = await _own(request)
    form = await bind(request, RatingForm)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(found.tenant_id)):
                await selling.rate(actor, found, rating=form.ok.rating)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
        else:
            return redirect(request, f"/my/orders/{found.id}", flash=t("Thank you."))
    return await _mine(request, actor, found, form, status=422)


ROUTES: list[BaseRoute] = [
    resident_route("/my/units/{id}/market", market, name="my_market"),
    resident_route("/my/units/{id}/orders", buy, methods=WRITES, name="my_order_place"),
    resident_route("/my/orders/{id}", mine, name="my_order"),
    resident_route("/my/orders/{id}/rating", rate, methods=WRITES, name="my_order_rate"),
]
