"""SMART App Launch: the patient beside the token, for tools that may know of patients."""

import pytest

from tests.integrations.provider.conftest import HERE, a_world, install, listed, query_of

PATIENT = {"record": {"kind": "account", "id": "account-7"}}
WISH = {"scope": "openid launch", "aud": HERE, "launch": "a launch"}


@pytest.fixture
async def tool(db, bank, client):
    return await a_world(bank, client, protocols=["smart"])


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
