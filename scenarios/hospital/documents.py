"""Proof of who a patient is: the document's number is checked, kept encrypted, and found by a keyed hash."""

import re
import unicodedata
from datetime import date

from scenarios.hospital.kinds import DOCUMENTS
from tenants.runtime import runtime
from ui.errors import Invalid
from ui.i18n import Text, t

PURPOSE, HASHED = "hospital-document", "hospital-document-hash"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_CHINESE_CARD = re.compile(r"\d{17}[\dX]")
_OTHER = re.compile(r"[A-Z0-9]{5,20}")
_SHOWN = 4


def tidy(number: str) -> str:
    """Return a document's number as it is compared: full width folded, capitals, no spaces or hyphens."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", number)).upper()


def is_card(number: str) -> bool:
    """Tell whether it is a resident identity card's number by GB 11643: 17 digits and their check character."""
    if not _CHINESE_CARD.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return number[-1] == _CHECK[total % 11]


def check(kind: str, number: str, born_on: date) -> str:
    """Return the tidied number of a document that can be this person's.

    Raises:
        Invalid: no such kind, a number that is none, or a card with another day of birth (the field says which).
    """
    plain = tidy(number)
    if kind not in DOCUMENTS:
        raise _wrong("document_kind", "document.kind", t("Choose the document."))
    is_chinese = kind == "identity_card" and len(plain) == len(_WEIGHTS) + 1
    if is_chinese and not is_card(plain):
        raise _wrong("document_number", "document.check", t("A figure is wrong: check it against the card."))
    if is_chinese and plain[6:14] != f"{born_on:%Y%m%d}":
        raise _wrong("born_on", "document.born", t("The card names another day of birth."))
    if not _OTHER.fullmatch(plain):
        text = t("Enter the number as printed: 5 to 20 letters and figures.")
        raise _wrong("document_number", "document.number", text)
    return plain


def _wrong(field: str, code: str, text: Text) -> Invalid:
    return Invalid(code, text, fields={field: text})


def hashed(kind: str, plain: str) -> bytes:
    """Return what a document is found by; without our key nobody can try numbers against it."""
    return runtime().sign(HASHED, f"{kind} {plain}".encode())


def sealed(plain: str) -> bytes:
    """Return the number encrypted for keeping."""
    return runtime().encrypt(PURPOSE, plain)


def opened(kept: bytes) -> str:
    """Return the number that was encrypted."""
    return runtime().decrypt(PURPOSE, bytes(kept))


def mask(plain: str) -> str:
    """Return what pages show of a number: its end."""
    return "•" * 4 + plain[-_SHOWN:]
