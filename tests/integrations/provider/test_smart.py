"""SMART App Launch: the patient beside the token, for tools that may know of patients."""

from uuid import UUID

import pytest
from starlette.requests import Request

from integrations.apps.tenant_models import Installation
from integrations.provider.bearer import BearerError, Launched, launched
from integrations.provider.smart import base
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import HERE, a_world, install, listed, query_of
from ui.errors import NotFound

PATIENT = {"record": {"kind": "account", "id": "account-7"}}
WISH = {"scope": "openid launch", "aud": HERE, "launch": "a launch"}
ACCOUNT = "0197d0b4-0000-7000-8000-000000000007"
RECORD = {"record": {"kind": "account", "id": ACCOUNT}}
RECORD_WISH = WISH | {"scope": "openid launch patient/*.rs"}


@pytest.fixture
async def tool(db, bank, client):
    return await a_world(bank, client, protocols=["smart"])


@pytest.fixture
async def reading(tool):
    await tool.launch("a launch", context=RECORD)
    return tool


async def opened_by(world, token: str, tenant_id: UUID | None = None) -> Launched:
    """What a FHIR server learns of a token that is shown to it."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/fhir", "query_string": b"", "headers": headers}
    async with launched(Request(scope), tenant_id or world.tenant.id) as found:
        return found


async def test_a_tool_learns_where_to_go(tool):
    told = (await tool.get("/.well-known/smart-configuration")).json()
    assert told["authorization_endpoint"] == f"{HERE}/oauth/authorize"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "context-ehr-patient", "sso-openid-connect"} <= set(told["capabilities"])


async def test_the_patient_is_beside_the_token_and_in_introspection(tool):
    await tool.launch("a launch", context=PATIENT)
    tokens = await tool.tokens(**WISH)
    assert tokens["patient"] == "account-7"
    assert tokens["need_patient_banner"] is False
    assert tokens["scope"] == "openid launch"
    assert (await tool.introspect(tokens["access_token"]))["patient"] == "account-7"
    fresh = (await tool.refresh(tokens["refresh_token"])).json()
    assert fresh["patient"] == "account-7"


async def test_a_launch_on_nobody_in_particular_has_no_patient(tool):
    await tool.launch("a launch", context={})
    tokens = await tool.tokens(**WISH)
    assert "patient" not in tokens
    assert tokens["need_patient_banner"] is True


async def test_a_request_for_another_server_is_refused(tool):
    await tool.launch("a launch", context=PATIENT)
    answer = await tool.authorize(**(WISH | {"aud": "https://other.example/fhir"}))
    assert query_of(answer.headers["location"])["error"] == "invalid_request"


async def test_an_app_that_is_no_tool_gets_none_of_it(tool, bank):
    plain = await listed(bank)
    installation = await install(plain, tool.tenant)
    await tool.launch("plain", context=PATIENT, installation_id=installation.id, vendor_id=plain.vendor.id)
    tokens = await tool.tokens(plain, **(WISH | {"launch": "plain", "aud": None}))
    assert tokens["scope"] == "openid"
    assert not {"patient", "need_patient_banner"} & tokens.keys()


async def test_a_tool_reads_the_record_of_its_patient_and_of_nobody_else(reading):
    tokens = await reading.tokens(**RECORD_WISH)
    assert tokens["scope"] == "openid launch patient/*.rs"
    opened = await opened_by(reading, tokens["access_token"])
    assert opened.patient_id == UUID(ACCOUNT)
    assert opened.require("Observation", "s") == UUID(ACCOUNT)
    assert not opened.may("Observation", "c")


async def test_narrow_scopes_open_what_they_name(reading):
    wish = RECORD_WISH | {"scope": "openid launch patient/Condition.r patient/*.cruds patient/x.rs"}
    tokens = await reading.tokens(**wish)
    assert tokens["scope"] == "openid launch patient/Condition.r"
    opened = await opened_by(reading, tokens["access_token"])
    assert opened.may("Condition", "r")
    for resource, act in (("Condition", "s"), ("Observation", "r")):
        with pytest.raises(BearerError) as refused:
            opened.require(resource, act)
        assert refused.value.status == 403


async def test_without_a_patient_no_record_is_open(tool):
    await tool.launch("a launch", context={})
    tokens = await tool.tokens(**RECORD_WISH)
    opened = await opened_by(tool, tokens["access_token"])
    assert opened.patient_id is None
    assert not opened.may("Patient", "r")


async def test_records_take_the_tenants_consent_and_end_with_it(reading):
    token = (await reading.tokens(**RECORD_WISH))["access_token"]
    async with open_scope(tenant_scope(reading.tenant.id)):
        await Installation.filter(id=reading.installation.id).update(scopes=["openid"])
    with pytest.raises(BearerError) as refused:
        await opened_by(reading, token)
    assert refused.value.status == 403
    async with open_scope(tenant_scope(reading.tenant.id)):
        await Installation.filter(id=reading.installation.id).update(status="paused")
    with pytest.raises(BearerError) as refused:
        await opened_by(reading, token)
    assert refused.value.status == 401
    assert "invalid_token" in refused.value.headers["WWW-Authenticate"]


async def test_what_was_not_agreed_to_is_not_in_the_scope(tool, bank):
    shy = await listed(bank, protocols=["smart"])
    installation = await install(shy, tool.tenant, scopes=["openid"])
    await tool.launch("shy", context=RECORD, installation_id=installation.id, vendor_id=shy.vendor.id)
    assert (await tool.tokens(shy, **(RECORD_WISH | {"launch": "shy"})))["scope"] == "openid launch"


async def test_a_token_opens_its_own_institution_alone(reading, bank):
    token = (await reading.tokens(**RECORD_WISH))["access_token"]
    other = await make.tenant(bank)
    with pytest.raises(NotFound):
        await opened_by(reading, token, other.id)
    await reading.launch("another", context=RECORD)
    answer = await reading.authorize(**(RECORD_WISH | {"launch": "another", "aud": base(other.id)}))
    assert query_of(answer.headers["location"])["error"] == "invalid_request"
    named = await reading.code(**(RECORD_WISH | {"launch": "another", "aud": base(reading.tenant.id)}))
    assert named


async def test_each_institutions_server_says_where_to_go(tool):
    told = (await tool.get(f"/fhir/{tool.tenant.id}/.well-known/smart-configuration")).json()
    assert told["token_endpoint"] == f"{HERE}/oauth/token"
    assert "patient/*.rs" in told["scopes_supported"]
