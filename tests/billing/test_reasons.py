"""Reasons of the product's own are read in the reader's language, those of people as they were written."""

import pytest

from billing.reasons import about, in_words
from scenarios.hospital.cancelling import CANCELLED
from ui.i18n import use_locale


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (CANCELLED, "预约已取消"),
        (about(CANCELLED, "A-17"), "预约已取消: A-17"),
        ("Paid twice", "Paid twice"),
        ("Cancel: A-17", "Cancel: A-17"),
        ("", ""),
    ],
)
def test_a_standard_reason_is_in_the_readers_language(kept, read):
    assert in_words(kept) == kept
    with use_locale("zh_CN"):
        assert in_words(kept) == read
