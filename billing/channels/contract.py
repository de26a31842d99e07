"""What the house asks of a way to pay, and what a channel may answer.

A channel is told everything in one ``Order`` (frozen when the attempt was committed, so that asking twice says the
same) and answers with an ``Outcome``: the channel's own view of one attempt, never ours. Silence is an error of
its own, because it is neither yes nor no.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from ui.i18n import Text

State = Literal["pending", "processing", "succeeded", "failed", "cancelled", "expired", "absent"]
"""``absent``: the channel has never heard of it."""
RefundState = Literal["pending", "succeeded", "failed", "absent"]


class ChannelSilent(Exception):
    """No usable answer (time-out, lost connection, 5xx): the result is unknown, so the channel must be asked."""


class ChannelRefused(Exception):
    """The channel answered no: nothing happened there, and the same request will not work later."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The institution's own account at the channels; money goes there and nowhere else."""

    id: UUID
    stripe_account: str = ""
    rail_merchant: str = ""
    rail_secret: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One bill as the payer sees it on the channel's page; ``amount_minor`` is what is paid of it."""

    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Saver:
    """A payer who lets the card that pays be kept; ``customer`` is the channel's name of them, where it has one."""

    person_id: UUID
    name: str
    email: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One attempt, with all that a channel may need. ``reference`` is the channel's own id once it has told us.

    ``mandate`` is the channel's name of the leave under which nobody has to confirm it, ``instrument`` what is debited.
    """

    tenant_id: UUID
    payment_id: UUID
    attempt_id: UUID
    number: str
    amount_minor: int
    currency: str
    items: tuple[Item, ...]
    destination: Destination
    created_at: datetime
    expires_at: datetime
    return_url: str
    cancel_url: str
    locale: str
    payer_email: str = ""
    methods: tuple[str, ...] = ()
    """The channel's own names of the ways to pay that are allowed; empty leaves it to the channel."""
    application_fee_minor: int = 0
    """What the bank keeps of it, where the channel can."""
    reference: str = ""
    channel_payment: str = ""
    mandate: str = ""
    instrument: str = ""
    saver: Saver | None = None
    """Who has agreed that the card that pays is kept for charges that nobody confirms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a channel says of an attempt. Amount and currency are what it has received, where it has."""

    state: State
    reference: str = ""
    channel_payment: str = ""
    amount_minor: int | None = None
    currency: str = ""
    redirect_url: str = ""
    qr_content: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Money to be given back of one received attempt; ``refund_id`` makes it happen once."""

    tenant_id: UUID
    payment_id: UUID
    refund_id: UUID
    amount_minor: int
    currency: str
    order: Order
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOutcome:
    """What a channel says of a refund."""

    state: RefundState
    reference: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do. ``currencies`` ``None`` means any; no ``refund_window`` means it never closes."""

    currencies: frozenset[str] | None = None
    refund_window: timedelta | None = None
    refund_windows: Mapping[str, timedelta] = field(default_factory=dict)
    """Windows of single ways to pay, by their keys, where they differ from the channel's."""
    lifetime: timedelta = timedelta(minutes=30)
    is_recurring: bool = False
    has_qr: bool = False
    has_partial_refund: bool = True
    minimum_minor: Mapping[str, int] = field(default_factory=dict)

    def window(self, method: str) -> timedelta | None:
        """Return how long money that came this way can go back; ``None`` for ever."""
        return self.refund_windows.get(method, self.refund_window)

    def takes(self, currency: str) -> bool:
        """Tell whether the channel takes this currency."""
        return self.currencies is None or currency in self.currencies


class Channel(Protocol):
    """A way to pay that lives outside. Every call may raise ``ChannelSilent``; only new ones are refused."""

    key: str
    name: Text
    capabilities: Capabilities

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether this institution can be paid through the channel (settings and its account there)."""

    async def start(self, order: Order) -> Outcome:
        """Have the channel wait for the payer; sent again, it answers with the same. Raises ``ChannelRefused``."""

    async def query(self, order: Order) -> Outcome:
        """Ask what became of the attempt, by the channel's reference or by ours."""

    async def cancel(self, order: Order) -> Outcome:
        """Withdraw the attempt if it is still possible, and return what is true afterwards."""

    async def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back; sent again, it happens once. Raises ``ChannelRefused``."""

    async def query_refund(self, order: RefundOrder) -> RefundOutcome:
        """Ask what became of a refund, by the channel's reference or by ours."""


class PayoutStop(Protocol):
    """How a channel keeps what it would pay out to an institution. Each call may be sent again: it sets, never adds.

    Raises ``ChannelSilent`` and ``ChannelRefused`` as every call does; nothing is undone by either.
    """

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether the institution has an account there that pays out."""

    async def terms(self, destination: Destination) -> dict[str, Any]:
        """Return how the channel pays out now, to be put back later."""

    async def hold(self, destination: Destination, number: str) -> None:
        """Have the channel keep everything from now on; what it has sent already arrives."""

    async def release(self, destination: Destination, number: str, was: Mapping[str, Any]) -> None:
        """Have it pay out again as it did before, what it has kept included."""
