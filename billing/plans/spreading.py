"""The sums and dates of instalments; exact, and without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing.charges.periods import day_in, months_after
from ui.i18n import N_

LEAST, MOST = 2, 60
STEPS = {"month": N_("Every month"), "two_weeks": N_("Every two weeks"), "week": N_("Every week")}
_DAYS = {"two_weeks": 14, "week": 7}


def amounts(total_minor: int, count: int, remainder: str) -> list[int]:
    """Return ``count`` instalments that add up to the total; what does not divide goes to the first or the last."""
    each, rest = divmod(total_minor, count)
    found = [each] * count
    found[0 if remainder == "first" else -1] += rest
    return found


def dates(first_on: date, count: int, step: str) -> list[date]:
    """Return the days: the same day of each month, or its last where that month is shorter; or every so many days."""
    if step == "month":
        return [day_in(months_after(first_on, number), first_on.day) for number in range(count)]
    return [first_on + timedelta(days=_DAYS[step] * number) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment as it stands; minor units."""

    position: int
    due_on: date
    amount_minor: int
    covered_minor: int

    @property
    def left_minor(self) -> int:
        """What is left to pay of it."""
        return self.amount_minor - self.covered_minor


def stand(instalments: Sequence[tuple[int, date, int]], left_minor: int) -> list[Part]:
    """Return the instalments with what is covered of each, oldest first, when ``left_minor`` is left of them all."""
    covered = sum(amount for _, _, amount in instalments) - left_minor
    found = []
    for position, due_on, amount in instalments:
        share = max(0, min(amount, covered))
        covered -= share
        found.append(Part(position, due_on, amount, share))
    return found


def next_due(parts: Sequence[Part]) -> Part | None:
    """Return the earliest instalment of which something is left, if there is one."""
    return next((part for part in parts if part.left_minor), None)
