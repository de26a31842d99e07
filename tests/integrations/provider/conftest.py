"""An app with its own keys, installed in a tenant, and a person on staff there who signs in to it."""

import base64
import hashlib
import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from integrations.apps.clients import client_key, secret_hash
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.scopes import SCOPES, claims_of
from integrations.apps.tenant_models import Installation, Launch
from integrations.provider import keys, proofs
from tenants import sessions
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Person, Session, Tenant
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import make

HERE = "http://cloud.test"
BACK = "https://app.example/back"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_serial = itertools.count(1)


async def vendor(bank: make.Bank, **given: Any) -> Vendor:
    n = next(_serial)
    values: dict[str, Any] = {
        "bank_id": bank.id,
        "slug": f"vendor-{n}-{secrets.token_hex(3)}",
        "name": f"Vendor {n}",
        "uscc": f"9135{n:014d}",
        "legal_representative": "Wu Min",
        "website": "https://vendor.example",
        "contact_email": "dev@vendor.example",
        "status": "admitted",
        "created_by": new_id(),
    } | given
    async with open_scope(bank_scope(bank.id)):
        return await Vendor.create(**values)


@dataclass
class Made:
    """An app of a vendor, listed, with what it proves itself by."""

    vendor: Vendor
    app: App
    version: AppVersion
    secret: str
    key: ECKey
    proof_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def client_id(self) -> str:
        return self.app.client_id

    def basic(self, secret: str | None = None) -> dict[str, str]:
        pair = f"{self.client_id}:{self.secret if secret is None else secret}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def assertion(self, alg: str = "ES256", **other: Any) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": HERE,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(8),
        } | other
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": alg, "kid": self.key.kid}, claims, self.key, algorithms=[alg])
        return {"client_assertion_type": ASSERTION, "client_assertion": token}

    def proof(self, method: str, url: str, token: str = "", **other: Any) -> dict[str, str]:
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(8),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
            "nonce": proofs.nonce(),
        }
        if token:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.proof_key.as_dict(private=False)}
        return {"DPoP": jwt.encode(header, claims | other, self.proof_key, algorithms=["ES256"])}


