"""SMART backend services: a system of the hospital's own, by its key, reads what the hospital agreed to."""

import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, KeySet, RSAKey

from integrations.apps.tenant_models import Installation
from tenants import throttle
from tenants.scope import open_scope, tenant_scope
from tests.integrations.provider.conftest import install, kept_ring, listed, ring
from tests.scenarios.hospital.fhir.conftest import Fhir

__all__ = ["kept_ring", "ring"]
SCOPES = ["openid", "offline_access", "appointments", "accounts"]


@pytest_asyncio.fixture(loop_scope="session")
async def system(house, bank, client):
    throttle.forget()
    made = await listed(bank, protocols=["smart"], auth_method="private_key_jwt")
    await install(made, house.tenant, scopes=SCOPES)
    client.cookies.clear()
    return made


async def token_of(client, made, scope: str, alg: str = "ES256", **claims):
    form = {"grant_type": "client_credentials", "scope": scope, **made.assertion(alg, **claims)}
    return await client.post("/oauth/token", data=form)


async def at(client, house, made, scope="system/*.rs", **claims) -> Fhir:
    answer = await token_of(client, made, scope, **claims)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["expires_in"], answer.json()["scope"]) == (300, scope)
    return Fhir(client, house, answer.json()["access_token"])


async def test_it_reads_what_the_hospital_agreed_to_and_writes_nothing(system, house, client):
    made = await house.booked(await house.patient("Ann Tan"), await house.session())
    fhir = await at(client, house, system, aud="http://cloud.test/oauth/token")
    assert [one["id"] for one in await fhir.found("Appointment")] == [str(made.id)]
    assert await fhir.found("Patient")
    refused = await fhir.get("Invoice")
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "forbidden")
    (slot, *_) = await fhir.free(await house.session(1))
    assert (await fhir.book(slot, made.account_id)).status_code == 403
    narrow = await at(client, house, system, "system/Slot.rs")
    assert await narrow.found("Slot")
    assert (await narrow.get("Appointment")).status_code == 403
    assert (await narrow.get("Slot?_include=Slot:schedule")).status_code == 403, (
        "nothing is included past its scopes"
    )


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
async def test_the_keys_that_smart_demands_are_taken(system, house, client, alg):
    key = (
        RSAKey.generate_key(2048, {"kid": "k"})
        if alg == "RS384"
        else ECKey.generate_key("P-384", {"kid": "k"})
    )
    from integrations.apps.models import AppVersion  # noqa: PLC0415
    from tenants.scope import bank_scope  # noqa: PLC0415

    async with open_scope(bank_scope(system.app.bank_id)):
        await AppVersion.filter(id=system.version.id).update(jwks=KeySet([key]).as_dict(private=False))
    system.key = key
    assert (await token_of(client, system, "system/*.rs", alg)).status_code == 200


async def test_whoever_else_gets_no_token(system, house, bank, client):
    for scope in ("system/Slot.w", "system/*.rs openid", "system/"):
        assert (await token_of(client, system, scope)).json()["error"] in {"invalid_scope", "invalid_client"}
    other = await listed(bank, auth_method="private_key_jwt")
    assert (await token_of(client, other, "system/*.rs")).json()["error"] == "invalid_client"
    assert (await token_of(client, system, "system/*.rs", aud="https://elsewhere.example")).status_code in {
        400,
        401,
    }
    by_secret = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "scope": "system/*.rs"},
        headers=system.basic(),
    )
    assert by_secret.status_code in {400, 401}


async def test_what_has_ended_has_ended_here_and_another_hospital_is_closed(system, house, bank, client):
    from tests.scenarios.hospital.house import build  # noqa: PLC0415

    fhir = await at(client, house, system)
    elsewhere = await build(bank)
    assert (await Fhir(client, elsewhere, fhir.token).get("Slot")).status_code == 404
    assert (await Fhir(client, house, fhir.token[:-3] + "abc").get("Slot")).status_code == 401
    async with open_scope(tenant_scope(house.id)):
        await Installation.filter(app_id=system.app.id).update(status="paused")
    assert (await fhir.get("Slot")).status_code == 404


async def test_discovery_says_so(client, house):
    said = (await client.get(f"/fhir/{house.id}/.well-known/smart-configuration")).json()
    assert "client_credentials" in said["grant_types_supported"]
    assert "system/*.rs" in said["scopes_supported"]
    assert {"RS384", "ES384"} <= set(said["token_endpoint_auth_signing_alg_values_supported"])
