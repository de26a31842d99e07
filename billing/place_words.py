"""What an account's place is called where lists and reports speak of it: a class at a school, a place elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.kinds import place_name
from ui.i18n import Text, t
from ui.tables import Column


def place_word(scenarios: Sequence[str]) -> Text:
    """Return what the place of these scenarios' accounts is called."""
    return t(place_name(scenarios))


def by_place(scenarios: Sequence[str]) -> Text:
    """Return the heading of figures that are summed by it, as one says it within a sentence."""
    return t("By {place}", place=str(place_word(scenarios)).lower())


def in_their_words(columns: Sequence[Column], scenarios: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns with that of the place called as these scenarios call it."""
    word = place_word(scenarios)
    return tuple(replace(one, label=word) if one.key == "place" else one for one in columns)
