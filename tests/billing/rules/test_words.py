"""Sentences call things as the scenario and the institution call them, wholly in the language of the reader."""

import re

import pytest

from billing.rules import Facts, Outcome, builders, evaluate
from billing.rules.sentences import sentence
from billing.rules.words import fee_names
from scenarios.community.kinds import FLAT_TYPES, VEHICLES
from ui.i18n import use_locale

CARS = builders.charge("CNY", builders.table("vehicle", dict.fromkeys(VEHICLES, "90.00")))
FLATS = builders.charge(
    "CNY", builders.table("flat_type", {key: "9" for key in FLAT_TYPES if "DBSS" not in key})
)
SHOPS = builders.charge(
    "CNY",
    builders.bounds(builders.rate("2", "area_sqm"), minimum="61"),
    eligible=builders.all_of(builders.eq("has_living", True), builders.eq("ownership", "rented")),
)
LATIN = re.compile(r"[A-Za-z]+")


@pytest.mark.parametrize("document", [CARS, FLATS, SHOPS], ids=["vehicles", "flats", "shops"])
def test_a_chinese_page_has_a_chinese_sentence(document) -> None:
    with use_locale("zh_CN"):
        said = "".join(str(one) for one in sentence(document))
    assert set(LATIN.findall(said)) <= {"CNY"}, said


def test_attributes_and_values_have_their_labels() -> None:
    assert "by vehicle: car: 90.00; motorcycle: 90.00; lorry or bus: 90.00" in str(sentence(CARS)[0])
    assert "3-generation: 9.00" in str(sentence(FLATS)[0])
    said = " ".join(str(one) for one in sentence(SHOPS))
    assert "has living quarters: yes and ownership is rented out" in said


def test_the_working_of_a_line_is_chinese_too() -> None:
    outcome = evaluate(CARS, Facts({"vehicle": "heavy"}))
    assert isinstance(outcome, Outcome)
    with use_locale("zh_CN"):
        said = " ".join(str(step.text) for step in outcome.steps)
    assert not LATIN.findall(said), said


def test_other_lines_are_called_by_the_names_of_their_fees() -> None:
    document = builders.charge("CNY", builders.percent("10", builders.line("water")))
    facts = Facts(lines={"water": 5000})
    with fee_names({"water": {"en": "Cold water", "zh_CN": "冷水费"}}):
        said, outcome = sentence(document)[0], evaluate(document, facts)
    assert "the bill's line Cold water" in str(said)
    assert isinstance(outcome, Outcome)
    assert "Cold water" in str(outcome.steps[0].text)
    with use_locale("zh_CN"):
        assert "冷水费" in str(said)
        assert "冷水费" in str(outcome.steps[0].text)
