"""Each rule of routing alone: order, offer, limits, fees, currency, health; and what the bank keeps."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.channels import capabilities, health
from billing.channels.contract import Destination
from billing.channels.stripe import _session
from billing.routing.choosing import bounds, check, routes_of, usable
from billing.routing.methods import METHODS
from billing.routing.sentences import fee_sentence, sentences
from billing.routing.terms import BankFee, Route, RoutingTerms
from tenants.ids import new_id
from tests.billing.routing.orders import order
from ui.errors import Invalid
from ui.i18n import use_locale

TO = Destination(id=new_id(), stripe_account="acct_1", rail_merchant="mch_1", rail_secret="s")


def keys(*routes: Route, **more) -> list[str]:
    given_ = {"currency": "SGD", "destinations": [TO], "fee_items": set(), "down": set()} | more
    return [method.key for method, _ in usable(routes_of(RoutingTerms(routes=routes)), **given_)]


@pytest.fixture(autouse=True)
def open_channels(outside):
    """Both channels have their keys and addresses."""


def test_without_a_word_both_channels_are_offered_as_ever():
    assert keys() == ["stripe", "bank"]


def test_the_first_named_is_the_first_offered_and_what_is_not_offered_is_gone():
    assert keys(Route(method="bank"), Route(method="stripe.card")) == ["bank", "stripe.card"]
    assert keys(Route(method="bank", is_offered=False)) == ["stripe"]
    assert keys(Route(method="stripe", is_offered=False), Route(method="bank", is_offered=False)) == []
    assert keys(Route(method="gone")) == ["stripe", "bank"]


def test_a_way_may_be_for_some_fees_alone():
    only = Route(method="bank", fee_items=("estate",)), Route(method="stripe")
    assert keys(*only, fee_items={"estate"}) == ["bank", "stripe"]
    assert keys(*only, fee_items={"estate", "water"}) == ["stripe"]


def test_a_currency_or_account_that_a_channel_lacks_leaves_it_out():
    assert keys(currency="KWD") == ["bank"]
    assert keys(destinations=[Destination(id=new_id(), stripe_account="acct_1")]) == ["stripe"]


def test_a_channel_that_is_down_comes_last():
    assert keys(down={"stripe"}) == ["bank", "stripe"]


def test_three_failures_open_the_circuit_and_one_answer_closes_it():
    for n in range(3):
        assert not health.is_down("stripe", now=n)
        health.note("stripe", is_answered=False, now=n)
    assert health.is_down("stripe", now=3)
    assert not health.is_down("bank", now=3)
    assert not health.is_down("stripe", now=100)
    health.note("stripe", is_answered=False, now=100)
    assert health.is_down("stripe", now=101)
    health.note("stripe", is_answered=True)
    assert not health.is_down("stripe", now=102)


def test_limits_are_the_stricter_of_channel_and_institution():
    route = Route(method="stripe", least_minor=10, most_minor=5000)
    assert bounds(METHODS["stripe"], route, "SGD") == (50, 5000)
    check(METHODS["stripe"], route, 5000, "SGD")
    with pytest.raises(Invalid, match="at most"):
        check(METHODS["stripe"], route, 5001, "SGD")
    with pytest.raises(Invalid, match="or more"):
        check(METHODS["stripe"], route, 49, "SGD")


def test_money_goes_back_within_the_window_of_its_own_way():
    stripe = capabilities("stripe")
    assert [stripe.window(key).days for key in ("stripe.alipay", "stripe.wechat_pay", "stripe", "")] == [
        90,
        180,
        180,
        180,
    ]
    assert capabilities("counter").window("") is None


_MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP, "down": ROUND_DOWN}


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(0, 1000), st.integers(0, 500), st.sampled_from(sorted(_MODES)))
def test_the_fee_is_the_share_rounded_once_plus_the_fixed_part(amount, bps, fixed, mode):
    fee = BankFee(basis_points=bps, fixed_minor=fixed, rounding=mode).of(amount)
    exact = (Decimal(amount) * bps / 10_000).quantize(Decimal(1), _MODES[mode])
    assert fee == min(int(exact) + fixed, amount)


def test_the_fee_is_capped_and_never_more_than_the_payment():
    assert BankFee(basis_points=100, fixed_minor=30, cap_minor=120).of(100_000) == 120
    assert BankFee(fixed_minor=500).of(300) == 300


def test_the_channel_is_told_the_ways_and_the_fee_and_nothing_where_there_is_none():
    told = _session(order(methods=("wechat_pay",), application_fee_minor=45))
    assert told["payment_method_types"] == ["wechat_pay"]
    assert told["payment_method_options"] == {"wechat_pay": {"client": "web"}}
    assert told["payment_intent_data"]["application_fee_amount"] == 45
    plain = _session(order())
    assert "payment_method_types" not in plain
    assert "application_fee_amount" not in plain["payment_intent_data"]


def test_terms_read_back_as_sentences_in_both_languages():
    terms = RoutingTerms(
        routes=(Route(method="bank", most_minor=5000, fee_items=("estate",)), Route(method="stripe.card"))
    )
    said = [str(each) for each in sentences(terms, "SGD", {"estate": "Service charge"})]
    assert said[0].startswith("1. Bank app (QR code), up to")
    assert "only for Service charge" in said[0]
    assert said[1] == "2. Card, any amount, for all fees."
    with use_locale("zh_CN"):
        assert "银行" in str(sentences(terms, "SGD", {})[0])
    assert "0.35 %" in str(fee_sentence(BankFee(basis_points=35, fixed_minor=10, cap_minor=500), "SGD"))
    assert "nothing" in str(fee_sentence(BankFee(), "SGD"))
