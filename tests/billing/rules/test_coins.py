"""Rules in currencies of no, two and three decimals: what nobody chose is rounded to what the currency has."""

import pytest
from babel.numbers import list_currencies

from billing.rules import dump, parse
from billing.rules.builders import charge, fixed, late_fee
from billing.rules.currency import decimals, is_currency
from billing.rules.form_parts import changed, from_parts
from billing.rules.forms import from_form
from scenarios.registry import load
from scenarios.tourism.fees import by_season_and_visitor
from tenants.onboarding.checklist import CURRENCIES
from ui.errors import Invalid
from ui.formats import exponent

FINEST = {"JPY": "1", "SGD": "0.01", "KWD": "0.001"}
coins = pytest.mark.parametrize("currency", FINEST)


@coins
def test_every_fee_that_an_industry_starts_with_can_be_charged(currency):
    offered = [one.document(currency) for scenario in load() for one in scenario.fee_templates]
    offered.append(by_season_and_visitor(currency, {("low", "adult"): "40"}))
    steps = {parse(one).rounding.step for one in offered if one}
    assert {f"{step:f}" for step in steps} == {FINEST[currency]}


@coins
def test_what_nobody_chose_is_rounded_to_the_smallest_unit(currency):
    assert f"{late_fee(currency, fixed('5')).rounding.step:f}" == FINEST[currency]
    typed = from_form("fixed", {"currency": currency, "fixed_amount": "500"})
    assert f"{typed.rounding.step:f}" == FINEST[currency]


@coins
def test_a_late_fee_that_a_button_adds_can_be_kept(currency):
    fields = {"amount.kind": "fixed", "amount.amount": "5"}
    fields |= {"rounding.mode": "up", "rounding.step": FINEST[currency]}
    added = changed("charge", currency, fields, "add:late_fee") | {"late_fee.amount.amount": "3"}
    kept = from_parts("charge", currency, added)
    assert kept == charge(currency, "5", round_to=kept.rounding, late_fee=kept.late_fee)
    assert f"{kept.late_fee.rounding.step:f}" == FINEST[currency]


def test_no_rule_is_in_a_currency_that_pages_count_otherwise():
    assert all(is_currency(one) for one in (*CURRENCIES, *FINEST))
    odd = [one for one in list_currencies() if is_currency(one) and exponent(one) != decimals(one)]
    assert odd == []
    in_kip = dump(charge("SGD", "1")) | {"currency": "LAK"}
    with pytest.raises(Invalid):
        parse(in_kip)
