import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.receipts.words import chinese_number, english_number, in_words

DIGITS = dict(zip("零壹贰叁肆伍陆柒捌玖", range(10), strict=True))
PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read_chinese(words: str) -> int:
    """Read financial capitals back, by the rules rather than by the code under test."""
    total = section = digit = 0
    for char in words.replace("万亿", "兆"):
        if char in DIGITS:
            digit = DIGITS[char]
        elif char in PLACES:
            section, digit = section + digit * PLACES[char], 0
        elif char == "亿":
            total, section, digit = (total + section + digit) * 10**8, 0, 0
        else:
            total, section, digit = total + (section + digit) * {"万": 10**4, "兆": 10**12}[char], 0, 0
    return total + section + digit


@pytest.mark.parametrize(
    ("minor", "words"),
    [
        (0, "人民币零元整"),
        (5, "人民币伍分"),
        (50, "人民币伍角整"),
        (1000, "人民币壹拾元整"),
        (10000, "人民币壹佰元整"),
        (12345, "人民币壹佰贰拾叁元肆角伍分"),
        (32504, "人民币叁佰贰拾伍元零肆分"),
        (140950, "人民币壹仟肆佰零玖元伍角整"),
        (168032, "人民币壹仟陆佰捌拾元零叁角贰分"),
        (600714, "人民币陆仟零柒元壹角肆分"),
        (10700053, "人民币壹拾万柒仟元零伍角叁分"),
        (1640902, "人民币壹万陆仟肆佰零玖元零贰分"),
        (100000001, "人民币壹佰万元零壹分"),
        (-1234, "人民币负壹拾贰元叁角肆分"),
    ],
)
def test_chinese_amounts_follow_the_central_banks_examples(minor, words):
    assert in_words(minor, "CNY", "zh_CN") == words


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (12345, "SGD", "新加坡元壹佰贰拾叁元肆角伍分"),
        (100, "JPY", "日元壹佰元整"),
        (1234, "KWD", "科威特第纳尔壹元贰角叁分肆厘"),
    ],
)
def test_other_currencies_keep_their_name_and_decimals(minor, currency, words):
    assert in_words(minor, currency, "zh_CN") == words


@given(st.integers(0, 10**16 - 1))
def test_chinese_numbers_read_back_as_written(value):
    words = chinese_number(value)
    assert read_chinese(words) == value
    assert "零零" not in words


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (0, "SGD", "Zero Singapore dollars only"),
        (100, "SGD", "One Singapore dollar only"),
        (12345, "SGD", "One hundred and twenty-three Singapore dollars and forty-five cents"),
        (101, "GBP", "One British pound and one penny"),
        (100000700, "CNY", "One million and seven Chinese yuan only"),
        (1234, "KWD", "One Kuwaiti dinar and 234/1000"),
        (-2100, "USD", "Minus twenty-one US dollars only"),
    ],
)
def test_english_amounts(minor, currency, words):
    assert in_words(minor, currency, "en") == words


def test_english_numbers_of_every_scale():
    assert english_number(1_000_000_000_000_019) == "one quadrillion and nineteen"
    assert english_number(15_340) == "fifteen thousand three hundred and forty"


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_an_amount_beyond_words_is_refused(locale):
    with pytest.raises(ValueError, match="too large"):
        in_words(10**18, "CNY", locale)
