"""Money, dates and numbers in the reader's form. Amounts are integers in the currency's minor unit."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import dates, numbers

from ui.i18n import LOCALES, current_locale

_zone: ContextVar[str] = ContextVar("zone", default="UTC")
_KIB = 1024
_CODE_TOUCHES_FIGURE = re.compile(r"(?<=[A-Za-z])(?=\d)")


def current_zone() -> str:
    """Return the time zone (IANA name) that times are shown in."""
    return _zone.get()


@contextmanager
def use_zone(name: str) -> Iterator[None]:
    """Show times in ``name`` inside the block: the institution's zone, not the reader's machine's."""
    token = _zone.set(name)
    try:
        yield
    finally:
        _zone.reset(token)


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Return how many decimals ``currency`` has (JPY 0, SGD 2, KWD 3), from CLDR; unknown ones raise."""
    if not numbers.is_currency(currency):
        raise ValueError(f"unknown currency {currency!r}")
    return numbers.get_currency_precision(currency)


@lru_cache(maxsize=256)
def signs(currency: str) -> tuple[str, ...]:
    """Return what stands beside amounts of a currency in any language: its code, JP¥, HK$; longest first."""
    found = {currency, *(numbers.get_currency_symbol(currency, locale) for locale in LOCALES)}
    return tuple(sorted(found, key=len, reverse=True))


def major(amount_minor: int, currency: str) -> Decimal:
    """Return the exact amount in the currency's main unit."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def money(amount_minor: int, currency: str) -> str:
    """Return the amount with its currency, as the reader writes it."""
    return _money(amount_minor, currency, current_locale())


@lru_cache(maxsize=8192)
def _money(amount_minor: int, currency: str, locale: str) -> str:
    text = numbers.format_currency(major(amount_minor, currency), currency, locale=locale)
    return _CODE_TOUCHES_FIGURE.sub("\u00a0", text)


def compact_money(amount_minor: int | Decimal, currency: str) -> str:
    """Return an amount for an axis, in the main unit and short: ``200K``, ``20万``."""
    shown = numbers.format_compact_decimal(
        major(int(amount_minor), currency), locale=current_locale(), fraction_digits=1
    )
    return str(shown)


def amount(amount_minor: int, currency: str) -> str:
    """Return the amount alone, for a column whose head names the currency."""
    return _amount(amount_minor, currency, current_locale())


@lru_cache(maxsize=8192)
def _amount(amount_minor: int, currency: str, locale: str) -> str:
    places = exponent(currency)
    pattern = "#,##0." + "0" * places if places else "#,##0"
    return numbers.format_decimal(major(amount_minor, currency), format=pattern, locale=locale)


def plain_amount(amount_minor: int, currency: str) -> str:
    """Return the amount as a form field takes it back (``1234.50``)."""
    return f"{major(amount_minor, currency):f}"


def date_text(value: date | datetime | None, form: str = "medium", tz: str | None = None) -> str:
    """Return a day; a moment is first brought into the zone shown."""
    if value is None:
        return ""
    day = _in_zone(value, tz).date() if isinstance(value, datetime) else value
    return _date(day, form, current_locale())


@lru_cache(maxsize=8192)
def _date(day: date, form: str, locale: str) -> str:
    return dates.format_date(day, format=form, locale=locale)


def day_text(value: date) -> str:
    """Return a day without its year, as short as scales need it: Nov 29, 11/29."""
    locale = current_locale()
    return dates.format_skeleton("MMMd" if locale == "en" else "Md", value, locale=locale)


def datetime_text(value: datetime | None, tz: str | None = None, form: str = "medium") -> str:
    """Return a moment in ``tz``, or in the zone of the page, without seconds."""
    if value is None:
        return ""
    moment = _in_zone(value, tz)
    return f"{_date(moment.date(), form, current_locale())} {moment:%H:%M}"


def since_text(value: datetime | None, tz: str | None = None, form: str = "medium") -> str:
    """Return when something begins: the day alone where it begins with the day."""
    if value is None:
        return ""
    whole = _in_zone(value, tz).time() == time()
    return date_text(value, form, tz) if whole else datetime_text(value, tz, form)


