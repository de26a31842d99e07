"""What a reading means: usage, what is odd about it, and whose days it fell into. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

STEP = Decimal("0.001")
JUMP = 3
"""So many times the usual usage of a day, and a reading waits for somebody to look at it."""
ODD_FROM = Decimal(5)
"""Usage of a day below which no jump is worth a look."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a meter showed before: a value on a day, and what was used in a day until then, where that is known."""

    on: date
    value: Decimal
    per_day: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Days of one account, both ends included."""

    account_id: UUID
    first: date
    last: date

    @property
    def days(self) -> tuple[UUID, date, date]:
        """Whose they are, and which."""
        return self.account_id, self.first, self.last


def usage_of(
    before: Decimal, after: Decimal, *, multiplier: Decimal, digits: int, is_rollover: bool
) -> Decimal:
    """Return what was used between two values of a meter; with a rollover it began again at zero in between.

    Raises:
        ValueError: the value is below the one before, and nobody has said that the meter began again.
    """
    if after < before and not is_rollover:
        raise ValueError("a reading below the last needs a rollover or another meter")
    turned = Decimal(10) ** digits if is_rollover else Decimal(0)
    return ((after + turned - before) * multiplier).quantize(STEP)


def flag_of(known: Known, value: Decimal, on: date, *, multiplier: Decimal, digits: int) -> str:
    """Return what is odd about a reading: ``below``, ``jump``, ``large`` or nothing."""
    if value >= Decimal(10) ** digits:
        return "large"
    if value < known.value:
        return "below"
    days = max((on - known.on).days, 1)
    per_day = (value - known.value) * multiplier / days
    if known.per_day is not None and per_day > ODD_FROM and per_day > JUMP * known.per_day:
        return "jump"
    return ""


def by_days(amount: Decimal, spans: Sequence[Span]) -> list[tuple[UUID, Decimal]]:
    """Divide what was used among accounts by their days; the parts are thousandths and add up to the whole.

    Each part is rounded down, and what is left goes, a thousandth each, to those who lost most by it, the earlier
    one first.
    """
    days = [(span.last - span.first).days + 1 for span in spans]
    exact = [amount * count / sum(days) for count in days]
    parts = [part.quantize(STEP, ROUND_FLOOR) for part in exact]
    left = int((amount - sum(parts)) / STEP)
    losers = sorted(range(len(spans)), key=lambda place: (parts[place] - exact[place], place))
    for place in losers[:left]:
        parts[place] += STEP
    return [(span.account_id, part) for span, part in zip(spans, parts, strict=True)]


def spans_of(tenures: Sequence[tuple[UUID, date]], now: UUID, first: date, last: date) -> list[Span]:
    """Return who held a unit from ``first`` to ``last``; ``tenures`` are earlier accounts with their last days."""
    found, start = [], first
    for account_id, until in sorted(tenures, key=lambda one: one[1]):
        if until >= start and start <= last:
            found.append(Span(account_id, start, min(until, last)))
            start = min(until, last) + timedelta(days=1)
    if start <= last:
        found.append(Span(now, start, last))
    return found
