"""Every rule has a form: to fields and back changes nothing, mistakes are named at their field, pieces come and go."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings

from billing.rules import dump, parse
from billing.rules.form_parts import changed, from_parts, nested, to_parts
from billing.rules.form_spec import CONDITIONS, GROUPS, PARTS
from billing.rules.nodes import Condition, Node, text_of
from billing.rules.terms import Discount, Due, LateTerms, Rounding
from tests.billing.rules.strategies import documents
from ui.errors import Invalid

CASES = json.loads((Path(__file__).parent / "data" / "cases.json").read_text(encoding="utf-8"))


def there_and_back(document: Any) -> Any:
    return from_parts(document.kind, document.currency, to_parts(document))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_real_tariff_goes_into_the_form_and_comes_back(case: dict[str, Any]) -> None:
    document = parse(case["document"])
    assert there_and_back(document) == document


def _texts(data: Any) -> Any:
    """Keys are compared as texts wherever a rule is used."""
    if isinstance(data, dict):
        return {
            key: [text_of(one) for one in value] if key in {"keys", "values"} else _texts(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_texts(one) for one in data]
    return text_of(data) if isinstance(data, (bool, int)) else data


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_any_rule_goes_into_the_form_and_comes_back(data: dict[str, Any]) -> None:
    document = parse(data)
    assert _texts(dump(there_and_back(document))) == _texts(dump(document))


def test_the_form_asks_for_all_that_a_rule_can_say() -> None:
    for union, spec in ((Node, PARTS), (Condition, CONDITIONS)):
        for model in get_args(get_args(union)[0]):
            for kind in get_args(model.model_fields["kind"].annotation):
                asked = {member.name for member in spec[kind][1]}
                assert asked == set(model.model_fields) - {"kind", "label"}, kind
    for model, name in ((Rounding, "rounding"), (Due, "due"), (Discount, "discount"), (LateTerms, "late")):
        assert {member.name for member in GROUPS[name]} == set(model.model_fields), name


BASE = next(case for case in CASES if case["name"].startswith("stall"))["document"]


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        ("amount.kind", "spiral", "Choose one of"),
        ("rounding.step", "x", "Enter a plain number"),
        ("due.day", "40", "at most 31"),
    ],
)
def test_a_mistake_is_named_at_its_field(path: str, typed: str, words: str) -> None:
    fields = to_parts(parse(BASE)) | {path: typed}
    with pytest.raises(Invalid) as caught:
        from_parts("charge", "CNY", fields)
    assert list(caught.value.fields) == [path]
    assert words in str(caught.value.fields[path])


def test_pieces_come_and_go() -> None:
    fields = {"amount.kind": "sum", "rounding.mode": "half_up", "rounding.step": "0.1"}
    fields = changed("charge", "SGD", fields, "add:amount.parts")
    fields = changed("charge", "SGD", fields, "add:amount.parts")
    fields |= {"amount.parts.0.amount": "5", "amount.parts.1.kind": "tiers"}
    fields = changed("charge", "SGD", fields, "add:amount.parts.1.of") | {
        "amount.parts.1.of.kind": "quantity"
    }
    fields["amount.parts.1.of.name"] = "usage"
    fields = changed("charge", "SGD", fields, "add:amount.parts.1.tiers") | {
        "amount.parts.1.tiers.0.rate": "2"
    }
    fields = changed("charge", "SGD", fields, "add:late_fee") | {"late_fee.amount.amount": "3"}
    fields = changed("charge", "SGD", fields, "add:due")
    document = from_parts("charge", "CNY", fields)
    assert document.amount.parts[1].tiers[0].rate == 2
    fields = changed(
        "charge", "SGD", changed("charge", "SGD", fields, "drop:amount.parts.0"), "drop:late_fee"
    )
    shorter = from_parts("charge", "CNY", fields)
    assert [part.kind for part in shorter.amount.parts] == ["tiers"]
    assert shorter.late_fee is None


@pytest.mark.parametrize(
    "act", ["add:nothing", "drop:amount.parts.7", "add:amount.parts.x.y", "fly:amount", "add:", ":"]
)
def test_a_button_nobody_drew_changes_nothing(act: str) -> None:
    fields = to_parts(parse(BASE))
    assert nested(changed("charge", "SGD", fields, act)) == nested(fields)


def test_what_a_kind_does_not_have_is_left_behind() -> None:
    fields = {"amount.kind": "fixed", "amount.amount": "5", "amount.rate": "7", "amount.label": " "}
    fields |= {"rounding.mode": "up", "rounding.step": "1", "strange": "1"}
    document = from_parts("charge", "JPY", changed("charge", "JPY", fields, "add:due"))
    assert dump(document)["amount"] == {"kind": "fixed", "amount": "5"}
