"""Reasons that the product itself gives, as for a refund: kept in English, shown in whatever language somebody reads.

What a person wrote stays as they wrote it, and so do what a reason is about after its colon, and the figures in it.
"""

import re

from ui.i18n import gettext

_STANDARD: set[str] = set()
_WITH_FIGURES: dict[str, re.Pattern[str]] = {}
_BETWEEN = ": "


def standard(words: str) -> str:
    """Return ``words``, English and marked for translation, as a reason that the product gives.

    Figures have names in braces there, and are given by ``with_figures``.
    """
    _STANDARD.add(words)
    if "{" in words:
        _WITH_FIGURES[words] = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\d+)", re.escape(words)))
    return words


def with_figures(reason: str, **figures: int) -> str:
    """Return a standard reason with its figures, as it is kept."""
    return reason.format(**figures)


def about(reason: str, reference: str) -> str:
    """Return a standard reason with the reference of what it is about."""
    return reason + _BETWEEN + reference


def in_words(reason: str) -> str:
    """Return a kept reason as its reader sees it: a standard one in their language, any other as it was written."""
    head, between, rest = reason.partition(_BETWEEN)
    if reason in _STANDARD:
        return gettext(reason)
    if head in _STANDARD:
        return f"{gettext(head)}{between}{rest}"
    return next((said for words in _WITH_FIGURES if (said := _read(reason, words))), reason)


def _read(reason: str, words: str) -> str:
    """Return a kept reason by the words that it was made of; empty where those are others."""
    found = _WITH_FIGURES[words].fullmatch(reason)
    return gettext(words, **found.groupdict()) if found else ""
