"""The arithmetic of sharing: whole minor units, exact, without input or output.

Whatever is divided is divided by the method of the largest remainder, so that the parts add up to the whole; who comes
first in the rule gets the unit where remainders are the same. The institution is the last party: it keeps the rest and
bears what the channel charges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
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

    def of(self, gross: int, fee: int) -> Fraction:
        """Return what it asks of a payment, before anybody else has had theirs."""
        base = gross - fee if self.base == "after_fees" else gross
        asked = Fraction(self.amount_minor) + Fraction(base * self.rate, WHOLE)
        return asked if self.cap_minor is None else min(asked, Fraction(self.cap_minor))


def split(gross: int, fee: int, claims: Sequence[Claim]) -> list[int]:
    """Return what each claim gets of a payment whose channel keeps ``fee``, in the order of the rule.

    Earlier claims go first where there is not enough; together they get at most what the channel passes on.

    Raises:
        ValueError: the amounts are below zero, or the fee is more than the payment.
    """
    if not 0 <= fee <= gross:
        raise ValueError(f"a fee of {fee} on {gross}")
    left = Fraction(gross - fee)
    exact: list[Fraction] = []
    for claim in claims:
        got = min(claim.of(gross, fee), left)
        exact.append(got)
        left -= got
    return _whole([*exact, left], gross - fee)[:-1]


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
    shares, rests = [], []
    for net in nets:
        whole, rest = divmod(amount * net, held)
        shares.append(whole)
        rests.append(rest)
    missing = amount - sum(shares)
    for place in sorted(range(len(nets)), key=lambda i: -rests[i])[:missing]:
        shares[place] += 1
    return shares


def _whole(exact: Sequence[Fraction], total: int) -> list[int]:
    """Round to whole units that add up to ``total``, the largest remainders up."""
    whole = [int(each) for each in exact]
    missing = total - sum(whole)
    order = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for place in order[:missing]:
        whole[place] += 1
    return whole
