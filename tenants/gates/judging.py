"""What the scans of one ticket or pass come to, all rules in one place and without input or output.

It is a function of the set of scans, so that batches may arrive in any order and any number of times: scans that were
judged online keep the places they were given, those that devices decided alone fill what is left in the order of their
times, and whoever was let in beyond that is a conflict for a person to look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

SAME_ENTRY = timedelta(minutes=2)
ENTRY, EXIT = "entry", "exit"
ONLINE, OFFLINE = "online", "offline"
ACCEPTED, REJECTED, CONFLICT, ANNULLED = "accepted", "rejected", "conflict", "annulled"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a ticket allows: so many entries of so many people, in all or (passes) a day.

    A scan at the same gate within ``same_entry`` is the same entry once more.
    """

    people: int
    uses: int
    uses_per_day: int = 0
    same_entry: timedelta = SAME_ENTRY

    @property
    def most(self) -> int:
        """How many entries of single people, in all or a day."""
        return self.people * (self.uses_per_day or self.uses)


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan as it was made. ``fault`` is what was wrong with the ticket itself; ``has_let_in`` what the gate did."""

    id: UUID
    nonce: str
    gate_id: UUID
    direction: str
    mode: str
    people: int
    day: date
    scanned_at: datetime
    has_let_in: bool
    fault: str = ""
    is_annulled: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scan came to."""

    scan: Scan
    verdict: str
    reason: str = ""
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all scans of a ticket came to: their verdicts, entries used, people inside, the last day of an entry."""

    verdicts: Sequence[Verdict]
    used: int
    inside: int
    used_on: date | None


def judge(rights: Rights, scans: Sequence[Scan]) -> Outcome:
    """Return what these scans come to."""
    order = sorted(scans, key=lambda one: (one.mode != ONLINE, one.scanned_at, one.nonce))
    counted: dict[date | None, int] = {}
    at_gate: dict[UUID, list[datetime]] = {}
    verdicts = []
    for scan in order:
        found = _one(rights, scan, counted, at_gate)
        verdicts.append(found)
        if found.verdict == ACCEPTED and scan.direction == ENTRY and not found.is_repeat:
            key = _key(rights, scan)
            counted[key] = counted.get(key, 0) + scan.people
            at_gate.setdefault(scan.gate_id, []).append(scan.scanned_at)
    return _outcome(rights, verdicts, sum(counted.values()))


def _key(rights: Rights, scan: Scan) -> date | None:
    return scan.day if rights.uses_per_day else None


def _one(  # noqa: PLR0911 - one way out for each thing that a scan can be
    rights: Rights, scan: Scan, counted: dict[date | None, int], at_gate: dict[UUID, list[datetime]]
) -> Verdict:
    if scan.is_annulled:
        return Verdict(scan, ANNULLED)
    if not scan.has_let_in:
        return Verdict(scan, REJECTED, scan.fault)
    if scan.fault:
        return Verdict(scan, CONFLICT, scan.fault)
    if scan.direction == EXIT:
        return Verdict(scan, ACCEPTED)
    if any(abs(scan.scanned_at - seen) < rights.same_entry for seen in at_gate.get(scan.gate_id, ())):
        return Verdict(scan, ACCEPTED, is_repeat=True)
    if counted.get(_key(rights, scan), 0) + scan.people > rights.most:
        return Verdict(scan, CONFLICT, "used_today" if rights.uses_per_day else "used")
    return Verdict(scan, ACCEPTED)


def _outcome(rights: Rights, verdicts: Sequence[Verdict], used: int) -> Outcome:
    inside, used_on = 0, None
    for one in sorted(verdicts, key=lambda one: (one.scan.scanned_at, one.scan.nonce)):
        if one.verdict not in {ACCEPTED, CONFLICT} or one.is_repeat:
            continue
        if one.scan.direction == ENTRY:
            inside = min(rights.people, inside + one.scan.people)
            used_on = max(used_on or one.scan.day, one.scan.day)
        else:
            inside = max(0, inside - one.scan.people)
    return Outcome(verdicts, used, inside, used_on)


def would_accept(rights: Rights, scans: Sequence[Scan], asked: Scan) -> Verdict:
    """Return what an online scan is told: whether letting in now would be accepted."""
    told = judge(rights, [*scans, replace(asked, has_let_in=True)])
    mine = next(one for one in told.verdicts if one.scan.id == asked.id)
    if mine.verdict == CONFLICT:
        return Verdict(asked, REJECTED, mine.reason)
    return replace(mine, scan=asked)
