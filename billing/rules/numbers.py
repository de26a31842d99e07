"""The numbers that a document may contain: plain decimals, written as text, never a float."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

PATTERN = r"[0-9]{1,12}(\.[0-9]{1,8})?"
_WORDS = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,120}")
_PLAIN = re.compile(PATTERN, re.ASCII)


def plain_decimal(value: Any) -> Decimal:
    """Return ``value`` as a decimal; refuse floats, signs, exponents and over-long numbers.

    Raises:
        PydanticCustomError: ``rule_number`` for anything that is not a plain number.
    """
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, (bool, float)) or not _PLAIN.fullmatch(text):
        raise PydanticCustomError("rule_number", "a plain number such as 63.50")
    return Decimal(text)


def plain_key(value: Any) -> bool | int | str:
    """Return ``value`` as what an attribute is compared with: a text, a whole number, or yes or no.

    Raises:
        PydanticCustomError: ``rule_key`` for anything else, and for an empty or over-long text.
    """
    if isinstance(value, (bool, int)) or (isinstance(value, str) and _WORDS.fullmatch(value)):
        return value
    raise PydanticCustomError("rule_key", "a short text, a whole number, or true or false")


def _plain_text(value: Decimal) -> str:
    return format(value, "f")


Number = Annotated[
    Decimal,
    BeforeValidator(plain_decimal),
    PlainSerializer(_plain_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$", "examples": ["63.50"]}),
]
"""Zero or more, at most 12 digits before and 8 after the point; written in JSON as text."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A name of an attribute, quantity, balance or line."""

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,120}$")]
"""What an institution calls something, in its own language."""
