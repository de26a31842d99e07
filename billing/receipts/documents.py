"""What a receipt and a printed bill say, as plain data: nothing here reads a database or a clock.

Amounts are integers in the currency's minor unit. Names of fee items and channels may be ``Text`` and are
then printed in the language of the paper; strings are printed as they are.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from ui.i18n import Text


class Mark(StrEnum):
    """The state that a receipt shows in large letters."""

    PAID = "paid"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The institution in whose name the paper is made out, and the bank that serves it."""

    name: str
    credit_code: str = ""
    address: str = ""
    phone: str = ""
    bank_name: str = ""
    colour: str = "#1f4e79"
    """The bank's accent as ``#rrggbb``; used for rules and headings, never for small text."""
    logo: bytes = b""
    """The bank's logo as a PNG, as it is when the paper is printed; never kept with it."""

    def as_json(self) -> dict[str, Any]:
        """Return what is kept: words, no picture."""
        kept = asdict(self)
        del kept["logo"]
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine:
    """One allocation of the payment: what it paid, for which period and account (negative: given back)."""

    item: str | Text
    period: str = ""
    account: str = ""
    amount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDocument:
    """Proof of one payment as it was made; ``total_minor`` is the payment, ``refunded_minor`` what went back.

    Raises:
        ValueError: when the lines do not add up to the total, or more is refunded than was paid.
    """

    issuer: Issuer
    number: str
    payer: str
    paid_at: datetime
    zone: str
    currency: str
    lines: tuple[ReceiptLine, ...]
    total_minor: int
    channel: str | Text
    reference: str = ""
    refunded_minor: int = 0
    taken_by: str = ""
    verify_url: str = ""
    verification_code: str = ""
    paid_into: str = ""

    def __post_init__(self) -> None:
        listed = sum(line.amount_minor for line in self.lines)
        if listed != self.total_minor:
            raise ValueError(f"receipt {self.number}: lines give {listed}, total is {self.total_minor}")
        if not 0 <= self.refunded_minor <= self.total_minor:
            raise ValueError(
                f"receipt {self.number}: refund of {self.refunded_minor} from {self.total_minor}"
            )

    def as_json(self) -> dict[str, Any]:
        """Return what to keep with the receipt, so that it prints the same for ever."""
        kept = {name: getattr(self, name) for name in self.__slots__}
        return kept | {
            "issuer": self.issuer.as_json(),
            "paid_at": self.paid_at.isoformat(),
            "channel": _words_as_json(self.channel),
            "lines": [_line_as_json(line) for line in self.lines],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], *, refunded_minor: int | None = None) -> Self:
        """Return the receipt that was kept; ``refunded_minor`` overrides it with what went back since."""
        changed: dict[str, Any] = {
            "issuer": Issuer(**kept["issuer"]),
            "paid_at": datetime.fromisoformat(kept["paid_at"]),
            "channel": _words_from_json(kept["channel"]),
            "lines": tuple(_line_from_json(line) for line in kept["lines"]),
        }
        if refunded_minor is not None:
            changed["refunded_minor"] = refunded_minor
        return cls(**{**kept, **changed})

    @property
    def mark(self) -> Mark:
        """The state that the amounts imply."""
        if not self.refunded_minor:
            return Mark.PAID
        return Mark.REFUNDED if self.refunded_minor == self.total_minor else Mark.PART_REFUNDED


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocumentLine:
    """One charge, with the sentence that says how it was computed."""

    item: str | Text
    period: str = ""
    how: str | Text = ""
    amount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocument:
    """One printed bill.

    ``paid_minor`` has been paid of it and ``adjusted_minor`` let off; ``arrears_minor`` is owed on earlier bills.
    ``pay_url`` opens this bill alone; ``holder_code`` lets the person named on it confirm that it is theirs.

    Raises:
        ValueError: when the lines do not add up to the total, or more is paid than billed.
    """

    issuer: Issuer
    number: str
    account: str
    holder: str = ""
    address: str = ""
    period: str = ""
    issued_on: date
    due_on: date
    currency: str
    lines: tuple[BillDocumentLine, ...]
    total_minor: int
    paid_minor: int = 0
    adjusted_minor: int = 0
    arrears_minor: int = 0
    pay_url: str = ""
    pay_until: date | None = None
    holder_code: str = ""
    holder_url: str = ""
    holder_code_until: date | None = None
    notes: tuple[str | Text, ...] = ()

    def __post_init__(self) -> None:
        listed = sum(line.amount_minor for line in self.lines)
        if listed != self.total_minor:
            raise ValueError(f"bill {self.number}: lines give {listed}, total is {self.total_minor}")
        settled = self.paid_minor + self.adjusted_minor
        if min(self.paid_minor, self.adjusted_minor) < 0 or settled > max(self.total_minor, 0):
            raise ValueError(f"bill {self.number}: {settled} paid or adjusted of {self.total_minor}")

    @property
    def due_minor(self) -> int:
        """What is left to pay of this bill."""
        return self.total_minor - self.paid_minor - self.adjusted_minor


def _words_as_json(words: str | Text) -> str | dict[str, Any]:
    return {"message": words.message, "params": dict(words.params)} if isinstance(words, Text) else words


def _words_from_json(kept: str | Mapping[str, Any]) -> str | Text:
    return kept if isinstance(kept, str) else Text(kept["message"], kept["params"])


def _line_as_json(line: ReceiptLine) -> dict[str, Any]:
    return {
        "item": _words_as_json(line.item),
        "period": line.period,
        "account": line.account,
        "amount_minor": line.amount_minor,
    }


def _line_from_json(kept: Mapping[str, Any]) -> ReceiptLine:
    return ReceiptLine(**{**kept, "item": _words_from_json(kept["item"])})
