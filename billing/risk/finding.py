"""Pure: rules over an institution's days, each with thresholds as data and a reason in figures.

An institution is held against its own season: a day against the same weekday of the weeks before, by median and median
absolute deviation, which a few wild days do not move.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ui.i18n import N_, NN_

WEEKS, FEWEST = 8, 4
"""How many weeks back a day is held against, and how few make a season."""
TO_SIGMA = 1.4826
"""What makes a median absolute deviation comparable with a standard deviation of a normal spread."""
USUAL_MOST = 0.95
"""What all but one day in twenty stay below counts as the most that is usual."""
FLOOR_SHARE = 0.25
"""A spread below this share of the median counts as this share: quiet institutions are not alarmed by small change."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one institution on one channel; minor units."""

    day: date
    paid_count: int = 0
    paid_minor: int = 0
    refund_count: int = 0
    refund_minor: int = 0
    night_count: int = 0
    round_count: int = 0
    device_payers: int = 0
    device_minor: int = 0
    paid_out_minor: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """An institution's days on one channel, oldest first, and what else is known of it."""

    days: Sequence[Day]
    live_since: date | None = None
    changed_on: Sequence[date] = ()
    """When key facts changed: the settlement account, the legal representative."""
    by_day: Mapping[date, Day] = field(default_factory=dict)

    def at(self, day: date) -> Day:
        """Return a day; one on which nothing happened is a day of noughts."""
        return self.by_day.get(day) or Day(day)


@dataclass(frozen=True, slots=True)
class Found:
    """A rule has something to say about a day: how far out it is, and the figures."""

    key: str
    day: date
    score: float
    facts: dict[str, Any]


