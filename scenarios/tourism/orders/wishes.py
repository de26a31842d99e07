"""What somebody wants to buy, looked at closely before anything is written: may it be sold, to them, for what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from billing.names import localized
from scenarios.tourism.calendar.catalogue import Catalogue, facts_of
from scenarios.tourism.calendar.days import moment, sale_of
from scenarios.tourism.models import Product, Site, Slot, SlotTemplate
from scenarios.tourism.orders.people import Visitor
from tenants.models import Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import datetime_text
from ui.i18n import Text, t

MOST_TICKETS = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """So many of one product for one kind of visitor."""

    product_id: UUID
    visitor_kind: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Item:
    """A wish that can be fulfilled, with its price for one in minor units.

    A group's wish is one ticket for all of its people; any other is as many tickets.
    """

    product: Product
    visitor_kind: str
    quantity: int
    price_minor: int

    @property
    def is_group(self) -> bool:
        """Whether one ticket stands for all."""
        return self.product.kind == "group"

    @property
    def places(self) -> int:
        """How many people of it come on site by slot."""
        return self.quantity if self.product.is_slotted else 0

    @property
    def total_minor(self) -> int:
        """What all of it costs."""
        return self.price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class Visit:
    """When and where the tickets are for, with what is asked for and what is free."""

    site: Site
    day: date
    slot: Slot | None
    tenant: Tenant
    template: SlotTemplate | None
    """What the slot was made from; it may have a window of sale of its own."""
    catalogue: Catalogue
    free: Mapping[UUID, int]
    """How many people each pool that the visit draws on still takes."""

    @property
    def zone(self) -> str:
        """The site's zone."""
        return self.tenant.timezone

    @property
    def currency(self) -> str:
        """What its prices are in."""
        return self.tenant.currency

    def span(self, product: Product) -> tuple[datetime, datetime]:
        """Return from when until when a ticket of the product lets in."""
        if product.kind == "pass":
            end = self.day + timedelta(days=max(product.valid_days, 1))
            return moment(self.day, 0, self.zone), moment(end, 0, self.zone)
        if self.slot is None or not product.is_slotted:
            return moment(self.day, 0, self.zone), moment(self.day, 1440, self.zone)
        before, after = (
            timedelta(minutes=grace) for grace in (self.slot.grace_before, self.slot.grace_after)
        )
        return self.slot.starts_at - before, self.slot.ends_at + after

    def begins_at(self, product: Product) -> datetime:
        """Return the moment that refund tiers count back from."""
        return self.slot.starts_at if self.slot and product.is_slotted else self.span(product)[0]


def refused(code: str, text: Text, field: str = "") -> Invalid:
    """Return the refusal of an order as it was typed."""
    return Invalid(code, text, fields={field: text} if field else None)


async def visit_of(  # noqa: PLR0917 - where, when and what
    tenant_id: UUID,
    site_id: UUID,
    day: date,
    slot_id: UUID | None,
    product_ids: Iterable[UUID],
    channel: str,
) -> Visit:
    """Return where and when, with these products, and what the channel can sell of it.

    Raises:
        NotFound: the site has no such slot on that day.
    """
    found = await facts_of(tenant_id, site_id, day, slot_id, product_ids, channel)
    if found is None or (slot_id and found.slot is None):
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    return Visit(found.site, day, found.slot, found.tenant, found.template, found.catalogue, found.free)


def must_be_on_sale(visit: Visit, *, is_staff: bool = False) -> None:
    """Refuse a day or slot that is not sold now; staff at the desk sell until its end.

    Raises:
        Conflict: not yet, no longer, or closed.
    """
    now, slot = datetime.now(UTC), visit.slot
    if slot is not None and slot.status != "open":
        raise Conflict("slot.closed", t("This time has been closed. Choose another one."))
    if slot is not None and now >= _last_moment(visit, slot, is_staff=is_staff):
        raise Conflict("slot.over", t("This time has passed. Choose another one."))
    if is_staff:
        return
    sale = sale_of(visit.site, visit.day, visit.zone, visit.template)
    if not visit.site.is_open:
        raise Conflict("site.shut", t("No tickets are sold here at the moment."))
    if now < sale.since:
        raise Conflict("sale.not_yet", t("Tickets for this day are not on sale yet."))
    if now >= sale.until:
        raise Conflict("sale.over", t("Tickets for this day are no longer sold here."))


def _last_moment(visit: Visit, slot: Slot, *, is_staff: bool) -> datetime:
    if is_staff:
        return slot.ends_at
    return min(slot.ends_at, slot.starts_at + timedelta(minutes=visit.site.closes_minutes))


