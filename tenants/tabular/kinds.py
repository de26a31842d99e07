"""What a cell may hold, and how its text becomes a value. Every refusal says exactly what is wrong.

A converter gets text that is stripped and not empty, and raises ``BadCell`` with the reason.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from ui.formats import date_text
from ui.i18n import Text, gettext, in_each_language, t

_EXCEL_EPOCH = date(1899, 12, 30)
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_DATE = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T]00?:00(?::00)?)?|(\d{4})年(\d{1,2})月(\d{1,2})[日号]"
)
_TIME = re.compile(r"[ T](?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_SERIAL = re.compile(r"[2-9]\d{4}")
_MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})|(\d{4})年(\d{1,2})月|(\d{4})(\d\d)")
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?")
_PLAIN_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?%?|-+")
_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+'-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_PHONE = re.compile(r"\+?\d{5,15}")
_PHONE_MARKS = str.maketrans("", "", " -().\u2010\u2011\u2012\u2013")
_LONGEST_NUMBER = 18
_LONGEST_EMAIL = 254
_FORMULA_STARTS = frozenset("=+-@")
_YES = ("yes", "y", "true", "1", "是", "有", "√", "✓")
_NO = ("no", "n", "false", "0", "否", "无", "×", "✗")
_SHOWN_OPTIONS = 12

Converter = Callable[[str], Any]


class BadCell(Exception):
    """The cell cannot be that kind of value."""

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of cell: its converter, and ``hint``, an example for templates and forms."""

    name: str
    convert: Converter
    hint: Text


def text(longest: int, *, pattern: str | None = None, hint: Text | None = None) -> Kind:
    """Text of at most ``longest`` characters; inner runs of spaces become one. A formula is refused."""
    shape = re.compile(pattern) if pattern else None
    told = hint or t("text of at most {longest} characters", longest=longest)

    def convert(cell: str) -> str:
        if cell[0] in _FORMULA_STARTS and not _PLAIN_NUMBER.fullmatch(cell):
            raise BadCell(t("begins with “{sign}” like a formula; put plain text here", sign=cell[0]))
        if not cell.isprintable() or "  " in cell:
            cell = _tidy(cell)
        if len(cell) > longest:
            raise BadCell(
                t("has {length} characters; at most {longest} fit", length=len(cell), longest=longest)
            )
        if shape and not shape.fullmatch(cell):
            raise BadCell(t("is not {hint}", hint=told))
        return cell

    return Kind("text", convert, told)


def _listed(names: Sequence[str]) -> Text:
    """Return some names in a row, each in the reader's language where it is one of ours."""
    shown = {f"option{place}": t(name) for place, name in enumerate(names[:_SHOWN_OPTIONS])}
    more = " …" if len(names) > _SHOWN_OPTIONS else ""
    return Text(", ".join(f"{{{key}}}" for key in shown) + more, shown)


def choice(options: Mapping[str, Sequence[str]]) -> Kind:
    """One of ``options``: value → the names people write for it, in any language; case and spaces are ignored."""
    first = {value: names[0] if names else value for value, names in options.items()}
    listed = _listed(list(first.values()))

    @cache
    def known() -> Mapping[str, str]:
        """What is shown is taken too, in each language; a name that is given wins over a translation of another."""
        said = in_each_language(lambda: [(gettext(name), value) for value, name in first.items()])
        given = {_loose(name): value for value, names in options.items() for name in (value, *names)}
        return {_loose(name): value for pairs in said.values() for name, value in pairs} | given

    def convert(cell: str) -> str:
        value = known().get(cell) or known().get(_loose(cell))
        if value is None:
            raise BadCell(t("is none of: {options}", options=listed))
        return value

    return Kind("choice", convert, t("one of: {options}", options=listed))


def integer(*, minimum: int | None = None, maximum: int | None = None) -> Kind:
    """A whole number; thousands may be set off by commas."""

    def convert(cell: str) -> int:
        value = (
            int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST_NUMBER else _whole(cell)
        )
        _check_range(value, minimum, maximum)
        return value

    return Kind("integer", convert, t("a whole number such as 12"))


def decimal(
    places: int, *, minimum: Decimal | int | None = None, maximum: Decimal | int | None = None
) -> Kind:
    """A number with at most ``places`` decimals, which are never rounded away; zeros at the end do not count."""

    def convert(cell: str) -> Decimal:
        match = _NUMBER.fullmatch(cell) or _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell))
        if match is None or len(cell) > 2 * _LONGEST_NUMBER:
            raise BadCell(t("is not a number such as 1234.50"))
        if match[1] and len(match[1].rstrip("0")) > places:
            raise BadCell(_too_precise(places))
        value = Decimal(match[0].replace(",", ""))
        _check_range(value, minimum, maximum)
        return value

    return Kind(
        "decimal", convert, t("a number with at most {places} decimals, such as 1234.50", places=places)
    )


