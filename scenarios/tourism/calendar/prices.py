"""What a ticket costs: the rule of its product's fee that is in force on the day of the visit."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

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


def price_list(
    site: Site, day: date, rule: DayRule | None, found: Iterable[tuple[UUID, str, date | None]]
) -> PriceList:
    """Return the prices of a day by fee rules as (fee, document, last day), the latest to begin last."""
    made = PriceList(season_of(site, day), day_kind(day, rule))
    for fee_item_id, document, until in found:
        if until is None or until >= day:
            made.documents[fee_item_id] = _parsed(document)
    return made


@lru_cache(maxsize=1024)
def _parsed(document: str) -> Charge | LateFee:
    """Return a rule that was read before as it was read then: a text says the same each time."""
    return parse(json.loads(document))
