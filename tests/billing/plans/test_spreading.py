"""Instalments add up to the minor unit, fall on days that exist, and are covered oldest first."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.payments.states import diagram, table
from billing.plans.spreading import amounts, dates, next_due, stand
from billing.plans.states import PLAN, PLAN_TONES, PLAN_WORDS


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 10**12), st.integers(2, 60), st.sampled_from(["first", "last"]))
def test_instalments_add_up_and_differ_only_where_the_rule_says(total, count, remainder):
    found = amounts(total, count, remainder)
    assert (sum(found), len(found)) == (total, count)
    others = found[1:] if remainder == "first" else found[:-1]
    assert set(others) == {total // count}
    assert 0 <= found[0 if remainder == "first" else -1] - total // count < count


def test_days_are_the_same_in_each_month_or_its_last():
    assert dates(date(2026, 1, 31), 4, "month") == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    assert dates(date(2026, 1, 31), 3, "two_weeks") == [
        date(2026, 1, 31),
        date(2026, 2, 14),
        date(2026, 2, 28),
    ]
    assert dates(date(2026, 1, 1), 2, "week")[1] == date(2026, 1, 8)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=12), st.data())
def test_what_is_paid_covers_the_oldest_first(sums, data):
    left = data.draw(st.integers(0, sum(sums)))
    parts = stand([(n, date(2026, n, 1), amount) for n, amount in enumerate(sums, start=1)], left)
    assert sum(part.left_minor for part in parts) == left
    upcoming = next_due(parts)
    assert (upcoming is None) == (left == 0)
    for part in parts:
        if upcoming and part.position < upcoming.position:
            assert part.left_minor == 0
        if upcoming and part.position > upcoming.position:
            assert part.covered_minor == 0


@pytest.mark.parametrize("state", PLAN.states)
def test_every_state_has_its_word_and_a_broken_plan_stays_broken(state):
    assert state in PLAN_WORDS
    assert state in PLAN_TONES
    assert not any(PLAN.can("broken", edge) for edge in PLAN.edges)


def test_the_documentation_shows_how_a_plan_lives():
    text = (Path(__file__).parents[3] / "billing" / "plans" / "README.md").read_text()
    assert table(PLAN) in text
    assert diagram(PLAN) in text
