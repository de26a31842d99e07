"""What a ticket costs: the rule of its product's fee that is in force on the day of the visit."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from billing.models import FeeRule
from billing.rules import Charge, Facts, LateFee, Outcome, evaluate, parse
from scenarios.tourism.calendar.days import day_kind, season_of
from scenarios.tourism.models import DayRule, Product, Site


@dataclass(slots=True)
class PriceList:
    """The prices of one day. ``price`` is ``None`` where the rule does not offer the product to such a visitor."""

    season: str
    day_kind: str
    documents: dict[UUID, Charge | LateFee] = field(default_factory=dict)

    def price(self, product: Product, visitor_kind: str) -> int | None:
        """Return what one such visitor pays, in minor units."""
        document = self.documents.get(product.fee_item_id)
        if document is None or visitor_kind not in product.visitor_kinds:
            return None
        outcome = evaluate(document, Facts(attributes=self._facts(visitor_kind)))
        return outcome.amount_minor if isinstance(outcome, Outcome) else None

    def _facts(self, visitor_kind: str) -> dict[str, Any]:
        return {"visitor_kind": visitor_kind, "season": self.season, "day_kind": self.day_kind}


async def prices_of(site: Site, day: date, rule: DayRule | None, products: Iterable[Product]) -> PriceList:
    """Return the prices of these products on a day."""
    made = PriceList(season_of(site, day), day_kind(day, rule))
    wanted = list({one.fee_item_id for one in products})
    found = await FeeRule.filter(
        tenant_id=site.tenant_id, fee_item_id__in=wanted, status="active", effective_from__lte=day
    ).order_by("effective_from")
    for one in found:
        if one.effective_until is None or one.effective_until >= day:
            made.documents[one.fee_item_id] = parse(one.document)
    return made
