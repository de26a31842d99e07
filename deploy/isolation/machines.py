"""Programs at their doors: the open API and the directory endpoint, with a token of mine and everything of theirs."""

import base64
from typing import Any
from uuid import UUID

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from deploy.isolation.doors import path_of
from deploy.isolation.report import Report, Section
from deploy.isolation.world import ADDRESS, MARKER, World
from integrations.apps.clients import client_key, secret_hash
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.scopes import SCOPES, claims_of
from integrations.apps.tenant_models import AppConsent, Installation
from tenants.ids import new_id
from tenants.models import Bank, Tenant
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tenants.uscc import make
from ui.i18n import N_

SECRET = "secret-of-the-walk"  # noqa: S105 - of an app that lives as long as the walk
API, TOKENS = "/api/v1/", "/api/v1/installation-tokens"
REFUSED = frozenset({400, 401, 403, 404, 405, 422})
NOBODY = {
    "nobody": "",
    "a made-up token": "Bearer inst_bWFkZS11cA.x",
    "another made-up one": "Bearer scim_x.y",
}
SCIM = (
    ("GET", "Users/{id}"), ("PUT", "Users/{id}"), ("PATCH", "Users/{id}"), ("DELETE", "Users/{id}"),
    ("GET", "Groups/{id}"), ("PATCH", "Groups/{id}"),
)  # fmt: skip


async def walk(app: Starlette, world: World, report: Report) -> None:
    """Try every operation of programs as an app that is installed at mine."""
    made, installation = await _installed(world.bank, world.mine)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        token = await _token(client, made, installation.id)
        section = report.section(
            N_("Programs with a token of mine"),
            N_(
                "Every operation of the open API and of the directory endpoint, as an app that mine has installed with"
                " every scope there is: with ids of their rows, with a cursor that stands at one, with"
                " their installation."
                " Nothing of theirs may be in any answer, and none with their id may be found."
            ),
        )
        await _operations(client, section, app, world, token)
        await _directory(client, section, world, installation.id, token)
        await _tokens(client, section, world, made)
        await _without(client, section, app, world, installation.id)


async def _installed(bank: Bank, tenant: Tenant) -> tuple[App, Installation]:
    """Write a vendor of my bank with a listed app, and install it at mine with everything agreed to."""
    vendor, app_id, version_id = new_id(), new_id(), new_id()
    client, test = f"app_{app_id.hex}", f"test_{app_id.hex}"
    own: dict[str, Any] = {"bank_id": bank.id, "vendor_id": vendor}
    async with open_scope(bank_scope(bank.id)):
        await Vendor.create(
            id=vendor, bank_id=bank.id, slug=f"walk-{vendor.hex[-6:]}", name="Walk", uscc=make("91350100MWALK0001"),
            legal_representative="W", website="https://walk.example", contact_email="w@example.com",
            status="admitted", created_by=new_id(),
        )  # fmt: skip
    async with open_scope(vendor_scope(vendor)):
        made = await App.create(
            id=app_id, **own, slug=f"walk-{app_id.hex[-6:]}", name="Walk", status="listed", client_id=client,
            listed_version_id=version_id, client_key=client_key(client), test_client_id=test,
            test_client_key=client_key(test), secret_hash=bytes.fromhex(secret_hash(SECRET)),
            webhook_secret=runtime().encrypt("app-webhook", "whsec_x"),
        )  # fmt: skip
        text = {"name": "Walk", "summary": "Walk", "about": "Walk", "price": "Free"}
        await AppVersion.create(
            id=version_id, app_id=app_id, **own, number=1, status="listed", texts={"en": text, "zh_CN": text},
            scenarios=["community"], needs=[], scopes={one: {"en": "x", "zh_CN": "x"} for one in SCOPES},
            launch_uri="https://walk.example", redirect_uris=[], post_logout_redirect_uris=[], places={},
            backchannel_logout_uri="", frame_origins=[], webhook_uri="", health_uri="", protocols=["oidc"],
            findings=[], created_by_name="W",
        )  # fmt: skip
    told: dict[str, Any] = {"scopes": list(SCOPES), "claims": list(claims_of(tuple(SCOPES)))}
    async with open_scope(tenant_scope(tenant.id)):
        installation = await Installation.create(
            tenant_id=tenant.id, vendor_id=vendor, app_id=app_id, version_id=version_id, roles=["administrator"],
            installed_by_name="W", **told,
        )  # fmt: skip
        await AppConsent.create(
            tenant_id=tenant.id, installation_id=installation.id, version_id=version_id, vendor_id=vendor, reasons={},
            person_name="W", level=3, **told,
        )  # fmt: skip
    return made, installation


