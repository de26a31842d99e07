"""Rules over a year of days: seeded swings are found, an ordinary year says next to nothing."""

import math
import random
import re
import sys
from datetime import date, timedelta

import pytest

from billing.channels import channel_name
from billing.risk import services
from billing.risk.finding import RULES, Counted, Day, history_of, look, outlier, replay, shown_percent
from ui.i18n import use_locale

START = date(2025, 1, 1)
INSTITUTIONS, SWINGS = 40, 18


def ordinary_year(seed):
    """A year of an institution: its size, its week, its season, its noise."""
    dice = random.Random(seed)  # noqa: S311 - a play
    size = dice.choice([200_000, 800_000, 3_000_000])
    days = []
    for number in range(365):
        day = START + timedelta(days=number)
        season = 1 + 0.3 * math.sin(2 * math.pi * number / 365)
        week = 0.3 if day.weekday() > 4 else 1.0
        amount = int(size * season * week * dice.lognormvariate(0, 0.2))
        count = max(amount // 20_000, 1)
        back = 1 if dice.random() < 0.05 else 0
        days.append(
            Day(
                day,
                count,
                amount,
                back,
                15_000 * back,
                night_count=count // 20,
                round_count=count // 10,
                device_payers=dice.choice([0, 1, 1, 2, 2, 3, 4]),
                paid_out_minor=amount,
            )
        )
    return days


def swing(days, dice):
    """Put one swing of a kind by chance into the second half of the year; return its kind and day."""
    place = dice.randrange(120, 360)
    kind = dice.choice(["volume", "refunds", "night", "round", "ticket", "device"])
    one = days[place]
    changed = {
        "volume": {"paid_minor": one.paid_minor * 8 + 500_000, "paid_count": one.paid_count * 8},
        "refunds": {
            "refund_count": 12,
            "refund_minor": sum(day.paid_minor for day in days[place - 6 : place + 1]) // 2,
        },
        "night": {"night_count": max(one.paid_count, 30), "paid_count": max(one.paid_count, 30)},
        "round": {"round_count": max(one.paid_count, 30), "paid_count": max(one.paid_count, 30)},
        "ticket": {"paid_minor": one.paid_minor * 9 + 500_000, "paid_count": max(one.paid_count, 5)},
        "device": {"device_payers": 14, "device_minor": one.paid_minor // 2},
    }[kind]
    days[place] = Day(**{name: getattr(one, name) for name in Day.__dataclass_fields__} | changed)
    return kind, days[place].day


def test_seeded_swings_of_a_year_are_found_and_false_alerts_are_few(capsys):
    dice, wanted, found, false = random.Random(7), set(), set(), 0  # noqa: S311 - a play
    given = {key: rule.defaults for key, rule in RULES.items()}
    for number in range(INSTITUTIONS):
        days = ordinary_year(number)
        mine = {swing(days, dice)} if number < SWINGS else set()
        wanted |= {(number, *one) for one in mine}
        history = history_of(days, live_since=START - timedelta(days=100))
        said = {(one.key, one.day) for day in days[60:] for one in look(history, day, given)}
        found |= {(number, *one) for one in mine & said}
        near = {day + timedelta(days=shift) for _, day in mine for shift in range(-7, 8)}
        false += sum(day not in near for _, day in said)
    told = (
        f"{len(found)} of {len(wanted)} swings found, {false / 10:.1f} false alerts a month of {INSTITUTIONS}"
    )
    with capsys.disabled():
        sys.stdout.write(f"\nrisk replay: {told}\n")
    assert found == wanted
    assert false / 10 < 2


def test_one_wild_day_does_not_move_what_is_usual():
    calm = [100.0, 102, 98, 101, 99, 100, 5000]
    assert outlier(300, calm) > 6
    assert outlier(110, calm) < 1
    assert outlier(300, calm[:3]) == 0, "three days make no season"


@pytest.mark.parametrize(("days_after", "is_found"), [(3, True), (30, False)])
def test_a_changed_account_makes_large_sums_worth_a_look(days_after, is_found):
    changed = START + timedelta(days=200)
    days = [Day(START + timedelta(days=n), 10, 200_000) for n in range(260)]
    hot = changed + timedelta(days=days_after)
    days[(hot - START).days] = Day(hot, 20, 1_500_000)
    history = history_of(days, changed_on=[changed])
    rule = RULES["after_change"]
    assert bool(replay(history, "after_change", rule.defaults, hot)) is is_found


@pytest.mark.parametrize(("days_after", "is_found"), [(3, True), (45, False)])
def test_a_large_payout_to_an_account_that_is_new_is_found(days_after, is_found):
    live = START + timedelta(days=10)
    days = [Day(live + timedelta(days=n), 3, 20_000, paid_out_minor=20_000) for n in range(60)]
    hot = live + timedelta(days=days_after)
    days[days_after] = Day(hot, 3, 20_000, paid_out_minor=8_000_000)
    found = replay(history_of(days, live_since=live), "new_payout", RULES["new_payout"].defaults, START)
    assert [(one.day, one.facts["days"]) for one in found] == ([(hot, days_after)] if is_found else [])


@pytest.mark.parametrize(("payers", "usual", "is_found"), [(8, 1, True), (5, 1, False), (8, 4, False)])
def test_many_payers_from_one_device_are_found_unless_that_is_usual_there(payers, usual, is_found):
    days = [Day(START + timedelta(days=n), 20, 200_000, device_payers=usual) for n in range(60)]
    days[-1] = Day(days[-1].day, 20, 200_000, device_payers=payers, device_minor=90_000)
    found = replay(history_of(days), "device", RULES["device"].defaults, days[-1].day)
    assert [one.facts for one in found] == (
        [{"payers": payers, "amount_minor": 90_000, "usual_payers": usual}] if is_found else []
    )


def test_tighter_thresholds_say_more():
    days = ordinary_year(3)
    history = history_of(days)
    loose, tight = ({"deviations": d, "least_minor": 1.0} for d in (6, 1))
    since = START + timedelta(days=60)
    assert len(replay(history, "volume", tight, since)) > len(replay(history, "volume", loose, since))


def test_an_alert_names_its_channel_and_counts_no_deviations_from_nothing():
    facts = {"amount_minor": 84286, "usual_minor": 0, "times": 84286.0}
    told = services.told("volume", "bank", facts, "SGD")
    assert told.startswith(f"{channel_name('bank')}: SGD")
    assert told.endswith("came in; usually nothing comes in on this weekday.")
    usual = services.told("volume", "", facts | {"usual_minor": 100, "times": 7.0}, "SGD")
    assert usual.endswith("1.00: 7.0 deviations above.")


@pytest.mark.parametrize("key", [key for key, rule in RULES.items() if isinstance(rule.sentence, Counted)])
def test_one_is_said_as_one_and_many_as_many(key):
    figure = RULES[key].sentence.figure
    facts = {"amount_minor": 6_350, "usual_minor": 100, "usual_payers": 2, "percent": 5.1}
    said = {n: services.told(key, "", facts | {figure: n}, "SGD") for n in (1, 2)}
    assert re.search(r"\b1 (refund|day|person|payment)\b", said[1])
    assert re.search(r"\b2 (refunds|days|people|payments)\b", said[2])
    with use_locale("zh_CN"):
        assert services.told(key, "bank", facts | {figure: 1}, "SGD").startswith("手机银行（扫码）：")


def test_a_small_share_is_not_called_nought():
    assert [shown_percent(one) for one in (0.24, 4.96, 62.4)] == [0.2, 5.0, 62]
