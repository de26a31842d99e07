"""Marks behind a name that is kept as text, such as "(until 2026-10-16)": written once, read in any language.

A name goes into bills, files and papers as it is kept, in the institution's language. Pages show it to readers of
another: there the mark, and only the mark, is put into theirs.
"""

import re
from functools import cache, partial

from ui.i18n import LOCALES, current_locale, gettext, use_locale

_DAY = "{day}"
_known: list[str] = []


def define(message: str) -> str:
    """Let a mark be read in every language; ``message`` has a ``{day}`` and is in the catalogues."""
    if message not in _known:
        _known.append(message)
        _foreign.cache_clear()
    return message


def read(text: str) -> str:
    """Return a text with its marks in the reader's language; what has none comes back as it is, safe as it was."""
    if ")" not in text and "\uff09" not in text:
        return text
    for pattern, message in _foreign(current_locale()):
        if pattern.search(text):
            text = type(text)(pattern.sub(partial(_said, message), str(text)))
    return text


def _said(message: str, found: re.Match[str]) -> str:
    return gettext(message, day=found[1])


@cache
def _foreign(reader: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return how each mark is written in every language but the reader's."""
    return tuple(
        (_pattern(message, locale), message) for locale in LOCALES if locale != reader for message in _known
    )


def _pattern(message: str, locale: str) -> re.Pattern[str]:
    with use_locale(locale):
        before, after = (re.escape(part) for part in gettext(message).split(_DAY))
    return re.compile(rf"{before}(\d{{4}}-\d\d-\d\d){after}")
