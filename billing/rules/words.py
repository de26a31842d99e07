"""The small change of sentences: names of facts, figures and lists, each in the language of the reader."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from babel.numbers import format_decimal

from billing.rules.currency import decimals
from tenants.kinds import SCENARIOS, Attribute
from ui.i18n import DEFAULT_LOCALE, N_, current_locale, gettext, t

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
_fees: ContextVar[Mapping[str, Mapping[str, str]]] = ContextVar("fees", default={})  # noqa: B039 - never written to
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


@dataclass(frozen=True, slots=True)
class Label:
    """A scenario's own word for something, written within a sentence in the language of the reader."""

    message: str
    unit: str = ""

    def __str__(self) -> str:
        """Return it with its unit, small at the beginning unless it is written in capitals."""
        words = gettext(self.message)
        if words[1:2].islower():
            words = words[0].lower() + words[1:]
        return gettext("{name} in {unit}", name=words, unit=self.unit) if self.unit else words


@dataclass(frozen=True, slots=True)
class FeeName:
    """The institution's own name for a fee."""

    names: Mapping[str, str]

    def __str__(self) -> str:
        """Return the name in the language of the reader, else in English."""
        return self.names.get(current_locale()) or self.names.get(DEFAULT_LOCALE) or ""


@contextmanager
def fee_names(names: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Call the bill's lines by these names (by fee item's code, then language) in sentences made inside the block."""
    token = _fees.set(names)
    try:
        yield
    finally:
        _fees.reset(token)


def line_words(name: str) -> object:
    """Return how the institution calls a fee item, as far as that is known here."""
    names = _fees.get().get(name)
    return FeeName(names) if names else name_words(name)


def attribute_of(name: str) -> Attribute | None:
    """Return an attribute as the scenarios define it; the first one where several have it."""
    kinds = (kind for scenario in SCENARIOS.values() for kind in scenario.account_kinds)
    return next((found for kind in kinds for found in kind.attributes if found.key == name), None)


def quantity_of(name: str) -> str | None:
    """Return how a scenario calls a number of the month."""
    return next((one.quantities[name] for one in SCENARIOS.values() if name in one.quantities), None)


def name_words(name: str) -> object:
    """Return how people call a fact: an attribute by the label that its scenario gives it."""
    if name in KNOWN:
        return t(KNOWN[name])
    attribute = attribute_of(name)
    if attribute is not None:
        return Label(attribute.label, attribute.unit)
    if (quantity := quantity_of(name)) is not None:
        return Label(quantity)
    return name.removeprefix("is_").replace("_", " ")


def value_words(name: str, value: str) -> object:
    """Return how people call a value of an attribute."""
    known = VALUES.get((name, value)) or YES_NO.get(value)
    if known:
        return t(known)
    attribute = attribute_of(name)
    label = attribute.choices.get(value) if attribute else None
    return Label(label) if label else value


def subject_words(subject: str) -> object:
    """Return how people call the fact or facts that an exception names."""
    return joined(name_words(name) for name in subject.split(",")) if subject else ""


def joined(parts: Iterable[object], sign: object = "") -> Joined:
    """Return the parts in a row."""
    return Joined(tuple(parts), sign)
