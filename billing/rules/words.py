"""The small change of sentences: names of facts, figures and lists, each in the language of the reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from babel.numbers import format_decimal

from billing.rules.currency import decimals
from ui.i18n import N_, Text, current_locale, t

KNOWN = {
    "flat_type": N_("flat type"),
    "is_reduced": N_("rate"),
    "room_type": N_("room type"),
    "unit_type": N_("unit type"),
    "area_sqm": N_("area in m²"),
    "people": N_("people"),
    "grade": N_("grade"),
    "is_insured": N_("insurance"),
    "usage": N_("usage"),
    "used_this_year": N_("usage so far this year"),
    "months": N_("months"),
    "days": N_("days"),
    "visits": N_("visits"),
    "stalls": N_("stalls"),
    "arrears": N_("arrears"),
    "principal": N_("unpaid principal"),
    "late_fee_charged": N_("late fees charged so far"),
    "days_late": N_("days late"),
    "months_in_arrears": N_("months in arrears"),
    "months_since_late_fee": N_("months since the last late fee"),
}
VALUES = {
    ("is_reduced", "true"): N_("reduced"),
    ("is_reduced", "false"): N_("normal"),
    ("is_insured", "true"): N_("insured"),
    ("is_insured", "false"): N_("not insured"),
}
YES_NO = {"true": N_("yes"), "false": N_("no")}
TIMES = "\N{MULTIPLICATION SIGN}"
_READING = Context(prec=40, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number shown in the reader's form; with ``places``, at least so many decimals and at most 8."""

    value: Decimal
    places: int = 0

    def __str__(self) -> str:
        """Return it grouped and with the decimal sign of the current language."""
        fixed = "." + "0" * self.places if self.places else "."
        pattern = f"#,##0{fixed}{'#' * (8 - self.places)}"
        return format_decimal(self.value, format=pattern, locale=current_locale(), decimal_quantization=True)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several texts in a row; without a ``sign`` as a list of the language."""

    parts: tuple[object, ...]
    sign: object = ""

    def __str__(self) -> str:
        """Return the parts with the sign, or the language's list separator, between them."""
        separator = str(self.sign) or ("、" if current_locale() == "zh_CN" else ", ")
        return separator.join(str(part) for part in self.parts)


def figure(value: Decimal | Fraction) -> Figure:
    """Return a plain number for reading; a fraction without end is cut for the eye only."""
    return Figure(decimal_of(value))


def money(value: Decimal | Fraction, currency: str) -> Figure:
    """Return an amount in major units for reading, with all places of its currency."""
    return Figure(decimal_of(value), decimals(currency))


def decimal_of(value: Decimal | Fraction) -> Decimal:
    """Return a number as a decimal of 40 digits, for reading and never for reckoning."""
    if isinstance(value, Decimal):
        return value
    return _READING.divide(Decimal(value.numerator), Decimal(value.denominator))


def name_words(name: str) -> Text:
    """Return how people call a fact."""
    return t(KNOWN.get(name, name.removeprefix("is_").replace("_", " ")))


def value_words(name: str, value: str) -> object:
    """Return how people call a value of an attribute."""
    known = VALUES.get((name, value)) or YES_NO.get(value)
    return t(known) if known else value


def subject_words(subject: str) -> object:
    """Return how people call the fact or facts that an exception names."""
    return joined(name_words(name) for name in subject.split(",")) if subject else ""


def joined(parts: Iterable[object], sign: object = "") -> Joined:
    """Return the parts in a row."""
    return Joined(tuple(parts), sign)
