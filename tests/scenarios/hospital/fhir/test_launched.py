"""A tool that is launched on a patient reads that patient's resources, and nobody else's."""

import pytest_asyncio

from integrations.apps.tenant_models import Installation
from integrations.provider.smart import base
from tenants import throttle
from tenants.models import Audit
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import World, install, kept_ring, listed, ring
from tests.scenarios.hospital.fhir.conftest import Fhir

__all__ = ["kept_ring", "ring"]


@pytest_asyncio.fixture(loop_scope="session")
async def tool(house, bank, client) -> World:
    throttle.forget()
    made = await listed(bank, protocols=["smart"])
    installation = await install(made, house.tenant)
    found = World(
        client, bank, house.tenant, made, installation, await make.staff(house.tenant, "administrator")
    )
    client.cookies.clear()
    await found.sign_in()
    return found


async def opened_on(tool, house, patient, scope="launch patient/*.rs"):
    """Launch the tool on a patient; return it as a program at the server."""
    value = f"launch on {patient.id}"
    await tool.launch(value, context={"record": {"kind": "account", "id": str(patient.id)}})
    tokens = await tool.tokens(scope=f"openid {scope}", aud=base(house.id), launch=value)
    assert tokens["patient"] == str(patient.id)
    tool.client.cookies.clear()
    return Fhir(tool.client, house, tokens["access_token"])


async def test_it_reads_its_patient_and_nobody_else(tool, house):
    ann, bo = await house.patient("Ann Tan"), await house.patient("Bo Lim")
    mine = await house.booked(ann, await house.session())
    others = await house.booked(bo, await house.session(1))
    fhir = await opened_on(tool, house, ann)
    assert (await fhir.read(f"Patient/{ann.id}"))["name"] == [{"text": "Ann Tan"}]
    assert [one["id"] for one in await fhir.found("Patient")] == [str(ann.id)]
    assert [one["id"] for one in await fhir.found("Appointment")] == [str(mine.id)]
    assert [one["id"] for one in await fhir.found("Invoice")] == [str(mine.bill_id)]
    assert await fhir.found(f"Appointment?patient={bo.id}") == []
    for path in (
        f"Patient/{bo.id}",
        f"Appointment/{others.id}",
        f"Invoice/{others.bill_id}",
        f"Account/{bo.id}",
    ):
        assert (await fhir.get(path)).status_code == 404
    assert await fhir.found("Slot?status=free"), "numbers are nobody's"
    async with house.scope():
        noted = await Audit.filter(tenant_id=house.id, act="patient.told")
    assert {one.subject_id for one in noted} == {ann.id}
    assert {one.person_id for one in noted} == {tool.staff.person_id}, "the trail names whoever had it open"


async def test_it_reads_what_its_scopes_name_and_writes_nothing(tool, house):
    ann = await house.patient("Ann Tan")
    mine = await house.booked(ann, await house.session())
    fhir = await opened_on(tool, house, ann, "launch patient/Appointment.r patient/Slot.rs")
    assert (await fhir.get(f"Appointment/{mine.id}")).status_code == 200
    for path in ("Appointment", "Invoice", f"Patient/{ann.id}"):
        answer = await fhir.get(path)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
    (slot, *_) = await fhir.free(await house.session(1))
    assert (await fhir.book(slot, ann.id)).status_code == 403
    sent = await fhir.send(
        {"resourceType": "Appointment", "status": "cancelled"},
        path=f"/Appointment/{mine.id}",
        method="PUT",
        **{"If-Match": 'W/"1"'},
    )
    assert sent.status_code == 403
    assert (await house.fresh(mine)).status == "booked"


async def test_what_has_ended_has_ended_here(tool, house):
    fhir = await opened_on(tool, house, await house.patient())
    assert (await fhir.get("Patient")).status_code == 200
    async with open_scope(tenant_scope(house.id)):
        await Installation.filter(id=tool.installation.id).update(status="paused")
    assert (await fhir.get("Patient")).status_code == 401
