"""Shops and their goods, ordering, fulfilling, giving back, and what becomes of group purchases."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.daily import every_day
from billing.holds.kinds import HoldKind, register_hold
from billing.holds.refunding import refund
from billing.holds.service import place
from billing.models import FeeItem, Hold, Payment
from billing.plans.single import Charge
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.merchants.models import NeighbourShop, ShopOrder, ShopProduct
from scenarios.community.merchants.states import ORDER, WAYS
from scenarios.community.service import assigning
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, open_scope, rows, tenant_scope, value
from ui.errors import Conflict, Forbidden
from ui.i18n import t

KIND = "community.order"
PAY_WITHIN = timedelta(minutes=30)
MOST = 999
_POSITION = 900
_NUMBER = "select coalesce(max(substring(number from 3)::int), 0) + 1 from community_shop_order where tenant_id = $1"
_TAKE = """
update community_shop_product set stock = stock - $3 where tenant_id = $1 and id = $2 and is_active and stock >= $3
"""
_PUT_BACK = "update community_shop_product set stock = stock + $3 where tenant_id = $1 and id = $2"
_ENDED = """
select id from community_shop_product where tenant_id = $1 and group_status = 'open' and group_ends_at <= now()
 order by id for update
"""
_MISSED = """
select o.id from community_shop_order o
  join community_shop_product p on p.tenant_id = $1 and p.id = o.product_id and p.group_status = 'missed'
 where o.tenant_id = $1 and o.status = 'paid' order by o.created_at, o.id
"""
_SOLD = """
select coalesce(sum(quantity), 0)::int from community_shop_order
 where tenant_id = $1 and product_id = $2 and status in ('paid', 'fulfilled')
"""


@dataclass(frozen=True, slots=True)
class Goods:
    """What is sold, for how much, how many there are; with a minimum and an end it is sold to a group."""

    names: Mapping[str, str]
    price_minor: int
    stock: int
    group_minimum: int = 0
    group_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody orders, for which unit, and how they get it."""

    product_id: UUID
    account_id: UUID
    quantity: int
    way: str
    key: str


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


async def order(actor: Actor, tenant_id: UUID, wish: Wish) -> tuple[ShopOrder, Hold]:
    """Order something, in the institution's scope: its goods are taken and its bill issued in one transaction.

    Raises:
        Invalid: a number or way that cannot be (field).
        Conflict: there is not enough of it any more, or its group has ended.
    """
    product = await ShopProduct.get_or_none(tenant_id=tenant_id, id=wish.product_id, is_active=True)
    if product is None:
        raise nothing()
    if not 1 <= wish.quantity <= MOST or wish.way not in WAYS:
        raise refused("order.quantity", "quantity", t("Enter how many, from 1 to {most}.", most=MOST))
    if product.group_ends_at and (
        product.group_status != "open" or product.group_ends_at <= datetime.now(UTC)
    ):
        raise Conflict("order.group", t("This group purchase has ended."))
    if not await execute(_TAKE, tenant_id, product.id, wish.quantity):
        raise Conflict("order.stock", t("There is not enough of it any more."))
    shop = await NeighbourShop.get(tenant_id=tenant_id, id=product.shop_id)
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"shop-order:{tenant_id}")
    made = await ShopOrder.create(
        id=new_id(),
        tenant_id=tenant_id,
        number=f"O-{await value(_NUMBER, tenant_id):05d}",
        shop_id=shop.id,
        product_id=product.id,
        account_id=wish.account_id,
        names=product.names,
        quantity=wish.quantity,
        price_minor=product.price_minor,
        currency=product.currency,
        way=wish.way,
        ordered_by=actor.person_id,
        ordered_by_name=actor.name[:100],
    )
    hold = await _hold(actor, made, shop, wish.key)
    return made, hold


async def _hold(actor: Actor, made: ShopOrder, shop: NeighbourShop, key: str) -> Hold:
    names = {language: f"{made.quantity} × {name}" for language, name in made.names.items()}
    hold = await place(
        actor.within(made.tenant_id),
        kind=KIND,
        subject_id=made.id,
        account_id=made.account_id,
        charges=[Charge(made.total_minor, names=names, fee_item_id=shop.fee_item_id)],
        until=datetime.now(UTC) + PAY_WITHIN,
        reference=made.number,
        key=key,
    )
    await ShopOrder.filter(tenant_id=made.tenant_id, id=made.id).update(hold_id=hold.id)
    return hold


async def _move(order_: ShopOrder, edge: str, **facts: Any) -> bool:
    """Move an order, if it is where the edge begins; tell whether it was."""
    if not ORDER.can(order_.status, edge):
        return False
    moved = await ShopOrder.filter(
        tenant_id=order_.tenant_id, id=order_.id, status__in=ORDER.edges[edge].sources
    ).update(status=ORDER.edges[edge].target, **facts)
    return bool(moved)


