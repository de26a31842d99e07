"""What sentences are filled with, written in the language of whoever reads them: names, months, days, amounts.

Institutions name their fees as ``{"en": …, "zh_CN": …}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ui.formats import date_text, money, month_text, plain_amount
from ui.i18n import DEFAULT_LOCALE, current_locale


def localized(names: Mapping[str, str]) -> str:
    """Return the name in the current language, else in English, else in whatever language there is."""
    return names.get(current_locale()) or names.get(DEFAULT_LOCALE) or next(iter(names.values()), "")


def account_text(number: str, name: str) -> str:
    """Return an account as its payers know it: number and name, where those differ (a pupil's, not a flat's)."""
    return " ".join(dict.fromkeys(part for part in (number, name) if part))


@dataclass(frozen=True, slots=True)
class Named:
    """A name that is chosen when it is shown, for sentences whose reader is not known yet."""

    names: Mapping[str, str]

    def __str__(self) -> str:
        """Return the name in the current language."""
        return localized(self.names)


@dataclass(frozen=True, slots=True)
class Month:
    """A month in a sentence, written when it is shown."""

    first: date

    def __str__(self) -> str:
        """Return the month and its year in the current language."""
        return month_text(self.first)


@dataclass(frozen=True, slots=True)
class Day:
    """A day in a sentence, written when it is shown."""

    day: date

    def __str__(self) -> str:
        """Return the day in the reader's form."""
        return date_text(self.day, "long")


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount in a sentence, written when it is shown; minor units."""

    amount_minor: int
    currency: str

    def __str__(self) -> str:
        """Return the amount with its currency in the reader's form."""
        return money(self.amount_minor, self.currency)

    @property
    def plain(self) -> str:
        """The amount as somebody would type it into a form."""
        return plain_amount(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several things in a sentence, written one after the other when it is shown."""

    parts: Sequence[object]

    def __str__(self) -> str:
        """Return the parts with the language's comma between them."""
        return ("、" if current_locale() == "zh_CN" else ", ").join(str(part) for part in self.parts)
