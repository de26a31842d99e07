"""What currencies count in: most have two decimals, some none, some three."""

from decimal import Decimal

_WHOLE = {"JPY", "KRW", "VND"}
_THREE = {"BHD", "JOD", "KWD", "OMR", "TND"}


def places(currency: str) -> int:
    """Return how many decimals a currency has."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THREE else 2


def major(amount_minor: int, currency: str) -> Decimal:
    """Return an amount in the main unit, with all its decimals."""
    return Decimal(amount_minor).scaleb(-places(currency))


def minor(text: str, currency: str) -> int:
    """Return an amount of the main unit in minor units; raises where it is no amount of that currency."""
    amount = Decimal(text).scaleb(places(currency))
    if amount != amount.to_integral_value():
        raise ValueError(f"{currency} has no such amount")
    return int(amount)
