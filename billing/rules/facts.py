"""What a rule is applied to, and how a bill line keeps it so that anyone can recompute the line."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Self, TypeVar

from billing.rules.nodes import text_of

Scalar = str | bool | int | Decimal
_T = TypeVar("_T")
PERIOD_KEYS = ("period:first", "period:last", "active:from", "active:to")


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a period ends on or after its first day")

    @classmethod
    def month(cls, year: int, month: int) -> Self:
        """Return a calendar month."""
        return cls(date(year, month, 1), date(year, month, monthrange(year, month)[1]))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def days_before(self, day: date) -> int:
        """How many of its days lie before ``day``."""
        return min(max((day - self.first).days, 0), self.days)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one account for one period.

    ``attributes`` are the account's own, compared as text, a blank one being absent. ``balances`` and
    ``lines`` are minor units. ``active_from`` and ``active_to`` (both included, None for open) are the days
    for which this account is charged: a move in or out, a change of owner.
    """

    attributes: Mapping[str, Scalar | None] = field(default_factory=dict)
    quantities: Mapping[str, Decimal | int | None] = field(default_factory=dict)
    balances: Mapping[str, int | None] = field(default_factory=dict)
    lines: Mapping[str, int | None] = field(default_factory=dict)
    period: Period | None = None
    active_from: date | None = None
    active_to: date | None = None

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> Self:
        """Return the facts that a bill line's stored ``inputs`` stand for; a stranger's key is no fact."""
        dates = {key: date.fromisoformat(inputs[key]) for key in PERIOD_KEYS if inputs.get(key)}
        return cls(
            attributes={key: value for key, value in inputs.items() if ":" not in key},
            quantities=_group(inputs, "quantity:", Decimal),
            balances=_group(inputs, "balance:", int),
            lines=_group(inputs, "line:", int),
            period=Period(dates["period:first"], dates["period:last"]) if "period:last" in dates else None,
            active_from=dates.get("active:from"),
            active_to=dates.get("active:to"),
        )

    def attribute(self, name: str) -> str | None:
        """Return an attribute as text, None when it is absent or blank."""
        value = self.attributes.get(name)
        return None if value is None else text_of(value) or None

    def share(self, period: Period) -> tuple[int, int]:
        """Return the days of the period before the active span, and up to its end."""
        before = period.days_before(self.active_from) if self.active_from else 0
        through = period.days_before(self.active_to + timedelta(days=1)) if self.active_to else period.days
        return before, max(through, before)


def _group(inputs: Mapping[str, Any], prefix: str, read: Callable[[Any], _T]) -> dict[str, _T | None]:
    found = ((key.removeprefix(prefix), value) for key, value in inputs.items() if key.startswith(prefix))
    return {name: None if value is None else read(value) for name, value in found}
