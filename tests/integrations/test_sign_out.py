"""The way out: here, at the bank, and when the bank says so."""

import base64
import json
import time
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from integrations.sign_in import people, tokens
from integrations.sign_in.logout import EVENT
from tenants.ids import new_id
from tests import make
from tests.integrations.conftest import HERE, World, query_of
from tests.integrations.test_sign_in import session_of
from tests.page import inspect

KEY = ECKey.generate_key("P-256", {"kid": "test"})


async def test_signing_out_ends_the_session_here_and_leads_to_the_bank(world: World):
    await world.sign_in("p-ann")
    token, session = world.token, await session_of(world.token)
    answer = await world.client.post("/sign-out")
    page = inspect(answer.text)
    assert (await session_of(token)).ended_at is not None
    assert not world.token
    refresh = next(m.get("content") for m in page.iter("meta") if m.get("http-equiv") == "refresh")
    url = refresh.removeprefix("0; url=")
    assert url.startswith(f"{world.issuer}/end_session?")
    assert query_of(url) == {
        "id_token_hint": session.id_token,
        "client_id": "scenario-cloud",
        "post_logout_redirect_uri": f"{HERE}/",
    }
    back = await world.bank.get(url)
    assert back.headers["location"] == f"{HERE}/"
    front = await world.client.get("/")
    assert "You are signed out." in front.text
    assert (await world.client.get("/home")).headers["location"].startswith("/sign-in")


async def test_signing_out_works_when_the_bank_does_not_answer_and_when_nobody_is_signed_in(world: World):
    await world.sign_in("p-ann")
    token = world.token
    world.control.post(
        "/faults", json={"surface": "oidc", "operation": "discovery", "kind": "error_before"}
    ).raise_for_status()
    from integrations.sign_in import metadata  # noqa: PLC0415 - what the sign-in above has kept must go

    metadata.forget()
    answer = await world.client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await session_of(token)).ended_at is not None
    assert (await world.client.post("/sign-out")).status_code == 303


async def test_a_page_of_another_site_cannot_sign_anybody_out(world: World):
    await world.sign_in("p-ann")
    answer = await world.client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert (await session_of(world.token)).ended_at is None


@pytest.fixture
def signed(world: World, monkeypatch):
    """Logout tokens as the bank would sign them, with whatever is changed."""

    async def keys(*_args: Any, **_named: Any) -> KeySet:
        return KeySet([KEY])

    monkeypatch.setattr(tokens, "keys_of", keys)

    def sign(**changed: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": world.issuer,
            "aud": "scenario-cloud",
            "iat": now,
            "exp": now + 120,
            "jti": str(new_id()),
            "events": {EVENT: {}},
        } | changed
        kept = {name: value for name, value in claims.items() if value is not ...}
        return jwt.encode({"alg": "ES256", "kid": "test", "typ": "logout+jwt"}, kept, KEY)

    return sign


async def told(world: World, token: str) -> httpx2.Response:
    stranger = {"Sec-Fetch-Site": "cross-site", "Cookie": ""}
    path = f"/webhooks/bank-logout/{world.tenant_bank.slug}"
    return await world.client.post(path, data={"logout_token": token}, headers=stranger)


async def test_the_bank_ends_one_session_by_its_sid(world: World, signed):
    ann = await make.person("Ann")
    sid, other = "s-1", "s-2"
    keys = [people.session_key_of(world.issuer, name) for name in (sid, other)]
    first, second = [await make.sign_in(world.client, ann.id, provider_key=key) for key in keys]
    answer = await told(world, signed(sub="p-ann", sid=sid))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (await session_of(first)).ended_at is not None
    assert (await session_of(second)).ended_at is None


