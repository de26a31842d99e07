"""How many decimals a currency has (ISO 4217), and exact moves between its major and minor units."""

from decimal import Decimal
from fractions import Fraction

from babel.numbers import list_currencies

from ui.formats import exponent

_WITHOUT_DECIMALS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
        *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
_WITH_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_UNSUPPORTED = frozenset({"CLF", "UYW"})


def is_currency(code: str) -> bool:
    """Tell whether ``code`` is a currency that money can be kept in here (0, 2 or 3 decimals).

    One that CLDR shows with other decimals than ISO 4217 gives it (LAK, IQD) would be read a hundred times too large.
    """
    is_known = code in list_currencies() and code not in _UNSUPPORTED
    return is_known and exponent(code) == decimals(code)


def decimals(currency: str) -> int:
    """Return the number of decimals of the currency's minor unit."""
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE else 2


def finest_step(currency: str) -> str:
    """Return the smallest unit of a currency: 0.01 (SGD), 1 (JPY) or 0.001 (KWD)."""
    return f"{Decimal(1).scaleb(-decimals(currency)):f}"


def to_major(minor: int, currency: str) -> Fraction:
    """Return an amount of minor units in the currency's major unit, exactly."""
    return Fraction(minor, 10 ** decimals(currency))


def as_decimal(minor: int, currency: str) -> Decimal:
    """Return an amount of minor units as a decimal that shows all of the currency's places."""
    return Decimal(minor).scaleb(-decimals(currency))
