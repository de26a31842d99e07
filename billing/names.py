"""Names that institutions give their fees, as ``{"en": …, "zh_CN": …}``, in the language of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ui.formats import month_text
from ui.i18n import DEFAULT_LOCALE, current_locale


def localized(names: Mapping[str, str]) -> str:
    """Return the name in the current language, else in English, else in whatever language there is."""
    return names.get(current_locale()) or names.get(DEFAULT_LOCALE) or next(iter(names.values()), "")


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
