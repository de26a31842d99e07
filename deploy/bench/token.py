"""Token requests, code with PKCE and secret to tokens and id_token, against the storage calls alone.

Both run in one process on one core, so that what differs is the protocol: HTTP is left to neither (the application is
called as a server would call it). Codes are made beforehand, in the order in which browsers would bring them.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.types import ASGIApp

from deploy import app as product
from deploy import logs
from deploy.bench.apps import listed
from deploy.bench.calling import call
from deploy.bench.scratch import scratch, tenant
from deploy.bench.turns import Turns, alternate
from deploy.database import connected
from deploy.errors import OperatorError
from deploy.settings import Settings
from integrations.apps.clients import secret_hash
from integrations.apps.models import App
from integrations.apps.tenant_models import Installation
from integrations.provider import keys, store
from integrations.provider.models import Grant
from tenants.ids import new_id
from tenants.models import Membership, Person, Role, Tenant
from tenants.scope import Scope, open_scope, person_scope, tenant_scope

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
    """Return token requests a second, and the bare storage calls' as the floor."""
    async with scratch() as settings:
        found = await _turns(settings, await _world(await tenant(1)), options)
    return found.figures(AIM, options)


async def _turns(settings: Settings, world: World, options: Mapping[str, int]) -> Turns:
    logs.configure(settings)
    app = product.create(settings, scenarios=[], has_lifespan=False)
    await keys.ring()

    async def works(turn: str, count: int) -> Sequence[str]:
        del turn
        return await world.codes(count)

    async with connected(settings.database_url.get_secret_value(), pool=options["at_once"]):
        return await alternate(_asking(app, world), _storing, works, options)


def _asking(app: ASGIApp, world: World) -> Callable[[str], Awaitable[None]]:
    pair = base64.b64encode(f"{world.client_id}:{SECRET}".encode()).decode()
    headers = {"authorization": f"Basic {pair}"}
    told = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}

    async def pay(code: str) -> None:
        _, body = await call(app, "POST", "/oauth/token", form={**told, "code": code}, headers=headers)
        if b'"id_token"' not in body:
            raise OperatorError(f"What is measured answered {body[:200]!r}.")

    return pay


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
    person_id = new_id()
    async with open_scope(person_scope(person_id)):
        await Person.create(id=person_id, name="Tan Ah Kow", email="tan@mail.example")
    secret = bytes.fromhex(secret_hash(SECRET))
    (app,) = await listed(at, 1, ("openid", "profile"), redirect_uris=[BACK], secret_hash=secret)
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
    return World(grant, app.client_id)


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
