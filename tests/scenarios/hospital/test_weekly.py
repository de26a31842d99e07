"""A weekly session changes or ends from a day on; who has booked is shown and dealt with once."""

import re
from datetime import timedelta

import pytest

from scenarios.hospital import booking, weekly
from scenarios.hospital.models import Appointment, ClinicSession, ScheduleTemplate
from scenarios.hospital.weekly import Booked
from tenants.days import today
from tenants.models import Audit, Notice
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid

KEEP, STOP = Booked(is_kept=True), Booked(is_kept=False, reason="The doctor has other hours.")


async def weekly_of(house, n: int = 8):
    """A booked session of the first doctor, its template, and the facts of a changed one."""
    account = await house.patient()
    session = await house.session(0, n)
    made = await house.booked(account, session)
    async with house.scope():
        template = await ScheduleTemplate.get(tenant_id=house.id, id=session.template_id)
    facts = {
        "place": "Room 7",
        "weekday": template.weekday,
        "part": "afternoon",
        "begins": 14 * 60,
        "ends": 16 * 60,
        "quotas": {"first": 2, "return": 2},
        "days_ahead": 14,
        "opens": 0,
    }
    return made, session, template, facts


def tomorrow(house):
    return today(house.tenant.timezone) + timedelta(days=1)


async def of(house, template_id):
    async with house.scope():
        found = await ClinicSession.filter(tenant_id=house.id, template_id=template_id).order_by("day")
        return [(one.day, one.place, one.status) for one in found if one.day >= tomorrow(house)]


async def changed(house, template, facts, booked):
    async with house.scope():
        return await weekly.change(
            house.chief, template_id=template.id, since=tomorrow(house), booked=booked, facts=facts
        )


async def test_what_is_booked_is_kept_and_everything_else_is_made_anew(house):
    made, session, template, facts = await weekly_of(house)
    before = await of(house, template.id)
    done = await changed(house, template, facts, Booked(is_kept=True, seen=1))
    assert (done.removed, done.kept, done.stopped) == (len(before) - 1, 1, 0)
    assert await of(house, template.id) == []
    async with house.scope():
        new_one = await ScheduleTemplate.get(tenant_id=house.id, place="Room 7")
    after = await of(house, new_one.id)
    assert [day for day, _, _ in after] == [day for day, _, _ in before], "a day never has both"
    assert {place for day, place, _ in after if day != session.day} <= {"Room 7"}
    assert (await house.fresh(made)).status == "booked"
    assert {day: place for day, place, _ in after}[session.day] == session.place
    async with house.scope():
        assert await Audit.filter(tenant_id=house.id, act="template.changed").count() == 1
        booked_anew = [one for one in after if one[1] == "Room 7"]
        if booked_anew:
            fresh = await ClinicSession.get(tenant_id=house.id, template_id=new_one.id, place="Room 7")
            made = await booking.book(
                house.system, account_id=(await house.patient("Bo")).id, session_id=fresh.id, visit="first",
                channel="desk", key="anew",
            )  # fmt: skip
            assert made.status in {"pending", "booked"}


async def test_stopped_each_is_moved_into_the_new_session_of_that_day_and_told_once(house):
    made, session, template, facts = await weekly_of(house)
    _, _, away = await house.mine()
    other = await house.booked(away, session)
    done = await changed(
        house, template, facts, Booked(is_kept=False, reason="The doctor has other hours.", seen=2)
    )
    assert (done.kept, done.stopped) == (0, 1)
    await run_due(house.id)
    for one in (made, other):
        assert (await house.fresh(one)).status == "moved"
    async with house.scope():
        new_ones = await Appointment.filter(tenant_id=house.id, changed_from__in=[made.id, other.id])
        assert {one.day for one in new_ones} == {session.day}
        assert all(one.has_full_refund for one in new_ones)
        assert (
            await Notice.filter(tenant_id=house.id, template="visit.moved", account_id=away.id).count() == 1
        )


async def test_ended_the_rest_is_refunded_and_it_comes_no_more(house):
    made, _, template, _ = await weekly_of(house)
    async with house.scope():
        done = await weekly.change(
            house.chief,
            template_id=template.id,
            since=tomorrow(house),
            booked=Booked(is_kept=False, reason="Retired.", seen=1),
        )
    assert (done.made, done.stopped) == (0, 1)
    await run_due(house.id)
    assert (await house.fresh(made)).status == "stopped"
    async with house.scope():
        from scenarios.hospital import calendar, setup  # noqa: F401, PLC0415 - the hour's work makes none of it

        await setup.make_sessions(house.chief)
    assert all(status == "stopped" for _, _, status in await of(house, template.id))


async def test_it_is_dealt_with_once_and_only_as_it_was_shown(house):
    _, _, template, facts = await weekly_of(house)
    with pytest.raises(Conflict, match=r"template\.booked"):
        await changed(house, template, facts, KEEP)
    async with house.scope():
        with pytest.raises(Invalid, match=r"template\.since"):
            await weekly.change(
                house.chief, template_id=template.id, since=today(house.tenant.timezone), booked=KEEP
            )
    with pytest.raises(Invalid):
        await changed(house, template, {**facts, "ends": 1}, Booked(is_kept=True, seen=1))
    with pytest.raises(Invalid, match=r"session\.reason"):
        await changed(house, template, facts, Booked(is_kept=False, reason=" ", seen=1))
    await changed(house, template, facts, Booked(is_kept=True, seen=1))
    with pytest.raises(Conflict, match=r"template\.ended"):
        await changed(house, template, facts, KEEP)
    with pytest.raises(Forbidden):
        await weekly.change(house.clerk, template_id=template.id, since=tomorrow(house), booked=KEEP)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_shows_who_has_booked_and_changes_it(house, client, language):
    client.headers["Accept-Language"] = language
    _, session, template, _ = await weekly_of(house)
    doctor = f"{house.root}/doctors/{house.doctors[0].id}"
    here = f"{doctor}/sessions/{template.id}"
    await make.sign_in(client, house.chief.person_id)
    assert here in (await client.get(doctor)).text
    page = (await client.get(here)).text
    inspect(page)
    assert 'name="booked"' in page
    later = session.day + timedelta(days=1)
    inspect((await client.get(f"{here}?since={later.isoformat()}")).text)
    inspect((await client.get(f"{here}?since=soon")).text)
    sent = dict(re.findall(r'name="(\w+)"[^>]* value="([^"]*)"', page))
    sent |= {"role_id": str(template.role_id), "weekday": str(template.weekday), "part": "morning"}
    sent |= {"place": "Room 8", "booked": "keep", "since": tomorrow(house).isoformat()}
    stale = await client.post(here, data={**sent, "seen": "0"})
    assert stale.status_code == 422
    inspect(stale.text)
    wrong = await client.post(here, data={**sent, "seen": "1", "ends": "x"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(here, data={**sent, "seen": "1"})).headers["location"] == doctor
    inspect((await client.get(here)).text)
    async with house.scope():
        other = await ScheduleTemplate.get(tenant_id=house.id, place="Room 8")
    end = f"{doctor}/sessions/{other.id}/ending"
    assert (await client.post(end, data={"since": "never"})).status_code == 422
    done = await client.post(end, data={"since": later.isoformat(), "seen": "0"})
    assert done.headers["location"] == doctor
    await make.sign_in(client, house.clerk.person_id)
    assert (await client.get(here)).status_code in {403, 404}
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(here)).status_code == 404
