"""JSON as PostgreSQL keeps it: decimals are numbers, digit for digit."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson


def dumps(data: Any) -> str:
    """Return JSON text for a ``jsonb`` parameter; days as ISO dates, decimals exactly."""
    return orjson.dumps(data, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
