"""How long a sign-in of each level of assurance counts: a strong one is soon only a memory of one."""

from datetime import UTC, datetime, timedelta

AGES = {1: timedelta(hours=12), 2: timedelta(hours=8), 3: timedelta(minutes=15)}
"""The level that a sign-in gave, and the age up to which it still is one; after that it counts as the next lower."""


def worth(level: int, auth_time: datetime | None) -> int:
    """Return the level that a sign-in still has now; 0 when even the lowest has run out."""
    if auth_time is None:
        return 0
    age = datetime.now(UTC) - auth_time
    return max((one for one, limit in AGES.items() if one <= level and age <= limit), default=0)
