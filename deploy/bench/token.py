"""Token requests, code with PKCE and secret to tokens and id_token, against the storage calls alone.

Both run in one process on one core, so that what differs is the protocol: HTTP is left to neither (the application is
called as a server would call it). Codes are made beforehand, in the order in which browsers would bring them.
"""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.types import ASGIApp, Message

from deploy import app as product
from deploy import logs
from deploy.bench.scratch import scratch, tenant
from deploy.database import connected
from deploy.errors import OperatorError
from deploy.settings import Settings
from integrations.apps.clients import client_key, secret_hash
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.tenant_models import Installation
from integrations.provider import keys, store
from integrations.provider.models import Grant
from tenants.ids import new_id
from tenants.models import Membership, Person, Role, Tenant
from tenants.scope import Scope, bank_scope, open_scope, person_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {"requests": 3000, "at_once": 32, "rounds": 3}
AIM = 300
VERIFIER, BACK, SECRET = "v" * 64, "https://app.example/back", "s" * 43


@dataclass(frozen=True)
class World:
    """One app in one tenant, with somebody who signed in to it."""

    grant: Grant
    client_id: str

    async def codes(self, count: int) -> list[str]:
        """Return that many codes that wait to be paid with."""
        made = [store.new_token() for _ in range(count)]
        end = datetime.now(UTC) + timedelta(hours=1)
        challenge = create_s256_code_challenge(VERIFIER)
        details = {"redirect_uri": BACK, "code_challenge": challenge, "nonce": "n"}
        async with open_scope(tenant_scope(self.grant.tenant_id)):
            await store.save(
                self.grant, *(store.Fresh("code", code, self.grant.scope, end, details) for code in made)
            )
        return made


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return token requests a second, and the bare storage calls' as the floor; rounds alternate."""
    async with scratch() as settings:
        world = await _world(await tenant(1))
        ours, floor, waits = await _rounds(settings, world, options)
    return {
        "figure": round(ours, 1),
        "unit": "requests/s",
        "floor": round(floor, 1),
        "ratio": round(ours / floor, 3),
        "aim": f"figure >= {AIM}",
        "is_met": ours >= AIM,
        "median_ms": round(sorted(waits)[len(waits) // 2] * 1000, 2),
        **options,
    }


async def _rounds(
    settings: Settings, world: World, options: Mapping[str, int]
) -> tuple[float, float, list[float]]:
    logs.configure(settings)
    app = product.create(settings, scenarios=[], has_lifespan=False)
    await keys.ring()
    waits, spent = list[float](), [0.0, 0.0]
    async with connected(settings.database_url.get_secret_value(), pool=options["at_once"]):
        for number in range(options["rounds"] + 1):
            count = options["requests"] if number else options["at_once"] * 4  # the first is for getting warm
            for which, pay in enumerate((_asking(app, world), _storing)):
                seconds = await _all(
                    pay, await world.codes(count), options["at_once"], waits if not which else []
                )
                spent[which] += seconds if number else 0
    total = options["requests"] * options["rounds"]
    return total / spent[0], total / spent[1], waits


async def _all(
    pay: Callable[[str], Awaitable[None]], codes: Sequence[str], at_once: int, waits: list[float]
) -> float:
    """Pay with all codes, so many at once; return the seconds it took."""
    left, begun = iter(codes), time.perf_counter()

    async def one() -> None:
        for code in left:
            asked = time.perf_counter()
            await pay(code)
            waits.append(time.perf_counter() - asked)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one())
    return time.perf_counter() - begun


def _asking(app: ASGIApp, world: World) -> Callable[[str], Awaitable[None]]:
    pair = base64.b64encode(f"{world.client_id}:{SECRET}".encode()).decode()
    headers = [
        (b"host", b"localhost"),
        (b"authorization", f"Basic {pair}".encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    told = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}

    async def pay(code: str) -> None:
        body = await _post(app, "/oauth/token", headers, urlencode({**told, "code": code}).encode())
        if b'"id_token"' not in body:
            raise OperatorError(f"What is measured answered {body[:200]!r}.")

    return pay


async def _post(app: ASGIApp, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Call the application as a server does, and return the body of its answer."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    found: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        found.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(found)


async def _storing(code: str) -> None:
    """Find the code, spend it, write two tokens: one transaction, as it has to be."""
    async with open_scope(Scope()):
        found = await store.open_token(code)
        if found is None or not await store.spend(found):
            raise OperatorError("A code was not there.")
        end = datetime.now(UTC) + timedelta(minutes=5)
        fresh = (store.Fresh(kind, store.new_token(), found.scope, end, {}) for kind in ("access", "refresh"))
        await store.save(found.grant, *fresh)


async def _world(at: Tenant) -> World:
    person_id, client_id = new_id(), "bench-app"
    async with open_scope(person_scope(person_id)):
        await Person.create(id=person_id, name="Tan Ah Kow", email="tan@mail.example")
    app = await _app(at, client_id)
    async with open_scope(tenant_scope(at.id)):
        role = await Role.get(tenant_id=at.id, key="administrator")
        await Membership.create(
            tenant_id=at.id, person_id=person_id, role_id=role.id, name="Tan", email="tan@mail.example"
        )
        installation = await Installation.create(
            tenant_id=at.id,
            vendor_id=app.vendor_id,
            app_id=app.id,
            version_id=app.listed_version_id,
            scopes=["openid", "profile"],
            claims=["name"],
            roles=["administrator"],
            installed_by_name="Tan",
        )
        grant = await Grant.create(**_granted(at, app, installation, person_id))
    return World(grant, client_id)


def _granted(at: Tenant, app: App, installation: Installation, person_id: UUID) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "tenant_id": at.id,
        "session_id": new_id(),
        "person_id": person_id,
        "installation_id": installation.id,
        "app_id": app.id,
        "vendor_id": app.vendor_id,
        "client_id": app.client_id,
        "subject": "subject",
        "sid": "sid",
        "scope": "openid profile",
        "claims": {},
        "context": {},
        "level": 2,
        "method": "bank",
        "auth_time": now,
        "expires_at": now + timedelta(hours=12),
    }


async def _app(at: Tenant, client_id: str) -> App:
    """Return a listed app of the profile ``basic``, whose id_tokens are RS256: the slower signature."""
    common: dict[str, Any] = {"bank_id": at.bank_id}
    async with open_scope(bank_scope(at.bank_id)):
        vendor = await Vendor.create(
            **common,
            slug="bench",
            name="Bench",
            uscc=at.uscc,
            legal_representative="A. Person",
            website="https://app.example",
            contact_email="bench@example.com",
            status="admitted",
            created_by=new_id(),
        )
        common["vendor_id"] = vendor.id
        version_id = new_id()
        app = await App.create(
            **common,
            slug="bench",
            name="Bench",
            status="listed",
            listed_version_id=version_id,
            client_id=client_id,
            client_key=client_key(client_id),
            test_client_id="bench-test",
            test_client_key=client_key("bench-test"),
            secret_hash=bytes.fromhex(secret_hash(SECRET)),
            webhook_secret=b"",
        )
        await AppVersion.create(**common, **_version(app, version_id))
    return app


def _version(app: App, version_id: UUID) -> dict[str, Any]:
    return {
        "id": version_id,
        "app_id": app.id,
        "number": 1,
        "status": "listed",
        "texts": {},
        "category": "documents",
        "scenarios": ["community"],
        "needs": [],
        "scopes": {"openid": {}, "profile": {}},
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": [],
        "frame_origins": [],
        "places": {},
        "protocols": [],
        "findings": [],
        "created_by_name": "Bench",
    }
