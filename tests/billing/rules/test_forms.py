"""Forms: what is filled in becomes the rule, the rule fills in the form, and mistakes are named at their field."""

import json
from pathlib import Path
from typing import Any

import pytest

from billing.rules import Facts, Outcome, dump, evaluate, parse
from billing.rules.builders import charge, fixed, late_terms, percent, quantity, rate
from billing.rules.forms import SHAPES, from_form, to_form
from ui.errors import Invalid

TARIFFS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "tariffs.json").read_text(encoding="utf-8")
)
CASES = json.loads((Path(__file__).parent / "data" / "cases.json").read_text(encoding="utf-8"))


def tariff_fields() -> dict[str, str]:
    fields = {"currency": "SGD", "row_attribute": "flat_type", "column_attribute": "is_reduced"}
    fields |= {"column.0": "true", "column.1": "false"}
    for row, (flat_type, prices) in enumerate(TARIFFS["residential"]["main"].items()):
        fields[f"row.{row}"] = flat_type
        fields |= {f"cell.{row}.{column}": price or "" for column, price in enumerate(prices)}
    fields |= {"late_kind": "by_attribute", "late_attribute": "flat_type", "late_each": "month"}
    for row, (flat_type, price) in enumerate(TARIFFS["late_payment_penalty"]["per_month"].items()):
        fields |= {f"late_key.{row}": flat_type, f"late_amount.{row}": price}
    return fields


AREA = {
    "currency": "SGD",
    "rate": "2.03",
    "minimum": "61.00",
    "plus_attribute": "room_type",
    "plus_key.0": "1-room",
    "plus_amount.0": "21.40",
    "plus_key.1": "3-room",
    "plus_amount.1": "49.75",
    "eligible_attribute": "unit_type",
    "eligible_values": "shop with living accommodation",
    "late_kind": "higher",
    "late_minimum": "20.00",
    "late_percent": "10",
}
QUANTITY = {
    "currency": "CNY",
    "rate": "1.2",
    "quantity": "attribute:area_sqm",
    "coefficient.0": "0.7",
    "coefficient_label.0": "vacancy",
    "rounding_step": "0.1",
    "due_day": "15",
    "due_months_later": "1",
    "grace_days": "10",
}
TIERS = {
    "currency": "CNY",
    "quantity": "quantity:usage",
    "after": "quantity:used_this_year",
    "tier_up_to.0": "180",
    "tier_rate.0": "5",
    "tier_up_to.1": "260",
    "tier_rate.1": "7",
    "tier_rate.2": "9",
    "late_kind": "flat",
    "late_flat": "5.00",
    "late_after_months": "2",
    "late_cap": "principal",
    "late_at_most_once_months": "6",
}
FILLED = {
    "table": tariff_fields(),
    "area": AREA,
    "fixed": {"currency": "JPY", "fixed_amount": "500", "rounding_step": "1", "proration": "by_day"},
    "quantity": QUANTITY,
    "tiers": TIERS,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_filled_form_comes_back_as_it_was(shape: str) -> None:
    document = from_form(shape, FILLED[shape])
    form = to_form(parse(dump(document)))
    assert form is not None
    assert form.shape == shape
    assert {field: form.fields[field] for field in FILLED[shape]} == FILLED[shape]
    assert from_form(form.shape, form.fields) == document


def owed(shape: str, facts: Facts) -> int:
    outcome = evaluate(from_form(shape, FILLED[shape]), facts)
    assert isinstance(outcome, Outcome)
    return outcome.amount_minor


def test_forms_charge_what_they_say() -> None:
    assert owed("table", Facts({"flat_type": "4-room", "is_reduced": False})) == 7900
    living = {"area_sqm": "40", "room_type": "3-room", "unit_type": "shop with living accommodation"}
    assert owed("area", Facts(living)) == 13_095
    assert owed("quantity", Facts({"area_sqm": "154.78"})) == 13_000
    assert owed("tiers", Facts(quantities={"usage": 30, "used_this_year": 170})) == 19_000


@pytest.mark.parametrize(
    ("shape", "field", "typed", "words"),
    [
        ("table", "cell.4.1", "79,00", "Enter a plain number"),
        ("table", "row.1", "1-room", "The same combination appears twice"),
        ("table", "row_attribute", "Flat type", "short name"),
        ("table", "late_amount.2", "-3", "Enter a plain number"),
        ("area", "rate", "", "Enter a plain number"),
        ("area", "minimum", "sixty", "Enter a plain number"),
        ("area", "plus_amount.1", "1.123456789", "Enter a plain number"),
        ("area", "late_percent", "10 %", "Enter a plain number"),
        ("fixed", "fixed_amount", "1e3", "Enter a plain number"),
        ("fixed", "rounding_step", "0.5", "rounding step"),
        ("fixed", "currency", "YUAN", "Choose a currency"),
        ("quantity", "coefficient.0", "", "Enter a plain number"),
        ("quantity", "quantity", "colour:area", "Choose one of"),
        ("quantity", "due_day", "32", "at most 31"),
        ("quantity", "grace_days", "ten", "whole number"),
        ("tiers", "tier_rate.1", "x", "Enter a plain number"),
        ("tiers", "late_kind", "cruel", "late fee"),
        ("tiers", "late_at_most_once_months", "0", "at least 1"),
    ],
)
def test_a_mistake_is_named_at_its_field(shape: str, field: str, typed: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_form(shape, FILLED[shape] | {field: typed})
    assert list(caught.value.fields) == [field]
    assert words in str(caught.value.fields[field])


def test_tiers_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        from_form("tiers", TIERS | {"tier_up_to.1": "100"})
    assert "each tier end above" in str(next(iter(caught.value.fields.values())))


def test_a_shape_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="Choose how"):
        from_form("spiral", {})


def test_a_rule_that_no_form_shows_has_no_form() -> None:
    product = next(case["document"] for case in CASES if case["name"].startswith("stall"))
    assert to_form(parse(product)) is None
    odd = late_terms(percent("1", quantity("usage")))
    assert to_form(charge("SGD", fixed("1"), late_fee=odd)) is None
    assert to_form(charge("SGD", rate("1", "people", quantity("usage")))) is None
