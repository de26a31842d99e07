"""Two evaluators, one meaning: on any rule and any accounts, to the minor unit and in every exception."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from billing.rules import Facts, Outcome, compile_sql, evaluate, parse
from billing.rules.builders import (
    balance,
    blocks,
    bounds,
    charge,
    choose,
    compare,
    discount,
    excess,
    higher,
    lower,
    percent,
    rate,
    rounding,
    tiers,
    total,
)
from tests.billing.rules.conftest import SOURCE, Row, Run
from tests.billing.rules.strategies import accounts, documents


def python_row(outcome: Any) -> Row:
    if isinstance(outcome, Outcome):
        return outcome.amount_minor, None, dict(outcome.inputs)
    return None, str(outcome), dict(outcome.inputs)


@settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=documents, rows=st.lists(accounts, min_size=1, max_size=8))
def test_python_and_sql_agree(run_sql: Run, data: dict[str, Any], rows: Sequence[Facts]) -> None:
    document = parse(data)
    expected = [python_row(evaluate(document, account)) for account in rows]
    for _, exception, _ in expected:
        event((exception or "amount").split(":")[0])
    assert run_sql(document, rows) == expected


@settings(max_examples=100, deadline=None, database=None)
@given(data=documents, account=accounts)
def test_a_line_recomputes_from_its_inputs(data: dict[str, Any], account: Facts) -> None:
    document = parse(data)
    outcome = evaluate(document, account)
    assert outcome.inputs is not None
    assert evaluate(document, Facts.from_inputs(outcome.inputs)) == outcome


YEARLY = percent("7", balance("arrears"), over=365)
THIRDS = {
    "rate": rate("1.5", YEARLY, percent("1", "area_sqm", over=12)),
    "sum": total(YEARLY, percent("5", balance("arrears"), over=12), "1"),
    "bounds": bounds(YEARLY, minimum=percent("6", balance("arrears"), over=12), maximum="40"),
    "higher": higher(YEARLY, percent("3", balance("principal"), over=12)),
    "lower": lower(YEARLY, percent("3", balance("principal"), over=12), "7"),
    "excess": excess(YEARLY, percent("3", balance("principal"), over=12)),
    "tiers": tiers(YEARLY, ("1", "0.5"), ("3", "0.7"), (None, "2")),
    "tiers after": tiers(
        YEARLY, ("1", "0.5"), ("3", "0.7"), (None, "2"), after=percent("3", "area_sqm", over=12)
    ),
    "blocks": blocks(YEARLY, "0.3", "1.1"),
    "choose": choose((compare("area_sqm", "ge", "50"), YEARLY), otherwise=percent("3", "area_sqm", over=12)),
}


@pytest.mark.parametrize("kind", THIRDS)
@pytest.mark.parametrize("mode", ["half_up", "half_even", "up", "down"])
def test_fractions_without_end_stay_exact_in_every_part(run_sql: Run, kind: str, mode: str) -> None:
    """Arrears up to 365 times a step meet every boundary and tie; a quotient cut anywhere would miss some."""
    rule = charge("SGD", THIRDS[kind], round_to=rounding("0.05", mode), discounts=[discount("Aid", YEARLY)])
    rows = [
        Facts(attributes={"area_sqm": area}, balances={"arrears": arrears, "principal": arrears // 2})
        for arrears in (
            0,
            1,
            365,
            730,
            5_214,
            18_250,
            36_500,
            52_143,
            100_000,
            365_000,
            1_000_003,
            36_500_000,
            -400,
        )
        for area in (0, 12, 50, 100)
    ]
    assert run_sql(rule, rows) == [python_row(evaluate(rule, one)) for one in rows]


def test_a_statement_grows_with_its_document_and_no_faster() -> None:
    """Shared values are named, not repeated: each further level adds about as much as the one before."""
    part: Any = rate("1", "area_sqm")
    lengths = []
    for _ in range(5):
        part = bounds(excess(higher(part, "1"), "2"), minimum="3")
        lengths.append(len(compile_sql(charge("SGD", tiers(part, ("1", "2"), (None, "3"))), SOURCE).sql))
    steps = [after - before for before, after in pairwise(lengths)]
    assert max(steps) < 1.2 * min(steps)
