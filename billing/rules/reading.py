"""Reading facts: every way in which a fact can be absent or unusable, and the name of the fault."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from billing.rules.currency import to_major
from billing.rules.facts import Facts
from billing.rules.nodes import Attribute, Balance, Line, Operand, Quantity

PLAIN_NUMBER = r"[0-9]{1,12}(\.[0-9]{1,6})?"
_PLAIN_NUMBER = re.compile(PLAIN_NUMBER, re.ASCII)
LARGEST_QUANTITY = 10**12
QUANTITY_PLACES = 6


class Fault(Exception):
    """A fact is missing or unusable; carries the code and subject of the exception."""

    def __init__(self, code: str, subject: str = "") -> None:
        super().__init__(code, subject)
        self.code, self.subject = code, subject


class Reader:
    """Reads one account's facts as exact numbers and texts."""

    def __init__(self, facts: Facts, currency: str) -> None:
        self.facts, self.currency = facts, currency

    def text(self, name: str) -> str:
        """Return an attribute as text.

        Raises:
            Fault: ``missing_attribute`` when it is absent or blank.
        """
        value = self.facts.attribute(name)
        if value is None:
            raise Fault("missing_attribute", name)
        return value

    def number(self, operand: Operand) -> Fraction:
        """Return a fact as a number; money in major units.

        Raises:
            Fault: ``missing_…`` when it is absent, ``bad_number`` when it cannot be read.
        """
        if isinstance(operand, Attribute):
            return self._attribute_number(operand.name)
        if isinstance(operand, Quantity):
            return self._quantity(operand.name)
        minor = (self.facts.balances if isinstance(operand, Balance) else self.facts.lines).get(operand.name)
        if minor is None:
            raise Fault(f"missing_{operand.kind}", operand.name)
        return to_major(minor, self.currency)

    def is_known(self, operand: Operand) -> bool:
        """Tell whether a fact is there, be it usable or not."""
        match operand:
            case Attribute():
                return self.facts.attribute(operand.name) is not None
            case Quantity():
                return self.facts.quantities.get(operand.name) is not None
            case Balance():
                return self.facts.balances.get(operand.name) is not None
            case Line():
                return self.facts.lines.get(operand.name) is not None

    def _attribute_number(self, name: str) -> Fraction:
        text = self.text(name)
        if not _PLAIN_NUMBER.fullmatch(text):
            raise Fault("bad_number", name)
        return Fraction(text)

    def _quantity(self, name: str) -> Fraction:
        value = self.facts.quantities.get(name)
        if value is None:
            raise Fault("missing_quantity", name)
        number = Fraction(value) if isinstance(value, int) or value.is_finite() else Fraction(-1)
        if not 0 <= number < LARGEST_QUANTITY or 10**QUANTITY_PLACES % number.denominator:
            raise Fault("bad_number", name)
        return number


def inputs_of(keys: tuple[str, ...], facts: Facts) -> Mapping[str, str | None]:
    """Return the facts of these names as texts, which is what a bill line keeps."""
    return {key: _input(key, facts) for key in keys}


def _input(key: str, facts: Facts) -> str | None:
    group, _, name = key.rpartition(":")
    match group:
        case "":
            return facts.attribute(name)
        case "quantity":
            value = facts.quantities.get(name)
            return None if value is None else format(Decimal(value), "f")
        case "balance":
            return _minor_text(facts.balances.get(name))
        case "line":
            return _minor_text(facts.lines.get(name))
        case _:
            return _date(key, facts)


def _minor_text(minor: int | None) -> str | None:
    return None if minor is None else str(minor)


def _date(key: str, facts: Facts) -> str | None:
    period = facts.period
    dates = {
        "period:first": period and period.first,
        "period:last": period and period.last,
        "active:from": facts.active_from,
        "active:to": facts.active_to,
    }
    day = dates[key]
    return day.isoformat() if day else None
