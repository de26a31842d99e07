"""What the strict profiles ask: pushed requests, keys instead of secrets, tokens bound to keys."""

import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from integrations.provider import proofs, relying
from tenants.outbound import Answer
from tenants.scope import bank_scope, open_scope
from tests.integrations.provider.conftest import BACK, HERE, install, listed, query_of

TOKEN = f"{HERE}/oauth/token"
KEYS = {"auth_method": "private_key_jwt"}


async def an_app(world, profile: str, **given):
    made = await listed(world.bank, profile=profile, **(KEYS | given))
    await install(made, world.tenant)
    return made


async def pay(world, made, code: str, *, proof: bool = True, **other: str):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": world.verifier,
    }
    headers = made.proof("POST", TOKEN) if proof else {}
    return await world.post("/oauth/token", form | made.assertion() | other, headers)


async def test_a_strict_app_pushes_first(world):
    made = await an_app(world, "strict")
    back = query_of((await world.authorize(made)).headers["location"])
    assert back["error"] == "invalid_request"
    tokens = await pay(world, made, await world.pushed_code(made), proof=False)
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["expires_in"] == 180
    await world.claims(tokens.json()["id_token"])


async def test_a_pushed_request_is_good_once_for_a_minute_for_its_app(world):
    made, other = await an_app(world, "strict"), await an_app(world, "strict")
    pushed = (await world.push(made)).json()
    assert pushed["expires_in"] <= 60
    for client_id in (other.client_id, None):
        wanted = {"client_id": client_id or "", "request_uri": pushed["request_uri"]}
        assert (await world.client.get(f"/oauth/authorize?{urlencode(wanted)}")).status_code == 400
    given = urlencode({"client_id": made.client_id, "request_uri": pushed["request_uri"]})
    assert "code" in query_of((await world.client.get(f"/oauth/authorize?{given}")).headers["location"])
    assert (await world.client.get(f"/oauth/authorize?{given}")).status_code == 400


async def test_what_is_pushed_is_checked_at_once_and_what_comes_beside_it_is_nothing(world):
    made = await an_app(world, "strict")
    refused: list[tuple[dict[str, str | None], str]] = [
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ]
    for other, error in refused:
        answer = await world.push(made, **other)
        assert answer.status_code == 400, other
        assert answer.json()["error"] == error, other
    pushed = (await world.push(made, state="pushed")).json()
    wanted = {"client_id": made.client_id, "request_uri": pushed["request_uri"], "state": "swapped"}
    back = await world.client.get(f"/oauth/authorize?{urlencode(wanted)}")
    assert query_of(back.headers["location"])["state"] == "pushed"


async def test_a_pushed_request_survives_the_way_to_the_bank(world):
    made = await an_app(world, "strict")
    pushed = (await world.push(made, prompt="login")).json()
    wanted = urlencode({"client_id": made.client_id, "request_uri": pushed["request_uri"]})
    answer = await world.client.get(f"/oauth/authorize?{wanted}")
    await world.sign_in()
    back = await world.client.get(query_of(answer.headers["location"])["next"])
    assert "code" in query_of(back.headers["location"])


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
async def test_an_app_proves_itself_by_its_key(world, alg):
    made = await an_app(world, "strict")
    kinds: dict[str, Any] = {
        "ES256": lambda: ECKey.generate_key("P-256"),
        "PS256": lambda: RSAKey.generate_key(2048),
    }
    made.key = kinds.get(alg, lambda: OKPKey.generate_key("Ed25519"))()
    made.version.jwks = KeySet([made.key]).as_dict(private=False)
    await save(world, made)
    form = {"token": "x"} | made.assertion(alg)
    assert (await world.post("/oauth/introspect", form)).json() == {"active": False}


async def save(world, made):
    async with open_scope(bank_scope(world.bank.id)):
        await made.version.save()


@pytest.mark.parametrize(
    "other",
    [
        {"aud": TOKEN},
        {"aud": [HERE]},
        {"aud": f"{HERE}/"},
        {"aud": None},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"exp": 1},
        {"exp": None},
        {"exp": 10**10},
        {"jti": None},
        {"iat": int(time.time()) + 9000},
        {"nbf": int(time.time()) + 9000},
    ],
)
async def test_an_assertion_that_does_not_hold(world, other):
    made = await an_app(world, "strict")
    answer = await world.post("/oauth/introspect", {"token": "x"} | made.assertion(**other))
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] == "invalid_client"


async def test_a_clock_may_be_ten_seconds_ahead_and_no_more(world):
    made = await an_app(world, "strict")
    for ahead, is_fine in ((8, True), (90, False)):
        form = {"token": "x"} | made.assertion(iat=int(time.time()) + ahead)
        assert (await world.post("/oauth/introspect", form)).is_success is is_fine, ahead


