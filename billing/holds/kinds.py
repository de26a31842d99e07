"""What a scenario says of the things it keeps while they are being paid for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing.models import Hold, Payment

Kept = Callable[[Hold], Awaitable[None]]
LetGo = Callable[[Hold, str], Awaitable[None]]
CameLate = Callable[[Hold, Payment], Awaitable[bool]]
Returned = Callable[[Hold, int], Awaitable[None]]
Page = Callable[[Hold], str]


async def nothing(hold: Hold, amount_minor: int) -> None:
    """Do nothing when money of a kept hold has gone back."""


@dataclass(frozen=True, slots=True)
class HoldKind:
    """One kind of thing that is kept: a seat, a room, an appointment.

    ``kept`` runs in the transaction that takes the money, ``let_go`` in the one that voids the unpaid bill (``why`` is
    a key of ``WHYS``). ``came_late`` is asked, under the same transaction that would put the money to a renewed bill,
    whether it could take the place again; if so, ``kept`` runs with the renewed hold. ``returned`` runs when money of
    a kept one has really gone back. ``page`` is where the payer goes on. All work in the open tenant scope.
    """

    key: str
    kept: Kept
    let_go: LetGo
    came_late: CameLate
    page: Page
    returned: Returned = nothing


HOLD_KINDS: dict[str, HoldKind] = {}


def register_hold(kind: HoldKind) -> None:
    """Make a kind of hold known; safe to call again."""
    HOLD_KINDS[kind.key] = kind
