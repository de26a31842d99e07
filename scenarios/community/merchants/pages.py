"""Pages of shops: those who look after them, shopkeepers at their own, residents who buy."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import estate_route, nothing, root_of, tenant_of
from scenarios.community.merchants import promotions, selling, service
from scenarios.community.merchants.models import NeighbourShop, ShopOrder, ShopProduct
from scenarios.community.merchants.service import Goods
from scenarios.community.merchants.states import TONES, WAYS, WORDS
from scenarios.community.service import assigning
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import Amount, Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

GROUPS = {
    "": t("No"),
    "open": t("Can be joined"),
    "reached": t("Comes about"),
    "missed": t("Did not come about"),
}
_SHOPS = """
select s.id, s.names, s.person_name,
       (select count(*) from community_shop_product p
         where p.tenant_id = $1 and p.shop_id = s.id and p.is_active) goods, orders.open, orders.rating
  from community_shop s
 cross join lateral (
   select count(*) filter (where o.status = 'paid') open, round(avg(o.rating), 1) rating
     from community_shop_order o where o.tenant_id = $1 and o.shop_id = s.id) orders
 where s.tenant_id = $1 and s.is_active and ($2 or s.person_id = $3) order by s.created_at
"""
_ORDERS = """
select o.id, o.number, o.names, o.quantity, o.status, o.way, o.currency,
       o.price_minor * o.quantity - o.discount_minor total_minor, o.created_at, a.number unit,
       o.ordered_by_name, o.rating
  from community_shop_order o join tenants_account a on a.tenant_id = $1 and a.id = o.account_id
 where o.tenant_id = $1 and o.shop_id = $2 and o.status <> 'free' order by o.created_at desc limit 500
"""


class ShopForm(BaseModel):
    """A shop of the neighbourhood."""

    english: str = Field(title=N_("Name in English"), max_length=60)
    chinese: str = Field("", title=N_("Name in Chinese"), max_length=60)
    about: str = Field("", title=N_("About the shop"), max_length=1000)
    keeper: UUID | None = Field(None, title=N_("Shopkeeper"))


class ProductForm(BaseModel):
    """Something that is sold."""

    english: str = Field(title=N_("Name in English"), max_length=60)
    chinese: str = Field("", title=N_("Name in Chinese"), max_length=60)
    price_minor: Amount = Field(title=N_("Price"))
    stock: int = Field(title=N_("How many there are"))
    group_minimum: int = Field(0, title=N_("Sold to a group of at least"))
    ends_on: Day | None = Field(None, title=N_("Last day of the group"))


class StockForm(BaseModel):
    """How many of something there are, and whether it is sold."""

    stock: int = Field(title=N_("How many there are"))
    is_active: bool = Field(False, title=N_("It is sold"))


class RefundForm(BaseModel):
    """Why money goes back."""

    reason: str = Field("", title=N_("Why the money goes back"), max_length=200)


def named(found: list[Any], *keys: str) -> list[dict[str, Any]]:
    """Return rows with what their names are in the reader's language."""
    wanted = keys or ("names",)
    return [
        {**dict(one), **{f"{key}_text": localized(json.loads(one[key])) for key in wanted}} for one in found
    ]


