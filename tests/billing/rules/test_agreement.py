"""Two evaluators, one meaning: on any rule and any accounts, to the minor unit and in every exception."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from billing.rules import Facts, Outcome, evaluate, parse
from tests.billing.rules.conftest import Row, Run
from tests.billing.rules.strategies import accounts, documents


def python_row(outcome: Any) -> Row:
    if isinstance(outcome, Outcome):
        return outcome.amount_minor, None, dict(outcome.inputs)
    return None, str(outcome), dict(outcome.inputs)


@settings(
    max_examples=400,
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


@settings(max_examples=200, deadline=None, database=None)
@given(data=documents, account=accounts)
def test_a_line_recomputes_from_its_inputs(data: dict[str, Any], account: Facts) -> None:
    document = parse(data)
    outcome = evaluate(document, account)
    assert outcome.inputs is not None
    assert evaluate(document, Facts.from_inputs(outcome.inputs)) == outcome