async def test_an_assertion_proves_once_and_only_with_a_key_of_the_app(world):
    made, other = await an_app(world, "strict"), await an_app(world, "strict")
    form = {"token": "x"} | made.assertion()
    assert (await world.post("/oauth/introspect", form)).is_success
    assert (await world.post("/oauth/introspect", form)).json()["error"] == "invalid_client"
    made.key = other.key
    assert (await world.post("/oauth/introspect", {"token": "x"} | made.assertion())).status_code in {
        400,
        401,
    }
    forged = {"token": "x"} | made.assertion()
    claims = {
        "iss": made.client_id,
        "sub": made.client_id,
        "aud": HERE,
        "exp": int(time.time()) + 60,
        "jti": "j",
    }
    shared = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 40))
    forged["client_assertion"] = shared
    assert (await world.post("/oauth/introspect", forged)).status_code in {400, 401}


async def test_each_app_proves_itself_in_its_own_way_at_every_endpoint(world):
    """A secret is nothing worth where a key was registered, and the other way round."""
    strict = await an_app(world, "strict")
    for path in ("token", "introspect", "revoke", "par"):
        form = world.asking(strict) | {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"}
        assert (await world.post(f"/oauth/{path}", form, strict.basic())).status_code == 401, path
        by_key = await world.post(f"/oauth/{path}", form | world.made.assertion())
        assert by_key.json()["error"] == "invalid_client", path
        both = await world.post(f"/oauth/{path}", form | strict.assertion(), strict.basic())
        assert both.json()["error"] == "invalid_request", path
        posted = {"client_id": world.made.client_id, "client_secret": world.made.secret}
        by_body = await world.post(f"/oauth/{path}", form | posted)
        assert by_body.json()["error"] == "invalid_client", path


async def test_keys_at_the_apps_own_address_are_asked_for_again_when_they_change(world, monkeypatch):
    made = await an_app(world, "strict", jwks=None, jwks_uri="https://app.example/keys")
    served = [KeySet([made.key])]
    asked: list[str] = []

    async def call(method, url, **_):
        asked.append(url)
        return Answer(200, {}, json.dumps(served[0].as_dict(private=False)).encode())

    monkeypatch.setattr(relying, "call", call)
    relying.forget()
    for _ in range(3):
        assert (await world.post("/oauth/introspect", {"token": "x"} | made.assertion())).is_success
    assert asked == ["https://app.example/keys"]
    made.key = ECKey.generate_key("P-256", {"kid": "a-new-one"})
    served[0] = KeySet([made.key])
    assert not (await world.post("/oauth/introspect", {"token": "x"} | made.assertion())).is_success
    monkeypatch.setattr(relying, "RELOAD_SECONDS", -1)
    assert (await world.post("/oauth/introspect", {"token": "x"} | made.assertion())).is_success
    relying.forget()


async def test_fapi_tokens_are_bound_to_a_key_and_do_not_rotate(world):
    made = await an_app(world, "fapi2")
    code = await world.pushed_code(made)
    assert (await pay(world, made, code, proof=False)).json()["error"] == "invalid_dpop_proof"
    answer = await pay(world, made, code)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["token_type"] == "DPoP"
    url = f"{HERE}/oauth/userinfo"
    token = tokens["access_token"]
    good = {"Authorization": f"DPoP {token}"} | made.proof("GET", url, token)
    assert (await world.get("/oauth/userinfo", good)).status_code == 200
    assert (await world.get("/oauth/userinfo", good)).status_code == 401, "a proof counts once"
    assert (await world.userinfo(token)).status_code == 401, "as a mere bearer's it is nobody's"
    wrongs: list[dict[str, str]] = [
        made.proof("GET", url),
        made.proof("POST", url, token),
        made.proof("GET", f"{HERE}/oauth/other", token),
        made.proof("GET", url, token, iat=int(time.time()) - 900),
        {},
    ]
    for wrong in wrongs:
        answer = await world.get("/oauth/userinfo", {"Authorization": f"DPoP {token}"} | wrong)
        assert answer.status_code == 401
        assert "DPoP" in answer.headers["www-authenticate"]
    thief = ECKey.generate_key("P-256")
    made.proof_key, own = thief, made.proof_key
    stolen = {"Authorization": f"DPoP {token}"} | made.proof("GET", url, token)
    assert (await world.get("/oauth/userinfo", stolen)).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    by_thief = await world.post("/oauth/token", form | made.assertion(), made.proof("POST", TOKEN))
    assert by_thief.json()["error"] == "invalid_dpop_proof"
    made.proof_key = own
    for _ in range(2):
        fresh = await world.post("/oauth/token", form | made.assertion(), made.proof("POST", TOKEN))
        assert fresh.status_code == 200, fresh.text
        assert "refresh_token" not in fresh.json()
        assert fresh.json()["token_type"] == "DPoP"


async def test_a_proof_carries_a_nonce_of_ours_that_comes_with_each_answer(world):
    made = await an_app(world, "fapi2")
    code = await world.pushed_code(made)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": world.verifier,
    }
    old = proofs._nonce(int(time.time()) // 300 - 2)
    for wrong in (None, "made-up", old, 7):
        asked = form | made.assertion()
        answer = await world.post("/oauth/token", asked, made.proof("POST", TOKEN, nonce=wrong))
        assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce"), wrong
    given = answer.headers["dpop-nonce"]
    paid = await world.post("/oauth/token", form | made.assertion(), made.proof("POST", TOKEN, nonce=given))
    assert paid.status_code == 200, "the code was not used up by the refusals"
    assert paid.headers["dpop-nonce"] == given
    token, url = paid.json()["access_token"], f"{HERE}/oauth/userinfo"
    headers = {"Authorization": f"DPoP {token}"} | made.proof("GET", url, token, nonce=None)
    refused = await world.get("/oauth/userinfo", headers)
    assert refused.status_code == 401
    assert 'DPoP error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    headers = {"Authorization": f"DPoP {token}"} | made.proof(
        "GET", url, token, nonce=refused.headers["dpop-nonce"]
    )
    assert (await world.get("/oauth/userinfo", headers)).status_code == 200
    young = made.proof("GET", url, token, nonce=proofs._nonce(int(time.time()) // 300 - 1))
    assert (await world.get("/oauth/userinfo", {"Authorization": f"DPoP {token}"} | young)).status_code == 200


async def test_a_code_may_be_bound_to_a_key_before_it_is_made(world):
    made = await an_app(world, "fapi2")
    proof = made.proof("POST", f"{HERE}/oauth/par")
    code = await world.pushed_code(made, proof)
    own, made.proof_key = made.proof_key, ECKey.generate_key("P-256")
    assert (await pay(world, made, code)).json()["error"] == "invalid_dpop_proof"
    made.proof_key = own
    assert (await pay(world, made, code)).status_code == 200
    both = await world.push(made, made.proof("POST", f"{HERE}/oauth/par"), dpop_jkt="of-another-key")
    assert both.json()["error"] == "invalid_request"
    code = await world.pushed_code(made, dpop_jkt=own.thumbprint())
    assert (await pay(world, made, code)).status_code == 200


async def test_introspection_says_which_key(world):
    made = await an_app(world, "fapi2")
    tokens = (await pay(world, made, await world.pushed_code(made))).json()
    answer = await world.post("/oauth/introspect", {"token": tokens["access_token"]} | made.assertion())
    assert answer.json()["cnf"] == {"jkt": made.proof_key.thumbprint()}
    assert answer.json()["token_type"] == "DPoP"


async def test_a_basic_app_may_prove_a_key_too(world):
    headers = world.made.basic() | world.made.proof("POST", TOKEN)
    form = {
        "grant_type": "authorization_code",
        "code": await world.code(),
        "redirect_uri": BACK,
        "code_verifier": world.verifier,
    }
    tokens = (await world.post("/oauth/token", form, headers)).json()
    assert tokens["token_type"] == "DPoP"
    assert (await world.userinfo(tokens["access_token"])).status_code == 401


@pytest.mark.parametrize("profile", ["strict", "fapi2"])
async def test_a_strict_app_gets_no_answer_over_an_open_line(world, profile):
    made = await an_app(world, profile, redirect_uris=["http://app.example/back"])
    answer = await world.push(made, redirect_uri="http://app.example/back")
    assert answer.json()["error"] == "invalid_request"


async def test_a_public_app_has_no_secret_and_needs_its_verifier(world):
    made = await listed(world.bank, auth_method="none")
    await install(made, world.tenant)
    form = {
        "grant_type": "authorization_code",
        "code": await world.code(made),
        "redirect_uri": BACK,
        "client_id": made.client_id,
    }
    assert (await world.post("/oauth/token", form)).json()["error"] == "invalid_request"
    answer = await world.post("/oauth/token", form | {"code_verifier": world.verifier})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "proof",
    ["", "x", "a.b.c", secrets.token_urlsafe(5000)],
)
async def test_a_proof_that_cannot_be_read(world, proof):
    made = await an_app(world, "fapi2")
    code = await world.pushed_code(made)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": world.verifier,
    }
    answer = await world.post("/oauth/token", form | made.assertion(), {"DPoP": proof})
    assert answer.json()["error"] == "invalid_dpop_proof"
