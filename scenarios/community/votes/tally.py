"""Working a vote out, from what is published of it alone: ``python tally.py ballots.json``.

Python 3.11 is all it takes, and nothing of ours: the estate counts with this very file, and gives it to everybody who
could vote. A spreadsheet does the same: weights by choice, and SHA-256 of each ballot's line.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any


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


def recount(data: Mapping[str, Any]) -> Result:
    """Return the result of a published vote, everything about it checked.

    Raises:
        ValueError: a ballot is of no entry or weighs otherwise than it, or a proxy has voted for too many units.
    """
    entries = {one["number"]: Decimal(one["weight"]) for one in data["entries"]}
    ballots = [
        Opened(one["number"], Decimal(one["weight"]), one["choice"], one["nonce"], one["commitment"])
        for one in data["ballots"]
    ]
    for one in ballots:
        if entries.get(one.number) != one.weight:
            raise ValueError(f"ballot {one.number} weighs otherwise than its entry")
    proxies = Counter(one["proxy"] for one in data["ballots"] if one["proxy"])
    if proxies and max(proxies.values()) > data["most_by_one_proxy"]:
        raise ValueError("a proxy has voted for more units than one may")
    whole = sum(entries.values(), Decimal(0))
    return tally(data["vote"], len(data["options"]), ballots, whole, data["quorum_percent"])


def main() -> None:
    """Print the result of the file that is named."""
    data = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = recount(data)
    lines = [f"{option}: {found.sums[n]} ({found.counts[n]})" for n, option in enumerate(data["options"])]
    decided = data["options"][found.winner] if found.winner is not None else "-"
    sys.stdout.write("\n".join([*lines, f"{found.cast} / {found.whole}", f"= {decided}"]) + "\n")


if __name__ == "__main__":
    main()
