"""A stay as an Account with its ChargeItems, and its Invoice once it is settled."""

import pytest_asyncio

from tests.scenarios.hospital.beds import charged, going, lying, settle
from tests.scenarios.hospital.fhir.conftest import Fhir, an_app, installed


@pytest_asyncio.fixture(loop_scope="session")
async def fhir(ward, bank, client) -> Fhir:
    client.cookies.clear()
    return Fhir(client, ward.house, await installed(ward.house, await an_app(bank)))


async def test_a_stay_is_an_account_whose_items_come_to_its_invoice(ward, fhir):
    stay, patient = await lying(
        ward, ("2026-11-01", "300.00"), ("2026-11-02", "200.00"), deposit=10_000, percent=60
    )
    accounts = {one["id"]: one for one in await fhir.found(f"Account?patient={patient.id}")}
    assert set(accounts) == {str(patient.id), str(stay.id)}
    own = accounts[str(stay.id)]
    assert (own["status"], own["identifier"][0]["value"]) == ("active", stay.reference)
    items = await fhir.found(f"ChargeItem?account={stay.id}")
    assert [(one["status"], one["code"]["text"], one["priceOverride"]["value"]) for one in items] == [
        ("billable", "Infusion", 300),
        ("billable", "Infusion", 200),
    ]
    (deposit,) = await fhir.found(f"Invoice?patient={patient.id}")
    await going(ward, stay)
    await settle(ward, stay)
    found = await fhir.found(f"Invoice?patient={patient.id}")
    (invoice,) = [one for one in found if one["id"] != deposit["id"]]
    assert invoice["totalGross"]["value"] == 200, "the patient's share of 500.00"
    named = {line["chargeItemReference"]["reference"] for line in invoice["lineItem"]}
    assert named == {f"ChargeItem/{one['id']}" for one in items}
    assert [(one["type"], one["amount"]["value"]) for one in invoice["totalPriceComponent"]] == [
        ("base", 500),
        ("deduction", -300),
    ]
    items = await fhir.found(f"ChargeItem?account={stay.id}")
    assert {one["status"] for one in items} == {"billed"}
    assert {one["supportingInformation"][0]["reference"] for one in items} == {f"Invoice/{invoice['id']}"}
    assert (await fhir.read(f"Account/{stay.id}"))["status"] == "inactive"


async def test_a_charge_that_nobody_may_read_is_told_without_words(ward, bank, client):
    stay, _ = await lying(ward, ("2026-11-01", "300.00"))
    charged(ward, stay.his_id, ("2026-11-02", "1.00"))
    scopes = ("openid", "offline_access", "bills")
    program = Fhir(client, ward.house, await installed(ward.house, await an_app(bank), scopes))
    (item,) = await program.found(f"ChargeItem?account={stay.id}")
    assert item["code"]["text"] == "Ordered by the hospital"
