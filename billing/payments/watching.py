"""Who wants to know, in the very transaction, what becomes of bills that are held; told by whatever moves them.

``billing.holds`` registers itself here, so that nothing of payments knows of it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from billing.models import Refund
from billing.payments.allocating import Allocated, LockedBill, status_after
from tenants.actor import Actor

Paid = Callable[[Actor, UUID], Awaitable[None]]
Voided = Callable[[Actor, UUID], Awaitable[None]]
Returned = Callable[[Actor, Mapping[UUID, int], str], Awaitable[None]]
ChargedBack = Callable[[Actor, Mapping[UUID, int], UUID], Awaitable[None]]
WonBack = Callable[[Actor, Mapping[UUID, int], UUID], Awaitable[Mapping[UUID, int]]]
OfRefund = Callable[[Refund], Awaitable[None]]
LATE_JOB = "billing.hold_came_late"
"""Unassigned money (``suspense_id``) of a bill (``bill_id``) that had been let go."""
LATE = "hold_ended"
"""Why such money is unassigned for the moment."""


async def _nothing(*_: object) -> None:
    """Take no notice."""


async def _no_bills(*_: object) -> Mapping[UUID, int]:
    """Take none of it."""
    return {}


@dataclass(frozen=True, slots=True)
class Watcher:
    """What is called when a held bill needs no more money, was voided by hand, and when money of bills went back.

    ``charged_back`` is called with the bills that a lost dispute (by its id) has made owed again, and by how much.
    ``won_back`` is called with what such a dispute, won after all, brings back and these bills do not need any more; it
    answers with the bills to be paid of it instead.
    ``gave_up`` is called with a refund that was rejected or refused, and ``went_after_all`` with one that had been and
    was paid all the same; both before it is saved.
    """

    paid: Paid = _nothing
    voided: Voided = _nothing
    returned: Returned = _nothing
    charged_back: ChargedBack = _nothing
    won_back: WonBack = _no_bills
    gave_up: OfRefund = _nothing
    went_after_all: OfRefund = _nothing


_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> None:
    """Have the watcher told from now on."""
    if watcher not in _watchers:
        _watchers.append(watcher)


async def tell_paid(actor: Actor, bill_ids: Iterable[UUID]) -> None:
    """Say that held bills, locked, need no more money."""
    for bill_id in sorted(bill_ids):
        for watcher in _watchers:
            await watcher.paid(actor, bill_id)


async def tell_voided(actor: Actor, bill_id: UUID) -> None:
    """Say that somebody has taken a held bill back."""
    for watcher in _watchers:
        await watcher.voided(actor, bill_id)


async def tell_returned(actor: Actor, taken: Allocated, reason: str) -> None:
    """Say what bills have given back, which are owed again by that much unless somebody lets it off."""
    back = {bill_id: -amount for bill_id, amount in taken.by_bill().items()}
    for watcher in _watchers:
        await watcher.returned(actor, back, reason)


async def tell_charged_back(actor: Actor, taken: Allocated, dispute_id: UUID) -> None:
    """Say which bills are owed again because a dispute was lost."""
    back = {bill_id: -amount for bill_id, amount in taken.by_bill().items()}
    for watcher in _watchers:
        await watcher.charged_back(actor, back, dispute_id)


async def tell_won_back(actor: Actor, left_over: Mapping[UUID, int], dispute_id: UUID) -> dict[UUID, int]:
    """Say what a lost dispute that is won after all brings back beside its bills; return the bills that take it."""
    taken: dict[UUID, int] = {}
    for watcher in _watchers:
        taken |= await watcher.won_back(actor, left_over, dispute_id)
    return taken


async def tell_gave_up(refund: Refund) -> None:
    """Say that a refund came to nothing."""
    for watcher in _watchers:
        await watcher.gave_up(refund)


async def tell_went_after_all(refund: Refund) -> None:
    """Say that a refund which had come to nothing was paid all the same."""
    for watcher in _watchers:
        await watcher.went_after_all(refund)


def held_and_paid(done: Allocated) -> list[UUID]:
    """Return the held bills that an allocation has paid."""
    return [
        bill_id
        for bill_id, amount in done.by_bill().items()
        if done.bills[bill_id].is_held and status_after(done.bills[bill_id], amount) == "paid"
    ]


def is_let_go(bill: LockedBill) -> bool:
    """Tell whether what a bill was for had been let go of."""
    return bill.is_held and bill.status == "void"
