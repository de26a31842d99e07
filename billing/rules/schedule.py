"""Days around a charge: when it is due, from when it is late, and by how much."""

from calendar import monthrange
from datetime import date, timedelta

from billing.rules.documents import Charge
from billing.rules.facts import Period
from billing.rules.terms import Due

MONTHS = 12


def due_date(charge: Charge, period: Period) -> date:
    """Return the day by which the charge for ``period`` is to be paid."""
    return _due(charge.due, period.first)


def _due(due: Due, first: date) -> date:
    months = first.month - 1 + due.months_later
    year, month = first.year + months // MONTHS, months % MONTHS + 1
    return date(year, month, min(due.day, monthrange(year, month)[1]))


def late_after(charge: Charge, due_on: date) -> date:
    """Return the last day on which a charge due on ``due_on`` is not yet late: the end of grace."""
    return due_on + timedelta(days=charge.due.grace_days)


def days_late(charge: Charge, due_on: date, today: date) -> int:
    """Return how many days the charge has been late on ``today`` (quantity ``days_late``)."""
    return max((today - late_after(charge, due_on)).days, 0)


def months_in_arrears(charge: Charge, due_on: date, today: date) -> int:
    """Return in how many months, the one begun included, it has been late (``months_in_arrears``)."""
    start = late_after(charge, due_on)
    if today <= start:
        return 0
    whole = (today.year - start.year) * MONTHS + today.month - start.month
    return whole + (today.day > start.day)
