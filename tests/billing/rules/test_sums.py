"""Parts that must add up to their whole, whatever the numbers."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.rules import Facts, Outcome, Period, builders, evaluate
from billing.rules.documents import Charge
from tests.billing.rules.strategies import STEPS, prices

FIRST = date(2026, 1, 1)
ROUNDINGS = st.builds(
    builders.rounding, st.sampled_from(STEPS["SGD"]), st.sampled_from(["half_up", "half_even", "up", "down"])
)


def owed(document: Charge, facts: Facts) -> int:
    outcome = evaluate(document, facts)
    assert isinstance(outcome, Outcome)
    return outcome.amount_minor


@given(prices, ROUNDINGS, st.integers(1, 366), st.sets(st.integers(1, 365), max_size=5))
def test_the_owners_of_a_period_together_owe_the_whole(
    price: str, rounding, days: int, moves: set[int]
) -> None:
    document = builders.charge("SGD", price, round_to=rounding, proration="by_day")
    period = Period(FIRST, FIRST + timedelta(days=days - 1))
    starts = [0, *sorted(move for move in moves if move < days), days]
    spans = pairwise(starts)
    parts = [
        Facts(period=period, active_from=FIRST + timedelta(days=a), active_to=FIRST + timedelta(days=b - 1))
        for a, b in spans
    ]
    assert sum(owed(document, part) for part in parts) == owed(document, Facts(period=period))


@given(st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=12))
def test_the_months_of_a_year_cost_what_the_year_costs(months: list[Decimal]) -> None:
    steps = (("180", "5.01"), ("260", "7.03"), (None, "9.07"))
    by_month = builders.tiers(builders.quantity("usage"), *steps, after=builders.quantity("used_this_year"))
    monthly = builders.charge("KWD", by_month, round_to=builders.rounding("0.001"))
    yearly = builders.charge(
        "KWD", builders.tiers(builders.quantity("usage"), *steps), round_to=monthly.rounding
    )
    used, total = Decimal(0), Decimal(0)
    for usage in months:
        outcome = evaluate(monthly, Facts(quantities={"usage": usage, "used_this_year": used}))
        assert isinstance(outcome, Outcome)
        total += outcome.steps[0].value
        used += usage
    at_once = evaluate(yearly, Facts(quantities={"usage": used}))
    assert isinstance(at_once, Outcome)
    assert at_once.steps[0].value == total
