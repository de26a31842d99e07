"""News of a dispute add up to the same, in any order and however often they come."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.disputes.news import Known, News, add, rail_news, stripe_news
from billing.disputes.states import DISPUTE, edge_to
from billing.payments.states import diagram, table

DUE = datetime(2026, 12, 1, tzinfo=UTC)


def news(state: str, **more) -> News:
    return News(reference="dp_1", payment="pi_1", amount_minor=5000, currency="SGD", state=state, **more)


TOLD = (
    news("opened"),
    news("evidence_due", is_withdrawn=True, fee_minor=1500, evidence_due_at=DUE),
    news("submitted", is_withdrawn=True, fee_minor=1500, evidence_due_at=DUE + timedelta(days=1)),
    news("won", is_withdrawn=True, fee_minor=1500, fee_returned_minor=1500),
)


def after(*told: News) -> Known:
    known = Known()
    for each in told:
        known = add(known, each)
    return known


@pytest.mark.parametrize("end", ["won", "lost", "dropped"])
def test_every_order_of_a_story_ends_where_the_story_ends(end):
    told = [*TOLD[:3], news(end, is_withdrawn=end != "dropped")]
    if end == "dropped":
        told = [TOLD[0], told[-1]]
    ends = {after(*order) for order in itertools.permutations(told)}
    assert len(ends) == 1
    assert ends.pop().status == end


@given(
    st.lists(st.sampled_from([*TOLD, news("lost"), news("dropped")]), min_size=1, max_size=12), st.randoms()
)
def test_news_told_again_and_shuffled_change_nothing(told, random):
    once = after(*told)
    shuffled = [*told, *told]
    random.shuffle(shuffled)
    assert after(*shuffled) == once
    assert add(once, told[0]) == once


def test_a_decided_dispute_never_goes_back_and_a_lost_one_may_still_be_won():
    assert edge_to("won", "lost") == edge_to("won", "evidence_due") == edge_to("lost", "submitted") == ""
    assert after(news("lost"), news("won")).status == after(news("won"), news("lost")).status == "won"
    assert after(news("lost")).is_withdrawn


def test_stripes_object_is_read_by_its_state_its_money_and_its_event():
    dispute = {
        "id": "dp_1",
        "payment_intent": "pi_1",
        "amount": 5000,
        "currency": "sgd",
        "status": "needs_response",
        "reason": "fraudulent",
        "evidence_details": {"due_by": int(DUE.timestamp())},
        "balance_transactions": [{"amount": -5000, "fee": 1500}],
    }
    read = stripe_news("charge.dispute.created", dispute)
    assert (read.state, read.is_withdrawn, read.fee_minor, read.evidence_due_at) == (
        "evidence_due",
        True,
        1500,
        DUE,
    )
    back = dispute | {
        "status": "won",
        "balance_transactions": [{"amount": -5000, "fee": 1500}, {"amount": 5000, "fee": -1500}],
    }
    assert stripe_news("charge.dispute.closed", back).fee_returned_minor == 1500
    warned = dispute | {"status": "warning_needs_response", "balance_transactions": []}
    assert (stripe_news("", warned).state, stripe_news("", warned).is_withdrawn) == ("opened", False)
    assert stripe_news("charge.dispute.funds_withdrawn", warned).is_withdrawn
    assert stripe_news("charge.dispute.funds_reinstated", dispute).state == "won"
    assert stripe_news("", dispute | {"status": "something_new"}).state == "opened"


def test_the_rails_chargeback_is_read():
    told = {
        "chargeback_id": "cbk_1",
        "merchant_order_no": "x",
        "amount_minor": 5000,
        "currency": "SGD",
        "status": "under_review",
        "evidence_due_at": DUE.isoformat(),
        "fee_minor": 1000,
    }
    read = rail_news(told)
    assert (read.state, read.is_withdrawn, read.fee_minor) == ("submitted", True, 1000)


def test_the_documentation_shows_the_life_that_runs():
    text = (Path(__file__).parents[3] / "billing" / "disputes" / "README.md").read_text()
    assert table(DISPUTE) in text
    assert diagram(DISPUTE) in text