async def kept(hold: Hold) -> None:
    """Have an order paid."""
    await _move(await _of(hold), "keep", hold_id=hold.id)


async def _of(hold: Hold) -> ShopOrder:
    return await ShopOrder.get(tenant_id=hold.tenant_id, id=hold.subject_id)


async def let_go(hold: Hold, why: str) -> None:
    """Put the goods of an order back that nobody paid."""
    del why
    found = await _of(hold)
    if await _move(found, "let_go"):
        await execute(_PUT_BACK, found.tenant_id, found.product_id, found.quantity)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Take the goods again for money that came late, if there are still enough."""
    del payment
    found = await _of(hold)
    product = await ShopProduct.get(tenant_id=found.tenant_id, id=found.product_id)
    if product.group_status in {"reached", "missed"}:
        return False
    if not await execute(_TAKE, found.tenant_id, found.product_id, found.quantity):
        return False
    return await _move(found, "take_late")


register_hold(HoldKind(KIND, kept, let_go, came_late, lambda hold: f"/my/orders/{hold.subject_id}"))


async def _worked(actor: Actor, order_id: UUID) -> ShopOrder:
    found = await ShopOrder.get_or_none(tenant_id=tenant_of(actor), id=order_id)
    if found is None:
        raise nothing()
    await shop_of(actor, found.shop_id)
    return found


async def fulfil(actor: Actor, order_id: UUID) -> None:
    """Say that an order was fetched or brought.

    Raises:
        Conflict: it is not paid, or its group has not reached its minimum yet.
    """
    found = await _worked(actor, order_id)
    product = await ShopProduct.get(tenant_id=found.tenant_id, id=found.product_id)
    if product.group_status == "open":
        raise Conflict("order.group_open", t("The group has not ended yet, so it may still not come about."))
    if not await _move(found, "fulfil", fulfilled_at=datetime.now(UTC)):
        raise Conflict("order.moved", t("This order is not waiting to be fulfilled."))


async def give_back(actor: Actor, order_id: UUID) -> None:
    """Give the money of a paid order back, and put its goods back.

    Raises:
        Conflict: it is not paid, or was fulfilled already.
    """
    found = await _worked(actor, order_id)
    if not await _give_back(actor, found):
        raise Conflict("order.moved", t("This order is not waiting to be fulfilled."))


async def _give_back(actor: Actor, found: ShopOrder) -> bool:
    """Give an order's money back, once; the refund's locks come before the order's own."""
    if found.status != "paid" or found.hold_id is None:
        return False
    await refund(
        actor,
        hold_id=found.hold_id,
        amount_minor=found.total_minor,
        reason=found.number,
        key=f"order-{found.id}",
        is_policy=True,
    )
    if await _move(found, "refund"):
        await execute(_PUT_BACK, found.tenant_id, found.product_id, found.quantity)
    return True


async def rate(actor: Actor, found: ShopOrder, *, rating: int) -> None:
    """Keep what its buyer says of a fulfilled order, from 1 to 5, in the institution's scope.

    Raises:
        Forbidden: somebody else has ordered it.
        Conflict: it is not fulfilled.
    """
    if found.ordered_by != actor.person_id:
        raise Forbidden("order.rating", t("Only who ordered it can rate it."))
    if found.status != "fulfilled":
        raise Conflict("order.rating", t("It can be rated once it is fulfilled."))
    if not 1 <= rating <= 5:  # noqa: PLR2004 - stars
        raise refused("order.rating", "rating", t("Choose from 1 to 5."))
    await ShopOrder.filter(tenant_id=found.tenant_id, id=found.id).update(rating=rating)


async def end_groups(tenant_id: UUID) -> int:
    """End the groups whose time is over: reached, or missed with everybody's money given back; return how many ended.

    It opens its own scopes: a refund locks its payment before an order and its goods, so that each is given back alone
    once the group has ended. What an interruption left is given back the next time.
    """
    actor = system_actor(tenant_id)
    async with open_scope(tenant_scope(tenant_id)):
        ended = [one["id"] for one in await rows(_ENDED, tenant_id)]
        for product_id in ended:
            product = await ShopProduct.get(tenant_id=tenant_id, id=product_id)
            is_reached = await value(_SOLD, tenant_id, product_id) >= product.group_minimum
            await ShopProduct.filter(tenant_id=tenant_id, id=product_id).update(
                group_status="reached" if is_reached else "missed"
            )
    async with open_scope(tenant_scope(tenant_id)):
        missed = [one["id"] for one in await rows(_MISSED, tenant_id)]
    for order_id in missed:
        async with open_scope(tenant_scope(tenant_id)):
            await _give_back(actor, await ShopOrder.get(tenant_id=tenant_id, id=order_id))
    return len(ended)


@every_day
async def end_groups_daily(actor: Actor) -> None:
    """End groups in the morning."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    await end_groups(actor.tenant_id)
