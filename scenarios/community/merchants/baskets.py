"""Baskets: what somebody means to order for a unit, of whichever shops, until they do."""

from datetime import UTC, datetime
from uuid import UUID

from billing.models import Hold
from billing.plans.single import MOST_LINES
from scenarios.community.common import nothing, refused
from scenarios.community.merchants import buying
from scenarios.community.merchants.buying import MOST, Priced, Wish
from scenarios.community.merchants.models import BasketItem, ShopOrder, ShopProduct
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import value
from ui.i18n import t


async def put(actor: Actor, tenant_id: UUID, account_id: UUID, product_id: UUID, *, quantity: int) -> None:
    """Say how many of something are in the basket, in the institution's scope; none takes it out.

    Raises:
        NotFound: it is not sold.
        Invalid: a number that cannot be, or too many different goods (field ``quantity``).
    """
    if not 0 <= quantity <= MOST:
        raise refused("order.quantity", "quantity", t("Enter how many, from 1 to {most}.", most=MOST))
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"basket:{actor.person_id}")
    own = BasketItem.filter(tenant_id=tenant_id, person_id=actor.person_id, account_id=account_id)
    known = own.filter(product_id=product_id)
    if not quantity:
        await known.delete()
        return
    if not await ShopProduct.exists(tenant_id=tenant_id, id=product_id, is_active=True):
        raise nothing()
    if await known.update(quantity=quantity):
        return
    if await own.count() >= MOST_LINES:
        text = t("Put one to {n} different goods into the basket.", n=MOST_LINES)
        raise refused("order.basket", "quantity", text)
    await BasketItem.create(
        id=new_id(),
        tenant_id=tenant_id,
        person_id=actor.person_id,
        account_id=account_id,
        product_id=product_id,
        quantity=quantity,
    )


async def contents(actor: Actor, tenant_id: UUID, account_id: UUID) -> list[Priced]:
    """Return what is in a basket at today's prices, in the institution's scope; what is sold no more falls out."""
    items = await BasketItem.filter(tenant_id=tenant_id, person_id=actor.person_id, account_id=account_id)
    sold = await ShopProduct.filter(
        tenant_id=tenant_id, id__in=[one.product_id for one in items], is_active=True
    )
    known = {one.id for one in sold}
    wanted = {one.product_id: one.quantity for one in items if one.product_id in known}
    return await buying.priced(tenant_id, wanted, datetime.now(UTC)) if wanted else []


async def order(
    actor: Actor, tenant_id: UUID, account_id: UUID, *, way: str, key: str
) -> tuple[list[ShopOrder], Hold]:
    """Order what is in the basket and empty it, in the institution's scope.

    Raises:
        Invalid, Conflict: as for ``buying.buy``; the basket stays as it is.
    """
    wanted = {one.product.id: one.quantity for one in await contents(actor, tenant_id, account_id)}
    made = await buying.buy(actor, tenant_id, Wish(wanted, account_id, way, key))
    await BasketItem.filter(tenant_id=tenant_id, person_id=actor.person_id, account_id=account_id).delete()
    return made
