"""Prices as fee rules: a table by season and visitor, one for each product."""

from collections.abc import Mapping
from typing import Any

from billing.catalogue import FeeTemplate
from billing.rules import builders as b
from billing.rules import dump
from scenarios.tourism.kinds import AGENCY, VISITOR

Prices = Mapping[tuple[str, str], str]
"""(season, visitor kind) → price in the currency's major unit."""


def by_season_and_visitor(currency: str, prices: Prices) -> dict[str, Any]:
    """Return the rule document of a product that costs so much by season and visitor."""
    table = b.table(("season", "visitor_kind"), dict(prices))
    return dump(b.charge(currency, table, period="once"))


TEMPLATES = (
    FeeTemplate("admission", {"en": "Admission", "zh_CN": "门票"}, (VISITOR,)),
    FeeTemplate("annual_pass", {"en": "Annual pass", "zh_CN": "年卡"}, (VISITOR,)),
    FeeTemplate("group_admission", {"en": "Group admission", "zh_CN": "团队票"}, (VISITOR, AGENCY)),
)
"""What a new site begins with; its prices are drafted by the institution."""
