"""Levels of assurance: what the bank's ``acr`` values mean to us."""

ACR = {"urn:scenario:loa:1": 1, "urn:scenario:loa:2": 2, "urn:scenario:loa:3": 3}
"""1: one factor. 2: the bank's ordinary two-factor login. 3: with a key or card that the bank has issued."""
LOWEST, STRONG, HIGHEST = 1, 2, 3


def level_of(acr: object) -> int:
    """Return the level that an ``acr`` claim stands for; one that we do not know is worth the lowest."""
    return ACR.get(acr, LOWEST) if isinstance(acr, str) else LOWEST


def acr_values_from(level: int) -> list[str]:
    """Return the ``acr`` values that satisfy ``level``, the least sufficient first."""
    return [acr for acr, worth in sorted(ACR.items(), key=lambda item: item[1]) if worth >= level]
