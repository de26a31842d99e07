"""The code flow, as an app and a browser walk it."""

import json
from urllib.parse import urlencode

import pytest
from joserfc.jwk import KeySet

from tenants.models import Person
from tenants.scope import open_scope, person_scope
from tests.integrations.provider.conftest import BACK, HERE, install, listed, query_of
from tests.page import inspect


async def test_discovery_names_the_issuer_letter_for_letter(world):
    answer = await world.get("/.well-known/openid-configuration")
    assert answer.json()["issuer"] == HERE
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json()["code_challenge_methods_supported"] == ["S256"]


async def test_keys_are_public_parts_with_ids(world):
    document = (await world.get("/oauth/jwks")).json()
    assert {key["alg"] for key in document["keys"]} == {"ES256", "RS256"}
    for key in document["keys"]:
        assert key["kid"]
        assert key["use"] == "sig"
        assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()
    KeySet.import_key_set(document)


async def test_the_whole_way(world):
    world.client.headers["Accept-Language"] = "zh-CN"
    answer = await world.authorize()
    assert answer.status_code == 303
    back = query_of(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{BACK}?")
    assert (back["state"], back["iss"]) == ("st", HERE)
    paid = await world.redeem(back["code"])
    assert paid.status_code == 200, paid.text
    assert paid.headers["cache-control"] == "no-store"
    tokens = paid.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 300
    claims = await world.claims(tokens["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (HERE, world.made.client_id, "no")
    assert claims["acr"] == "urn:scenario:loa:3"
    told = (await world.userinfo(tokens["access_token"])).json()
    assert told["sub"] == claims["sub"]
    assert told == {
        "sub": claims["sub"],
        "name": "Mei Lim",
        "locale": "zh-CN",
        "email": "mei@bank.example",
        "email_verified": True,
    }


@pytest.mark.parametrize("nonce", [None, "n-1"])
async def test_the_nonce_comes_back_if_there_was_one(world, nonce):
    claims = await world.claims((await world.tokens(nonce=nonce))["id_token"])
    assert claims.get("nonce") == nonce


async def test_parameters_nobody_knows_and_hints_do_no_harm(world):
    harmless = {
        "display": "popup",
        "ui_locales": "xx zh-CN",
        "claims_locales": "de",
        "login_hint": "mei",
        "acr_values": "urn:nobody:knows",
        "extra": "foobar",
        "resource": "urn:x",
    }
    await world.code(**harmless)


async def test_scopes_nobody_knows_are_left_out(world):
    tokens = await world.tokens(scope="openid profile address nonsense")
    assert tokens["scope"] == "openid profile"


async def test_only_what_the_tenant_agreed_to_is_told(world, bank):
    made = await listed(bank)
    await install(made, world.tenant, scopes=["openid", "profile"], claims=["name"])
    tokens = await world.tokens(made, scope="openid profile email enterprise tenant")
    assert tokens["scope"] == "openid profile"
    assert set((await world.userinfo(tokens["access_token"])).json()) == {"sub", "name"}


async def test_what_the_bank_verified_of_the_institution(world):
    tokens = await world.tokens(scope="openid tenant enterprise roles phone")
    told = (await world.userinfo(tokens["access_token"])).json()
    assert told["tenant"] == str(world.tenant.id)
    assert told["tenant_locale"] == {"locale": "en", "zoneinfo": "Asia/Singapore", "currency": "SGD"}
    assert (told["enterprise_name"], told["enterprise_uscc"]) == (world.tenant.name, world.tenant.uscc)
    assert told["roles"] == ["administrator"]
    assert "phone_number" not in told, "the bank knows none"


async def test_what_a_colleague_typed_is_never_told(world):
    """The membership says administrator@example.com; only the bank's word counts."""
    tokens = await world.tokens(scope="openid email")
    told = (await world.userinfo(tokens["access_token"])).json()
    assert told["email"] == "mei@bank.example"
    async with open_scope(person_scope(world.staff.person_id)):
        await Person.filter(id=world.staff.person_id).update(email="")
    assert set((await world.userinfo(tokens["access_token"])).json()) == {"sub"}


async def test_the_claims_parameter_asks_for_single_facts(world):
    wish = {"userinfo": {"tenant_name": None}, "id_token": {"email": {"essential": True}, "auth_time": None}}
    tokens = await world.tokens(scope="openid", claims=json.dumps(wish))
    assert (await world.claims(tokens["id_token"]))["email"] == "mei@bank.example"
    told = (await world.userinfo(tokens["access_token"])).json()
    assert set(told) == {"sub", "tenant_name"}


@pytest.mark.parametrize("claims", ["no json", "[]", '{"id_token": 3}', "[" * 5000])
async def test_claims_that_cannot_be_read_are_refused(world, claims):
    back = query_of((await world.authorize(claims=claims)).headers["location"])
    assert back["error"] == "invalid_request"


async def test_userinfo_by_header_and_by_form(world):
    token = (await world.tokens())["access_token"]
    by_header = await world.userinfo(token)
    by_post = await world.post("/oauth/userinfo", {}, {"Authorization": f"Bearer {token}"})
    by_body = await world.post("/oauth/userinfo", {"access_token": token})
    assert by_header.json() == by_post.json() == by_body.json()
    by_query = await world.get(f"/oauth/userinfo?access_token={token}")
    assert by_query.status_code == 401
    assert 'error="invalid_token"' in by_query.headers["www-authenticate"]


async def test_no_code_without_its_parameters(world):
    """Each refusal goes to the app, with state and issuer."""
    refusals = {
        "response_type": "unsupported_response_type",
        "scope": "invalid_scope",
        "code_challenge": "invalid_request",
        "code_challenge_method": "invalid_request",
    }
    for name, error in refusals.items():
        answer = await world.authorize(**{name: None})
        back = query_of(answer.headers["location"])
        assert answer.status_code == 303
        assert (back["error"], back["state"], back["iss"]) == (error, "st", HERE), name


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"launch": "made up"}, "invalid_request"),
    ],
)
async def test_what_we_do_not_do_is_refused_and_never_ignored(world, other, error):
    answer = await world.authorize(**other)
    assert answer.status_code == 303
    back = query_of(answer.headers["location"])
    assert (back["error"], back["iss"], back["state"]) == (error, HERE, "st")
    assert "code" not in back


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "https://app.example/back/",
        "https://app.example/back?more=1",
        "https://app.example/BACK",
        "https://app.example.evil/back",
        "https://evil.example/",
        'https://app.example/"back',
        "https://app.example/bäck",
        "javascript:alert(1)",
        "//app.example/back",
    ],
)
async def test_an_answer_goes_to_a_registered_address_or_nowhere(world, redirect_uri):
    answer = await world.authorize(redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    inspect(answer.text)


@pytest.mark.parametrize("client_id", [None, "nobody", "x" * 300, 'a"b', "ä"])
async def test_an_app_nobody_knows_is_told_nothing(world, client_id):
    answer = await world.authorize(client_id=client_id)
    assert answer.status_code == 400


async def test_a_registered_query_stays_letter_for_letter(world):
    answer = await world.authorize(redirect_uri=f"{BACK}?keeps=this")
    assert answer.headers["location"].startswith(f"{BACK}?keeps=this&code=")


@pytest.mark.parametrize("state", ["a b&c=d", 'quo"te', "ünïcode 状态", "x" * 1500])
async def test_state_comes_back_as_it_was(world, state):
    assert query_of((await world.authorize(state=state)).headers["location"])["state"] == state


async def test_a_parameter_twice_is_refused(world):
    wanted = urlencode(world.asking())
    for name in ("client_id", "redirect_uri", "code_challenge", "prompt"):
        answer = await world.client.get(f"/oauth/authorize?{wanted}&{name}=x&{name}=y")
        assert "code=" not in answer.headers.get("location", ""), name


async def test_the_answer_by_a_form_keeps_its_values(world):
    answer = await world.authorize(response_mode="form_post", state='a"b&c d')
    assert answer.status_code == 200
    form = inspect(answer.text).find(".//form[@data-sends-itself]")
    sent = {field.get("name"): field.get("value") for field in form.iter("input")}
    assert form.get("action") == BACK
    assert (sent["state"], sent["iss"]) == ('a"b&c d', HERE)
    assert "form-action 'self' " in answer.headers["content-security-policy"]
    assert "https://app.example" in answer.headers["content-security-policy"]
    assert (await world.redeem(sent["code"])).status_code == 200


async def test_a_request_by_form_comes_back_by_address(world):
    """A form from another site brings no session along; the redirect after it does."""
    answer = await world.client.post(
        "/oauth/authorize", data=world.asking(), headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/authorize?client_id=")
    back = await world.client.get(answer.headers["location"])
    assert "code" in query_of(back.headers["location"])
    again = await world.client.get(answer.headers["location"])
    assert again.status_code == 400, "a request is answered once"


async def test_two_vendors_know_two_people_and_one_vendor_one(world, bank):
    other, sibling = await listed(bank), await listed(bank, world.made.vendor)
    await install(other, world.tenant)
    await install(sibling, world.tenant)
    subjects = [
        (await world.claims((await world.tokens(m))["id_token"])) for m in (world.made, other, sibling)
    ]
    ours, theirs, same = [found["sub"] for found in subjects]
    assert ours == same != theirs
    assert str(world.staff.person_id) not in {ours, theirs}
    assert subjects[0]["sid"] != subjects[1]["sid"]