def yes_no() -> Kind:
    """Yes or no, in the ways both languages write it."""
    values = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)

    def convert(cell: str) -> bool:
        value = values.get(_loose(cell))
        if value is None:
            raise BadCell(t("is neither yes nor no"))
        return value

    return Kind("yes_no", convert, t("yes or no"))


def day(*, earliest: date = _EARLIEST, latest: date = _LATEST, may_have_time: bool = False) -> Kind:
    """A date, year first; a spreadsheet's five-digit day number is understood. Day-first dates are refused.

    ``may_have_time``: the time of day behind it is passed over, as banks write when something was booked.
    """

    def convert(cell: str) -> date:
        value = _date(_TIME.sub("", cell) if may_have_time else cell)
        if value is None:
            raise BadCell(t("is not a date written year-month-day, such as 2026-11-21"))
        if not earliest <= value <= latest:
            raise BadCell(
                t("is not between {earliest} and {latest}", earliest=_Day(earliest), latest=_Day(latest))
            )
        return value

    return Kind("day", convert, t("a date such as 2026-11-21"))


def month() -> Kind:
    """A month, returned as its first day; that day itself is taken too, as spreadsheets turn months into it."""

    def convert(cell: str) -> date:
        match = _MONTH.fullmatch(cell)
        if match:
            year, number = (int(part) for part in match.groups() if part)
            value = _real_date(year, number, 1)
        else:
            value = _date(cell)
        if value is None or value.day != 1 or not _EARLIEST <= value <= _LATEST:
            raise BadCell(t("is not a month such as 2026-11"))
        return value

    return Kind("month", convert, t("a month such as 2026-11"))


def email() -> Kind:
    """An e-mail address, in lower case."""

    def convert(cell: str) -> str:
        address = cell.lower()
        if len(address) > _LONGEST_EMAIL or ".." in address or not _EMAIL.fullmatch(address):
            raise BadCell(t("is not an e-mail address such as name@example.com"))
        return address

    return Kind("email", convert, t("an e-mail address such as name@example.com"))


def phone() -> Kind:
    """A telephone number, without the marks people put between its digits."""

    def convert(cell: str) -> str:
        number = unicodedata.normalize("NFKC", cell).translate(_PHONE_MARKS)
        if not number.isascii() or not _PHONE.fullmatch(number):
            raise BadCell(t("is not a telephone number such as +65 6123 4567"))
        return number

    return Kind("phone", convert, t("a telephone number such as +65 6123 4567"))


class _Day:
    """A date that is written in the reader's form when the sentence around it is."""

    def __init__(self, value: date) -> None:
        self.value = value

    def __format__(self, _spec: str) -> str:
        return date_text(self.value)


def _tidy(cell: str) -> str:
    plain = " ".join(cell.split())
    if any(unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn"} for char in plain):
        raise BadCell(t("holds a control character that cannot be seen"))
    return "".join(char for char in plain if unicodedata.category(char) != "Cf")


def _loose(cell: str) -> str:
    return "".join(unicodedata.normalize("NFKC", cell).casefold().split())


def _whole(cell: str) -> int:
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell))
    if match is None or (match[1] and match[1].strip("0")) or len(cell) > _LONGEST_NUMBER:
        raise BadCell(t("is not a whole number such as 12"))
    return int(match[0].split(".")[0].replace(",", ""))


def _check_range(value: Decimal | int, minimum: Decimal | int | None, maximum: Decimal | int | None) -> None:
    if minimum is not None and value < minimum:
        raise BadCell(t("is less than {minimum}", minimum=minimum))
    if maximum is not None and value > maximum:
        raise BadCell(t("is more than {maximum}", maximum=maximum))


def _too_precise(places: int) -> Text:
    if not places:
        return t("has decimals; only whole numbers fit")
    return t("has more than {places} decimals", places=places)


def _date(cell: str) -> date | None:
    if match := _DATE.fullmatch(cell):
        year, number, rest = match.group(1, 3, 4) if match[1] else match.group(5, 6, 7)
        return _real_date(int(year), int(number), int(rest))
    if _SERIAL.fullmatch(cell):
        return _EXCEL_EPOCH + timedelta(days=int(cell))
    if match := _COMPACT_DATE.fullmatch(cell):
        return _real_date(int(match[1]), int(match[2]), int(match[3]))
    return None


def _real_date(year: int, number: int, rest: int) -> date | None:
    try:
        return date(year, number, rest)
    except ValueError:
        return None
