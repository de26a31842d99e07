"""Ten sums of a kind: made from a seed, so that what was asked can be told again from what was kept."""

import random
from collections.abc import Callable
from dataclasses import dataclass

COUNT = 10
Sum = tuple[str, int]
"""What is asked, and the answer."""


@dataclass(frozen=True)
class Exercise:
    """One kind of sums, for a teacher to choose; ``make`` draws one."""

    key: str
    english: str
    chinese: str
    make: Callable[[random.Random], Sum]

    @property
    def title(self) -> str:
        """What a class knows it by, whatever language somebody reads."""
        return f"{self.english} · {self.chinese}"

    def sums(self, seed: int) -> list[Sum]:
        """Return the ten sums of one go, none of them twice."""
        dice, found = random.Random(seed), dict[str, int]()  # noqa: S311 - a play
        while len(found) < COUNT:
            asked, answer = self.make(dice)
            found[asked] = answer
        return list(found.items())


def _adding(dice: random.Random) -> Sum:
    a, b = dice.randint(2, 18), dice.randint(2, 18)
    return f"{a} + {b}", a + b


def _taking(dice: random.Random) -> Sum:
    a = dice.randint(20, 99)
    b = dice.randint(2, a - 1)
    return f"{a} − {b}", a - b


def _times(dice: random.Random) -> Sum:
    a, b = dice.randint(2, 9), dice.randint(2, 9)
    return f"{a} × {b}", a * b


def _sharing(dice: random.Random) -> Sum:
    a, b = dice.randint(2, 9), dice.randint(2, 9)
    return f"{a * b} ÷ {a}", b


EXERCISES = {
    one.key: one
    for one in (
        Exercise("adding", "Adding up to 36", "36 以内的加法", _adding),
        Exercise("taking", "Taking away up to 99", "100 以内的减法", _taking),
        Exercise("times", "Times tables", "乘法口诀", _times),
        Exercise("sharing", "Sharing out equally", "表内除法", _sharing),
    )
}
