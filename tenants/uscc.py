"""The unified social credit code of a Chinese legal entity (GB 32100): 17 characters and a check character.

A valid code proves that it was copied right, nothing else: never link a person or a tenant by it alone.
"""

import unicodedata

from ui.i18n import Text, t

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))


def normalise(typed: str) -> str:
    """Return the code as it is stored: full-width folded, upper case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", typed).upper().split())


def reason_against(code: str) -> Text | None:
    """Return why ``code`` (already normalised) is not a credit code, or None when it is well formed."""
    if len(code) != LENGTH:
        return t("A unified social credit code has 18 characters; this has {length}.", length=len(code))
    for place, char in enumerate(code, start=1):
        if char not in _VALUE:
            return _bad_character(char, place)
    if code[-1] != _check_character(code[:-1]):
        return t("The last character does not fit the other 17: a character is mistyped or two are swapped.")
    return None


def make(body17: str) -> str:
    """Return the valid code that begins with ``body17``, for seeds and tests.

    Raises:
        ValueError: if ``body17`` is not 17 characters of the alphabet.
    """
    if len(body17) != LENGTH - 1 or set(body17) - set(ALPHABET):
        raise ValueError(f"not 17 characters of {ALPHABET}: {body17!r}")
    return body17 + _check_character(body17)


def _check_character(body: str) -> str:
    total = sum(weight * _VALUE[char] for weight, char in zip(_WEIGHTS, body, strict=True))
    return ALPHABET[-total % len(ALPHABET)]


def _bad_character(char: str, place: int) -> Text:
    if char in "IOSVZ":
        return t(
            "Character {place} is the letter {char}, which these codes never use"
            " (I, O, S, V and Z look too much like digits and other letters).",
            place=place,
            char=char,
        )
    return t(
        "Character {place}, “{char}”, is neither a digit nor a letter of these codes.", place=place, char=char
    )