async def _token(client: httpx2.AsyncClient, made: App, installation: UUID) -> str:
    answer = await client.post(TOKENS, data={"installation": str(installation)}, headers=_basic(made))
    if answer.status_code != 200:  # noqa: PLR2004 - without it nothing would be tried
        raise RuntimeError(f"no token for the walk: {answer.status_code} {answer.text[:200]}")
    return f"Bearer {answer.json()['access_token']}"


def _basic(made: App) -> dict[str, str]:
    pair = base64.b64encode(f"{made.client_id}:{SECRET}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Accept": "application/json"}


def _routes(app: Starlette) -> list[Route]:
    left = {TOKENS, f"{API}openapi.json"}
    return [r for r in app.routes if isinstance(r, Route) and r.path.startswith(API) and r.path not in left]


async def _operations(
    client: httpx2.AsyncClient, section: Section, app: Starlette, world: World, token: str
) -> None:
    """Try every operation; that my own lists answer at all is tried too, or else nothing would be proven."""
    headers = {"Authorization": token, "Accept": "application/json"}
    cursor = runtime().encrypt("api-cursor", str(world.foreign)).decode()
    for route in _routes(app):
        method = "POST" if "POST" in (route.methods or set()) else "GET"
        if "{id}" in route.path:
            for given in (world.foreign, new_id(), "x-1"):
                answer = await client.request(method, path_of(route, ids=given), headers=headers)
                _note(section, answer, f"{method} {route.path} with {given}", answer.status_code in REFUSED)
            continue
        for asked in ("", f"?cursor={cursor}", f"?q={MARKER[:8]}", f"?account={world.foreign}"):
            answer = await client.request(method, route.path + asked, headers=headers)
            may_refuse = bool(asked) or method == "POST"  # nothing is sent
            is_right = answer.status_code == 200 or (may_refuse and answer.status_code in REFUSED)  # noqa: PLR2004
            _note(section, answer, f"{method} {route.path}{asked}", is_right)


async def _directory(
    client: httpx2.AsyncClient, section: Section, world: World, installation: UUID, token: str
) -> None:
    headers = {"Authorization": token, "Content-Type": "application/scim+json"}
    for place in (installation, world.foreign, new_id()):
        for method, path in SCIM:
            address = f"/scim/v2/{place}/{path.replace('{id}', str(world.foreign))}"
            answer = await client.request(method, address, headers=headers, content=b"{}")
            _note(section, answer, f"{method} {address}", answer.status_code in REFUSED)
        for path in ("Users", "Groups", f'Users?filter=displayName co "{MARKER[:8]}"'):
            answer = await client.get(f"/scim/v2/{place}/{path}", headers=headers)
            is_right = (answer.status_code == 200) == (place == installation)  # noqa: PLR2004 - mine alone answers
            _note(section, answer, f"GET /scim/v2/{place}/{path}", is_right)


async def _tokens(client: httpx2.AsyncClient, section: Section, world: World, made: App) -> None:
    for given in (world.foreign, new_id(), "x-1"):
        answer = await client.post(TOKENS, data={"installation": str(given)}, headers=_basic(made))
        _note(section, answer, f"a token for the installation {given}", answer.status_code in REFUSED)


async def _without(
    client: httpx2.AsyncClient, section: Section, app: Starlette, world: World, installation: UUID
) -> None:
    paths = [path_of(route, ids=world.foreign) for route in _routes(app)]
    for who, token in NOBODY.items():
        for path in [*paths, f"/scim/v2/{installation}/Users", f"/scim/v2/{world.foreign}/Users"]:
            answer = await client.get(path, headers={"Authorization": token} if token else {})
            _note(section, answer, f"{who}: GET {path}", answer.status_code in REFUSED)


def _note(section: Section, answer: httpx2.Response, tried: str, is_right: bool) -> None:
    wrong = not is_right or MARKER in answer.text
    section.note(answer.status_code, f"{tried} answered {answer.status_code}" if wrong else "")
