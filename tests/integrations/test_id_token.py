"""What an ``id_token`` must satisfy before it is believed: every check fails closed."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from integrations.sign_in import flow as flows
from integrations.sign_in import metadata, tokens
from integrations.sign_in.failures import SignInFailed
from integrations.sign_in.metadata import Metadata
from integrations.sign_in.provider import Provider
from tenants.outbound import Answer

ISSUER = "https://bank.example"
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig", "alg": "RS256"})
PUBLISHED = Metadata(ISSUER, f"{ISSUER}/a", f"{ISSUER}/t", f"{ISSUER}/j", "", True, False)
PROVIDER = Provider(uuid4(), "bank", "银行", "Bank", "#000000", ISSUER, "client", "secret")


@pytest.fixture(autouse=True)
def published(monkeypatch):
    public = KeySet(
        [ECKey.import_key(KEY.as_dict(private=False)), RSAKey.import_key(RSA.as_dict(private=False))]
    )

    async def keys(found: Metadata, *, is_unknown: bool = False) -> KeySet:
        return public

    monkeypatch.setattr(tokens, "keys_of", keys)


@pytest.fixture
def flow() -> flows.Flow:
    return flows.begin("bank", "/home")


def claims_for(flow: flows.Flow, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "client",
        "sub": "p-1",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "nonce": flow.nonce,
        "acr": "urn:scenario:loa:2",
        "customer_type": "personal",
    } | changed
    return {name: value for name, value in claims.items() if value is not ...}


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "ES256", kid: str | None = "one") -> str:
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    return jwt.encode(header, claims, key, algorithms=[alg])


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


async def verified(flow: flows.Flow, token: str) -> tokens.Verified:
    return await tokens.verify(token, flow, PROVIDER, PUBLISHED)


async def test_a_good_token_says_who_it_is(flow):
    found = await verified(flow, signed(claims_for(flow, sid="s-1")))
    assert (found.subject, found.level, found.customer_type, found.sid) == ("p-1", 2, "personal", "s-1")
    assert (await verified(flow, signed(claims_for(flow), RSA, "RS256", "rsa"))).subject == "p-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["client", "another"]},
        {"aud": ["client", "another"], "azp": "another"},
        {"aud": ...},
        {"nonce": "another"},
        {"nonce": ...},
        {"exp": int(time.time()) - 3600},
        {"exp": ...},
        {"exp": "soon"},
        {"iat": int(time.time()) + 3600},
        {"iat": ...},
        {"auth_time": int(time.time()) + 3600},
        {"auth_time": "now"},
        {"sub": ""},
        {"sub": ...},
        {"sub": 7},
        {"sub": "x" * 256},
        {"customer_type": "robot"},
        {"customer_type": ...},
    ],
)
async def test_a_wrong_claim_is_refused(flow, changed):
    with pytest.raises(SignInFailed):
        await verified(flow, signed(claims_for(flow, **changed)))


async def test_an_audience_list_with_us_as_its_party_is_fine(flow):
    token = signed(claims_for(flow, aud=["another", "client"], azp="client"))
    assert (await verified(flow, token)).subject == "p-1"


async def test_other_signatures_are_refused(flow):
    claims = claims_for(flow)
    good = signed(claims)
    head, body, signature = good.split(".")
    secret = OctKey.import_key(KEY.as_dict(private=False)["x"])
    stranger = ECKey.generate_key("P-256", {"kid": "one"})
    unsigned = f"{part({'alg': 'none'})}.{part(claims)}."
    forged = [
        unsigned,
        unsigned.rsplit(".", 1)[0] + "." + signature,
        signed(claims, secret, "HS256"),
        signed(claims, stranger),
        signed(claims, stranger, kid="unknown"),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        signed(claims, ECKey.generate_key("P-384", {"kid": "one"}), "ES384"),
        signed(claims, RSA, "RS256", "one"),
        signed(claims, KEY, "ES256", None),
        "",
        "a.b.c",
        "x",
        f"{head}.{body}",
        "é.é.é",
    ]
    for token in forged:
        with pytest.raises(SignInFailed):
            await verified(flow, token)


async def test_a_demanded_level_must_be_reached_and_fresh():
    flow = flows.begin("bank", "/home", level=3)
    assert (await verified(flow, signed(claims_for(flow, acr="urn:scenario:loa:3")))).level == 3
    old = int(time.time()) - 900
    for changed in (
        {"acr": "urn:scenario:loa:2"},
        {"acr": "urn:scenario:loa:9"},
        {"acr": ["urn:scenario:loa:3"]},
        {"acr": ...},
        {"acr": "urn:scenario:loa:3", "auth_time": old},
        {"acr": "urn:scenario:loa:3", "auth_time": ...},
    ):
        with pytest.raises(SignInFailed):
            await verified(flow, signed(claims_for(flow, **changed)))


async def test_an_unknown_level_is_the_lowest(flow):
    assert (await verified(flow, signed(claims_for(flow, acr="strong")))).level == 1
    assert (await verified(flow, signed(claims_for(flow, acr=...)))).level == 1


@pytest.mark.parametrize("body", [b"{}", b'{"id_token": ""}', b'{"id_token": 5}', b'{"access_token": "x"}'])
def test_a_token_answer_without_an_id_token_is_refused(body):
    with pytest.raises(SignInFailed):
        tokens._id_token(Answer(200, {}, body))


def test_a_discovery_document_of_somebody_else_is_refused():
    document = {"issuer": ISSUER, "authorization_endpoint": "a", "token_endpoint": "t", "jwks_uri": "j"}
    assert metadata._read(ISSUER, document).token_endpoint == "t"
    for changed in ({"issuer": ISSUER + "/"}, {"issuer": None}, {"jwks_uri": ""}, {"token_endpoint": 7}):
        with pytest.raises(SignInFailed):
            metadata._read(ISSUER, document | changed)


@pytest.mark.parametrize(
    "document", [{}, {"keys": []}, {"keys": "x"}, {"keys": [{"kty": "EC"}]}, {"keys": [7]}]
)
def test_keys_that_cannot_be_read_are_refused(document):
    with pytest.raises(SignInFailed):
        metadata._key_set(document)
