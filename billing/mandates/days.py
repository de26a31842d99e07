"""On which day a mandate takes what is owed, as SQL about mandate ``m``; ``soonest`` is the first with its notice."""


def _in_month_of(day: str) -> str:
    return f"(date_trunc('month', {day})::date + m.day_of_month - 1)"


def _next(day: str) -> str:
    """Return the mandate's first day of the month on or after ``day``."""
    own = _in_month_of(day)
    return f"({own} + case when {own} < {day} then interval '1 month' else interval '0' end)::date"


def _last(day: str) -> str:
    """Return the mandate's last day of the month on or before ``day``."""
    own = _in_month_of(day)
    return f"({own} - case when {own} > {day} then interval '1 month' else interval '0' end)::date"


def of_bill(due_on: str, soonest: str) -> str:
    """Return when a bill is taken: on its due day, or with all that is open on the mandate's day."""
    return f"case when m.schedule = 'bill' then greatest({due_on}, {soonest}) else {_next(soonest)} end"


def of_instalment(due_on: str, soonest: str) -> str:
    """Return when an instalment is taken: on its day, or on the mandate's last day until then, so that none is late."""
    return (
        f"case when m.schedule = 'bill' then greatest({due_on}, {soonest})"
        f" else greatest({_last(due_on)}, {_next(soonest)}) end"
    )
