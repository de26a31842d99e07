"""Shops of the neighbourhood and what they sell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from billing.models import FeeItem
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.merchants.models import NeighbourShop, ShopProduct
from scenarios.community.service import assigning
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from ui.i18n import t

_POSITION = 900


@dataclass(frozen=True, slots=True)
class Goods:
    """What is sold, for how much, how many there are; with a minimum and an end it is sold to a group."""

    names: Mapping[str, str]
    price_minor: int
    stock: int
    group_minimum: int = 0
    group_ends_at: datetime | None = None


async def add_shop(
    actor: Actor, *, english: str, chinese: str, about: str, keeper: UUID | None
) -> NeighbourShop:
    """Let a shop sell here, with a fee of its own that a split rule can share with it.

    Raises:
        Invalid: it has no name, or its shopkeeper is nobody who works here (field).
    """
    actor.require("merchants.write")
    tenant = await Tenant.get(id=tenant_of(actor))
    if not english.strip():
        raise refused("shop.name", "english", t("Say what it is called."))
    known = {one.person_id: one.name for one in await assigning.workers(tenant.id)}
    if keeper and keeper not in known:
        raise refused("shop.keeper", "keeper", t("Choose one of your colleagues."))
    names = {"en": english.strip(), "zh_CN": chinese.strip() or english.strip()}
    shop_id = new_id()
    item = await FeeItem.create(
        tenant_id=tenant.id,
        scenario=SCENARIO_KEY,
        key=f"shop_{shop_id.hex[-12:]}",
        names=names,
        account_kinds=[],
        currency=tenant.currency,
        position=_POSITION,
    )
    made = await NeighbourShop.create(
        id=shop_id,
        tenant_id=tenant.id,
        names=names,
        about=about.strip(),
        person_id=keeper,
        person_name=known.get(keeper, "") if keeper else "",
        fee_item_id=item.id,
    )
    await audit.record(actor, "shop.added", subject_kind="shop", subject_id=made.id, subject_label=english)
    return made


async def shop_of(actor: Actor, shop_id: UUID) -> NeighbourShop:
    """Return a shop that the actor works: its shopkeeper, or whoever looks after all shops.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found = await NeighbourShop.get_or_none(tenant_id=tenant_of(actor), id=shop_id)
    if found is None or not (actor.may("merchants.write") or found.person_id == actor.person_id):
        raise nothing()
    return found


async def offer(actor: Actor, shop_id: UUID, goods: Goods) -> ShopProduct:
    """Sell something.

    Raises:
        Invalid: it has no name, price or number that can be; or a group without an end to come (field).
    """
    shop = await shop_of(actor, shop_id)
    if not goods.names.get("en", "").strip():
        raise refused("product.name", "english", t("Say what it is called."))
    if goods.price_minor <= 0 or not 0 <= goods.stock <= 10**6:
        raise refused("product.price", "price_minor", t("Enter a price above zero, and how many there are."))
    if goods.group_minimum and (goods.group_ends_at is None or goods.group_ends_at <= datetime.now(UTC)):
        raise refused("product.group", "ends_on", t("Choose until when the group can be joined."))
    tenant = await Tenant.get(id=shop.tenant_id)
    return await ShopProduct.create(
        id=new_id(),
        tenant_id=shop.tenant_id,
        shop_id=shop.id,
        names=dict(goods.names),
        price_minor=goods.price_minor,
        currency=tenant.currency,
        stock=goods.stock,
        group_minimum=goods.group_minimum,
        group_ends_at=goods.group_ends_at if goods.group_minimum else None,
        group_status="open" if goods.group_minimum else "",
    )


async def restock(actor: Actor, shop_id: UUID, product_id: UUID, *, stock: int, is_active: bool) -> None:
    """Say how many there are, and whether it is sold."""
    shop = await shop_of(actor, shop_id)
    if not 0 <= stock <= 10**6:
        raise refused("product.stock", "stock", t("Enter how many there are."))
    await ShopProduct.filter(tenant_id=shop.tenant_id, shop_id=shop.id, id=product_id).update(
        stock=stock, is_active=is_active
    )
