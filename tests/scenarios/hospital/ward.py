"""The hospital's own system in the sandbox: what a test tells it to have, and how it is to misbehave."""

from dataclasses import replace
from typing import Any

import pytest

from scenarios.hospital.his import connecting, fhir
from scenarios.hospital.models import OrderBasket
from tenants import runtime
from tenants.ids import new_id
from tests.asking import HTTP
from tests.scenarios.hospital.house import House


class Ward:
    """The hospital's system in the sandbox, and what it has of one patient."""

    def __init__(self, house: House, url: str) -> None:
        self.house, self.url = house, url

    def post(self, path: str, **body: Any) -> Any:
        answer = HTTP.post(f"{self.url}/control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def charge(self, patient: str, *amounts: str) -> None:
        charges = [
            {"id": f"c-{new_id().hex[-10:]}", "patient": patient, "text": "Blood count", "value": float(one)}
            for one in amounts
        ]
        self.post("his/charges", hospital=self.house.tenant.slug, charges=charges)

    def fault(self, kind: str, operation: str = "invoices.create", **more: Any) -> None:
        self.post("faults", surface="his", kind=kind, operation=operation, **more)

    def clear(self) -> None:
        HTTP.delete(f"{self.url}/control/faults")

    async def standing(self, basket: OrderBasket) -> list[Any]:
        async with self.house.scope():
            his = await connecting.his_of(self.house.id)
        assert his is not None
        return await his.query(str(basket.id))


async def connect(house: House, url: str, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """Have the hospital's system be the sandbox's, as the product reaches it; silent after 0.4 seconds."""
    before = runtime.runtime()
    host = url.removeprefix("http://")
    monkeypatch.setattr(runtime, "_runtime", [replace(before, private_hosts=before.private_hosts | {host})])
    monkeypatch.setattr(fhir, "SECONDS", 0.4)
    made = Ward(house, url)
    made.clear()
    made.post("his/systems", hospital=house.tenant.slug, token="t")
    async with house.scope():
        await connecting.connect(
            house.chief, tenant_id=house.id, url=f"{url}/his/{house.tenant.slug}/fhir", token="t"
        )
    return made
