"""How a town pays: which account paid what, when and by which way, drawn by chance from a fixed seed."""

import random
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from deploy.seed.cast import RESIDENTS, SEED
from deploy.seed.months import Month
from deploy.seed.school import HABITS

_HABITS = (("prompt", 62), ("late", 22), ("next", 6), ("part", 4), ("never", 6))
_CHANNELS = (("bank", 42), ("stripe", 8), ("counter", 50))
_METHODS = (("transfer", 50), ("cash", 30), ("card", 15), ("cheque", 5))
_DAYS = {"prompt": (0, 11), "late": (12, 27), "next": (2, 9), "part": (4, 20), "owes_latest": (0, 11)}
_HABIT_OF = {door.number: door.habit for one in RESIDENTS for door in one.doors} | HABITS
_CHANNEL_OF = {door.number: door.channel for one in RESIDENTS for door in one.doors}
_DESK, _ONLINE = (9, 17), (7, 23)
"""Hours in the institution's zone."""
_FAILURES = ("failed", "cancelled", "expired")
_FIRST_TRY_FAILS = 0.02
_PART_STEP = 1000
_SUNDAY = 6
_SETTLED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill that is not paid in full; minor units."""

    id: UUID
    left_minor: int
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill with something left to pay."""

    id: UUID
    number: str
    period: date
    total_minor: int
    paid_minor: int
    lines: tuple[Line, ...]

    @property
    def left_minor(self) -> int:
        """What is left to pay."""
        return self.total_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Payer:
    """An account with its open bills, oldest first, and who pays for it."""

    account_id: UUID
    number: str
    name: str
    holder: str
    email: str
    person_id: UUID | None
    bills: tuple[Owed, ...]

    @property
    def account(self) -> str:
        """The account as papers name it."""
        return " ".join(dict.fromkeys(part for part in (self.number, self.name) if part))


@dataclass(slots=True)
class Past:
    """One payment that was made, or tried. ``parts`` are minor units by bill."""

    id: UUID
    attempt_id: UUID
    payer: Payer
    at: datetime
    channel: str
    method: str
    parts: list[tuple[Owed, int]]
    state: str = "succeeded"
    told: dict[str, Any] = field(default_factory=dict)
    """What the channel calls it: ``reference`` and ``payment``."""

    @property
    def amount_minor(self) -> int:
        """All parts together."""
        return sum(amount for _, amount in self.parts)


@cache
def habit_of(number: str) -> str:
    """Return how an account pays."""
    return _HABIT_OF.get(number) or _pick(random.Random(f"{SEED} habit {number}"), _HABITS)  # noqa: S311 - a play


def payments(payers: Sequence[Payer], month: Month, zone: str) -> Iterator[Past]:
    """Yield what came in, or was tried, in the month up to now, in no particular order."""
    for payer in payers:
        dice = random.Random(f"{SEED} {month.first} {payer.number}")  # noqa: S311 - a play
        paid = _payment(payer, month, ZoneInfo(zone), dice)
        if paid is None or paid.at > datetime.now(UTC) - _SETTLED:
            continue
        if paid.channel != "counter" and dice.random() < _FIRST_TRY_FAILS:
            yield _first_try(paid, dice)
        yield paid


def _payment(payer: Payer, month: Month, zone: ZoneInfo, dice: random.Random) -> Past | None:
    habit = habit_of(payer.number)
    parts = _parts(payer, habit, month)
    if not parts:
        return None
    channel, method = _way(payer.number)
    at = _moment(month, habit, zone, dice, is_desk=channel == "counter")
    return Past(id_at(at, dice), id_at(at, dice), payer, at, channel, method, parts)


def _parts(payer: Payer, habit: str, month: Month) -> list[tuple[Owed, int]]:
    if (
        habit == "never"
        or (habit == "next" and month.first.month % 2)
        or (habit == "owes_latest" and month.is_latest)
    ):
        return []
    if habit == "part":
        oldest = payer.bills[0]
        amount = oldest.left_minor // 2 // _PART_STEP * _PART_STEP
        return [(oldest, amount)] if amount else []
    return [(bill, bill.left_minor) for bill in payer.bills]


@cache
def _way(number: str) -> tuple[str, str]:
    dice = random.Random(f"{SEED} way {number}")  # noqa: S311 - a play
    channel = _CHANNEL_OF.get(number) or _pick(dice, _CHANNELS)
    return channel, _pick(dice, _METHODS) if channel == "counter" else ""


def _moment(month: Month, habit: str, zone: ZoneInfo, dice: random.Random, *, is_desk: bool) -> datetime:
    first, last = _DAYS[habit]
    days = monthrange(month.first.year, month.first.month)[1]
    day = month.first + timedelta(days=min(dice.randint(first, last), days - 1))
    if is_desk and day.weekday() == _SUNDAY:
        day += timedelta(days=1 if day.day < days else -1)
    opens, closes = _DESK if is_desk else _ONLINE
    local = datetime.combine(
        day, time(dice.randrange(opens, closes), dice.randrange(60), dice.randrange(60)), zone
    )
    return max(local.astimezone(UTC), month.issued_at + timedelta(minutes=dice.randint(120, 600)))


def _first_try(paid: Past, dice: random.Random) -> Past:
    at = paid.at - timedelta(minutes=dice.randint(45, 90))
    state = dice.choice(_FAILURES)
    return Past(id_at(at, dice), id_at(at, dice), paid.payer, at, paid.channel, "", paid.parts, state)


def _pick(dice: random.Random, shares: Sequence[tuple[str, int]]) -> str:
    return dice.choices([name for name, _ in shares], [share for _, share in shares])[0]


def id_at(moment: datetime, dice: random.Random) -> UUID:
    """Return a UUIDv7 of that moment, the rest drawn from ``dice``."""
    millis = int(moment.timestamp() * 1000)
    return UUID(int=millis << 80 | 0x7 << 76 | dice.getrandbits(12) << 64 | 0b10 << 62 | dice.getrandbits(62))
