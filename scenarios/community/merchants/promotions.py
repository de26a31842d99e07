"""Promotions of shops: what is taken off, from when until when, and from which sum on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from billing.names import Sum, localized
from billing.splits.core import take
from scenarios.community.common import nothing, refused
from scenarios.community.merchants import service
from scenarios.community.merchants.models import ShopProduct, ShopPromotion
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from ui.i18n import gettext, t

KINDS = ("percent", "amount")
MOST_PERCENT = 90
MOST_MINOR = 10**9
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What is taken off: ``value`` is in percent, or in minor units once for a basket; of one product, or of all."""

    names: Mapping[str, str]
    kind: str
    value: int
    starts_at: datetime
    ends_at: datetime
    minimum_minor: int = 0
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody means to buy of one product, before anything is taken off."""

    product_id: UUID
    amount_minor: int


def taken_off(promotion: ShopPromotion, lines: Sequence[Line]) -> list[int]:
    """Return what a promotion takes off each line of one shop; something of each line is always left to pay.

    Each line is rounded down to the minor unit; an amount is divided in proportion, to the last unit.
    """
    if sum(one.amount_minor for one in lines) < promotion.minimum_minor:
        return [0] * len(lines)
    most = [one.amount_minor - 1 if promotion.product_id in {None, one.product_id} else 0 for one in lines]
    if promotion.kind == "percent":
        return [
            min(one.amount_minor * promotion.value // WHOLE, room)
            for one, room in zip(lines, most, strict=True)
        ]
    return take(most, min(promotion.value, sum(most)))


def best(
    promotions: Sequence[ShopPromotion], lines: Sequence[Line]
) -> tuple[ShopPromotion | None, list[int]]:
    """Return the promotion that takes most off one shop's lines, the first of equals, and what it takes off each."""
    found: tuple[ShopPromotion | None, list[int]] = (None, [0] * len(lines))
    for promotion in promotions:
        off = taken_off(promotion, lines)
        if sum(off) > sum(found[1]):
            found = (promotion, off)
    return found


async def running(tenant_id: UUID, shop_ids: Sequence[UUID], at: datetime) -> list[ShopPromotion]:
    """Return the promotions of these shops that hold at a moment, in the order in which they were made."""
    query = ShopPromotion.filter(
        tenant_id=tenant_id, shop_id__in=list(shop_ids), is_active=True, starts_at__lte=at, ends_at__gt=at
    )
    return await query.order_by("created_at", "id")


async def of_shop(tenant_id: UUID, shop_id: UUID) -> list[ShopPromotion]:
    """Return all promotions of a shop, the last first."""
    return (
        await ShopPromotion.filter(tenant_id=tenant_id, shop_id=shop_id)
        .order_by("-created_at", "-id")
        .limit(100)
    )


async def promote(actor: Actor, shop_id: UUID, terms: Terms) -> ShopPromotion:
    """Take something off for a time.

    Raises:
        NotFound: the shop is not one that the actor works.
        Invalid: a name, value, span or product that cannot be (field).
    """
    shop = await service.shop_of(actor, shop_id)
    if not terms.names.get("en", "").strip():
        raise refused("promotion.name", "english", t("Say what it is called."))
    most = MOST_PERCENT if terms.kind == "percent" else MOST_MINOR
    if terms.kind not in KINDS or not 0 < terms.value <= most:
        text = t("Enter a percentage from 1 to {most}, or an amount above zero.", most=MOST_PERCENT)
        raise refused("promotion.value", "percent", text)
    if not 0 <= terms.minimum_minor <= MOST_MINOR:
        raise refused("promotion.minimum", "minimum_minor", t("Enter an amount of zero or more."))
    if terms.ends_at <= max(terms.starts_at, datetime.now(UTC)):
        raise refused("promotion.span", "ends_on", t("Choose an end after the beginning, and not over yet."))
    if terms.product_id is not None and not await ShopProduct.exists(
        tenant_id=shop.tenant_id, shop_id=shop.id, id=terms.product_id
    ):
        raise nothing()
    made = await ShopPromotion.create(
        id=new_id(),
        tenant_id=shop.tenant_id,
        shop_id=shop.id,
        product_id=terms.product_id,
        names=dict(terms.names),
        kind=terms.kind,
        value=terms.value,
        minimum_minor=terms.minimum_minor,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
    )
    await _record(actor, "promotion.added", made)
    return made


async def end(actor: Actor, shop_id: UUID, promotion_id: UUID) -> None:
    """Take nothing off any more, from now on; what was ordered keeps it."""
    shop = await service.shop_of(actor, shop_id)
    found = await ShopPromotion.get_or_none(tenant_id=shop.tenant_id, shop_id=shop.id, id=promotion_id)
    if found is None:
        raise nothing()
    await ShopPromotion.filter(tenant_id=shop.tenant_id, id=found.id).update(is_active=False)
    await _record(actor, "promotion.ended", found)


async def _record(actor: Actor, act: str, found: ShopPromotion) -> None:
    await audit.record(
        actor, act, subject_kind="shop", subject_id=found.shop_id, subject_label=found.names["en"]
    )


def said(found: ShopPromotion, currency: str) -> str:
    """Return a promotion as people read it."""
    name = localized(found.names)
    off = (
        gettext("{name}: {percent} % off", name=name, percent=found.value)
        if found.kind == "percent"
        else gettext("{name}: {amount} off, once for a basket", name=name, amount=Sum(found.value, currency))
    )
    least = Sum(found.minimum_minor, currency)
    return (
        gettext("{promotion}, from {amount} on", promotion=off, amount=least) if found.minimum_minor else off
    )