class Prices(Protocol):
    """What a ticket costs."""

    def price(self, product: Product, visitor_kind: str) -> int | None:
        """Return what one such visitor pays, in minor units; ``None`` where it is not sold to them."""


def items_of(
    visit: Visit, wishes: Sequence[Wish], agreed: Prices | None = None, *, is_staff: bool = False
) -> list[Item]:
    """Return what can be sold of the wishes, all of it or nothing; at prices that were agreed, or at everybody's.

    Raises:
        Invalid: nothing, too much or too few is wanted, or a product is not sold to such a visitor on that day.
    """
    wanted = [one for one in wishes if one.quantity > 0]
    if not wanted:
        raise refused("order.empty", t("Choose how many people come."), "quantity")
    products = {one.id: one for one in visit.catalogue.products if one.is_on_sale or agreed is not None}
    prices = agreed or visit.catalogue.prices
    if agreed is None and not is_staff:
        _must_be_open(visit, [products[one.product_id] for one in wanted if one.product_id in products])
    items = []
    for one in wanted:
        product = products.get(one.product_id)
        price = prices.price(product, one.visitor_kind) if product else None
        if product is None or price is None:
            raise refused("order.not_sold", t("This ticket is not sold for that day."), "quantity")
        items.append(Item(product, one.visitor_kind, one.quantity, price))
    _check_counts(visit, items, is_agreed=agreed is not None)
    return items


def _must_be_open(visit: Visit, products: Iterable[Product]) -> None:
    """Refuse products whose own window of sale has not opened yet."""
    for one in products:
        sale = sale_of(visit.site, visit.day, visit.zone, visit.template, one)
        if datetime.now(UTC) < sale.since:
            moment_ = datetime_text(sale.since, visit.zone)
            raise Conflict(
                "sale.not_yet",
                t("{product} is on sale from {moment} on.", product=localized(one.names), moment=moment_),
            )


def _check_counts(visit: Visit, items: Sequence[Item], *, is_agreed: bool) -> None:
    has_many = is_agreed or any(one.is_group for one in items)
    most = MOST_TICKETS if has_many else visit.site.most_per_order
    if sum(one.quantity for one in items) > most:
        raise refused("order.too_many", t("At most {n} people fit in one order.", n=most), "quantity")
    for one in items:
        if one.quantity < one.product.least_people:
            least = one.product.least_people
            raise refused("order.too_few", t("A group has at least {n} people.", n=least), "quantity")
    if visit.slot is None and any(one.product.is_slotted for one in items):
        raise refused("order.slot", t("Choose a time."), "slot")


def names_needed(items: Sequence[Item]) -> int:
    """Return how many visitors an order names: each one, the buyer alone, or nobody."""
    each = sum(
        1 if one.is_group else one.quantity for one in items if one.product.real_name in {"each", "lead"}
    )
    is_each = any(one.product.real_name == "each" for one in items)
    return each if is_each else min(each, 1)


def check_visitors(items: Sequence[Item], visitors: Sequence[Visitor]) -> None:
    """Refuse an order whose visitors are not named as its products ask.

    Raises:
        Invalid: somebody is missing, or the same document is there twice; the field says who.
    """
    needed = names_needed(items)
    if len(visitors) < needed:
        raise refused("visitor.missing", t("Give the name and document of each visitor."), "visitors")
    seen: set[str] = set()
    for place, one in enumerate(visitors[:needed]):
        if not one.is_known:
            raise refused(
                "visitor.missing", t("Give the name and document of this visitor."), f"visitors-{place}-name"
            )
        if one.document in seen:
            raise refused(
                "visitor.twice", t("This document is in the order twice."), f"visitors-{place}-document"
            )
        seen.add(one.document)


def policy_of(product: Product) -> list[Mapping[str, Any]]:
    """Return the refund tiers, longest notice first, as a ticket keeps them."""
    return sorted(product.refund_tiers, key=lambda tier: -int(tier["hours"]))


@dataclass(frozen=True, slots=True)
class Deadline:
    """What comes back until a moment, in percent; ``has_strike`` when it is held against the visitor."""

    percent: int
    until: datetime
    has_strike: bool


def deadlines(policy: Sequence[Mapping[str, Any]], begins_at: datetime) -> list[Deadline]:
    """Return refund tiers as moments, in the order in which they pass."""
    return [
        Deadline(
            int(tier["percent"]), begins_at - timedelta(hours=int(tier["hours"])), bool(tier.get("strike"))
        )
        for tier in policy
    ]
