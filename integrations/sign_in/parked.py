"""What somebody typed before their session had run out, shown back to them in words."""

import re
from collections.abc import Iterable

from tenants import texts
from ui.formats import listed
from ui.i18n import gettext

_SECRET = re.compile(r"pass|secret|token|pin\b|code|cvv|csrf|key", re.IGNORECASE)
_NOISE = re.compile(r"(^|[-_])(id|next|version|idempotency)([-_]|$)", re.IGNORECASE)
LONGEST = 300


def readable(typed: Iterable[list[str]]) -> list[tuple[str, str]]:
    """Return label and text of what a person would know as theirs; secrets stay dots, machinery stays out.

    The words are those of the form, where it had been read by the time it was put aside.
    """
    shown: dict[str, list[str]] = {}
    for name, text, *words in typed:
        label, word = (str(texts.loads(kept)) for kept in words or ("", ""))
        if (text.strip() or word) and not _NOISE.search(name):
            shown.setdefault(label or label_of(name), []).append(word or _text(name, text))
    return [(label, listed(texts)) for label, texts in shown.items()]


def label_of(name: str) -> str:
    """Return a field's name as words, in the reader's language where the catalogue has them."""
    words = re.sub(r"_minor$", "", name).replace("-", " ").replace("_", " ")
    words = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), words).strip()
    return gettext(words[:1].upper() + words[1:])


def _text(name: str, text: str) -> str:
    if _SECRET.search(name):
        return "•" * 6
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
