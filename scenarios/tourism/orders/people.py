"""Who visits and who buys: documents, checked and kept as keyed hashes; addresses, encrypted; names likewise."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from integrations.sign_in.codes import Address, read_address
from scenarios.tourism.kinds import SCENARIO_KEY, VISITOR
from tenants.codes import code_from
from tenants.runtime import runtime
from ui.errors import Invalid
from ui.i18n import t

NAMES, DOCUMENTS, CONTACTS = "tourism names", "tourism documents", "tourism contacts"
NAME_MAX = 60
_CARD = re.compile(r"\d{17}[\dX]")
_PASSPORT = re.compile(r"[A-Z0-9]{5,15}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visitor: a name and the number of a document, both as they were checked; either may be empty."""

    name: str = ""
    document: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is both a name and a document."""
        return bool(self.name and self.document)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whoever orders: a name, and an address that tickets and codes are sent to."""

    name: str
    address: Address


def read_visitor(name: str, document: str, place: str) -> Visitor:
    """Return a visitor as typed; ``place`` is the prefix of the form's fields.

    Raises:
        Invalid: the document cannot be one; the field says so.
    """
    plain = unicodedata.normalize("NFKC", document).upper()
    digits = re.sub(r"[\s\-.]", "", plain)
    if digits and not is_document(digits):
        text = t("Check this number: an identity card has 18 digits, a passport 5 to 15 letters and digits.")
        raise Invalid("visitor.document", text, fields={f"{place}-document": text})
    return Visitor(" ".join(name.split())[:NAME_MAX], digits)


def is_document(text: str) -> bool:
    """Tell whether a document number can be one; the last digit of an identity card checks the others."""
    if _CARD.fullmatch(text):
        total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
        return _CHECKS[total % 11] == text[17]
    is_near_card = text.isdigit() and len(text) in {17, 18}
    return bool(_PASSPORT.fullmatch(text)) and any(char.isdigit() for char in text) and not is_near_card


def document_key(tenant_id: UUID, document: str) -> bytes:
    """Return what a document is known by in one institution; nobody can go back from it to the number."""
    return runtime().sign(DOCUMENTS, tenant_id.bytes + document.encode())


def read_buyer(name: str, contact: str) -> Buyer:
    """Return the buyer as typed.

    Raises:
        Invalid: no name, or no address that can be reached; the field says which.
    """
    plain = " ".join(name.split())[:NAME_MAX]
    if not plain:
        text = t("Enter a name.")
        raise Invalid("buyer.name", text, fields={"name": text})
    try:
        return Buyer(plain, read_address(contact))
    except Invalid as wrong:
        raise Invalid(wrong.code, wrong.message, fields={"contact": wrong.message}) from None


def hint(address: Address) -> str:
    """Return as much of an address as its owner needs to know it by."""
    if address.channel == "email":
        name, _, domain = address.value.partition("@")
        return f"{name[:1]}***@{domain}"[:60]
    return f"***{address.value[-_SHOWN:]}"


def seal(purpose: str, text: str) -> bytes:
    """Return a name, a document or an address as it is stored."""
    return runtime().encrypt(purpose, text)


def unseal(purpose: str, stored: bytes | None) -> str:
    """Return what was stored; nothing where nothing was."""
    return runtime().decrypt(purpose, bytes(stored)) if stored else ""


def account_of(tenant_id: UUID, buyer: Buyer) -> tuple[str, str, str, str]:
    """Return scenario, kind, number and name of the account of whoever has this address."""
    secret = runtime().sign(CONTACTS, tenant_id.bytes + buyer.address.value.encode())
    return SCENARIO_KEY, VISITOR, f"V-{code_from(secret, 12)}", buyer.name
