"""Booking and cancelling by an app: the same hold and the same rules as on the web, by versions that were seen."""

import asyncio
import copy

from billing.ledger import verify_ledger
from billing.models import Hold, Refund
from scenarios.hospital.models import Appointment
from tenants.ids import new_id
from tests.billing.payments import world
from tests.scenarios.hospital import crowd
from tests.scenarios.hospital.fhir.conftest import booking


async def a_free_one(fhir):
    """A number that can be had, and a patient."""
    (slot, *_) = await fhir.free(await fhir.house.session())
    return slot, await fhir.house.patient()


async def booked(fhir):
    slot, patient = await a_free_one(fhir)
    answer = await fhir.book(slot, patient.id)
    assert answer.status_code == 200, answer.text
    return answer.json(), slot, patient


async def test_one_transaction_books_and_holds_until_it_is_paid(fhir):
    told, slot, patient = await booked(fhir)
    assert told["type"] == "transaction-response"
    busy, made = told["entry"]
    assert [one["response"]["status"] for one in told["entry"]] == ["200 OK", "201 Created"]
    assert (busy["resource"]["status"], made["resource"]["status"]) == ("busy-tentative", "pending")
    assert made["response"]["location"] == f"Appointment/{made['resource']['id']}"
    assert made["response"]["etag"] == f'W/"{made["resource"]["meta"]["versionId"]}"'
    assert busy["resource"]["meta"]["versionId"] > slot["meta"]["versionId"]
    (invoice,) = [one["reference"] for one in made["resource"]["supportingInformation"]]
    found = await fhir.read(invoice)
    assert found["status"] == "issued"
    assert "/pay/" in found["paymentTerms"]
    appointment = await kept(fhir, made)
    async with fhir.house.scope():
        hold = await Hold.get(tenant_id=fhir.house.id, id=appointment.hold_id)
    assert (hold.kind, hold.status, appointment.channel) == ("hospital.appointment", "held", "api")
    await fhir.house.pay(appointment)
    assert (await fhir.read(f"Slot/{slot['id']}"))["status"] == "busy"
    assert (await fhir.read(f"Appointment/{appointment.id}"))["status"] == "booked"
    assert (await fhir.read(invoice))["status"] == "balanced"
    assert {one["id"] for one in await fhir.found(f"Appointment?patient={patient.id}")} == {
        str(appointment.id)
    }


async def kept(fhir, entry):
    async with fhir.house.scope():
        return await Appointment.get(tenant_id=fhir.house.id, id=entry["resource"]["id"])


async def test_the_entries_are_answered_in_their_order(fhir):
    slot, patient = await a_free_one(fhir)
    told = (await fhir.book(slot, patient.id, is_slot_first=False)).json()
    assert [one["resource"]["resourceType"] for one in told["entry"]] == ["Appointment", "Slot"]


async def test_sent_again_it_is_answered_again_and_booked_once(fhir):
    slot, patient = await a_free_one(fhir)
    first, second = [(await fhir.book(slot, patient.id)).json() for _ in range(2)]
    assert first["entry"][1]["resource"]["id"] == second["entry"][1]["resource"]["id"]
    async with fhir.house.scope():
        assert await Appointment.filter(tenant_id=fhir.house.id).count() == 1


async def test_a_version_that_has_passed_books_nothing(fhir):
    slot, patient = await a_free_one(fhir)
    other = await fhir.house.patient("Bo Lim")
    assert (await fhir.book(slot, other.id)).status_code == 200
    answer = await fhir.book(slot, patient.id)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "conflict")
    fresh = await fhir.read(f"Slot/{slot['id']}")
    answer = await fhir.book(fresh, patient.id)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (409, "conflict")
    async with fhir.house.scope():
        assert await Appointment.filter(tenant_id=fhir.house.id).count() == 1


async def test_numbers_of_the_desk_are_not_an_apps(fhir):
    session = await fhir.house.session()
    (kept,) = await fhir.found(f"Slot?schedule={session.id}&appointment-type=WALKIN")
    assert kept["status"] == "busy-unavailable"
    patient = await fhir.house.patient()
    assert (await fhir.book(kept, patient.id)).status_code == 409


async def test_what_holds_for_a_patient_holds_for_apps(fhir):
    session = await fhir.house.session()
    one, other, *_ = await fhir.free(session)
    patient = await fhir.house.patient()
    assert (await fhir.book(one, patient.id)).status_code == 200
    answer = await fhir.book(other, patient.id)
    assert answer.status_code == 409
    assert "visit.session" in answer.json()["issue"][0]["diagnostics"]
    assert (await fhir.book(other, new_id())).status_code == 404, "no such patient"


