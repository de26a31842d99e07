"""A day is the hospital's own, whatever hour it is: the system's clocks show UTC, eight hours behind Singapore's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.ledger import verify_ledger
from scenarios.hospital import patients
from scenarios.hospital.days import at
from scenarios.hospital.his import connecting
from scenarios.hospital.his.contract import Deposit
from scenarios.hospital.models import HisBreak, HisDay
from scenarios.hospital.orders import matching
from tenants import days
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import execute
from tests.jobs import run_due
from tests.scenarios.hospital.house import identity
from tests.scenarios.hospital.test_orders import basket_of, paid
from tests.scenarios.hospital.ward import Ward
from ui.errors import Invalid

ZONE = "Asia/Singapore"
DAY = timedelta(days=1)
MINUTES = (30, 7 * 60 + 30, 8 * 60 + 30, 23 * 60 + 40)
"""Minutes after midnight in Singapore: 16:30 and 23:30 UTC of the day before, 00:30 and 15:40 UTC of the same day."""


@pytest.fixture
def clocked(ward: Ward) -> Iterator[Ward]:
    """The hospital's system, whose clock a test may set."""
    yield ward
    ward.post("clock", offset_seconds=0)


@pytest.mark.parametrize("minute", MINUTES)
async def test_what_is_paid_at_any_hour_matches_on_the_hospitals_own_day(clocked, minute):
    house, day = clocked.house, today(ZONE) + DAY
    moment = at(day, minute, ZONE)
    clocked.post("clock", offset_seconds=(moment - datetime.now(UTC)).total_seconds())
    _, _, basket = await basket_of(clocked, "6.00")
    await paid(clocked, basket)
    await run_due(house.id)
    async with house.scope():
        await execute("update hospital_basket set paid_at = $2 where id = $1", basket.id, moment)
    assert [await matching.match_day(house.finance, one) for one in (day - DAY, day, day + DAY)] == [0, 0, 0]
    async with house.scope():
        assert not await HisBreak.exists(tenant_id=house.id)
        found = {
            one.day: (one.ours_minor, one.theirs_minor) for one in await HisDay.filter(tenant_id=house.id)
        }
        assert await verify_ledger(house.id) == []
    assert found == {day - DAY: (0, 0), day: (600, 600), day + DAY: (0, 0)}


@pytest.mark.parametrize("minute", MINUTES)
async def test_deposits_and_sessions_of_any_hour_are_of_the_hospitals_own_day(ward, minute):
    async with ward.house.scope():
        his = await connecting.his_of(ward.house.id)
    day = today(ZONE) + DAY
    moment, key = at(day, minute, ZONE), new_id().hex
    made = await his.deposit(Deposit(key, "P1", "", 700, moment))
    session = {"id": f"s-{key}", "doctor": "D0", "name": "Dr", "place": "Room 9", "numbers": {"first": 2}}
    session |= {"start": moment.isoformat(), "end": (moment + timedelta(minutes=15)).isoformat()}
    ward.post("his/sessions", hospital=ward.house.tenant.slug, sessions=[session])
    for one in (day - DAY, day, day + DAY):
        assert await his.deposits_of(one) == ([made] if one == day else [])
        planned = await his.sessions(one)
        assert [(each.starts_at, each.quotas) for each in planned] == (
            [(moment, {"first": 2})] if one == day else []
        )


def stand(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Have the hospital's clock stand at a moment."""

    class Standing(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    monkeypatch.setattr(days, "datetime", Standing)


@pytest.mark.parametrize("minute", MINUTES)
async def test_a_child_born_today_is_registered_at_any_hour(house, monkeypatch, minute):
    day = date(2026, 3, 10)
    stand(monkeypatch, at(day, minute, ZONE))
    async with house.scope():
        assert (await patients.register(house.clerk, identity("Baby Tan", born_on=day))).name == "Baby Tan"
        with pytest.raises(Invalid, match=r"patient\.born_on"):
            await patients.register(house.clerk, identity("Baby Lim", born_on=day + DAY))
