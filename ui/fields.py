"""Types for form fields: what people type becomes an exact amount, a day or a file, or a plain sentence.

They are annotations for pydantic models: ``amount_minor: Annotated[int, MinorAmount("SGD")]``.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema
from starlette.datastructures import UploadFile

from ui import formats
from ui.i18n import Text, t
from ui.settings import MEBIBYTE

_GROUPED = re.compile(r"(\d{1,3}(,\d{3})+|\d+)(\.\d*)?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_MOST_DIGITS = 15
_SHOWN = 40


class FieldError(ValueError):
    """Raised in a validator to say in plain words, in both languages, what is wrong with a field."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.message)
        self.text = text


def parse_minor(text: str, currency: str) -> int:
    """Return what was typed (``1,234.50``) in minor units of ``currency``, exactly.

    Full-width digits and signs are taken as their plain forms, a currency sign or code around the figure is
    ignored. Commas must stand where thousands are, so that ``1,5`` is asked about and never guessed.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    is_negative = plain.startswith("-")
    signs = "|".join(re.escape(sign) for sign in formats.signs(currency))
    figure = re.sub(rf"^[-+]|[\s\u00a0]|{signs}|[¥$€£元円]", "", plain, flags=re.IGNORECASE)
    if not _GROUPED.fullmatch(figure):
        raise FieldError(t("Enter an amount in figures, like 1,234.50."))
    places, digits = formats.exponent(currency), figure.replace(",", "")
    decimals = len(digits.partition(".")[2].rstrip("0"))
    if decimals > places:
        raise FieldError(_too_many_decimals(currency, places))
    if len(digits.partition(".")[0]) > _MOST_DIGITS - places:
        raise FieldError(t("This amount is too large."))
    minor = int(Decimal(digits).scaleb(places))
    return -minor if is_negative else minor


def _too_many_decimals(currency: str, places: int) -> Text:
    if places == 0:
        return t("{currency} amounts have no decimals.", currency=currency)
    return t("{currency} amounts have at most {places} decimals.", currency=currency, places=places)


@dataclass(frozen=True, slots=True)
class MinorAmount:
    """An amount of money kept in minor units.

    The currency is given here, or is the value of an earlier field (``currency_field``), or comes from
    ``bind(..., context={"currency": "SGD"})``. Integers pass unchanged, for callers that are not forms.
    """

    currency: str = ""
    currency_field: str = ""
    allow_zero: bool = False
    allow_negative: bool = False
    most_minor: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that reads text and checks the sign."""
        return core_schema.with_info_plain_validator_function(self._validate)

    def _validate(self, value: object, info: ValidationInfo) -> int:
        currency = self._currency(info)
        if isinstance(value, str):
            minor = parse_minor(value, currency)
        elif isinstance(value, int) and not isinstance(value, bool):
            minor = value
        else:
            raise FieldError(t("Enter an amount in figures, like 1,234.50."))
        self._check(minor, currency)
        return minor

    def _currency(self, info: ValidationInfo) -> str:
        from_field = info.data.get(self.currency_field, "") if self.currency_field else ""
        found: str = self.currency or from_field or (info.context or {}).get("currency", "")
        if not found:
            raise FieldError(t("Choose the currency first."))
        return found

    def _check(self, minor: int, currency: str) -> None:
        if minor == 0 and not self.allow_zero:
            raise FieldError(t("The amount must be more than zero."))
        if minor < 0 and not self.allow_negative:
            raise FieldError(t("The amount cannot be negative."))
        if self.most_minor is not None and minor > self.most_minor:
            most = formats.money(self.most_minor, currency)
            raise FieldError(t("The amount can be at most {most}.", most=most))


Amount = Annotated[int, MinorAmount()]
"""Money above zero in the currency of the form (``context={"currency": ...}``)."""


def parse_day(value: object) -> object:
    """Read a day as browsers and people write it (``2026-03-31``, ``2026/3/31``, ``2026年3月31日``)."""
    if not isinstance(value, str):
        return value
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", value).strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else _refuse_day()
    except ValueError:
        return _refuse_day()


def _refuse_day() -> object:
    raise FieldError(t("Enter a day like 2026-03-31."))


def parse_month(value: object) -> object:
    """Read a month (``2026-03``) as its first day."""
    if not isinstance(value, str):
        return value
    found = _MONTH.fullmatch(unicodedata.normalize("NFKC", value).strip())
    if not found or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004 - months
        raise FieldError(t("Enter a month like 2026-03."))
    return date(int(found[1]), int(found[2]), 1)


Day = Annotated[date, BeforeValidator(parse_day)]
Month = Annotated[date, BeforeValidator(parse_month)]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file field: its largest size in bytes and the name endings that are taken.

    What the bytes really are is for the package that keeps them to check; a name proves nothing.
    """

    most_bytes: int = 10 * MEBIBYTE
    endings: Sequence[str] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema that checks an uploaded file."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: object) -> UploadFile:
        if not isinstance(value, UploadFile) or not value.filename:
            raise FieldError(t("Choose a file."))
        if not value.size:
            raise FieldError(t("The file is empty."))
        if value.size > self.most_bytes:
            raise FieldError(t("The file is larger than {most}.", most=formats.filesize(self.most_bytes)))
        if self.endings and PurePosixPath(value.filename).suffix.lower() not in self.endings:
            raise FieldError(t("Choose a file of one of these kinds: {kinds}.", kinds=" ".join(self.endings)))
        return value


def shorten(value: object) -> str:
    """Return a value for a sentence about it: never longer than a line."""
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