Thresholds = Mapping[str, float]
Test = Callable[[History, Day, Thresholds], tuple[float, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class Counted:
    """A sentence that counts something: which figure it is, and the sentence for one and for many."""

    figure: str
    words: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to watch for: its name, its sentence with the figures, its defaults, and the test of a day."""

    key: str
    name: str
    sentence: str | Counted
    defaults: Mapping[str, float]
    test: Test
    holds_refunds: bool = False
    holds_payouts: bool = False
    unseen: str = ""
    """The sentence where nothing is usual, of which no number of deviations says anything."""


def outlier(value: float, before: Sequence[float]) -> float:
    """Return how many robust deviations a value lies above the median of those before; nought below a season."""
    if len(before) < FEWEST:
        return 0.0
    middle = statistics.median(before)
    spread = statistics.median(abs(one - middle) for one in before) * TO_SIGMA
    return (value - middle) / max(spread, abs(middle) * FLOOR_SHARE, 1.0)


def shown_percent(percent: float) -> float:
    """Return a share as it is said: small ones with a decimal, so that none is called nought."""
    return round(percent) if percent >= 10 else round(percent, 1)  # noqa: PLR2004 - two figures say enough


def _season(history: History, day: Day, measure: Callable[[Day], float]) -> list[float]:
    """Return the same weekday of the weeks before, as far as the institution's days go."""
    first = history.days[0].day
    days = (day.day - timedelta(weeks=week) for week in range(1, WEEKS + 1))
    return [measure(history.at(one)) for one in days if one >= first]


def _volume(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    before = _season(history, day, lambda one: one.paid_minor)
    score = outlier(day.paid_minor, before)
    if score < given["deviations"] or day.paid_minor < given["least_minor"]:
        return None
    return score, {
        "amount_minor": day.paid_minor,
        "usual_minor": int(statistics.median(before)),
        "times": round(score, 1),
    }


def _ticket(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    if day.paid_count < given["least_count"]:
        return None
    window = (history.at(day.day - timedelta(days=back)) for back in range(1, WEEKS * 7 + 1))
    before = [one.paid_minor / one.paid_count for one in window if one.paid_count]
    score = outlier(day.paid_minor / day.paid_count, before)
    if score < given["deviations"]:
        return None
    usual = int(statistics.median(before))
    return score, {
        "amount_minor": day.paid_minor // day.paid_count,
        "usual_minor": usual,
        "times": round(score, 1),
    }


def _refunds(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    week = [history.at(day.day - timedelta(days=back)) for back in range(7)]
    back, paid = sum(one.refund_minor for one in week), sum(one.paid_minor for one in week)
    percent = back * 100 / paid if paid else (100.0 if back else 0.0)
    if day.refund_count < given["least_count"] or percent < given["percent"]:
        return None
    return percent / given["percent"], {
        "refunds": day.refund_count,
        "percent": shown_percent(percent),
        "amount_minor": back,
    }


def _after_change(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    recent = [
        one for one in history.changed_on if timedelta() <= day.day - one <= timedelta(days=given["days"])
    ]
    if not recent:
        return None
    before = [one.paid_minor for one in history.days if one.day < min(recent)][-28:]
    usual = statistics.median(before) if before else 0
    moved = max(day.paid_minor, day.refund_minor)
    if moved < given["least_minor"] or moved < usual * given["times"]:
        return None
    facts = {"amount_minor": moved, "usual_minor": int(usual), "days": (day.day - max(recent)).days}
    return moved / max(usual * given["times"], given["least_minor"]), facts


def _new_and_large(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    if history.live_since is None or day.day - history.live_since > timedelta(days=given["days"]):
        return None
    if day.paid_minor < given["least_minor"]:
        return None
    facts = {"amount_minor": day.paid_minor, "days": (day.day - history.live_since).days}
    return day.paid_minor / given["least_minor"], facts


def _one_device(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    """Many people, one device: held against the most there have been on one device before, for a desk is shared too."""
    if day.device_payers < given["least_payers"]:
        return None
    before = [one.device_payers for one in history.days if one.day < day.day][-WEEKS * 7 :]
    usual = max((sorted(before)[int(len(before) * USUAL_MOST)] if before else 0), 1)
    if day.device_payers < usual * given["times"]:
        return None
    facts = {"payers": day.device_payers, "amount_minor": day.device_minor, "usual_payers": usual}
    return day.device_payers / given["least_payers"], facts


def _new_payout(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
    """A large payout to an account that is new: since going live, or since it was changed."""
    known = [one for one in (history.live_since, *history.changed_on) if one and one <= day.day]
    is_new = bool(known) and day.day - max(known) <= timedelta(days=given["days"])
    if not is_new or day.paid_out_minor < given["least_minor"]:
        return None
    before = [one.paid_out_minor for one in history.days if one.paid_out_minor and one.day < day.day]
    usual = int(statistics.median(before)) if before else 0
    if day.paid_out_minor < usual * given["times"]:
        return None
    facts = {"amount_minor": day.paid_out_minor, "usual_minor": usual, "days": (day.day - max(known)).days}
    return day.paid_out_minor / max(usual * given["times"], given["least_minor"]), facts


def _share_of(name: str) -> Test:
    def test(history: History, day: Day, given: Thresholds) -> tuple[float, dict[str, Any]] | None:
        del history
        count = int(getattr(day, name))
        percent = count * 100 / day.paid_count if day.paid_count else 0
        if count < given["least_count"] or percent < given["percent"]:
            return None
        return percent / given["percent"], {"payments": count, "percent": shown_percent(percent)}

    return test


_SWING = {"deviations": 6.0, "least_minor": 100_000}
RULES: Mapping[str, Rule] = {
    one.key: one
    for one in (
        Rule(
            "volume",
            N_("Volume far out of its season"),
            N_("{amount} came in; usual on this weekday is {usual}: {times} deviations above."),
            _SWING,
            _volume,
            unseen=N_("{amount} came in; usually nothing comes in on this weekday."),
        ),
        Rule(
            "ticket",
            N_("Single payments far larger than usual"),
            N_("A payment was {amount} on average; usual is {usual}: {times} deviations above."),
            {"deviations": 6.0, "least_count": 5},
            _ticket,
        ),
        Rule(
            "refunds",
            N_("Burst of refunds"),
            Counted(
                "refunds",
                NN_(
                    "{n} refund on one day; {amount}, {percent} % of the week, went back.",
                    "{n} refunds on one day; {amount}, {percent} % of the week, went back.",
                ),
            ),
            {"least_count": 5, "percent": 25},
            _refunds,
            holds_refunds=True,
        ),
        Rule(
            "after_change",
            N_("Large sums soon after key facts changed"),
            Counted(
                "days",
                NN_(
                    "{amount} moved {n} day after the account or the representative changed; usual is {usual}.",
                    "{amount} moved {n} days after the account or the representative changed; usual is {usual}.",
                ),
            ),
            {"days": 14, "times": 3, "least_minor": 100_000},
            _after_change,
            holds_refunds=True,
            holds_payouts=True,
        ),
        Rule(
            "new_payout",
            N_("New account, then a large payout"),
            Counted(
                "days",
                NN_(
                    "{amount} was paid out {n} day after the account was new; usual is {usual}.",
                    "{amount} was paid out {n} days after the account was new; usual is {usual}.",
                ),
            ),
            {"days": 30, "times": 3, "least_minor": 5_000_000},
            _new_payout,
            holds_payouts=True,
        ),
        Rule(
            "device",
            N_("Many payers from one device"),
            Counted(
                "payers",
                NN_(
                    "{n} person paid {amount} from one device on one day; usual is at most {usual_payers}.",
                    "{n} people paid {amount} from one device on one day; usual is at most {usual_payers}.",
                ),
            ),
            {"least_payers": 6, "times": 3},
            _one_device,
        ),
        Rule(
            "new_large",
            N_("New and at once large"),
            Counted(
                "days",
                NN_(
                    "{amount} on one day, {n} day after going live.",
                    "{amount} on one day, {n} days after going live.",
                ),
            ),
            {"days": 30, "least_minor": 5_000_000},
            _new_and_large,
        ),
        Rule(
            "night",
            N_("Peak at night"),
            Counted(
                "payments",
                NN_(
                    "{n} payment between 23:00 and 05:00, {percent} % of the day.",
                    "{n} payments between 23:00 and 05:00, {percent} % of the day.",
                ),
            ),
            {"least_count": 20, "percent": 60},
            _share_of("night_count"),
        ),
        Rule(
            "round",
            N_("Mostly round sums"),
            Counted(
                "payments",
                NN_(
                    "{n} payment was a round hundred, {percent} % of the day.",
                    "{n} payments were round hundreds, {percent} % of the day.",
                ),
            ),
            {"least_count": 20, "percent": 70},
            _share_of("round_count"),
        ),
    )
}


def history_of(days: Sequence[Day], **more: Any) -> History:
    """Return a history whose days are found by their date."""
    return History(days, by_day={one.day: one for one in days}, **more)


def look(history: History, day: Day, thresholds: Mapping[str, Thresholds]) -> Iterator[Found]:
    """Yield what every rule that is on has to say about a day."""
    for key, given in thresholds.items():
        told = RULES[key].test(history, day, given)
        if told:
            yield Found(key, day.day, round(told[0], 2), told[1])


def replay(history: History, key: str, given: Thresholds, since: date) -> list[Found]:
    """Return what a rule would have said about every day since, were these its thresholds."""
    return [found for day in history.days if day.day >= since for found in look(history, day, {key: given})]
