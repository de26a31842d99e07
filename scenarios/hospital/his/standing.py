"""What the hospital's system has of one payment after it was told: exactly one posting of the right amount."""

from collections.abc import Awaitable, Callable, Sequence

from scenarios.hospital.his.contract import HisRefused, Posted


async def exactly_one(
    standing: Sequence[Posted], amount_minor: int, take_back: Callable[[Posted], Awaitable[None]]
) -> Posted:
    """Return the one that stands for a payment of this amount; all others are taken back.

    Raises:
        HisSilent: while taking one back; nothing certain is known yet.
        HisRefused: none is of this amount.
    """
    right = [one for one in standing if one.amount_minor == amount_minor]
    for one in standing:
        if one not in right[:1]:
            await take_back(one)
    if not right:
        raise HisRefused("noted with another amount, and taken back")
    return right[0]