def until_text(value: datetime | None, tz: str | None = None, form: str = "medium") -> str:
    """Return until when something goes on: what ends at midnight is said by its last day, as people say it."""
    if value is None:
        return ""
    whole = _in_zone(value, tz).time() == time()
    return date_text(value - timedelta(minutes=1), form, tz) if whole else datetime_text(value, tz, form)


def clock(value: datetime | None, tz: str | None = None) -> str:
    """Return a moment's time of the day in ``tz``, or in the zone of the page."""
    return "" if value is None else f"{_in_zone(value, tz):%H:%M}"


def month_text(value: date | None) -> str:
    """Return a month and its year."""
    return "" if value is None else _month(value, current_locale())


@lru_cache(maxsize=2048)
def _month(day: date, locale: str) -> str:
    return dates.format_skeleton("yMMMM", day, locale=locale)


def short_month(value: date) -> str:
    """Return a month without its year, for where the year is plain."""
    return dates.format_skeleton("MMM", value, locale=current_locale())


def short_day(value: date) -> str:
    """Return a day and its month, for where the year is plain."""
    return dates.format_skeleton("Md", value, locale=current_locale())


def weekday_text(value: date) -> str:
    """Return a day with its weekday, for where month and year are plain: ``Mon 30/11``."""
    return dates.format_skeleton("EMd", value, locale=current_locale())


def cut(text: str, room: int) -> str:
    """Return a text that takes at most the room of so many Latin letters; Chinese ones take that of two.

    It ends where a word does, if one ends near there: half an amount would be another amount.
    """
    taken = 0
    for place, letter in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken > room:
            whole = _LAST_END.match(text[:place])
            end = whole.end() if whole and whole.end() > place * 2 / 3 else place - 1
            return f"{text[:end].rstrip()}…"
    return text


_LAST_END = re.compile(r".*(?=[\s；，、。])", re.DOTALL)


def listed(words: Iterable[object]) -> str:
    """Return words one after the other, as the reader's language divides them."""
    return ("、" if current_locale().startswith("zh") else ", ").join(str(word) for word in words)


def ago(value: datetime, now: datetime | None = None) -> str:
    """Return how long ago ``value`` was, in words."""
    delta = value - (now or datetime.now(UTC))
    return dates.format_timedelta(delta, add_direction=True, locale=current_locale())


def span_text(value: timedelta) -> str:
    """Return how long something took, in words."""
    return dates.format_timedelta(value, locale=current_locale())


def zone_text(name: str) -> str:
    """Return what people call a time zone: ``Singapore Time`` for ``Asia/Singapore``."""
    return name if name == "UTC" else dates.get_timezone_name(name, locale=current_locale())


def number(value: Decimal | int | None) -> str:
    """Return a number with the reader's separators, keeping the decimals it has."""
    if value is None:
        return ""
    return numbers.format_decimal(value, locale=current_locale(), decimal_quantization=False)


def percent(value: Decimal | int, places: int = 1) -> str:
    """Return a share (1 is the whole) as a percentage."""
    pattern = "#,##0." + "#" * places + "%" if places else "#,##0%"
    return numbers.format_percent(value, format=pattern, locale=current_locale())


def filesize(size: int) -> str:
    """Return a number of bytes in the largest unit that reads well."""
    value, unit = Decimal(size), "B"
    for larger in ("KB", "MB", "GB"):
        if value < _KIB:
            break
        value, unit = value / _KIB, larger
    places = 0 if unit == "B" or value >= 10 else 1  # noqa: PLR2004 - two figures are enough
    return f"{number(round(value, places))} {unit}"


def _in_zone(value: datetime, tz: str | None) -> datetime:
    return value.astimezone(ZoneInfo(tz or _zone.get()))


FILTERS = {
    "money": money,
    "amount": amount,
    "plain_amount": plain_amount,
    "date": date_text,
    "datetime": datetime_text,
    "since": since_text,
    "until": until_text,
    "clock": clock,
    "month": month_text,
    "listed": listed,
    "ago": ago,
    "zone_text": zone_text,
    "number": number,
    "percent": percent,
    "filesize": filesize,
}