async def listed(bank: make.Bank, of: Vendor | None = None, **given: Any) -> Made:
    """A listed app. Its keys are in its registration, its secret is known to us alone."""
    owner, secret, n = of or await vendor(bank), secrets.token_urlsafe(32), next(_serial)
    key = ECKey.generate_key("P-256", {"kid": f"app-key-{n}"})
    names = {
        "client_id": f"app-{n}-{secrets.token_hex(4)}",
        "test_client_id": f"test-{n}-{secrets.token_hex(4)}",
    }
    text = {"name": f"App {n}", "summary": "A tool", "about": "Does one thing.", "price": "Free"}
    values: dict[str, Any] = {
        "number": 1,
        "status": "listed",
        "texts": dict.fromkeys(("en", "zh_CN"), text),
        "category": "documents",
        "scenarios": ["community"],
        "needs": [],
        "scopes": {name: {} for name in SCOPES},
        "redirect_uris": [BACK, f"{BACK}?keeps=this"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "backchannel_logout_uri": "https://app.example/logout",
        "frontchannel_logout_uri": "",
        "frame_origins": [],
        "places": {},
        "profile": "basic",
        "auth_method": "client_secret_basic",
        "jwks": KeySet([key]).as_dict(private=False),
        "protocols": [],
        "findings": [],
        "created_by_name": "Dev",
    } | given
    async with open_scope(bank_scope(bank.id)):
        version_id = new_id()
        app = await App.create(
            bank_id=bank.id,
            vendor_id=owner.id,
            slug=f"app-{n}",
            name=f"App {n}",
            status="listed",
            listed_version_id=version_id,
            client_key=client_key(names["client_id"]),
            test_client_key=client_key(names["test_client_id"]),
            secret_hash=bytes.fromhex(secret_hash(secret)),
            webhook_secret=b"x",
            **names,
        )
        version = await AppVersion.create(
            id=version_id, bank_id=bank.id, vendor_id=owner.id, app_id=app.id, **values
        )
    return Made(owner, app, version, secret, key)


async def install(made: Made, tenant: Tenant, **given: Any) -> Installation:
    values: dict[str, Any] = {
        "scopes": list(SCOPES),
        "claims": list(claims_of(SCOPES)),
        "roles": ["administrator", "finance"],
        "min_level": 1,
    } | given
    async with open_scope(tenant_scope(tenant.id)):
        return await Installation.create(
            tenant_id=tenant.id,
            vendor_id=made.vendor.id,
            app_id=made.app.id,
            version_id=made.version.id,
            installed_by_name="Mei",
            **values,
        )


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class World:
    """A tenant with an app, a member of staff in a browser, and the steps the two of them take."""

    client: httpx2.AsyncClient
    bank: make.Bank
    tenant: Tenant
    made: Made
    installation: Installation
    staff: Actor
    verifier: str = "v" * 50

    def asking(self, made: Made | None = None, **other: str | None) -> dict[str, str]:
        """The parameters of an authorization request; ``None`` leaves one out."""
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": (made or self.made).client_id,
            "redirect_uri": BACK,
            "scope": "openid profile email",
            "state": "st",
            "nonce": "no",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (given | other).items() if value is not None}

    async def authorize(self, made: Made | None = None, **other: str | None) -> httpx2.Response:
        """Come to the authorization endpoint as the browser does."""
        return await self.client.get(f"/oauth/authorize?{urlencode(self.asking(made, **other))}")

    async def code(self, made: Made | None = None, **other: str | None) -> str:
        answer = await self.authorize(made, **other)
        assert answer.status_code == 303, answer.text
        assert "code" in query_of(answer.headers["location"]), answer.headers["location"]
        return query_of(answer.headers["location"])["code"]

    async def push(
        self, made: Made, headers: dict[str, str] | None = None, **other: str | None
    ) -> httpx2.Response:
        """Push a request, proven by the app's key."""
        form = self.asking(made, **other) | made.assertion()
        return await self.post("/oauth/par", form, headers)

    async def pushed_code(
        self, made: Made, headers: dict[str, str] | None = None, **other: str | None
    ) -> str:
        answer = await self.push(made, headers, **other)
        assert answer.status_code == 201, answer.text
        wanted = {"client_id": made.client_id, "request_uri": answer.json()["request_uri"]}
        back = await self.client.get(f"/oauth/authorize?{urlencode(wanted)}")
        return query_of(back.headers["location"])["code"]

    async def post(
        self, path: str, form: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Call as a program does: no browser, no cookies."""
        transport = self.client._transport
        async with httpx2.AsyncClient(transport=transport, base_url=HERE) as program:
            return await program.post(path, data=form, headers=headers or {})

    async def get(self, path: str, headers: dict[str, str] | None = None) -> httpx2.Response:
        async with httpx2.AsyncClient(transport=self.client._transport, base_url=HERE) as program:
            return await program.get(path, headers=headers or {})

    async def redeem(self, code: str, made: Made | None = None, **other: str | None) -> httpx2.Response:
        """Pay with a code, proven by the secret."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        wanted = {name: value for name, value in (form | other).items() if value is not None}
        return await self.post("/oauth/token", wanted, (made or self.made).basic())

    async def tokens(self, made: Made | None = None, **other: str | None) -> dict[str, Any]:
        answer = await self.redeem(await self.code(made, **other), made)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refresh(self, token: str, made: Made | None = None, **other: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token} | other
        return await self.post("/oauth/token", form, (made or self.made).basic())

    async def userinfo(self, token: str) -> httpx2.Response:
        return await self.get("/oauth/userinfo", {"Authorization": f"Bearer {token}"})

    async def introspect(self, token: str, made: Made | None = None) -> dict[str, Any]:
        answer = await self.post("/oauth/introspect", {"token": token}, (made or self.made).basic())
        found: dict[str, Any] = answer.json()
        return found

    async def claims(self, id_token: str) -> dict[str, Any]:
        """What an id_token says, its signature checked against the published keys."""
        document = (await self.get("/oauth/jwks")).json()
        found = jwt.decode(id_token, KeySet.import_key_set(document), algorithms=["RS256", "ES256"])
        return dict(found.claims)

    async def sign_in(
        self, actor: Actor | None = None, *, level: int = 3, at: datetime | None = None
    ) -> None:
        """Sign the person in as their bank would, at some moment."""
        person = (actor or self.staff).person_id
        assert person is not None
        token = await make.sign_in(self.client, person, level=level)
        if at is not None:
            async with open_scope(person_scope(person)):
                await Session.filter(token_hash=sessions.hash_of(token)).update(auth_time=at)

    async def launch(self, value: str, **given: Any) -> Launch:
        """A launch made by our pages for the member of staff."""
        values = {
            "installation_id": self.installation.id,
            "vendor_id": self.made.vendor.id,
            "person_id": self.staff.person_id,
            "value_hash": sessions.hash_of(value),
            "is_framed": False,
            "context": {"scenario": "community"},
            "created_at": datetime.now(UTC),
        } | given
        async with open_scope(tenant_scope(self.tenant.id)):
            return await Launch.create(tenant_id=self.tenant.id, **values)


@pytest.fixture(scope="session")
def kept_ring() -> list[Any]:
    return []


@pytest.fixture(autouse=True)
def ring(kept_ring: list[Any]) -> Iterator[None]:
    """Keys made once for all tests: making RSA keys takes longer than all the rest."""
    keys._kept[:] = [(time.monotonic(), kept_ring[0][1])] if kept_ring else []
    yield
    if not kept_ring and keys._kept:
        kept_ring.append(keys._kept[0])
    keys.forget()


@pytest_asyncio.fixture(loop_scope="session")
async def world(db: None, bank: make.Bank, client: httpx2.AsyncClient) -> World:
    return await a_world(bank, client)


async def a_world(bank: make.Bank, client: httpx2.AsyncClient, **given: Any) -> World:
    tenant = await make.tenant(bank)
    made = await listed(bank, **given)
    installation = await install(made, tenant)
    staff = await make.staff(tenant, "administrator")
    async with open_scope(person_scope(staff.person_id)):
        await Person.filter(id=staff.person_id).update(email="mei@bank.example", locale="zh_CN")
    found = World(client, bank, tenant, made, installation, staff)
    client.cookies.clear()
    await found.sign_in()
    return found
