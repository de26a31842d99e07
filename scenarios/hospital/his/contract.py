"""What we ask of a hospital's own system, whichever it is. Amounts are minor units of the hospital's currency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


class HisSilent(Exception):
    """No answer: nothing is known of what became of the call."""


class HisRefused(Exception):
    """The system has answered no; the text is for staff."""


@dataclass(frozen=True, slots=True)
class Order:
    """Something that the patient is to pay for. ``what`` is clinical: it is kept encrypted and shown to the patient."""

    id: str
    what: str
    amount_minor: int
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Posting:
    """A payment as we tell it: ``key`` names it for ever, so that telling it twice posts it once."""

    key: str
    patient: str
    order_ids: Sequence[str]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A payment as the system has it."""

    id: str
    key: str
    amount_minor: int
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class KnownPatient:
    """A patient as the system has them: ``number`` is what the system calls them by."""

    number: str
    name: str
    sex: str
    born_on: date | None


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money that came into a stay's deposit, or went back (below zero): ``key`` names it for ever."""

    key: str
    patient: str
    stay: str
    amount_minor: int
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as the system plans it: ``doctor`` is the doctor's code, ``quotas`` how many numbers of each kind."""

    id: str
    doctor: str
    place: str
    starts_at: datetime
    ends_at: datetime
    quotas: Mapping[str, int]


class His(Protocol):
    """One hospital's system. Every call may raise ``HisSilent`` or ``HisRefused``."""

    async def patients(self, document_kind: str, document_number: str) -> list[KnownPatient]:
        """Return the patients who have this document: one, or none whom the system knows."""

    async def sessions(self, day: date) -> list[Planned]:
        """Return the sessions that the system plans for a day."""

    async def unpaid_orders(self, patient: str) -> list[Order]:
        """Return what a patient (by number) is to pay for now."""

    async def post(self, posting: Posting) -> Posted:
        """Tell of a payment; told again, the answer is the same."""

    async def query(self, key: str) -> list[Posted]:
        """Return the postings under a key that stand: none, one, or more where the system has doubled it."""

    async def reverse(self, posted: Posted) -> None:
        """Take a posting back; taken back already, it stays so."""

    async def refund(self, posting_id: str, amounts: Mapping[str, int]) -> Posted:
        """Take single orders (with what each cost) out of a posting; taken out already, they stay so.

        It refuses what was done already.
        """

    async def restore(self, posted: Posted) -> None:
        """Let a posting stand again that was taken back there by mistake."""

    async def postings(self, day: date) -> list[Posted]:
        """Return all postings of a day."""

    async def deposit(self, deposit: Deposit) -> Posted:
        """Tell of a deposit; told again, the answer is the same."""

    async def deposits(self, key: str) -> list[Posted]:
        """Return the deposits under a key that stand: none, one, or more where the system has doubled it."""

    async def take_back(self, posted: Posted) -> None:
        """Take a deposit back; taken back already, it stays so."""

    async def deposits_of(self, day: date) -> list[Posted]:
        """Return all deposits of a day."""
