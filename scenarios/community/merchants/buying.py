"""Ordering goods of one shop or several: taken from stock together, paid by one bill, then each for itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.holds.kinds import HoldKind, register_hold
from billing.holds.service import place
from billing.models import Hold, Payment
from billing.plans.single import MOST_LINES, Charge
from scenarios.community.common import nothing, refused
from scenarios.community.merchants import promotions
from scenarios.community.merchants.models import NeighbourShop, ShopOrder, ShopProduct, ShopPromotion
from scenarios.community.merchants.promotions import Line
from scenarios.community.merchants.states import ORDER, WAYS
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, open_scope, tenant_scope, value
from ui.errors import Conflict
from ui.i18n import t

KIND = "community.order"
PAY_WITHIN = timedelta(minutes=30)
MOST = 999
_NUMBER = "select coalesce(max(substring(number from 3)::int), 0) + 1 from community_shop_order where tenant_id = $1"
_TAKE = """
update community_shop_product set stock = stock - $3 where tenant_id = $1 and id = $2 and is_active and stock >= $3
"""
_PUT_BACK = "update community_shop_product set stock = stock + $3 where tenant_id = $1 and id = $2"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody orders, for which unit, and how they get it: how many of each product."""

    wanted: Mapping[UUID, int]
    account_id: UUID
    way: str
    key: str


@dataclass(frozen=True, slots=True)
class Priced:
    """One product of a basket with what it costs now."""

    product: ShopProduct
    quantity: int
    discount_minor: int
    promotion: ShopPromotion | None

    @property
    def total_minor(self) -> int:
        """What it comes to."""
        return int(self.product.price_minor * self.quantity) - self.discount_minor


async def priced(tenant_id: UUID, wanted: Mapping[UUID, int], at: datetime) -> list[Priced]:
    """Return what these goods cost at a moment, shop by shop, with what promotions take off.

    Raises:
        NotFound: one of them is not sold.
    """
    found = await ShopProduct.filter(tenant_id=tenant_id, id__in=list(wanted), is_active=True)
    if len(found) < len(wanted):
        raise nothing()
    shops: dict[UUID, list[ShopProduct]] = {}
    for product in sorted(found, key=lambda one: (one.shop_id, one.created_at, one.id)):
        shops.setdefault(product.shop_id, []).append(product)
    offers = await promotions.running(tenant_id, list(shops), at)
    return [
        one
        for shop_id, products in shops.items()
        for one in _of_shop(products, wanted, [each for each in offers if each.shop_id == shop_id])
    ]


def _of_shop(
    products: Sequence[ShopProduct], wanted: Mapping[UUID, int], offers: Sequence[ShopPromotion]
) -> list[Priced]:
    lines = [Line(one.id, int(one.price_minor * wanted[one.id])) for one in products]
    promotion, off = promotions.best(offers, lines)
    return [
        Priced(one, wanted[one.id], less, promotion if less else None)
        for one, less in zip(products, off, strict=True)
    ]


async def buy(actor: Actor, tenant_id: UUID, wish: Wish) -> tuple[list[ShopOrder], Hold]:
    """Order goods, in the institution's scope: they are taken from stock and one bill issued in one transaction.

    Raises:
        Invalid: a number or way that cannot be (field).
        NotFound: something is not sold.
        Conflict: there is not enough of something any more, or its group has ended.
    """
    _check(wish)
    goods = await priced(tenant_id, wish.wanted, datetime.now(UTC))
    for one in goods:
        _must_be_open(one.product)
    await _take(tenant_id, {one.product.id: one.quantity for one in goods})
    shops = {
        one.id: one
        for one in await NeighbourShop.filter(
            tenant_id=tenant_id, id__in=list({one.product.shop_id for one in goods})
        )
    }
    made = await _orders(actor, tenant_id, wish, goods)
    return made, await _hold(actor, made, shops, wish.key)


def _check(wish: Wish) -> None:
    if wish.way not in WAYS or any(not 1 <= quantity <= MOST for quantity in wish.wanted.values()):
        raise refused("order.quantity", "quantity", t("Enter how many, from 1 to {most}.", most=MOST))
    if not 0 < len(wish.wanted) <= MOST_LINES:
        text = t("Put one to {n} different goods into the basket.", n=MOST_LINES)
        raise refused("order.basket", "quantity", text)


def _must_be_open(product: ShopProduct) -> None:
    if product.group_ends_at and (
        product.group_status != "open" or product.group_ends_at <= datetime.now(UTC)
    ):
        raise Conflict("order.group", t("This group purchase has ended."))


