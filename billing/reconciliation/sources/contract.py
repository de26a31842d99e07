"""What every parser is told and gives: one shape of line, a head, checked totals, or a refusal with its place.

A parser declares what it reads in a ``Format``: encoding, unit of amounts, where the day is cut and in which zone. It
reads from a file that can be read again, keeps no more than a line at a time, and raises ``StatementRefused`` as soon
as something is wrong; the caller writes nothing of a file that was refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, NamedTuple, Protocol

from ui.errors import Invalid
from ui.formats import exponent
from ui.i18n import Text, t

MOST_LINES = 2_000_000
LONGEST = 140
LONGEST_TEXT = 300
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PAYMENT, REFUND, FEE, PAYOUT, CREDIT, DEBIT, DISPUTE, OTHER = (
    "payment",
    "refund",
    "fee",
    "payout",
    "credit",
    "debit",
    "dispute",
    "other",
)


class StatementRefused(Invalid):
    """A document that is not what it should be; the sentence names the row or element and what to do."""

    def __init__(self, code: str, message: Text) -> None:
        super().__init__(f"statement.{code}", message, fields={"file": message})


class Line(NamedTuple):
    """One line of the outside. Amounts are minor units, positive to the institution, before ``fee_minor``."""

    position: int
    kind: str
    occurred_at: datetime
    day: date
    currency: str
    amount_minor: int
    fee_minor: int = 0
    reference: str = ""
    channel_reference: str = ""
    key: str = ""
    text: str = ""
    payout: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """What a parser reads, in words that are shown: encoding, unit, and where the day is cut."""

    encoding: str
    unit: str
    day_cut: str
    zone: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file must be about: an account of the institution, its currency and zone."""

    currency: str
    zone: str
    merchant: str = ""
    account_number: str = ""
    stripe_account: str = ""


@dataclass(frozen=True, slots=True)
class AnnouncedPayout:
    """A payout that a statement tells of; ``members`` are the keys of its lines, empty where it is all of a day."""

    reference: str
    currency: str
    amount_minor: int
    day_from: date
    day_until: date
    arrives_on: date
    trace: str = ""
    status: str = "on_the_way"
    members: tuple[str, ...] = ()
    whole_days: bool = False


@dataclass(slots=True)
class Head:
    """What a file says of itself. Totals and payouts are complete once every line has been read."""

    source: str
    channel: str
    reference: str
    day_from: date
    day_until: date
    covers_from: datetime
    covers_until: datetime
    zone: str
    currency: str
    format: Format
    is_provisional: bool = False
    is_complete: bool = True
    opening_minor: int | None = None
    closing_minor: int | None = None
    payouts: list[AnnouncedPayout] = field(default_factory=list)


class Document(Protocol):
    """A recognised file: its head, and its lines once."""

    head: Head

    def lines(self) -> Iterator[Line]:
        """Yield the lines in their order; ``StatementRefused`` where one is wrong, or at the end a total."""
        ...


class Parser(Protocol):
    """One format. ``open`` reads no further than the head."""

    key: str

    def open(self, file: IO[bytes], expected: Expected) -> Document:
        """Recognise the file. Raises ``StatementRefused``."""
        ...


def minor(text: str, currency: str) -> int:
    """Return a plain decimal of the main unit in minor units; ``ValueError`` when it is none or too fine."""
    try:
        scaled = Decimal(text).scaleb(exponent(currency))
    except ArithmeticError:
        raise ValueError(text) from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) >= 10**15:
        raise ValueError(text)
    return int(scaled)


def sound_day(text: str) -> date:
    """Return a day like 2026-01-31; ``ValueError`` where it is none, or none that anybody has banked on."""
    found = date.fromisoformat(text)
    if not EARLIEST <= found <= LATEST:
        raise ValueError(text)
    return found


def whole_number(text: str) -> int:
    """Return a count in plain figures; ``-1`` where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004


def refused(code: str, row: int, text: Text) -> StatementRefused:
    """Return the refusal of one row, which is named first."""
    return StatementRefused(code, t("Row {row}: {problem}", row=row, problem=text))


def clean(text: str, most: int = LONGEST) -> str:
    """Return a text of the outside as it is kept: without control characters, cut to its column."""
    return text[:most] if text.isprintable() else _CONTROL.sub(" ", text)[:most]
