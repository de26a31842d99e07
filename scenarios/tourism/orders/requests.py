"""What is asked for in one order, and the order as it may be placed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.tourism.orders.people import Buyer, Visitor
from scenarios.tourism.orders.wishes import Item, Visit, Wish
from scenarios.tourism.stock import pools


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that is asked for in one order. ``visitors`` are named in the order of the tickets."""

    site_id: UUID
    day: date
    slot_id: UUID | None
    wishes: Sequence[Wish]
    visitors: Sequence[Visitor]
    buyer: Buyer
    channel: str = "web"

    def body(self) -> dict[str, Any]:
        """Return what is asked for in JSON types."""
        return {
            "site": str(self.site_id),
            "day": self.day.isoformat(),
            "slot": str(self.slot_id or ""),
            "wishes": [[str(one.product_id), one.visitor_kind, one.quantity] for one in self.wishes],
            "visitors": [[one.name, one.document] for one in self.visitors],
            "buyer": [self.buyer.name, self.buyer.address.value],
            "channel": self.channel,
        }


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that may be placed."""

    asked: Request
    visit: Visit
    items: Sequence[Item]
    places: pools.Places
    policy: Sequence[Mapping[str, Any]] | None = None
    """Refund tiers that were agreed, instead of the products' own."""

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return sum(one.total_minor for one in self.items)
