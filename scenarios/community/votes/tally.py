"""Working a vote out, from what is published of it alone. Pure: anybody can do the same with a spreadsheet."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Opened:
    """A ballot after the end: its entry's number and weight, the choice (from 0) and the nonce."""

    number: int
    weight: Decimal
    choice: int
    nonce: str
    commitment: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a vote came to. ``sums`` are weights by option; ``winner`` is an option's place, ``None`` for a tie."""

    sums: Sequence[Decimal]
    counts: Sequence[int]
    cast: Decimal
    whole: Decimal
    is_quorate: bool
    winner: int | None

    @property
    def turnout(self) -> Decimal:
        """The part of all weights that was cast, 0 to 1."""
        return self.cast / self.whole if self.whole else Decimal(0)


def commitment(vote: str, number: int, choice: int, nonce: str) -> bytes:
    """Return what binds a ballot to its choice before anybody can read it."""
    return hashlib.sha256(f"{vote} {number} {choice} {nonce}".encode()).digest()


def tally(vote: str, options: int, ballots: Iterable[Opened], whole: Decimal, quorum_percent: int) -> Result:
    """Return the result.

    Raises:
        ValueError: a ballot is not what was committed to, an entry votes twice, or a choice is none of the options.
    """
    sums, counts, seen = [Decimal(0)] * options, [0] * options, set()
    for one in ballots:
        if commitment(vote, one.number, one.choice, one.nonce).hex() != one.commitment:
            raise ValueError(f"ballot {one.number} is not what was committed to")
        if one.number in seen:
            raise ValueError(f"entry {one.number} votes twice")
        if not 0 <= one.choice < options:
            raise ValueError(f"ballot {one.number} chooses nothing that there is")
        seen.add(one.number)
        sums[one.choice] += one.weight
        counts[one.choice] += 1
    cast = sum(sums, Decimal(0))
    best = [place for place, weight in enumerate(sums) if weight == max(sums)]
    is_quorate = whole > 0 and cast * 100 >= whole * quorum_percent and cast > 0
    winner = best[0] if len(best) == 1 and is_quorate else None
    return Result(sums, counts, cast, whole, is_quorate, winner)
