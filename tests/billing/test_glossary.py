"""The glossary names things as the pages do, in both languages."""

from pathlib import Path

import pytest

import billing
from ui.i18n import gettext, use_locale

TEXT = (Path(billing.__file__).parent / "GLOSSARY.md").read_text()
LINES = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("|")]
ROWS = [(line[0], line[1]) for line in LINES if line[0] not in {"word", "-"}]


@pytest.mark.parametrize(("word", "chinese"), ROWS)
def test_a_word_is_the_one_on_the_pages(word, chinese):
    with use_locale("zh_CN"):
        assert gettext(word) == chinese


def test_it_has_words():
    assert len(ROWS) > 30
