"""Whom the bank asks about an applicant. What answers is handed in by the composition root."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class SilentError(Exception):
    """Whoever was asked did not answer; asking again later is right."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a registry says about a credit code, and which one says it."""

    name: str
    legal_representative: str
    is_active: bool
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that is on a list (``sanctions`` or ``risk``): whose list, and since when."""

    name: str
    list: str
    source: str
    since: str


@dataclass(frozen=True, slots=True)
class Remittance:
    """Money that came in under a reference; minor units. ``account_number`` is where it came from."""

    id: str
    amount_minor: int
    currency: str
    account_number: str
    is_returned: bool


class Registry(Protocol):
    """A register of companies or institutions."""

    async def look_up(self, uscc: str) -> Entry | None:
        """Return the entry of a credit code, or ``None``; raises ``SilentError``."""


class Lists(Protocol):
    """Sanctions and risk lists."""

    async def screen(self, names: Sequence[str]) -> list[Hit]:
        """Return the names that are listed; raises ``SilentError``."""


class Accounts(Protocol):
    """Proof of whose a bank account is."""

    async def send(
        self, *, reference: str, account_number: str, account_name: str, bank_code: str, currency: str
    ) -> None:
        """Send 0.01 to 0.99, once for each reference; raises ``SilentError``."""

    async def is_amount(self, reference: str, amount_minor: int) -> bool:
        """Tell whether this was the amount; raises ``SilentError``."""

    async def received(self, reference: str) -> list[Remittance]:
        """Return what came in under a reference; raises ``SilentError``."""

    async def give_back(self, remittance_id: str) -> None:
        """Send a remittance back, once; raises ``SilentError``."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Everybody who is asked."""

    registry: Registry
    lists: Lists
    accounts: Accounts


_outside: list[Outside] = []


def use(outside: Outside | None) -> None:
    """Set whom this process asks; the composition root and the tests call it."""
    _outside[:] = [outside] if outside else []


def outside() -> Outside | None:
    """Return whom to ask; ``None`` where the bank does this by hand."""
    return _outside[0] if _outside else None
