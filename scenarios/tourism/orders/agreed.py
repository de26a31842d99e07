"""What a contract with an agency says of a booking: prices, whether a time can be booked, which places it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from scenarios.tourism.models import Contract, Order, Product
from scenarios.tourism.orders import settling
from scenarios.tourism.orders.wishes import Visit
from scenarios.tourism.stock import allotments, pools
from ui.errors import Conflict
from ui.formats import date_text
from ui.i18n import t

CHANNEL = "agency"


@dataclass(frozen=True, slots=True)
class AgreedPrices:
    """Settlement prices: what the agency pays, which nobody else is shown."""

    minor: Mapping[tuple[str, str], int]

    def price(self, product: Product, visitor_kind: str) -> int | None:
        """Return what the agency pays for one such visitor; ``None`` where nothing was agreed."""
        return self.minor.get((str(product.id), visitor_kind))


def prices_of(contract: Contract) -> AgreedPrices:
    """Return a contract's settlement prices."""
    return AgreedPrices({(one["product"], one["kind"]): int(one["price_minor"]) for one in contract.prices})


def must_be_bookable(contract: Contract, visit: Visit) -> None:
    """Refuse a time that the contract does not cover, that is closed or over.

    Raises:
        Conflict: with what stands in the way.
    """
    if contract.status != "active" or not contract.since <= visit.day <= contract.until:
        text = t(
            "The contract covers visits from {since} until {until}.",
            since=date_text(contract.since),
            until=date_text(contract.until),
        )
        raise Conflict("contract.days", text)
    if visit.slot is None:
        raise Conflict("order.slot", t("Choose a time."))
    if visit.slot.status != "open":
        raise Conflict("slot.closed", t("This time has been closed. Choose another one."))
    if datetime.now(UTC) >= visit.slot.ends_at:
        raise Conflict("slot.over", t("This time has passed. Choose another one."))


async def places_of(
    contract: Contract, visit: Visit, people: int, given: pools.Places | None = None
) -> dict[UUID, int]:
    """Return the pools that a booking draws on: the allotment where it has enough, else what everybody can get.

    ``given`` are places of the booking's own that come back in the same step.

    Raises:
        SoldOut: neither has so many places left.
    """
    if not people:
        return {}
    assert visit.slot is not None  # noqa: S101 - looked at before
    own = await allotments.of_slot(visit.site, visit.day, visit.slot.id, contract.id, people)
    return own or pools.of_visit(visit.free, people, given)


async def confirm(order: Order) -> None:
    """Take a booking's places, as the last step, and make its tickets good: it is billed by the month."""
    places = pools.kept(order.pools)
    if await allotments.is_reserved(order.tenant_id, places):
        await allotments.sell(order.tenant_id, places)
        await settling.issue(order)
        return
    if places:
        await pools.take(order.tenant_id, places)
    await settling.confirm(order)


async def swap(order: Order, taken: pools.Places, given: pools.Places) -> None:
    """Give the places of a booking back and take others, all of them locked first."""
    await pools.lock(order.tenant_id, {*taken, *given})
    await allotments.give_back(order.tenant_id, given)
    if await allotments.is_reserved(order.tenant_id, taken):
        await allotments.sell(order.tenant_id, taken)
        return
    await pools.take(order.tenant_id, taken)
    await pools.convert(order.tenant_id, taken)


def must_be_in_time(contract: Contract, begins_at: datetime) -> None:
    """Refuse to move what begins too soon.

    Raises:
        Conflict: fewer hours are left than the contract asks for.
    """
    if begins_at - timedelta(hours=contract.moves_hours) <= datetime.now(UTC):
        text = t(
            "The contract lets bookings be moved until {n} hours before the visit.", n=contract.moves_hours
        )
        raise Conflict("contract.too_late", text)
