"""The one rounding step: an exact fraction becomes whole steps. Amounts are never negative."""

from fractions import Fraction

from billing.rules.currency import decimals
from billing.rules.terms import Rounding


def step_minor(rounding: Rounding, currency: str) -> int:
    """Return the rounding step in minor units (0.05 in a two-decimal currency is 5)."""
    return int(rounding.step.scaleb(decimals(currency)))


def whole_steps(numerator: int, denominator: int, mode: str) -> int:
    """Return ``numerator / denominator`` (not negative) as a whole number, rounded by ``mode``."""
    whole, rest = divmod(numerator, denominator)
    if mode == "up":
        return whole + (rest > 0)
    if mode == "down" or 2 * rest < denominator:
        return whole
    is_tie = 2 * rest == denominator
    return whole if is_tie and mode == "half_even" and whole % 2 == 0 else whole + 1


def round_minor(amount: Fraction, rounding: Rounding, currency: str) -> int:
    """Return an amount in major units rounded as the rule says, in minor units."""
    step = step_minor(rounding, currency)
    minor = amount * 10 ** decimals(currency) / step
    return whole_steps(minor.numerator, minor.denominator, rounding.mode) * step
