"""Dividing an amount by weights, to the cent. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Key = TypeVar("Key")


def divide(total_minor: int, weights: Mapping[Key, Decimal]) -> dict[Key, int]:
    """Return each one's part of an amount in minor units; the parts add up to it exactly.

    Each part is rounded down. The cents that are left go, one each, to those whose part lost most by that; of equal
    ones to the earlier. So the same weights in the same order always give the same parts.

    Raises:
        ValueError: nobody takes part, or a weight is not above zero.
    """
    if not weights or min(weights.values()) <= 0:
        raise ValueError("weights must be above zero, and there must be some")
    whole = sum(Fraction(weight) for weight in weights.values())
    exact = {key: Fraction(weight) * total_minor / whole for key, weight in weights.items()}
    parts = {key: int(part) for key, part in exact.items()}
    left = total_minor - sum(parts.values())
    for key in sorted(exact, key=lambda key: parts[key] - exact[key])[:left]:
        parts[key] += 1
    return parts