async def _take(tenant_id: UUID, wanted: Mapping[UUID, int]) -> None:
    """Take goods from stock, always in the same order, so that two baskets never wait for each other in a ring."""
    for product_id in sorted(wanted):
        if not await execute(_TAKE, tenant_id, product_id, wanted[product_id]):
            raise Conflict("order.stock", t("There is not enough of it any more."))


async def _orders(actor: Actor, tenant_id: UUID, wish: Wish, goods: Sequence[Priced]) -> list[ShopOrder]:
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"shop-order:{tenant_id}")
    first, basket_id = int(await value(_NUMBER, tenant_id)), new_id()
    return [
        await ShopOrder.create(
            id=new_id(),
            tenant_id=tenant_id,
            number=f"O-{first + place_:05d}",
            basket_id=basket_id,
            shop_id=one.product.shop_id,
            product_id=one.product.id,
            account_id=wish.account_id,
            names=one.product.names,
            quantity=one.quantity,
            price_minor=one.product.price_minor,
            discount_minor=one.discount_minor,
            discount_names=one.promotion.names if one.promotion else None,
            currency=one.product.currency,
            way=wish.way,
            ordered_by=actor.person_id,
            ordered_by_name=actor.name[:100],
        )
        for place_, one in enumerate(goods)
    ]


async def _hold(
    actor: Actor, made: Sequence[ShopOrder], shops: Mapping[UUID, NeighbourShop], key: str
) -> Hold:
    first = made[0]
    hold = await place(
        actor.within(first.tenant_id),
        kind=KIND,
        subject_id=first.basket_id or first.id,
        account_id=first.account_id,
        charges=[
            Charge(one.total_minor, names=_names(one), fee_item_id=shops[one.shop_id].fee_item_id)
            for one in made
        ],
        until=datetime.now(UTC) + PAY_WITHIN,
        reference=first.number,
        key=key,
    )
    await ShopOrder.filter(tenant_id=first.tenant_id, basket_id=first.basket_id).update(hold_id=hold.id)
    return hold


def _names(one: ShopOrder) -> dict[str, str]:
    return {language: f"{one.quantity} × {name}" for language, name in one.names.items()}


async def of_basket(tenant_id: UUID, basket_id: UUID) -> list[ShopOrder]:
    """Return the orders that are paid together."""
    return await ShopOrder.filter(tenant_id=tenant_id, basket_id=basket_id).order_by("number")


async def hold_of(found: ShopOrder) -> Hold | None:
    """Return what keeps an order that is still being paid, in the institution's scope."""
    if found.status != "placed":
        return None
    return await Hold.get_or_none(
        tenant_id=found.tenant_id, kind=KIND, subject_id=found.basket_id, status="held"
    )


async def move(found: ShopOrder, edge: str, **facts: Any) -> bool:
    """Move an order, if it is where the edge begins; tell whether it was."""
    if not ORDER.can(found.status, edge):
        return False
    moved = await ShopOrder.filter(
        tenant_id=found.tenant_id, id=found.id, status__in=ORDER.edges[edge].sources
    ).update(status=ORDER.edges[edge].target, **facts)
    return bool(moved)


async def put_back(found: ShopOrder) -> None:
    """Put an order's goods back into stock."""
    await execute(_PUT_BACK, found.tenant_id, found.product_id, found.quantity)


async def kept(hold: Hold) -> None:
    """Have a basket's orders paid."""
    for one in await of_basket(hold.tenant_id, hold.subject_id):
        await move(one, "keep", hold_id=hold.id)


async def let_go(hold: Hold, why: str) -> None:
    """Put the goods of a basket back that nobody paid."""
    del why
    for one in sorted(await of_basket(hold.tenant_id, hold.subject_id), key=lambda one: one.product_id):
        if await move(one, "let_go"):
            await put_back(one)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Take the goods again for money that came late, if there are still enough of all of them."""
    del payment
    found = await of_basket(hold.tenant_id, hold.subject_id)
    ended = ShopProduct.filter(
        tenant_id=hold.tenant_id,
        id__in=[one.product_id for one in found],
        group_status__in=["reached", "missed"],
    )
    if await ended.exists():
        return False
    try:
        async with open_scope(tenant_scope(hold.tenant_id)):
            await _take(hold.tenant_id, {one.product_id: one.quantity for one in found})
    except Conflict:
        return False
    return all([await move(one, "take_late") for one in found])


register_hold(HoldKind(KIND, kept, let_go, came_late, lambda hold: f"/my/baskets/{hold.subject_id}"))
