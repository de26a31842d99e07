"""Amounts in words, as banks write them: Chinese financial capitals and English.

The Chinese rules are those of the People's Bank of China for filling in payment instruments: 整 closes an
amount without 分, one 零 stands for any run of zeros inside a number, and ten is 壹拾.
"""

from babel import numbers

from ui.formats import exponent

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_PARTS = ("角", "分", "厘")
_GROUP = 10_000
_LARGEST = _GROUP ** len(_GROUPS)
_CHINESE_NAMES = {"CNY": "人民币", "HKD": "港币", "SGD": "新加坡元", "USD": "美元", "TWD": "新台币"}
_ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("", " thousand", " million", " billion", " trillion", " quadrillion")
_TEENS_END, _HUNDRED, _THOUSAND = 20, 100, 1000
_CENTS = {"AUD", "BND", "CAD", "EUR", "HKD", "MYR", "NZD", "SGD", "TWD", "USD"}
_SMALL = {"CNY": ("fen", "fen"), "GBP": ("penny", "pence")} | dict.fromkeys(_CENTS, ("cent", "cents"))


def in_words(amount_minor: int, currency: str, locale: str) -> str:
    """Return the amount spelled out in the language of ``locale``.

    Raises:
        ValueError: for an unknown currency, or an amount of 10 000 万亿 (10^16) main units and more.
    """
    places = exponent(currency)
    whole, part = divmod(abs(amount_minor), 10**places)
    if whole >= _LARGEST:
        raise ValueError(f"too large to spell out: {amount_minor}")
    spell = _chinese if locale.startswith("zh") else _english
    return spell(whole, part, currency, is_negative=amount_minor < 0)


def _chinese(whole: int, part: int, currency: str, *, is_negative: bool) -> str:
    name = _CHINESE_NAMES.get(currency) or numbers.get_currency_name(currency, locale="zh_CN")
    units = f"{chinese_number(whole)}元" if whole or not part else ""
    return f"{name}{'负' if is_negative else ''}{units}{_chinese_part(whole, part, exponent(currency))}"


def _chinese_part(whole: int, part: int, places: int) -> str:
    if not part:
        return "整"
    spelled, is_gap = "", bool(whole) and whole % 10 == 0
    for digit, unit in zip(f"{part:0{places}d}", _PARTS, strict=False):
        if digit == "0":
            is_gap = True
            continue
        spelled += ("零" if is_gap and (whole or spelled) else "") + _DIGITS[int(digit)] + unit
        is_gap = False
    return spelled if spelled.endswith(_PARTS[places - 1]) else spelled + "整"


def chinese_number(value: int) -> str:
    """Return a whole number below 10^16 in financial capitals (``壹万零贰拾``)."""
    if not value:
        return _DIGITS[0]
    spelled, is_gap = "", False
    for place in reversed(range(len(_GROUPS))):
        group = value // _GROUP**place % _GROUP
        if not group:
            is_gap = bool(spelled)
            continue
        if spelled and (is_gap or group < _THOUSAND):
            spelled += _DIGITS[0]
        spelled += _chinese_group(group) + _GROUPS[place]
        is_gap = False
    return spelled.replace("万亿", "万亿" if value // _GROUP**2 % _GROUP == 0 else "万")


def _chinese_group(group: int) -> str:
    spelled, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if not digit:
            is_gap = bool(spelled)
            continue
        spelled += (_DIGITS[0] if is_gap else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = False
    return spelled


def _english(whole: int, part: int, currency: str, *, is_negative: bool) -> str:
    name = numbers.get_currency_name(currency, count=whole, locale="en")
    sign = "minus " if is_negative else ""
    spelled = f"{sign}{english_number(whole)} {name}{_english_part(part, currency)}"
    return spelled[0].upper() + spelled[1:]


def _english_part(part: int, currency: str) -> str:
    if not part:
        return " only"
    one, many = _SMALL.get(currency, ("", ""))
    if not one:
        return f" and {part}/{10 ** exponent(currency)}"
    return f" and {english_number(part)} {one if part == 1 else many}"


def english_number(value: int) -> str:
    """Return a whole number below 10^16 in lower-case English words."""
    groups = []
    for scale in _SCALES:
        value, group = divmod(value, _THOUSAND)
        groups.append((group, scale))
    said = [f"{_english_group(group)}{scale}" for group, scale in reversed(groups) if group]
    if len(said) > 1 and 0 < groups[0][0] < _HUNDRED:
        said[-1] = f"and {said[-1]}"
    return " ".join(said) or _ONES[0]


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, _HUNDRED)
    said = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest:
        tens, ones = divmod(rest, 10)
        below = _ONES[rest] if rest < _TEENS_END else _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
        said.append(f"and {below}" if hundreds else below)
    return " ".join(said)
