"""Published tariffs and by-laws as data only: a document, the facts, and what the source says is owed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.rules import Facts, Outcome, dump, evaluate, parse
from billing.rules.currency import as_decimal
from tests.billing.rules.conftest import Run

DATA = Path(__file__).parent / "data"
CASES: list[dict[str, Any]] = json.loads((DATA / "cases.json").read_text(encoding="utf-8"))
TARIFFS: dict[str, Any] = json.loads((DATA / "tariffs.json").read_text(encoding="utf-8"))
COLUMNS = {"reduced": True, "normal": False}


def document_named(name: str) -> Any:
    return parse(next(case["document"] for case in CASES if case["name"] == name))


def shown(amount_minor: int, currency: str) -> str:
    return str(as_decimal(amount_minor, currency))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_amounts_are_those_of_the_source(case: dict[str, Any], run_sql: Run) -> None:
    document = parse(case["document"])
    assert dump(document) == case["document"]
    facts = [Facts.from_inputs(one["inputs"]) for one in case["cases"]]
    outcomes = [evaluate(document, one) for one in facts]
    expected = [one["expect"] for one in case["cases"]]
    said = [
        shown(one.amount_minor, one.currency) if isinstance(one, Outcome) else str(one) for one in outcomes
    ]
    assert said == expected
    by_sql = [
        exception or shown(amount or 0, document.currency)
        for amount, exception, _ in run_sql(document, facts)
    ]
    assert by_sql == expected


@pytest.mark.parametrize("division", ["main", "kaki_bukit"])
def test_every_cell_of_the_town_council_table(division: str) -> None:
    document = document_named(f"town council, {division}")
    for flat_type, prices in TARIFFS["residential"][division].items():
        for column, price in zip(TARIFFS["residential"]["columns"], prices, strict=True):
            facts = Facts({"flat_type": flat_type, "is_reduced": COLUMNS[column]})
            outcome = evaluate(document, facts)
            found = shown(outcome.amount_minor, "SGD") if isinstance(outcome, Outcome) else None
            assert found == price, (flat_type, column)


@pytest.mark.parametrize("flat_type", TARIFFS["late_payment_penalty"]["per_month"])
def test_every_row_of_the_penalty_table(flat_type: str) -> None:
    document = document_named("penalty for flats, each month in arrears")
    facts = Facts(
        {"flat_type": flat_type},
        {"months_in_arrears": Decimal(1)},
        {"arrears": 10_000, "late_fee_charged": 0},
    )
    outcome = evaluate(document, facts)
    assert isinstance(outcome, Outcome)
    assert shown(outcome.amount_minor, "SGD") == TARIFFS["late_payment_penalty"]["per_month"][flat_type]
