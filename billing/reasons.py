"""Reasons that the product itself gives, as for a refund: kept in English, shown in whatever language somebody reads.

What a person wrote stays as they wrote it, and so does what a reason is about after its colon, as a number.
"""

from ui.i18n import gettext

_STANDARD: set[str] = set()
_BETWEEN = ": "


def standard(words: str) -> str:
    """Return ``words``, English and marked for translation, as a reason that the product gives."""
    _STANDARD.add(words)
    return words


def about(reason: str, reference: str) -> str:
    """Return a standard reason with the reference of what it is about."""
    return reason + _BETWEEN + reference


def in_words(reason: str) -> str:
    """Return a kept reason as its reader sees it: a standard one in their language, any other as it was written."""
    head, between, rest = reason.partition(_BETWEEN)
    if reason in _STANDARD:
        return gettext(reason)
    return f"{gettext(head)}{between}{rest}" if head in _STANDARD else reason
