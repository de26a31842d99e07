"""The arithmetic of sharing: whole minor units, exact, without input or output.

Whatever is divided is divided by the method of the largest remainder, so that the parts add up to the whole; who comes
first in the rule gets the unit where remainders are the same. The institution is the last party: it keeps the rest and
bears what the channel charges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Base = Literal["gross", "after_fees"]
WHOLE = 10_000
"""A hundred percent, in the hundredths of a percent in which a rule counts."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one receiver is due: an amount, or hundredths of a percent of a base, at most ``cap_minor``."""

    amount_minor: int = 0
    rate: int = 0
    base: Base = "gross"
    cap_minor: int | None = None

    def asks(self, gross: int, fee: int) -> int:
        """Return what it asks of a payment before anybody else has had theirs, in ten-thousandths of a minor unit."""
        base = gross - fee if self.base == "after_fees" else gross
        asked = self.amount_minor * WHOLE + base * self.rate
        return asked if self.cap_minor is None else min(asked, self.cap_minor * WHOLE)


def split(gross: int, fee: int, claims: Sequence[Claim]) -> list[int]:
    """Return what each claim gets of a payment whose channel keeps ``fee``, in the order of the rule.

    Earlier claims go first where there is not enough; together they get at most what the channel passes on.

    Raises:
        ValueError: the amounts are below zero, or the fee is more than the payment.
    """
    if not 0 <= fee <= gross:
        raise ValueError(f"a fee of {fee} on {gross}")
    left = (gross - fee) * WHOLE
    exact: list[int] = []
    for claim in claims:
        got = min(claim.asks(gross, fee), left)
        exact.append(got)
        left -= got
    exact.append(left)
    return _rounded([each // WHOLE for each in exact], [each % WHOLE for each in exact], gross - fee)[:-1]


def fees_of(fee: int, amounts: Sequence[int], whole: int) -> list[int]:
    """Return what of a payment's fee falls on each amount of it, in proportion; what nobody shares has its part.

    Together with that part they are the fee, so that shares never come to more than the channel passes on.
    """
    return take([*amounts, max(0, whole - sum(amounts))], min(fee, whole))[:-1]


def take(nets: Sequence[int], amount: int) -> list[int]:
    """Return how much of ``amount`` each party gives back, in proportion to what it still has.

    Nobody gives more than they have, and when everything goes back, everybody is left with nothing.

    Raises:
        ValueError: more than all of them have.
    """
    held = sum(nets)
    if not 0 <= amount <= held:
        raise ValueError(f"{amount} back of {held}")
    if amount == held:
        return list(nets)
    parts = [amount * net for net in nets]
    return _rounded([part // held for part in parts], [part % held for part in parts], amount)


def _rounded(whole: list[int], rests: Sequence[int], total: int) -> list[int]:
    """Return whole units that add up to ``total``: the largest remainders are rounded up, the first of equals."""
    missing = total - sum(whole)
    if missing:
        for place in sorted(range(len(rests)), key=lambda i: -rests[i])[:missing]:
            whole[place] += 1
    return whole
