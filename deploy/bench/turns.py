"""Two ways of doing the same work in this process, turn and turn about so that noise hits both, so many at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

Work = TypeVar("Work")
WARM = 20
"""Works of the first turn, which is not counted, for each that is done at once: every connection plans all it asks."""


@dataclass(slots=True)
class Turns:
    """What came of it: works a second of ours and of the floor's, and what each of ours took in seconds."""

    ours: float
    floor: float
    waits: list[float] = field(default_factory=list)

    def figures(self, aim: int, options: Mapping[str, int]) -> dict[str, Any]:
        """Return what is printed."""
        return {
            "figure": round(self.ours, 1),
            "unit": "requests/s",
            "floor": round(self.floor, 1),
            "ratio": round(self.ours / self.floor, 3),
            "aim": f"figure >= {aim}",
            "is_met": self.ours >= aim,
            "median_ms": round(sorted(self.waits)[len(self.waits) // 2] * 1000, 2),
            **options,
        }


async def alternate(
    ours: Callable[[Work], Awaitable[None]],
    floor: Callable[[Work], Awaitable[None]],
    works: Callable[[str, int], Awaitable[Sequence[Work]]],
    options: Mapping[str, int],
) -> Turns:
    """Do ``requests`` works of each in ``rounds`` turns, ``at_once`` at a time; ``works(turn, count)`` makes them."""
    at_once, waits, spent = options["at_once"], list[float](), [0.0, 0.0]
    for number in range(options["rounds"] + 1):
        count = options["requests"] if number else at_once * WARM
        for which, do in enumerate((ours, floor)):
            kept = waits if number and not which else []
            seconds = await all_of(do, await works(f"{number}-{which}", count), at_once, kept)
            spent[which] += seconds if number else 0
    total = options["requests"] * options["rounds"]
    return Turns(total / spent[0], total / spent[1], waits)


async def all_of(
    do: Callable[[Work], Awaitable[None]], works: Sequence[Work], at_once: int, waits: list[float]
) -> float:
    """Do all works, so many at once; return the seconds it took, and add to ``waits`` what each took."""
    left, begun = iter(works), time.perf_counter()

    async def one() -> None:
        for work in left:
            asked = time.perf_counter()
            await do(work)
            waits.append(time.perf_counter() - asked)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one())
    return time.perf_counter() - begun
