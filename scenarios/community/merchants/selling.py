"""What becomes of paid orders: fulfilled, given back, rated; groups that come about or not; who gets how much."""

from datetime import UTC, date, datetime
from uuid import UUID

from billing.daily import every_day
from billing.holds.refunding import refund
from billing.splits.telling import Told, told
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.merchants.buying import move, put_back
from scenarios.community.merchants.models import NeighbourShop, ShopOrder, ShopProduct
from scenarios.community.merchants.service import shop_of
from scenarios.community.merchants.states import ORDER
from tenants.actor import Actor, system_actor
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import Conflict, Forbidden
from ui.i18n import t

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


async def sharing_of(found: ShopOrder, shop: NeighbourShop, day: date) -> Told | None:
    """Return how what is paid for an order is shared between the shop, others and the estate."""
    return await told(found.tenant_id, shop.fee_item_id, day, found.total_minor, found.currency)


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
    if not await move(found, "fulfil", fulfilled_at=datetime.now(UTC)):
        raise Conflict("order.moved", t("This order is not waiting to be fulfilled."))


async def give_back(actor: Actor, order_id: UUID, *, reason: str = "") -> None:
    """Give the money of an order back, and put its goods back unless they were handed over.

    Raises:
        Invalid: it was fulfilled, and nothing says why the money goes back (field ``reason``).
        Conflict: it is not paid, or was given back already.
    """
    found = await _worked(actor, order_id)
    if found.status == "fulfilled" and not reason.strip():
        raise refused("order.reason", "reason", t("Say why the money goes back."))
    if not await _give_back(actor, found, reason.strip()):
        raise Conflict("order.moved", t("There is nothing of this order to give back."))


async def _give_back(actor: Actor, found: ShopOrder, reason: str = "") -> bool:
    """Give an order's money back, once; the refund's locks come before the order's own."""
    if found.status not in ORDER.edges["refund"].sources or found.hold_id is None:
        return False
    is_handed_over = found.status == "fulfilled"
    shop = await NeighbourShop.get(tenant_id=found.tenant_id, id=found.shop_id)
    await refund(
        actor,
        hold_id=found.hold_id,
        amount_minor=found.total_minor,
        reason=reason or found.number,
        key=f"order-{found.id}",
        is_policy=True,
        fee_item_id=shop.fee_item_id,
    )
    if await move(found, "refund", refund_reason=reason[:200]) and not is_handed_over:
        await put_back(found)
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
