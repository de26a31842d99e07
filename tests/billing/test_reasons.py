"""Reasons of the product's own are read in the reader's language, those of people as they were written."""

import pytest

from billing import acts
from billing.reasons import about, in_words, with_figures
from scenarios.education.days.meals import NOT_EATEN
from scenarios.education.year.farewell import DAYS_TO_COME, NOT_DUE_YET
from scenarios.hospital.cancelling import CANCELLED
from tenants.audit_words import changes
from ui.i18n import use_locale


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (CANCELLED, "预约已取消"),
        (about(CANCELLED, "A-17"), "预约已取消: A-17"),
        (with_figures(NOT_EATEN, days=3, of=22), "未用餐：22 个上学日中的 3 天"),
        (with_figures(DAYS_TO_COME, days=11, of=30), "离校退费：30 天中剩余 11 天"),
        (NOT_DUE_YET, "此期分期前已离校"),
        ("Meals not eaten: some of 22 school days", "Meals not eaten: some of 22 school days"),
        ("Paid twice", "Paid twice"),
        ("Cancel: A-17", "Cancel: A-17"),
        ("", ""),
    ],
)
def test_a_standard_reason_is_in_the_readers_language(kept, read):
    assert in_words(kept) == kept
    with use_locale("zh_CN"):
        assert in_words(kept) == read


def test_the_trail_says_it_in_the_readers_language():
    assert acts.FACTS
    with use_locale("zh_CN"):
        assert changes("refund", {}, {"reason": CANCELLED}) == ["原因：预约已取消"]
        assert changes("refund", {}, {"reason": "Paid twice"}) == ["原因：Paid twice"]
