"""Secrets for links and short codes that people read from paper and type.

Tokens are stored only as hashes; codes are short, so whoever checks one must limit the tries. Both come
from the operating system's random source.
"""

import hashlib
import hmac
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTWXYZ"
"""31 characters without I, L, O (read as 1, 1, 0), U and V: a prime, so that one check character finds
every single mistyped character and every swap of two neighbours."""

_VALUE = {char: value for value, char in enumerate(ALPHABET)}
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = str.maketrans("", "", " -\u2010\u2011\u2012\u2013\u2014._")
_SHORTEST, _LONGEST = 4, 30


def new_token() -> str:
    """Return a URL-safe secret of 160 bits (27 characters) for pay-links, invitations and sessions."""
    return secrets.token_urlsafe(20)


def hash_token(token: str) -> bytes:
    """Return the 32-byte SHA-256 to store and look up; a stolen table then opens nothing.

    A plain hash is enough because a token has 160 random bits; it is not meant for codes or passwords.
    """
    return hashlib.sha256(token.encode()).digest()


def new_code(n: int = 8) -> str:
    """Return ``n`` characters, the last of them the check character: 8 give 34 bits.

    Raises:
        ValueError: if ``n`` is outside 4 to 30, beyond which the check character loses its promise.
    """
    if not _SHORTEST <= n <= _LONGEST:
        raise ValueError(f"a code has {_SHORTEST} to {_LONGEST} characters, not {n}")
    body = "".join(secrets.choice(ALPHABET) for _ in range(n - 1))
    return body + _check_character(body)


def code_from(seed: bytes, n: int = 8) -> str:
    """Return the code of ``n`` characters that belongs to a secret ``seed`` (32 bytes of an HMAC), always the same.

    For codes that must print the same again although only their hash is stored.

    Raises:
        ValueError: if ``n`` is outside 4 to 30.
    """
    if not _SHORTEST <= n <= _LONGEST:
        raise ValueError(f"a code has {_SHORTEST} to {_LONGEST} characters, not {n}")
    number, body = int.from_bytes(seed), ""
    for _ in range(n - 1):
        number, value = divmod(number, len(ALPHABET))
        body += ALPHABET[value]
    return body + _check_character(body)


def group_code(code: str, size: int = 4) -> str:
    """Return ``code`` as printed, in groups: ``7K3M-9QXR``."""
    return "-".join(code[start : start + size] for start in range(0, len(code), size))


def normalise_code(typed: str) -> str:
    """Return what was meant: full-width and lower case folded, separators gone, O read as 0, I and L as 1.

    Never fails; ``is_code`` says whether the result can be a code at all.
    """
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(plain.split()).translate(_SEPARATORS).translate(_READ_AS)


def is_code(typed: str, n: int = 8) -> bool:
    """Tell a mistyped code from a possible one, without a look-up that would count as a try."""
    code = normalise_code(typed)
    return len(code) == n and not set(code) - set(ALPHABET) and code[-1] == _check_character(code[:-1])


def new_digits(n: int = 6) -> str:
    """Return ``n`` random decimal digits for a one-time code sent by e-mail or text message."""
    return f"{secrets.randbelow(10**n):0{n}d}"


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in a time that tells nothing about where they differ."""
    return hmac.compare_digest(_as_bytes(left), _as_bytes(right))


def _as_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def _check_character(body: str) -> str:
    """Weights run from 2 upwards from the right, the check character itself having 1."""
    total = sum(weight * _VALUE[char] for weight, char in enumerate(reversed(body), start=2))
    return ALPHABET[-total % len(ALPHABET)]
