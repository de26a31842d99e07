"""What day it is: each institution's own, the same in Python and in SQL, and asked for in one place alone."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tenants import days
from tenants.models import Tenant
from tenants.scope import NOTHING, bank_scope, open_scope, person_scope, tenant_scope, value
from tests import make

ROOT = Path(__file__).parents[2]
DAY = date(2026, 3, 10)
ZONES = ("Asia/Singapore", "America/New_York", make.EAST, make.WEST)
ELSEWHERE = re.compile(
    r"current_date|localtimestamp|date\.today\(|datetime\.today\(|now\(\)::date|now\([^\n]*\)\.date\(|utcnow|"
    r"now\(\) at time zone|::date(?: [+-] [\w$]+)?\)? at time zone|_on at time zone",
    re.IGNORECASE,
)
"""Ways of asking what day it is that answer with UTC's, or go round the one place; and of asking when a day begins that
turn it round, for PostgreSQL takes a day for a moment of UTC unless it is made a ``timestamp`` first."""
ALLOWED = {"tenants/days.py", "deploy/migrations/0002_scope.py"}
OUTSIDE = "deploy/sandbox/"
"""The world outside the product has clocks of its own."""


@pytest.mark.parametrize("zone", ZONES)
def test_half_an_hour_on_either_side_of_midnight_are_two_days(zone, monkeypatch):
    for moment, day in make.around_midnight(zone, DAY):
        monkeypatch.setattr(days, "datetime", make.Clock(moment.astimezone(UTC)))
        assert days.today(zone) == days.day_at(moment, zone) == day


@pytest.mark.parametrize("zone", ZONES)
async def test_sql_and_python_say_the_same_day_whoever_asks(db, bank, zone):
    place = await make.tenant(bank, timezone=zone)
    stranger = await make.person()
    for scope in (tenant_scope(place.id), person_scope(stranger.id), bank_scope(bank.id), NOTHING):
        async with open_scope(scope):
            assert await value("select day_of($1)", place.id) == days.today(zone)
            assert await value("select day_in($1)", zone) == days.today(zone)
            for moment, day in make.around_midnight(zone, DAY):
                assert await value("select day_of($1, $2)", place.id, moment) == day
    async with open_scope(person_scope(stranger.id)):
        assert not await Tenant.exists(id=place.id), "the day is told, and nothing else of the institution"


async def test_a_bank_has_the_day_of_its_country(db, bank, owner):
    async with open_scope(bank_scope(bank.id)):
        assert (
            await value("select bank_day_of($1)", bank.id)
            == await days.today_at_bank(bank.id)
            == make.today()
        )
    written = await owner.fetchval("select pg_get_functiondef('bank_day_of(uuid)'::regprocedure)")
    assert re.findall(r"when '(\w+)' then '([\w/]+)'", written) == list(days.ZONES.items())
    assert days.bank_zone("FR") == "UTC"


def test_it_is_never_the_same_day_in_the_east_and_in_the_west():
    east, west = days.today(make.EAST), days.today(make.WEST)
    assert west < east
    assert west <= datetime.now(UTC).date() <= east
    assert east - west <= timedelta(days=2)


def sources() -> list[Path]:
    folders = ("ui", "tenants", "billing", "integrations", "scenarios", "deploy")
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_nothing_else_asks_what_day_it_is():
    asked = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in sources()
        if (found := ELSEWHERE.search(path.read_text()))
        and str(path.relative_to(ROOT)) not in ALLOWED
        and not str(path.relative_to(ROOT)).startswith(OUTSIDE)
    }
    assert not asked, "ask tenants.days, or in SQL day_of(), bank_day_of() or day_in()"


@pytest.mark.parametrize(
    "words",
    [
        "where due_on < current_date",
        "date.today()",
        "datetime.now(UTC).date()",
        "datetime.now(ZoneInfo(zone)).date()",
        "(datetime.now(UTC) + timedelta(days=3)).date()",
        "now()::date",
        "(now() at time zone t.timezone)::date",
        "p.succeeded_at >= ($3::date at time zone $5)",
        "p.succeeded_at < (($4::date + 1) at time zone $5)",
    ],
)
def test_the_sweep_would_notice(words):
    assert ELSEWHERE.search(words)
    assert not ELSEWHERE.search(
        "day_of(h.tenant_id) and today(zone) and datetime.now(UTC) - timedelta(days=1)"
    )
