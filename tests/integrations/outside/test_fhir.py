"""Other people's FHIR clients at a hospital's server, over real HTTP, as their documentation says."""

from dataclasses import dataclass

import httpx2
import pytest_asyncio

from integrations.apps.api.entry import issue
from integrations.apps.clients import granted
from integrations.provider import keys
from tenants.models import Account
from tests import make
from tests.integrations.outside.conftest import Shop, run_node, run_python
from tests.scenarios.hospital.house import House, build


@dataclass
class Clinic:
    """A hospital in the running product, with an app that calls by itself, and two patients."""

    shop: Shop
    house: House
    token: str
    ann: Account
    bo: Account

    @property
    def fhir(self) -> str:
        return f"{self.shop.url}/fhir/{self.house.id}"

    async def resources(self) -> list[dict[str, object]]:
        """Everything that the server tells, a page of each kind, with what it says of itself and of an error."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient(base_url=self.fhir, headers=headers) as program:
            said = (await program.get("/metadata")).json()
            wrong = (await program.get("/Slot?colour=red")).json()
            kinds = [one["type"] for one in said["rest"][0]["resource"]]
            pages = [(await program.get(f"/{kind}?_count=10")).json() for kind in kinds]
        return [said, wrong, *pages, *(entry["resource"] for page in pages for entry in page["entry"])]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clinic(committed: None, bank: make.Bank, served: str) -> Clinic:
    keys.forget()
    house = await build(bank)
    staff = await make.staff(house.tenant, "administrator")
    shop = Shop(served, bank, house.tenant, staff)
    made = await shop.app("alone")
    found = await granted(made.client_id, house.id)
    assert found is not None
    ann, bo = await house.patient("Ann Tan"), await house.patient("Bo Lim")
    await house.booked(ann, await house.session(0, 1))
    await house.book(ann, await house.session(1, 3))
    return Clinic(shop, house, issue(found), ann, bo)


async def test_fhirclient_is_launched_on_a_patient_and_reads_their_record(clinic):
    opened = await clinic.shop.hospital_tool(clinic.ann.id)
    told = {"patient": str(clinic.ann.id), "named": "Ann Tan", "stranger": str(clinic.bo.id)}
    steps = run_node("fhirclient.mjs", await clinic.shop.told(launch=opened, **told))
    assert [f"{step['name']}: {step['why']}" for step in steps if not step["ok"]] == []
    assert len(steps) == 7


async def test_fhir_kit_client_books_pays_heed_to_versions_and_cancels(clinic):
    session = await clinic.house.session(2, 2)
    told = {"fhir": clinic.fhir, "token": clinic.token, "session": str(session.id), "free": 4}
    people = {"patient": str(clinic.bo.id), "stranger": str(clinic.ann.id)}
    steps = run_node("fhir_kit_client.mjs", await clinic.shop.told(**told, **people))
    assert [f"{step['name']}: {step['why']}" for step in steps if not step["ok"]] == []
    assert len(steps) == 9


async def test_fhir_resources_reads_every_resource_that_is_told(clinic):
    found = run_python("fhir_models.py", await clinic.shop.told(resources=await clinic.resources()))
    assert found["wrong"] == []
    assert found["count"] > 40
