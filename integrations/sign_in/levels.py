"""Levels of assurance: what the bank's ``acr`` values mean to us."""

from datetime import UTC, datetime, timedelta

ACR = {"urn:scenario:loa:1": 1, "urn:scenario:loa:2": 2, "urn:scenario:loa:3": 3}
"""1: one factor. 2: the bank's ordinary two-factor login. 3: with a key or card that the bank has issued."""
LOWEST, STRONG, HIGHEST = 1, 2, 3


def level_of(acr: object) -> int:
    """Return the level that an ``acr`` claim stands for; one that we do not know is worth the lowest."""
    return ACR.get(acr, LOWEST) if isinstance(acr, str) else LOWEST


def acr_values_from(level: int) -> list[str]:
    """Return the ``acr`` values that satisfy ``level``, the least sufficient first."""
    return [acr for acr, worth in sorted(ACR.items(), key=lambda item: item[1]) if worth >= level]


AGES = {LOWEST: timedelta(hours=12), STRONG: timedelta(hours=8), HIGHEST: timedelta(minutes=15)}
"""How long after the sign-in each level still counts: the stronger it is, the sooner it is only a memory."""


def worth(level: int, auth_time: datetime | None) -> int:
    """Return the level that a sign-in still has now; 0 when even the lowest has run out."""
    if auth_time is None:
        return 0
    age = datetime.now(UTC) - auth_time
    return max((one for one, limit in AGES.items() if one <= level and age <= limit), default=0)
