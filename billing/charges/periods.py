"""Months: bills are for one, and rules begin with one."""

from calendar import monthrange
from datetime import date

MONTHS = 12


def months_after(day: date, count: int) -> date:
    """Return the first day of the month ``count`` months after ``day``'s (before it, when negative)."""
    months = day.year * MONTHS + day.month - 1 + count
    return date(months // MONTHS, months % MONTHS + 1, 1)


def last_day(period: date) -> date:
    """Return the last day of the month that begins with ``period``."""
    return period.replace(day=monthrange(period.year, period.month)[1])


def day_in(period: date, day: int) -> date:
    """Return the given day of the month, or its last where it is shorter."""
    return period.replace(day=min(day, last_day(period).day))
