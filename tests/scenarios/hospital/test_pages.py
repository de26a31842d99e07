"""A hospital's pages, as a patient on a phone, the desk, a doctor and the chief see them, in both languages."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from scenarios.hospital import blocks, cancelling, patients
from scenarios.hospital.models import Appointment, BookingBlock, Doctor
from tenants.accounts.confirmation import confirm_holder
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Audit
from tenants.scope import execute
from tests import make
from tests.page import inspect
from tests.scenarios.hospital.house import identity

LANGUAGES = ("en", "zh-CN")


async def see(client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
    inspect(answer.text)
    return answer.text


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1].replace("&#43;", "+")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_patient_registers_books_pays_sees_the_code_and_cancels(house, client, language):
    name = f"Bo Lim {new_id().hex[-8:]}"
    person = await make.person(name)
    await make.sign_in(client, person.id)
    client.headers["Accept-Language"] = language
    at = f"/my/care/at/{house.tenant.slug}"
    assert house.tenant.name in await see(client, "/my/care")
    await see(client, at)
    await see(client, f"{at}/patients/new")
    account = await registered(house, client, at, name)
    await see(client, at)
    session = await house.session(0, 4)
    await see(client, f"{at}/departments/{house.departments[0].id}")
    day = await see(client, f"{at}/departments/{house.departments[0].id}?day={session.day.isoformat()}")
    assert "Lin Wei" in day
    await see(client, f"{at}/sessions/{session.id}")
    look = await see(client, f"{at}/sessions/{session.id}/look?patient={account.id}&visit=first")
    booked = await client.post(
        f"{at}/sessions/{session.id}",
        data={
            "patient": str(account.id),
            "visit": "first",
            "at": "",
            "key": field(look, "key"),
            "seen_minor": field(look, "seen_minor"),
        },
    )
    assert booked.status_code == 303
    assert booked.headers["location"].startswith("/my/checkout?bill=")
    async with house.scope():
        made = await Appointment.get(tenant_id=house.id, account_id=account.id)
    assert parse_qs(urlsplit(booked.headers["location"]).query)["bill"] == [str(made.bill_id)]
    here = f"/my/care/appointments/{made.id}"
    await see(client, here)
    await see(client, f"{here}/cancellation")
    await house.pay(made)
    page = await see(client, here)
    assert f"{made.code[:4]}-{made.code[4:]}" in page
    mine = await see(client, "/my/care")
    assert "Lin Wei" in mine
    assert f"{'Me' if language == 'en' else '我本人'} · " in mine
    await see(client, f"{here}/change")
    await cancelled(house, client, made)
    await see(client, here)
    await see(client, f"/my/care/patients/{account.id}")


async def registered(house, client, at, name):
    """Somebody registers, after the mistakes that one makes."""
    form = {
        "relation": "self",
        "name": name,
        "document_kind": "identity_card",
        "document_number": "11010519491231002X",
        "born_on": "1949-12-31",
        "sex": "female",
        "phone": "+65 8000 0000",
        "has_agreed": "1",
    }
    for wrong in (
        {"document_number": "110105194912310021"},
        {"born_on": "1949-12-30"},
        {"has_agreed": ""},
        {"name": "X"},
    ):
        answer = await client.post(f"{at}/patients", data=form | wrong)
        assert answer.status_code == 422, wrong
        inspect(answer.text)
    assert (await client.post(f"{at}/patients", data=form)).status_code == 303
    async with house.scope():
        return await Account.get(tenant_id=house.id, name=name)


async def cancelled(house, client, made):
    here = f"/my/care/appointments/{made.id}/cancellation"
    asked = await see(client, here)
    said = {"key": field(asked, "key"), "seen_kept_minor": field(asked, "seen_kept_minor")}
    assert (await client.post(here, data=said)).status_code == 303
    assert (await house.fresh(made)).status == "cancelled"


async def test_nobody_begins_at_a_day_without_a_doctor(house, client):
    """As on a Sunday: the page opens at the next day with numbers, and an empty day leads on to it."""
    person = await make.person("Bo Lim")
    await make.sign_in(client, person.id)
    here = f"/my/care/at/{house.tenant.slug}/departments/{house.departments[0].id}"
    first, _, _, later, *_ = sorted({one.day for one in await house.sessions()})
    async with house.scope():
        for table in (
            "hospital_slot where session_id in (select id from hospital_session where",
            "hospital_session where (",
        ):
            await execute(f"delete from {table} tenant_id = $1 and day < $2)", house.id, later)
    page = await see(client, here)
    assert "/sessions/" in page
    assert re.search(rf'day={later.isoformat()}" aria-current="date"', page)
    empty = await see(client, f"{here}?day={first.isoformat()}")
    assert "Nobody sees patients on this day" in empty
    before, said, _ = empty.partition("Next day with a doctor")
    assert said
    assert f'href="{here}?day={later.isoformat()}"' in before[-200:]


async def test_a_pending_number_is_given_back_by_its_patient(house, client):
    person, actor, account = await house.mine()
    made = await house.book(account, await house.session(), actor=actor.within(house.id))
    await make.sign_in(client, person.id)
    answer = await client.post(
        f"/my/care/appointments/{made.id}/cancellation", data={"key": "k", "seen_kept_minor": "0"}
    )
    assert answer.status_code == 303
    assert (await house.fresh(made)).status == "lapsed"


async def test_a_trusted_person_sees_what_was_granted_and_nothing_once_it_ends(house, client):
    person, actor, account = await house.mine()
    made = await house.booked(account, await house.session())
    await make.sign_in(client, person.id)
    here = f"/my/care/patients/{account.id}"
    wrong = await client.post(f"{here}/trusted", data={"name": "", "purposes": "visits"})
    assert wrong.status_code == 422
    page = await client.post(
        f"{here}/trusted", data={"name": "Mei Daughter", "purposes": ["visits", "stays"]}
    )
    assert page.status_code == 200
    inspect(page.text)
    code = re.search(r"this code: ([0-9A-Z-]{14})", page.text)
    assert code
    daughter = await make.person("Mei Daughter")
    holder = await confirm_holder(make.payer(daughter), code[1])
    await make.sign_in(client, daughter.id)
    assert "Lin Wei" in await see(client, "/my/care")
    assert "Trust somebody" not in await see(client, here)
    assert (await client.post(f"{here}/trusted", data={"name": "X", "purposes": "visits"})).status_code == 404
    async with house.scope():
        await patients.distrust(actor.within(house.id), account_id=account.id, holder_id=holder.id)
    assert "Lin Wei" not in await see(client, "/my/care")
    await see(client, here, 404)
    await see(client, f"/my/care/appointments/{made.id}", 404)
    await make.sign_in(client, (await make.person()).id)
    for path in (here, f"/my/care/appointments/{made.id}", f"/my/care/appointments/{made.id}/cancellation"):
        await see(client, path, 404)


async def test_who_is_trusted_with_reports_alone_sees_no_appointment(house, client):
    _, actor, account = await house.mine()
    made = await house.booked(account, await house.session())
    async with house.scope():
        _, code = await patients.trust(
            actor.within(house.id), account_id=account.id, name="Reader", purposes=["reports"]
        )
    reader = await make.person("Reader")
    await confirm_holder(make.payer(reader), code)
    await make.sign_in(client, reader.id)
    await see(client, f"/my/care/appointments/{made.id}", 404)
    assert "Lin Wei" not in await see(client, f"/my/care/patients/{account.id}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_desk_finds_books_takes_money_and_lets_in(house, client, language):
    client.headers["Accept-Language"] = language
    account = await house.patient("Zhang Wei")
    await house.patient("Zhang Li")
    await make.sign_in(client, house.clerk.person_id)
    desk = f"{house.root}/front-desk"
    await see(client, desk)
    assert "Zhang Li" in await see(client, f"{desk}?q=Zh")
    found = await client.get(f"{desk}?q={account.number}")
    assert found.headers["location"] == f"{desk}/patients/{account.id}"
    await see(client, f"{desk}/patients/{account.id}")
    await see(client, f"{desk}/patients/new")
    given = identity("Neu Patient")
    form = {
        "relation": "self",
        "name": given.name,
        "document_kind": given.document_kind,
        "document_number": given.document_number,
        "born_on": given.born_on.isoformat(),
        "sex": "male",
        "phone": "1",
    }
    assert (await client.post(f"{desk}/patients", data=form | {"document_number": "?"})).status_code == 422
    first, again = [await client.post(f"{desk}/patients", data=form) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    page = await see(client, f"{desk}/patients/{account.id}/booking?q=Lin")
    session = (await house.sessions(house.doctors[0]))[0]
    booked = await client.post(
        f"{desk}/patients/{account.id}/booking",
        data={"key": field(page, "key"), "session": str(session.id), "visit": "first"},
    )
    assert booked.status_code == 303
    async with house.scope():
        made = await Appointment.get(tenant_id=house.id, account_id=account.id)
    await see(client, booked.headers["location"])
    await house.pay(made)
    await house.move(made, days=(made.day - today(house.tenant.timezone)).days)
    scanned = await client.get(f"{desk}?q={made.code}")
    assert scanned.status_code == 303
    assert (await house.fresh(made)).status == "arrived"
    await see(client, f"{house.root}/appointments/{made.id}")
    await see(client, f"{house.root}/appointments/{made.id}/slip")
    twice = await client.post(
        f"{desk}/patients/{account.id}/booking",
        data={"key": "again", "session": str(session.id), "visit": "first"},
    )
    assert twice.status_code == 422
    inspect(twice.text)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_lists_registers_and_setup_are_sound(house, client, language):
    client.headers["Accept-Language"] = language
    session = await house.session()
    made = await house.booked(await house.patient("Ann"), session)
    async with house.scope():
        block = await BookingBlock.create(
            id=new_id(),
            tenant_id=house.id,
            account_id=made.account_id,
            since=made.day,
            until=made.day,
            missed=3,
        )
        await blocks.appeal(house.system, block_id=block.id, words="I was ill.")
    await make.sign_in(client, house.chief.person_id)
    root, day = house.root, session.day.isoformat()
    doctor, department = house.doctors[0].id, house.departments[0].id
    for path in (
        f"{root}/departments",
        f"{root}/departments/new",
        f"{root}/departments/{department}",
        f"{root}/doctors?q=Lin&sort=-weekly",
        f"{root}/doctors/new",
        f"{root}/doctors/{doctor}",
        f"{root}/doctors/{doctor}/sessions/new",
        f"{root}/sessions",
        f"{root}/sessions?day={day}&status=planned&q=Lin",
        f"{root}/sessions/{session.id}",
        f"{root}/sessions/{session.id}/stopping",
        f"{root}/sessions/{session.id}/substitute",
        f"{root}/appointments?day={day}&status=booked&q=Ann",
        f"{root}/appointments/{made.id}",
        f"{root}/blocks",
        f"{root}/blocks/{block.id}",
        f"{root}/consulting",
        f"{root}/consulting/{session.id}",
        f"{root}/waiting-rooms/{department}",
        f"{root}/fees",
    ):
        await see(client, path)
    for path in (f"{root}/sessions?day={day}&export=csv", f"{root}/sessions/{session.id}?export=xlsx",
                 f"{root}/appointments?export=csv", f"{root}/doctors?export=csv", f"{root}/departments?export=csv",
                 f"{root}/blocks?export=csv"):  # fmt: skip
        assert (await client.get(path)).status_code == 200, path
    for reason, status in ((" ", 422), ("Ill.", 303)):
        answer = await client.post(f"{root}/blocks/{block.id}", data={"act": "lift", "reason": reason})
        assert answer.status_code == status


async def test_departments_services_and_substitutes_are_set_up(house, client):
    session = await house.session()
    await house.booked(await house.patient("Ann"), session)
    await make.sign_in(client, house.chief.person_id)
    root, department = house.root, house.departments[0].id
    form = {"code": "ENT", "name_en": "Ear, nose, throat", "name_zh": "耳鼻喉科", "is_active": "1"}
    assert (await client.post(f"{root}/departments", data=form)).status_code == 303
    twice = await client.post(f"{root}/departments", data=form)
    assert twice.status_code == 422
    inspect(twice.text)
    answer = await client.post(
        f"{root}/departments/{department}/services", data={"name_en": "Surgery", "name_zh": "手术门诊"}
    )
    assert answer.status_code == 303
    half = await client.post(f"{root}/departments/{department}/services", data={"name_en": "Dentist's chair"})
    assert half.status_code == 422
    assert {one.get("value") for one in inspect(half.text).iter("input")} >= {"Dentist's chair"}
    stopped = await client.post(
        f"{root}/sessions/{session.id}/stopping", data={"reason": "Ill.", "instead": ""}
    )
    assert stopped.status_code == 303
    other = (await house.sessions(house.doctors[1]))[0]
    taken = await client.post(
        f"{root}/sessions/{other.id}/substitute", data={"doctor_id": str(house.doctors[2].id)}
    )
    assert taken.status_code == 303


async def test_a_doctor_is_set_up_in_forms(house, client):
    await make.sign_in(client, house.chief.person_id)
    page = await see(client, f"{house.root}/doctors/new")
    service = re.search(r'name="services" value="([^"]+)"', page)
    assert service
    form = {"code": "D9", "name": "Wu Min", "title": "chief", "services": service[1], "is_active": "1"}
    done = await client.post(f"{house.root}/doctors", data=form)
    assert done.status_code == 303
    new = await see(client, f"{done.headers['location']}/sessions/new")
    role = re.search(r'<option value="([0-9a-f-]{36})"', new)
    assert role
    weekly = {
        "role_id": role[1], "place": "Room 9", "weekday": "0", "part": "morning", "begins": "08:00", "ends": "12:00",
        "first": "10", "ret": "2", "phone": "0", "desk": "3", "reserved": "0", "days_ahead": "14", "opens": "07:00",
        "since": "2026-01-01",
    }  # fmt: skip
    wrong = await client.post(f"{done.headers['location']}/sessions", data=weekly | {"ends": "07:00"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(f"{done.headers['location']}/sessions", data=weekly)).status_code == 303
    async with house.scope():
        doctor = await Doctor.get(tenant_id=house.id, code="D9")
    assert len(await house.sessions(doctor)) in {2, 3}


async def test_every_view_of_a_patient_by_staff_is_written_down(house, client):
    session = await house.session()
    made = await house.booked(await house.patient("Ann"), session)
    await make.sign_in(client, house.clerk.person_id)
    for path in (
        f"{house.root}/front-desk/patients/{made.account_id}",
        f"{house.root}/appointments/{made.id}",
        f"{house.root}/sessions/{session.id}",
        f"{house.root}/consulting/{session.id}",
    ):
        async with house.scope():
            before = await Audit.filter(tenant_id=house.id, act__endswith=".viewed").count()
        await see(client, path)
        async with house.scope():
            assert await Audit.filter(tenant_id=house.id, act__endswith=".viewed").count() == before + 1, path


async def test_a_doctor_calls_into_their_own_sessions_alone(house, client):
    doctor = await make.staff(house.tenant, "doctor", "Lin Wei")
    async with house.scope():
        await Doctor.filter(tenant_id=house.id, id=house.doctors[0].id).update(person_id=doctor.person_id)
    own, other = await house.session(0), await house.session(1)
    await make.sign_in(client, doctor.person_id)
    await see(client, f"{house.root}/consulting")
    await see(client, f"{house.root}/consulting/{own.id}")
    await see(client, f"{house.root}/consulting/{other.id}", 404)
    await see(client, f"{house.root}/appointments", 403)
    assert (await client.post(f"{house.root}/consulting/{other.id}/next")).status_code == 404
    assert (await client.post(f"{house.root}/consulting/{own.id}/next")).status_code == 303


async def test_what_a_cancellation_gives_back_is_never_decided_by_the_form(house):
    made = await house.booked(await house.patient(), await house.session(0, 4))
    async with house.scope():
        done = await cancelling.cancel(house.system, appointment_id=made.id, seen_kept_minor=0, key="once")
        again = await cancelling.cancel(house.system, appointment_id=made.id, seen_kept_minor=0, key="once")
    assert (done.status, again.version) == ("cancelled", done.version)
