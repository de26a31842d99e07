"""Documents: what is refused and where, what the schema says, when things are due, and how much is said."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.rules import (
    Facts,
    LateFee,
    Outcome,
    Period,
    check,
    days_late,
    due_date,
    dump,
    evaluate,
    json_schema,
    late_fee_of,
    months_in_arrears,
    parse,
)
from billing.rules.builders import charge, fixed, late_terms, table
from billing.rules.outcome import MESSAGES, RuleException
from billing.rules.sentences import sentence
from billing.rules.tables import describe_table
from billing.rules.terms import Due
from ui.errors import Invalid
from ui.i18n import use_locale

CASES = json.loads((Path(__file__).parent / "data" / "cases.json").read_text(encoding="utf-8"))
GOOD: dict[str, Any] = dump(charge("SGD", fixed("63.50")))


def broken(**members: Any) -> dict[str, str]:
    return {error.path: str(error.sentence) for error in check(GOOD | members)}


@pytest.mark.parametrize(
    ("members", "path", "words"),
    [
        ({"amount": {"kind": "fixed", "amount": 63.5}}, "amount.amount", "plain number"),
        ({"amount": {"kind": "exec", "code": "1"}}, "amount", "Choose one of"),
        ({"amount": {"kind": "fixed", "amount": "1", "then": "2"}}, "amount.then", "not part of a fee rule"),
        ({"amount": {"kind": "sum", "parts": []}}, "amount.parts", "at least 1"),
        ({"amount": {"kind": "attribute", "name": "a'; drop"}}, "amount.name", "short name"),
        (
            {"amount": {"kind": "blocks", "of": GOOD["amount"], "size": "0", "price": "1"}},
            "amount.size",
            "above 0",
        ),
        ({"currency": "XYZ"}, "currency", "Choose a currency"),
        ({"rounding": {"mode": "half_up", "step": "0.005"}}, "rounding.step", "the currency has"),
        ({"rounding": {"mode": "sideways", "step": "1"}}, "rounding.mode", "Choose one of"),
        ({"format": 2}, "format", "Choose one of"),
        ({"due": {"day": 0}}, "due.day", "at least 1"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_wrong(members: dict[str, Any], path: str, words: str) -> None:
    errors = broken(**members)
    assert list(errors) == [path]
    assert words in errors[path]


def test_errors_name_the_place_in_plain_words() -> None:
    rows = [{"keys": ["4-room"], "amount": "63.50"}, {"keys": ["5-room"], "amount": "x"}]
    amount = {"kind": "sum", "parts": [GOOD["amount"], {"kind": "table", "by": ["flat_type"], "rows": rows}]}
    with pytest.raises(Invalid) as caught:
        parse(GOOD | {"amount": amount})
    path, words = next(iter(caught.value.fields.items()))
    assert path == "amount.parts.1.rows.1.amount"
    assert str(words).startswith("amount, part 2, row 2, amount: Enter a plain number")
    with use_locale("zh_CN"):
        assert "第 2" in str(words)


@pytest.mark.parametrize("data", [None, [], "x", 1, {}, {"kind": "charge"}, {"kind": "loop"}])
def test_what_is_no_document_at_all_is_refused(data: Any) -> None:
    with pytest.raises(Invalid):
        parse(data)


def test_a_rule_without_bottom_is_refused() -> None:
    amount: dict[str, Any] = {"kind": "fixed", "amount": "1"}
    for _ in range(5000):
        amount = {"kind": "sum", "parts": [amount]}
    assert [str(error.sentence) for error in check(GOOD | {"amount": amount})] == [
        "This rule is too large; split it into several fee items."
    ]


def test_a_rule_that_is_too_deep_is_refused() -> None:
    amount: dict[str, Any] = {"kind": "fixed", "amount": "1"}
    for _ in range(25):
        amount = {"kind": "sum", "parts": [amount]}
    assert "too large" in broken(amount=amount)[""]


def test_the_schema_is_published() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert {"Charge", "LateFee", "Table", "Tiers", "Choose"} <= set(schema["$defs"])
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_rule_reads_back_in_both_languages(case: dict[str, Any]) -> None:
    document = parse(case["document"])
    english = [str(one) for one in sentence(document)]
    with use_locale("zh_CN"):
        chinese = [str(one) for one in sentence(document)]
    assert len(english) == len(chinese) >= 2
    assert all(said.endswith("。") for said in chinese)
    assert not set(english) & set(chinese)


def test_the_town_council_charge_reads_as_people_say_it() -> None:
    document = parse(next(case["document"] for case in CASES if case["name"] == "town council, main"))
    said = " ".join(str(one) for one in sentence(document))
    assert "by flat type and rate" in said
    assert "4-room: 63.50 reduced, 79.00 normal" in said
    assert "3-generation: reduced not offered, 90.00 normal" in said
    assert "rounded half up to 0.01" in said
    with use_locale("zh_CN"):
        assert "四房式：优惠 63.50、普通 79.00" in " ".join(str(one) for one in sentence(document))


def test_steps_show_the_working_of_the_property_fee() -> None:
    document = parse(
        next(case["document"] for case in CASES if case["name"] == "property fee billed to one decimal")
    )
    outcome = evaluate(document, Facts({"area_sqm": "154.78"}))
    assert isinstance(outcome, Outcome)
    assert [str(step.text) for step in outcome.steps] == [
        "1.2 \N{MULTIPLICATION SIGN} 154.78 (area in m²) \N{MULTIPLICATION SIGN} 0.7 (vacancy) = 130.0152",
        "rounded half up to 0.1: 130.00",
    ]
    assert [step.value for step in outcome.steps] == [Decimal("130.0152"), Decimal(130)]


def test_every_exception_has_its_sentence() -> None:
    for code in MESSAGES:
        parsed = RuleException.parse(f"{code}:flat_type,is_reduced")
        assert (parsed.code, str(parsed)) == (code, f"{code}:flat_type,is_reduced")
        with use_locale("zh_CN"):
            assert str(parsed.message) != MESSAGES[code]
    assert str(RuleException("missing_attribute", "area_sqm").message) == "The account has no area in m²."
    assert RuleException("not_eligible").is_expected
    assert not RuleException("no_case").is_expected


def test_a_table_is_described_as_a_grid() -> None:
    cells = {
        ("4-room", True): "63.50",
        ("4-room", False): "79.00",
        ("3Gen", True): None,
        ("3Gen", False): "90.00",
    }
    grid = describe_table(charge("SGD", table(("flat_type", "is_reduced"), cells)))
    assert grid is not None
    assert (grid.row_names, grid.column_name, grid.column_keys) == (
        ("flat_type",),
        "is_reduced",
        ("true", "false"),
    )
    assert grid.row_keys == (("4-room",), ("3Gen",))
    assert grid.cells == ((Decimal("63.50"), Decimal("79.00")), (None, Decimal("90.00")))
    assert describe_table(charge("SGD", "1.00")) is None


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (Due(), date(2026, 1, 1)),
        (Due(day=31, months_later=1), date(2026, 2, 28)),
        (Due(day=15, months_later=12), date(2027, 1, 15)),
    ],
)
def test_due_days(due: Due, expected: date) -> None:
    assert due_date(charge("SGD", "1.00", due=due), Period.month(2026, 1)) == expected


def test_lateness_counts_from_the_end_of_grace() -> None:
    rule = charge("SGD", "1.00", due=Due(day=1, grace_days=14))
    due_on = date(2026, 1, 1)
    assert days_late(rule, due_on, date(2026, 1, 15)) == 0
    assert days_late(rule, due_on, date(2026, 1, 16)) == 1
    assert [months_in_arrears(rule, due_on, date(2026, month, 15)) for month in (1, 2, 3)] == [0, 1, 2]
    assert months_in_arrears(rule, due_on, date(2026, 2, 16)) == 2


def test_a_charge_hands_out_its_late_fee() -> None:
    rule = charge("SGD", "1.00", late_fee=late_terms("5.00", after_months=2))
    late = late_fee_of(rule)
    assert isinstance(late, LateFee)
    assert parse(dump(late)) == late
    assert late_fee_of(charge("SGD", "1.00")) is None


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="on or after"):
        Period(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize("value", [154.78, ["a"], {"a": 1}])
def test_an_attribute_is_never_a_float_nor_a_structure(value: Any) -> None:
    with pytest.raises(TypeError, match="an attribute is"):
        evaluate(charge("SGD", "area_sqm"), Facts({"area_sqm": value}))
