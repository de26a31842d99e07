from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.charts import Chart, Series, bar, line, nice_step, stacked

figures = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


@pytest.mark.parametrize("make", [bar, stacked, line])
@given(values=figures)
def test_everything_is_drawn_inside_the_frame(make: object, values: list[int]) -> None:
    names = [str(n) for n in range(len(values))]
    chart: Chart = make("x", names, [Series("a", values), Series("b", values)])  # type: ignore[operator]
    assert len(chart.drawings) == 2
    for drawn in chart.drawings:
        width, height = drawn.room.width, drawn.room.height
        for box in drawn.bars:
            assert 0 <= box.x <= box.x + box.width <= width
            assert -0.01 <= box.y <= box.y + box.height <= height
        for dot in drawn.dots:
            assert 0 <= dot.x <= width
            assert 0 <= dot.y <= height
        assert 1 < len(drawn.ticks) <= 7
        assert len(drawn.labels) <= drawn.room.most_labels
    assert [row[0] for row in chart.table] == names


def test_the_table_holds_the_same_figures() -> None:
    chart = bar("Day", ["Mon", "Tue"], [Series("a", [1, 2]), Series("b", [3, 4])])
    assert chart.table == [("Mon", ["1", "3"]), ("Tue", ["2", "4"])]


@pytest.mark.parametrize(
    ("highest", "step"),
    [(0, 1), (3, 1), (7, 2), (42, 10), (57_000, 20_000), (99, 20), (Decimal("0.4"), Decimal("0.1"))],
)
def test_ticks_are_round(highest: int | Decimal, step: int | Decimal) -> None:
    assert nice_step(highest) == step


def test_whole_figures_on_top_of_each_other_have_whole_ticks() -> None:
    chart = stacked("x", ["Mon"], [Series("a", [1]), Series("b", [0])])
    assert [tick.text for tick in chart.ticks] == ["0", "1"]


def test_a_chart_without_figures_is_still_a_frame() -> None:
    assert bar("x", [], []).bars == []
    assert stacked("x", ["a"], []).bars == []


@given(parts=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=40))
def test_bars_stand_on_the_zero_line_and_are_as_high_as_their_ticks_say(parts: list[tuple[int, int]]) -> None:
    names = [f"a rather long name {n}" for n in range(len(parts))]
    lower, upper = Series("a", [one for one, _ in parts]), Series("b", [other for _, other in parts])
    chart = stacked("x", names, [lower, upper], shown=str, axis=str)
    zero, highest = chart.ticks[0].at, chart.ticks[-1]
    for_one = (zero - highest.at) / float(highest.text)
    for (one, other), low, high in zip(
        parts, chart.bars[: len(parts)], chart.bars[len(parts) :], strict=True
    ):
        assert low.y + low.height == pytest.approx(zero, abs=0.02)
        assert high.y + high.height == pytest.approx(low.y, abs=0.02)
        assert zero - high.y == pytest.approx((one + other) * for_one, abs=0.03)