def _shop_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("names_text", t("Shop"), is_main=True, href=lambda one: f"{root}/merchants/{one['id']}"),
        Column("person_name", t("Shopkeeper")),
        Column("goods", t("Goods"), format="number"),
        Column("open", t("To be fulfilled"), format="number"),
        Column("rating", t("Rating"), format="number"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the shops that the actor works."""
    return await _index(request, actor, None)


async def _index(request: Request, actor: Actor, form: Form[ShopForm] | None) -> Response:
    root, tenant_id = root_of(actor), tenant_of(actor)
    may = actor.may("merchants.write")
    context = {
        "root": root,
        "shops": named(await rows(_SHOPS, tenant_id, may, actor.person_id)),
        "columns": _shop_columns(root),
        "workers": [(str(one.person_id), one.name) for one in await assigning.workers(tenant_id)],
        "form": form or Form.blank(ShopForm),
        "may_write": may,
    }
    return await respond(request, "community/merchants/shops.html", context, status=422 if form else 200)


async def create(request: Request, actor: Actor) -> Response:
    """Let a shop sell here."""
    form = await bind(request, ShopForm)
    if form.is_valid:
        said = form.ok
        try:
            made = await service.add_shop(
                actor, english=said.english, chinese=said.chinese, about=said.about, keeper=said.keeper
            )
            return redirect(request, f"{root_of(actor)}/merchants/{made.id}", flash=t("The shop is open."))
        except Invalid as error:
            form.fail_with(error)
    return await _index(request, actor, form)


PRODUCTS = (
    Column("name", t("Goods"), is_main=True),
    Column("price_minor", t("Price"), format="money"),
    Column("stock", t("Left"), format="number"),
    Column("group", t("Group purchase")),
    Column("is_active", t("On sale"), value=lambda one: t("Yes") if one["is_active"] else t("No")),
)


def _order_columns(root: str, shop_id: UUID) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Number"),
            format="code",
            is_main=True,
            href=lambda one: f"{root}/merchants/{shop_id}/orders/{one['id']}",
        ),
        Column("names_text", t("Goods")),
        Column("quantity", t("How many"), format="number"),
        Column("unit", t("Unit")),
        Column("way", t("How they get it"), value=lambda one: WAYS[one["way"]]),
        Column("status", t("State"), format="badge", tones=TONES, words=WORDS),
        Column("total_minor", t("Amount"), format="money"),
        Column("created_at", t("Ordered"), format="datetime"),
        Column("rating", t("Rating"), format="number"),
    )


async def show(request: Request, actor: Actor) -> Response:
    """Show a shop with its goods and orders."""
    shop = await service.shop_of(actor, path_id(request))
    if wants_export(request):
        found = named(await rows(_ORDERS, shop.tenant_id, shop.id))
        return await export(request, _order_columns(root_of(actor), shop.id), found, "orders")
    return await show_shop(request, actor, shop)


async def show_shop(  # noqa: PLR0917 - all that one page shows
    request: Request,
    actor: Actor,
    shop: NeighbourShop,
    form: Form[ProductForm] | None = None,
    promotion: Form[Any] | None = None,
    stock: Mapping[UUID, Form[StockForm]] | None = None,
) -> Response:
    """Show a shop with its orders, goods and promotions; a form that was refused is shown as it was sent."""
    root, now = root_of(actor), datetime.now(UTC)
    products = await ShopProduct.filter(tenant_id=shop.tenant_id, shop_id=shop.id).order_by("created_at")
    context = {
        "root": root,
        "shop": shop,
        "name": localized(shop.names),
        "products": [
            {
                "id": one.id,
                "name": localized(one.names),
                "price_minor": one.price_minor,
                "currency": one.currency,
                "stock": one.stock,
                "form": (stock or {}).get(one.id) or _stock(one),
                "group": GROUPS[one.group_status],
                "is_active": one.is_active,
            }
            for one in products
        ],
        "product_columns": PRODUCTS,
        "orders": named(await rows(_ORDERS, shop.tenant_id, shop.id)),
        "order_columns": _order_columns(root, shop.id),
        "form": form or Form.blank(ProductForm, {"group_minimum": "0", "stock": "10"}),
        "promotions": [
            (
                one,
                localized(one.names),
                promotions.said(one, actor.place["currency"]),
                one.is_active and one.ends_at > now,
            )
            for one in await promotions.of_shop(shop.tenant_id, shop.id)
        ],
        "promotion_form": promotion,
        "options": [(str(one.id), localized(one.names)) for one in products],
        "currency": actor.place["currency"],
    }
    status = 422 if form or promotion or stock else 200
    return await respond(request, "community/merchants/shop.html", context, status=status)


def _stock(one: ShopProduct) -> Form[StockForm]:
    return Form.blank(StockForm, {"stock": one.stock, "is_active": one.is_active})


async def offer(request: Request, actor: Actor) -> Response:
    """Sell something."""
    shop = await service.shop_of(actor, path_id(request))
    form = await bind(request, ProductForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        said = form.ok
        zone = ZoneInfo((await Tenant.get(id=shop.tenant_id)).timezone)
        ends = (
            datetime.combine(said.ends_on + timedelta(days=1), time(), zone).astimezone(UTC)
            if said.ends_on
            else None
        )
        names = {"en": said.english.strip(), "zh_CN": said.chinese.strip() or said.english.strip()}
        try:
            await service.offer(
                actor, shop.id, Goods(names, said.price_minor, said.stock, max(said.group_minimum, 0), ends)
            )
            return redirect(
                request, f"{root_of(actor)}/merchants/{shop.id}", flash=t("It is sold from now on.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await show_shop(request, actor, shop, form)


async def restock(request: Request, actor: Actor) -> Response:
    """Say how many of something there are."""
    shop = await service.shop_of(actor, path_id(request))
    product, form = path_id(request, "product"), await bind(request, StockForm)
    if form.is_valid:
        try:
            await service.restock(actor, shop.id, product, stock=form.ok.stock, is_active=form.ok.is_active)
            return redirect(request, f"{root_of(actor)}/merchants/{shop.id}", flash=t("Saved."))
        except Invalid as error:
            form.fail_with(error)
    return await show_shop(request, actor, shop, stock={product: form})


async def one_order(request: Request, actor: Actor) -> Response:
    """Show an order to its shop."""
    shop = await service.shop_of(actor, path_id(request))
    found = await ShopOrder.get_or_none(
        tenant_id=shop.tenant_id, shop_id=shop.id, id=path_id(request, "order")
    )
    if found is None:
        raise nothing()
    return await _one_order(request, actor, shop, found, Form.blank(RefundForm))


async def _one_order(
    request: Request, actor: Actor, shop: NeighbourShop, found: ShopOrder, form: Form[RefundForm]
) -> Response:
    context = {
        "root": root_of(actor),
        "shop": shop,
        "order": found,
        "form": form,
        "promotion": localized(found.discount_names) if found.discount_names else "",
        "sharing": await selling.sharing_of(found, shop, await today_at(shop.tenant_id)),
        "name": localized(found.names),
        "shop_name": localized(shop.names),
        "state": {"words": WORDS[found.status], "tone": TONES[found.status]},
        "way": WAYS[found.way],
    }
    status = 422 if form.errors else 200
    return await respond(request, "community/merchants/order.html", context, status=status)


async def fulfil(request: Request, actor: Actor) -> Response:
    """Fulfil an order."""
    await selling.fulfil(actor, path_id(request, "order"))
    return _back(request, actor)


async def give_back(request: Request, actor: Actor) -> Response:
    """Give an order's money back."""
    shop, order_id = await service.shop_of(actor, path_id(request)), path_id(request, "order")
    form = await bind(request, RefundForm)
    try:
        await selling.give_back(actor, order_id, reason=form.ok.reason)
    except Invalid as error:
        form.fail_with(error)
        found = await ShopOrder.get(tenant_id=shop.tenant_id, id=order_id)
        return await _one_order(request, actor, shop, found, form)
    return _back(request, actor)


def _back(request: Request, actor: Actor) -> Response:
    address = f"{root_of(actor)}/merchants/{path_id(request)}/orders/{path_id(request, 'order')}"
    return redirect(request, address, flash=t("Done."))


_ONE = "/merchants/{id}/orders/{order}"
ROUTES: list[BaseRoute] = [
    estate_route("/merchants", index, permission="shop.work", name="shops"),
    estate_route("/merchants", create, permission="merchants.write", methods=WRITES, name="shop_create"),
    estate_route("/merchants/{id}", show, permission="shop.work", name="shop"),
    estate_route(
        "/merchants/{id}/goods", offer, permission="shop.work", methods=WRITES, name="product_create"
    ),
    estate_route(
        "/merchants/{id}/goods/{product}",
        restock,
        permission="shop.work",
        methods=WRITES,
        name="product_restock",
    ),
    estate_route(_ONE, one_order, permission="shop.work", name="shop_order"),
    estate_route(
        _ONE + "/fulfilment", fulfil, permission="shop.work", methods=WRITES, name="shop_order_fulfil"
    ),
    estate_route(
        _ONE + "/refund", give_back, permission="shop.work", methods=WRITES, name="shop_order_refund"
    ),
]