async def test_the_bank_ends_every_session_of_a_subject_and_of_no_other(world: World, signed, monkeypatch):
    ann = await people.person_of(people.Proven(world.issuer, "p-ann", "personal", "Ann"))
    code = await people.person_of(people.Proven("urn:scenario:otp", "p-ann", "personal", "Ann"))
    mine = [await make.sign_in(world.client, ann.person_id, identity_id=ann.id) for _ in range(2)]
    theirs = await make.sign_in(world.client, code.person_id, identity_id=code.id)
    assert (await told(world, signed(sub="p-ann"))).status_code == 200
    assert all([(await session_of(token)).ended_at for token in mine])
    assert (await session_of(theirs)).ended_at is None
    assert (await told(world, signed(sub="nobody-here"))).status_code == 200


async def test_a_logout_token_is_taken_once(world: World, signed):
    ann = await people.person_of(people.Proven(world.issuer, "p-ann", "personal", "Ann"))
    token = signed(sub="p-ann")
    assert (await told(world, token)).status_code == 200
    later = await make.sign_in(world.client, ann.person_id, identity_id=ann.id)
    assert (await told(world, token)).status_code == 400
    assert (await session_of(later)).ended_at is None


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "n"},
        {"events": ...},
        {"events": {}},
        {"events": {"other": {}}},
        {"events": {EVENT: True}},
        {"jti": ...},
        {"jti": ""},
        {"sub": ...},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"iat": int(time.time()) - 4000},
        {"iat": ...},
        {"exp": int(time.time()) - 4000},
    ],
)
async def test_a_wrong_logout_token_is_refused(world: World, signed, changed):
    ann = await people.person_of(people.Proven(world.issuer, "p-ann", "personal", "Ann"))
    session = await make.sign_in(world.client, ann.person_id, identity_id=ann.id)
    answer = await told(world, signed(**({"sub": "p-ann"} | changed)))
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request"}
    assert (await session_of(session)).ended_at is None


async def test_an_id_token_is_no_logout_token_and_garbage_neither(world: World):
    await world.sign_in("p-ann")
    session = await session_of(world.token)
    assert (await told(world, session.id_token)).status_code == 400
    assert (await told(world, "garbage")).status_code == 400
    assert (await world.client.post("/webhooks/bank-logout/nowhere")).status_code == 404
    assert (await session_of(world.token)).ended_at is None


async def test_what_the_sandbox_sends_is_understood(world: World, monkeypatch):
    await world.sign_in("p-ann")
    token = world.token
    client = {
        "client_id": "scenario-cloud",
        "client_secret": "x",
        "redirect_uris": [],
        "backchannel_logout_uri": f"{world.issuer}/nowhere",
    }
    bank = world.tenant_bank.slug
    world.control.post("/clients", json={"bank": bank, "clients": [client]}).raise_for_status()
    world.control.post("/oidc/logout", json={"bank": bank, "customer": "p-ann"}).raise_for_status()
    sent = world.control.get("/webhooks").json()["webhooks"][0]
    answer = await told(world, httpx2.QueryParams(sent["body"])["logout_token"])
    assert answer.status_code == 200
    assert (await session_of(token)).ended_at is not None


async def test_the_banks_own_sign_out_page_ends_a_session_without_our_cookie(world: World):
    await world.sign_in("p-ann")
    token, session = world.token, await session_of(world.token)
    sid = flow_sid(session)
    world.client.cookies.clear()
    path = f"/sign-in/ended/{world.tenant_bank.slug}"
    for wrong in ({}, {"iss": world.issuer}, {"iss": "https://other.example", "sid": sid}):
        assert (await world.client.get(path, params=wrong)).status_code == 400
    guessed = await world.client.get(path, params={"iss": world.issuer, "sid": "guessed"})
    assert guessed.status_code == 200, "a wrong name is no news to whoever guessed it"
    assert (await session_of(token)).ended_at is None
    answer = await world.client.get(path, params={"iss": world.issuer, "sid": sid})
    assert answer.status_code == 200
    assert f"frame-ancestors {world.issuer.split('/oidc')[0]}" in answer.headers["content-security-policy"]
    assert (await session_of(token)).ended_at is not None


def flow_sid(session) -> str:
    """What the bank calls this session, read from the id_token it gave."""
    payload = session.id_token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sid"])
