"""Numbers of identity documents by their published check characters: a valid one proves form, never a person."""

import re
from datetime import date

_CN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CN_CHECKS = "10X98765432"
_SG_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
_SG_CHECKS = {
    "S": "JZIHGFEDCBA",
    "T": "JZIHGFEDCBA",
    "F": "XWUTRQPNMLK",
    "G": "XWUTRQPNMLK",
    "M": "XWUTRQPNJLK",
}
_SG_SHIFTS = {"S": 0, "T": 4, "F": 0, "G": 4, "M": 3}
_PASSPORT = re.compile(r"[A-Z0-9]{6,12}")


def check_number(kind: str, number: str) -> bool:
    """Tell whether a number can be one of this kind (``cn_id``: GB 11643; ``sg_nric``; ``passport``)."""
    plain = number.replace(" ", "").upper()
    if kind == "cn_id":
        return _is_chinese(plain)
    if kind == "sg_nric":
        return _is_singaporean(plain)
    return kind == "passport" and bool(_PASSPORT.fullmatch(plain))


def born_on(number: str) -> date | None:
    """Return the day of birth that a Chinese number holds; ``None`` where it holds none."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _is_chinese(number: str) -> bool:
    if not re.fullmatch(r"[1-9]\d{16}[\dX]", number) or born_on(number) is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_CN_WEIGHTS, number[:17], strict=True))
    return number[17] == _CN_CHECKS[total % 11]


def _is_singaporean(number: str) -> bool:
    if not re.fullmatch(r"[STFGM]\d{7}[A-Z]", number):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_SG_WEIGHTS, number[1:8], strict=True))
    checks, shift = _SG_CHECKS[number[0]], _SG_SHIFTS[number[0]]
    return number[8] == checks[(total + shift) % 11]
