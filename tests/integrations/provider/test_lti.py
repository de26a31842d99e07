"""LTI 1.3: the same launch in another form, refused where it is not as LTI has it."""

import pytest

from integrations.apps.tenant_models import Installation
from integrations.provider.lti.words import CLAIM, CONTAINER, MEMBERSHIPS, READ_MEMBERSHIPS
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import BACK, HERE, a_world, install, listed, query_of
from tests.page import inspect

VALUE = "a launch value"


@pytest.fixture
async def tool(db, bank, client):
    world = await a_world(bank, client, protocols=["lti"], auth_method="private_key_jwt")
    await world.launch(VALUE, place="homework", context={"record": {"kind": "account", "id": "a-1"}})
    return world


async def launched(world, **other: str | None):
    wanted: dict[str, str | None] = {
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "scope": "openid",
        "login_hint": VALUE,
        "lti_message_hint": VALUE,
        "code_challenge": None,
        "code_challenge_method": None,
    }
    return await world.authorize(**(wanted | other))


async def message_of(world, answer) -> dict:
    assert answer.status_code == 200, answer.headers.get("location", answer.text)
    form = inspect(answer.text).find(".//form[@data-sends-itself]")
    assert form.get("action") == BACK
    sent = {field.get("name"): field.get("value") for field in form.iter("input")}
    assert sent["state"] == "st"
    return await world.claims(sent["id_token"])


async def test_a_tool_gets_the_message_of_a_launch(tool):
    message = await message_of(tool, await launched(tool))
    assert (message["iss"], message["aud"], message["nonce"]) == (HERE, tool.made.client_id, "no")
    assert (message["name"], message["email"]) == ("Mei Lim", "mei@bank.example")
    claim = {name.removeprefix(CLAIM): value for name, value in message.items() if name.startswith(CLAIM)}
    assert (claim["message_type"], claim["version"]) == ("LtiResourceLinkRequest", "1.3.0")
    assert claim["deployment_id"] == str(tool.installation.id)
    assert claim["target_link_uri"] == BACK
    assert claim["resource_link"]["id"] == f"{tool.installation.id}/homework"
    assert claim["custom"] == {"place": "homework", "record_kind": "account", "record_id": "a-1"}
    assert claim["context"]["title"] == tool.tenant.short_name
    assert any(role.endswith("membership#Administrator") for role in claim["roles"])
    assert 'name="id_token"' not in (await launched(tool)).text, "a launch is good once"


async def test_only_what_was_agreed_is_in_the_message(tool, bank):
    made = await listed(bank, protocols=["lti"], auth_method="private_key_jwt")
    installation = await install(made, tool.tenant, scopes=["openid"], claims=[])
    await tool.launch("another", installation_id=installation.id, vendor_id=made.vendor.id)
    answer = await launched(tool, client_id=made.client_id, login_hint="another", lti_message_hint="another")
    message = await message_of(tool, answer)
    assert not {"name", "email", "locale", MEMBERSHIPS, f"{CLAIM}context"} & message.keys()
    assert message[f"{CLAIM}roles"] == []


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"nonce": None}, "invalid_request"),
        ({"prompt": None}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"login_hint": "somebody"}, "invalid_request"),
        ({"lti_message_hint": None}, "invalid_request"),
        ({"login_hint": "made up", "lti_message_hint": "made up"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
async def test_what_is_not_as_lti_has_it_is_refused(tool, other, error):
    answer = await launched(tool, **other)
    if answer.status_code == 303:
        assert query_of(answer.headers["location"])["error"] == error
    else:
        form = inspect(answer.text).find(".//form[@data-sends-itself]")
        sent = {field.get("name"): field.get("value") for field in form.iter("input")}
        assert sent["error"] == error
        assert "id_token" not in sent


async def test_a_launch_of_somebody_else_or_of_nobody_is_refused(tool):
    other = await make.staff(tool.tenant, "finance", "Bo Li")
    await tool.sign_in(other)
    assert "invalid_request" in (await launched(tool)).text
    tool.client.cookies.clear()
    assert "login_required" in (await launched(tool)).text


async def test_an_address_that_is_not_registered_gets_nothing(tool):
    assert (await launched(tool, redirect_uri="https://evil.example/")).status_code == 400


async def test_an_app_that_is_no_tool_gets_no_id_token_straight_away(tool, bank):
    plain = await listed(bank)
    await install(plain, tool.tenant)
    answer = await launched(tool, client_id=plain.client_id)
    assert "unsupported_response_type" in (answer.headers.get("location") or answer.text)
    assert "id_token=" not in answer.headers.get("location", "")


async def service_token(world, made=None, **other: str):
    form = {"grant_type": "client_credentials", "scope": READ_MEMBERSHIPS} | (made or world.made).assertion()
    return await world.post("/oauth/token", form | other)


async def roster(world, token: str, query: str = "", installation=None):
    path = f"/lti/{world.tenant.id}/{installation or world.installation.id}/memberships{query}"
    return await world.get(path, {"Authorization": f"Bearer {token}"})


async def test_a_tool_reads_who_is_here(tool):
    await make.staff(tool.tenant, "finance", "Bo Li")
    token = (await service_token(tool)).json()["access_token"]
    answer = await roster(tool, token)
    assert answer.headers["content-type"].startswith(CONTAINER)
    members = answer.json()["members"]
    assert {member["name"] for member in members} == {"Mei Lim", "Bo Li"}
    message = await message_of(tool, await launched(tool))
    assert message["sub"] in {member["user_id"] for member in members}
    assert message[MEMBERSHIPS]["context_memberships_url"] == answer.json()["id"]


async def test_a_long_roster_is_read_page_by_page_and_shows_no_id_of_ours(tool):
    for number in range(4):
        await make.staff(tool.tenant, "finance", f"Colleague {number}")
    token, names, query = (await service_token(tool)).json()["access_token"], [], "?limit=2"
    while query:
        answer = await roster(tool, token, query)
        names += [member["name"] for member in answer.json()["members"]]
        link = answer.headers.get("link", "")
        assert str(tool.staff.person_id) not in answer.text + link
        query = "?" + link.partition("?")[2].partition(">")[0] if link else ""
    assert len(names) == len(set(names)) == 5
    assert (await roster(tool, token, "?after=forged")).status_code == 404


async def test_a_service_token_opens_what_the_tenant_agreed_to_now(tool, bank):
    token = (await service_token(tool)).json()["access_token"]
    shy = await listed(bank, protocols=["lti"], auth_method="private_key_jwt")
    installation = await install(shy, tool.tenant, scopes=["openid"])
    theirs = (await service_token(tool, shy)).json()["access_token"]
    assert (await roster(tool, theirs, installation=installation.id)).status_code == 403
    assert (await roster(tool, theirs)).status_code == 404, "another tool's installation"
    assert (await roster(tool, "made up")).status_code == 401
    assert (await roster(tool, token, installation="x")).status_code == 404
    async with open_scope(tenant_scope(tool.tenant.id)):
        await Installation.filter(id=tool.installation.id).update(status="paused")
    assert (await roster(tool, token)).status_code == 404


async def test_service_tokens_are_for_tools_and_for_their_services(tool, bank):
    plain = await listed(bank, auth_method="private_key_jwt")
    assert (await service_token(tool, plain)).json()["error"] == "invalid_client"
    assert (await service_token(tool, scope="openid")).json()["error"] == "invalid_scope"
    token = (await service_token(tool)).json()["access_token"]
    assert (await tool.userinfo(token)).status_code == 401
    assert (await launched(tool, id_token_hint=token)).status_code in {200, 303}
