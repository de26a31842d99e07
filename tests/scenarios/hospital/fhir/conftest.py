"""A hospital with an app that calls its FHIR server by itself, and what that app reads there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest_asyncio

from integrations.apps.api.entry import issue
from integrations.apps.clients import granted
from integrations.apps.models import App
from integrations.apps.scopes import SCOPES
from tenants import throttle
from tests import apps
from tests.scenarios.hospital.house import House

EVERYTHING = ("openid", "offline_access", "appointments", "booking", "accounts", "bills", "records")
JSON = "application/fhir+json"


@dataclass
class Fhir:
    """A program at the server of one hospital."""

    client: httpx2.AsyncClient
    house: House
    token: str

    @property
    def base(self) -> str:
        return f"/fhir/{self.house.id}"

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": JSON} | more

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(f"{self.base}/{path}", headers=self.headers(**headers))

    async def read(self, path: str) -> dict[str, Any]:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == JSON
        return dict(answer.json())

    async def found(self, path: str) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in (await self.read(path)).get("entry", [])]

    async def send(
        self, body: Any, *, path: str = "", method: str = "POST", **headers: str
    ) -> httpx2.Response:
        kept = self.headers(**{"Content-Type": JSON}) | headers
        return await self.client.request(method, f"{self.base}{path}", json=body, headers=kept)

    async def free(self, session: Any, kind: str = "ROUTINE") -> list[dict[str, Any]]:
        return await self.found(f"Slot?schedule=Schedule/{session.id}&status=free&appointment-type={kind}")

    async def book(self, slot: dict[str, Any], patient: UUID, **other: Any) -> httpx2.Response:
        return await self.send(booking(slot, patient, **other))


def booking(
    slot: dict[str, Any], patient: UUID, *, version: str = "", is_slot_first: bool = True
) -> dict[str, Any]:
    """The transaction that books a number."""
    busy = {
        "resource": {**slot, "status": "busy"},
        "request": {
            "method": "PUT",
            "url": f"Slot/{slot['id']}",
            "ifMatch": f'W/"{version or slot["meta"]["versionId"]}"',
        },
    }
    made = {
        "fullUrl": "urn:uuid:8c64a2f5-0df5-4d3a-8f1b-36b8dd5b3b6e",
        "resource": {
            "resourceType": "Appointment",
            "status": "booked",
            "slot": [{"reference": f"Slot/{slot['id']}"}],
            "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
        },
        "request": {"method": "POST", "url": "Appointment"},
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [busy, made] if is_slot_first else [made, busy],
    }


async def installed(house: House, app: App, scopes: tuple[str, ...] = EVERYTHING) -> str:
    """Install the app in the hospital and return a token of the installation."""
    await apps.install(house.tenant, app, scopes=scopes)
    found = await granted(app.client_id, house.id)
    assert found is not None
    return issue(found)


async def an_app(bank: Any) -> App:
    return await apps.listed(
        await apps.vendor(bank),
        scopes={key: {"en": key, "zh_CN": key} for key in SCOPES},
        scenarios=["hospital"],
    )


@pytest_asyncio.fixture(loop_scope="session")
async def fhir(house: House, bank: Any, client: httpx2.AsyncClient) -> Fhir:
    throttle.forget()
    client.cookies.clear()
    return Fhir(client, house, await installed(house, await an_app(bank)))


@pytest_asyncio.fixture(loop_scope="session")
async def real_fhir(real_house: House, bank: Any, client: httpx2.AsyncClient) -> Fhir:
    throttle.forget()
    client.cookies.clear()
    return Fhir(client, real_house, await installed(real_house, await an_app(bank)))
