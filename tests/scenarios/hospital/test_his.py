"""The hospital's system over FHIR R4 REST, as its contract says, whatever it does; sessions taken over from it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scenarios.hospital import taking_over
from scenarios.hospital.his import connecting
from scenarios.hospital.his.contract import HisRefused, HisSilent, Posting
from scenarios.hospital.his.wards import FhirWards
from scenarios.hospital.models import ClinicSession, ClinicSlot, Doctor
from tenants.days import today
from tenants.ids import new_id
from tests import make
from tests.page import inspect
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Unavailable

NUMBERS = {"first": 40, "return": 20, "desk": 5}


async def his_of(ward: Ward) -> Any:
    async with ward.house.scope():
        return await connecting.his_of(ward.house.id)


def plan(ward: Ward, *doctors: str, hour: int = 13, **more: Any) -> datetime:
    """Have the system plan a session of each doctor tomorrow; return when it begins."""
    begins = datetime.now(UTC).replace(hour=hour - 8, minute=0, second=0, microsecond=0) + timedelta(days=1)
    sessions = [
        {
            "id": f"s-{new_id().hex[-10:]}",
            "doctor": doctor,
            "name": "Dr",
            "place": "Room 9",
            "start": begins.isoformat(),
            "end": (begins + timedelta(hours=4)).isoformat(),
            "numbers": NUMBERS,
        }
        | more
        for doctor in doctors
    ]
    ward.post("his/sessions", hospital=ward.house.tenant.slug, sessions=sessions)
    return begins


CALLS = {
    "slots.search": lambda his: his.sessions(today("Asia/Singapore") + timedelta(days=1)),
    "charges.search": lambda his: his.unpaid_orders("P1"),
    "invoices.create": lambda his: his.post(Posting("k", "P1", ["c"], 100)),
    "invoices.search": lambda his: his.query("k"),
}


async def test_whoever_gets_no_answer_knows_nothing(ward):
    plan(ward, "D0")
    his = await his_of(ward)
    for kind in (
        "timeout_before",
        "timeout_after",
        "error_before",
        "error_after",
        "drop_before",
        "drop_after",
    ):
        for operation, call in CALLS.items():
            ward.fault(kind, operation, seconds=1)
            with pytest.raises(HisSilent):
                await call(his)
            ward.clear()


async def test_a_system_that_is_down_is_silent_and_one_that_says_no_refuses(ward):
    his = await his_of(ward)
    down = replace(his, url="http://127.0.0.1:9/fhir")
    with pytest.raises(HisSilent):
        await down.sessions(today("Asia/Singapore"))
    stranger = replace(his, token="another token")
    with pytest.raises(HisRefused, match="token"):
        await stranger.sessions(today("Asia/Singapore"))


async def test_sessions_are_read_page_after_page_with_their_numbers(ward):
    begins = plan(ward, "D0", "D1")
    plan(ward, "D2", hour=16, is_off=True)
    found = await (await his_of(ward)).sessions(begins.date())
    assert sorted(one.doctor for one in found) == ["D0", "D1"]
    assert {tuple(one.quotas.items()) for one in found} == {tuple(NUMBERS.items())}, (
        "130 slots on three pages"
    )
    assert {one.starts_at for one in found} == {begins}


async def test_a_stays_list_is_read_page_after_page(monkeypatch):
    his = FhirWards("https://his.example/fhir", "SGD", "Asia/Singapore", "token")

    def line(n: int) -> dict[str, Any]:
        price = {"value": n, "currency": "SGD"}
        return {"resource": {"id": f"c-{n}", "status": "billable", "occurrenceDateTime": "2026-03-01T08:00:00+08:00",
                             "priceOverride": price}}  # fmt: skip

    async def call(_self: object, _method: str, path: str) -> dict[str, Any]:
        if "page=2" in path:
            return {"entry": [line(3)]}
        following = {"relation": "next", "url": "https://his.example/fhir/ChargeItem?page=2"}
        return {"entry": [line(1), line(2)], "link": [following]}

    monkeypatch.setattr(FhirWards, "_call", call)
    assert [(one.id, one.amount_minor) for one in await his.daily_list("s-1")] == [
        ("c-1", 100), ("c-2", 200), ("c-3", 300),
    ]  # fmt: skip


async def test_a_link_to_another_address_is_refused(ward, monkeypatch):
    his = await his_of(ward)

    async def elsewhere(*_: object, **__: object) -> dict[str, Any]:
        return {"entry": [], "link": [{"relation": "next", "url": "https://elsewhere.example/?page=2"}]}

    monkeypatch.setattr(type(his), "_call", elsewhere)
    with pytest.raises(HisRefused, match="another address"):
        await his.query("k")

    async def nonsense(*_: object, **__: object) -> dict[str, Any]:
        return {"entry": [{"resource": {"id": "1"}}]}

    monkeypatch.setattr(type(his), "_call", nonsense)
    with pytest.raises(HisRefused, match="cannot be read"):
        await his.query("k")


async def sessions_at(ward: Ward, begins: datetime) -> list[ClinicSession]:
    async with ward.house.scope():
        return list(await ClinicSession.filter(tenant_id=ward.house.id, starts_at=begins).order_by("id"))


async def test_what_the_system_plans_is_taken_over_once(ward):
    begins = plan(ward, "D0", "D1", "nobody")
    both = await asyncio.gather(
        taking_over.take_over(ward.house.chief), taking_over.take_over(ward.house.chief)
    )
    assert sorted(one.made for one in both) == [0, 2]
    assert {one.unknown for one in both} == {1}
    assert await taking_over.take_over(ward.house.chief) == taking_over.Taken(0, 1)
    made = await sessions_at(ward, begins)
    async with ward.house.scope():
        doctors = {one.id: one.code for one in await Doctor.filter(tenant_id=ward.house.id)}
        slots = await ClinicSlot.filter(tenant_id=ward.house.id, session_id=made[0].id).count()
    assert sorted(doctors[one.doctor_id] for one in made) == ["D0", "D1"]
    assert (made[0].part, made[0].place, made[0].quotas, slots) == ("afternoon", "Room 9", NUMBERS, 65)
    booked = await ward.house.booked(await ward.house.patient(), made[0])
    assert booked.status == "booked"


async def test_a_silent_system_changes_nothing(ward):
    begins = plan(ward, "D0")
    ward.fault("error_before", "slots.search")
    with pytest.raises(Unavailable):
        await taking_over.take_over(ward.house.chief)
    assert await sessions_at(ward, begins) == []


async def test_the_chief_takes_over_by_a_button_and_nobody_else(ward, client):
    begins = plan(ward, "D0")
    root = f"{ward.house.root}/sessions"
    await make.sign_in(client, ward.house.chief.person_id)
    page = (await client.get(root)).text
    inspect(page)
    assert f'action="{root}/taken-over"' in page
    assert (await client.post(f"{root}/taken-over")).status_code == 303
    assert len(await sessions_at(ward, begins)) == 1
    assert "1 sessions are new" in (await client.get(root)).text
    await make.sign_in(client, ward.house.clerk.person_id)
    assert "taken-over" not in (await client.get(root)).text
    assert (await client.post(f"{root}/taken-over")).status_code == 403


async def test_without_a_system_there_is_nothing_to_take_over(real_house):
    with pytest.raises(Conflict, match=r"his\.none"):
        await taking_over.take_over(real_house.chief)