def without_version(bundle):
    del bundle["entry"][0]["request"]["ifMatch"]


def without_slot(bundle):
    del bundle["entry"][0]


def another_slot(bundle):
    bundle["entry"][1]["resource"]["slot"] = [{"reference": f"Slot/{new_id()}"}]


def two_patients(bundle):
    bundle["entry"][1]["resource"]["participant"] *= 2


def freeing(bundle):
    bundle["entry"][0]["resource"]["status"] = "free"


def a_batch(bundle):
    bundle["type"] = "batch"


def more(bundle):
    bundle["entry"].append({"request": {"method": "DELETE", "url": "Patient/1"}})


def nonsense(bundle):
    bundle["entry"] = [
        "x",
        {"request": []},
        {"resource": 1, "request": {"method": "POST", "url": "Appointment"}},
    ]


SPOILT = {
    without_version: "Bundle.entry[0].request.ifMatch",
    without_slot: "Bundle.entry",
    another_slot: "Bundle.entry[1].resource.slot",
    two_patients: "Bundle.entry[1].resource.participant",
    freeing: "Bundle.entry[0].resource.status",
    a_batch: "Bundle.type",
    more: "Bundle.entry",
    nonsense: "Bundle.entry",
}


async def test_what_is_no_booking_is_refused_at_its_place(fhir):
    slot, patient = await a_free_one(fhir)
    for spoil, where in SPOILT.items():
        bundle = copy.deepcopy(booking(slot, patient.id))
        spoil(bundle)
        answer = await fhir.send(bundle)
        assert answer.status_code == 422, (spoil, answer.text)
        (issue,) = answer.json()["issue"]
        assert (issue["code"], issue["expression"]) == ("business-rule", [where])


async def cancelled(fhir, found, tag=None, **body):
    given = {"resourceType": "Appointment", "id": str(found), "status": "cancelled"} | body
    version = (await fhir.read(f"Appointment/{found}"))["meta"]["versionId"]
    headers = {"If-Match": tag or f'W/"{version}"'}
    return await fhir.send(given, path=f"/Appointment/{found}", method="PUT", **headers)


async def test_cancelling_gives_back_what_the_rule_does_not_keep(fhir):
    made = await fhir.house.booked(await fhir.house.patient(), await fhir.house.session(n=3))
    assert (await cancelled(fhir, made.id, tag='W/"1"')).status_code == 412
    assert (await cancelled(fhir, made.id, status="booked")).status_code == 422
    assert (await cancelled(fhir, made.id, id=str(new_id()))).status_code == 422
    without = {"resourceType": "Appointment", "status": "cancelled"}
    assert (await fhir.send(without, path=f"/Appointment/{made.id}", method="PUT")).status_code == 400
    answer = await cancelled(fhir, made.id)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["cancelationReason"]["coding"][0]["code"]) == ("cancelled", "pat")
    async with fhir.house.scope():
        (refund,) = await Refund.filter(tenant_id=fhir.house.id)
    assert refund.amount_minor == made.price_minor
    assert (await fhir.read(f"Slot/{made.slot_id}"))["status"] == "free"
    again = await cancelled(fhir, made.id)
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


async def test_a_visit_that_was_seen_is_not_cancelled(fhir):
    made = await fhir.house.booked(await fhir.house.patient(), await fhir.house.session())
    async with fhir.house.scope():
        await Appointment.filter(tenant_id=fhir.house.id, id=made.id).update(status="fulfilled")
    answer = await cancelled(fhir, made.id)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (409, "conflict")


async def test_one_that_is_still_being_paid_is_let_go(real_fhir):
    told, slot, _ = await booked(real_fhir)
    found = told["entry"][1]["resource"]["id"]
    answer = await cancelled(real_fhir, found)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "cancelled"
    assert (await real_fhir.read(f"Slot/{slot['id']}"))["status"] == "free"
    (invoice,) = await real_fhir.found("Invoice")
    assert (invoice["status"], "paymentTerms" in invoice) == ("cancelled", False)
    assert [one["status"] for one in await real_fhir.found("ChargeItem")] == ["aborted"]
    async with real_fhir.house.scope():
        assert await verify_ledger(real_fhir.house.id) == []


async def test_twenty_apps_at_one_number_book_it_once(real_fhir):
    """Whoever is second finds another version, or the number taken; never two appointments."""
    (slot, *_) = await real_fhir.free(await real_fhir.house.session())
    people = await crowd.gather(real_fhir.house, 20)
    answers = await asyncio.gather(*(real_fhir.book(slot, one.account_id) for one in people))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
    assert await world.count(real_fhir.house, "hospital_appointment") == 1
