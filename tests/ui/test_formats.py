from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import formats
from ui.fields import FieldError, parse_minor
from ui.i18n import use_locale


@pytest.mark.parametrize(
    ("minor", "currency", "english", "chinese"),
    [
        (123_450, "SGD", "SGD\u00a01,234.50", "SGD\u00a01,234.50"),
        (123_450, "CNY", "CN¥1,234.50", "¥1,234.50"),
        (1_234, "JPY", "¥1,234", "JP¥1,234"),
        (1_234_567, "KWD", "KWD\u00a01,234.567", "KWD\u00a01,234.567"),
        (-5, "USD", "-$0.05", "-US$0.05"),
        (0, "SGD", "SGD\u00a00.00", "SGD\u00a00.00"),
        (2**53 + 1, "CNY", "CN¥90,071,992,547,409.93", "¥90,071,992,547,409.93"),
    ],
)
def test_money_is_exact_in_the_form_of_the_reader(
    minor: int, currency: str, english: str, chinese: str
) -> None:
    assert formats.money(minor, currency) == english
    with use_locale("zh_CN"):
        assert formats.money(minor, currency) == chinese


@pytest.mark.parametrize("currency", ["XYZ", "", "sg", "S$"])
def test_unknown_currency_is_an_error(currency: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        formats.money(1, currency)


@given(st.integers(-(10**14), 10**14), st.sampled_from(["JPY", "SGD", "KWD", "CNY"]))
def test_what_is_shown_is_read_back_exactly(minor: int, currency: str) -> None:
    assert parse_minor(formats.plain_amount(minor, currency), currency) == minor
    assert parse_minor(formats.amount(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1,234.50", "SGD", 123_450),
        ("1234.5", "SGD", 123_450),
        (" 12 ", "SGD", 1_200),
        ("１，２３４．５０", "SGD", 123_450),
        ("¥1,234", "JPY", 1_234),
        ("JP¥1,234", "JPY", 1_234),
        ("HK$1,234.50", "HKD", 123_450),
        ("KWD\u00a01.234", "KWD", 1_234),
        ("SGD 12.30", "SGD", 1_230),
        ("1.234", "KWD", 1_234),
        ("12.500", "SGD", 1_250),
        ("5.", "SGD", 500),
        ("-5", "SGD", -500),
        ("\u22125", "SGD", -500),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, currency: str, minor: int) -> None:
    assert parse_minor(typed, currency) == minor


@pytest.mark.parametrize(
    "typed",
    [
        "1,5",
        "1,2345",
        "12,34.5",
        "abc",
        "",
        ".",
        "1.2.3",
        "1e5",
        "NaN",
        "Infinity",
        "1_000",
        "--5",
        "5-",
        "0x1",
    ],
)
def test_doubtful_amounts_are_asked_about(typed: str) -> None:
    with pytest.raises(FieldError, match="Enter an amount"):
        parse_minor(typed, "SGD")


@pytest.mark.parametrize(
    ("typed", "currency", "words"),
    [("1.234", "SGD", "at most"), ("1.5", "JPY", "no decimals"), ("9" * 16, "SGD", "too large")],
)
def test_amounts_that_do_not_fit_are_refused(typed: str, currency: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        parse_minor(typed, currency)


def test_times_are_shown_in_the_zone_of_the_page() -> None:
    moment = datetime(2026, 3, 31, 20, 30, tzinfo=UTC)
    assert formats.datetime_text(moment) == "Mar 31, 2026 20:30"
    with formats.use_zone("Asia/Shanghai"), use_locale("zh_CN"):
        assert formats.datetime_text(moment) == "2026年4月1日 04:30"
        assert formats.date_text(moment) == "2026年4月1日"
    assert formats.datetime_text(moment, "Asia/Singapore") == "Apr 1, 2026 04:30"


def test_what_goes_on_until_midnight_is_said_by_its_last_day() -> None:
    midnight, noon = datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 1, 4, tzinfo=UTC)
    with formats.use_zone("Asia/Singapore"), use_locale("en"):
        assert formats.until_text(midnight) == "Nov 30, 2026"
        assert formats.until_text(noon) == "Dec 1, 2026 12:00"
        assert formats.since_text(midnight) == "Dec 1, 2026"
        assert formats.since_text(noon) == "Dec 1, 2026 12:00"
        assert formats.until_text(None) == formats.since_text(None) == ""
        assert formats.until_text(midnight, "UTC") == "Nov 30, 2026 16:00"


def test_days_months_and_nothing() -> None:
    assert formats.date_text(date(2026, 3, 1)) == "Mar 1, 2026"
    assert formats.month_text(date(2026, 3, 1)) == "March 2026"
    assert [formats.date_text(None), formats.datetime_text(None), formats.month_text(None)] == ["", "", ""]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1,023 B"), (1024, "1 KB"), (1536, "1.5 KB"), (10 * 1024**2, "10 MB")],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert formats.filesize(size) == text


def test_numbers_keep_their_decimals() -> None:
    assert formats.number(Decimal("1234.5678")) == "1,234.5678"
    assert formats.percent(Decimal("0.9134")) == "91.3%"
    assert formats.percent(Decimal(1), 0) == "100%"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("a rather long one", "a rathe…"),
        ("at most 61.00", "at most…"),
        ("一二三四", "一二三四"),
        ("一二三四五", "一二三…"),
    ],
)
def test_a_text_is_cut_to_its_room_in_any_script(text: str, shown: str) -> None:
    assert formats.cut(text, 8) == shown


def test_a_list_is_divided_as_the_readers_language_does() -> None:
    assert formats.listed(["Flats", "Shops"]) == "Flats, Shops"
    with use_locale("zh_CN"):
        assert formats.listed(["住宅", "商铺"]) == "住宅、商铺"


def test_a_time_zone_is_called_as_people_call_it():
    assert formats.zone_text("Asia/Shanghai") == "China Time"
    assert formats.zone_text("UTC") == "UTC"
    with use_locale("zh_CN"):
        assert formats.zone_text("Asia/Shanghai") == "中国时间"
