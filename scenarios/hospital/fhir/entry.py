"""Who calls the FHIR server: an app or a system by itself for the whole hospital, or a tool launched on one patient.

All are looked up afresh at each call, so that whatever ended has ended here too.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from starlette.requests import Request

from integrations.apps import clients
from integrations.apps.api import entry as api
from integrations.provider.bearer import Launched, launched
from integrations.provider.smart_system import System, is_one, system_of
from scenarios.hospital.fhir.kinds import Kind, Server
from scenarios.hospital.kinds import SCENARIO_KEY
from tenants import throttle
from tenants.actor import Actor
from tenants.http import client_ip, path_id
from tenants.scope import Scope, open_scope, row, tenant_scope
from ui.errors import Forbidden, NotFound
from ui.i18n import t

RECORDS, BOOKING = "records", "booking"
_TENANT = (
    "select id, name, timezone from tenants_tenant where id = $1 and status = 'live' and $2 = any (scenarios)"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An app at the server, in the hospital's open scope."""

    server: Server
    actor: Actor
    installation_id: UUID
    scopes: frozenset[str]
    tool: Launched | None = None
    system: System | None = None

    def require(self, kind: Kind, act: str) -> UUID | None:
        """Return the one patient whose resources may be read (``r``) or searched (``s``); ``None`` for everybody's.

        Raises:
            AppError: 403, when the app may not.
        """
        if self.tool is not None:
            return self.tool.require(kind.name, act)
        if self.system is not None and not self.system.may(kind.name, act):
            raise _insufficient(f"system/{kind.name}.{act}")
        self._must_be_agreed(kind.scope)
        return None

    def require_scope(self, scope: str) -> None:
        """Refuse what takes a scope that was not agreed to, or that a launched tool or a system does not have."""
        if self.tool is not None or self.system is not None:
            raise _insufficient(scope)
        self._must_be_agreed(scope)

    def _must_be_agreed(self, scope: str) -> None:
        if scope not in self.scopes:
            raise _insufficient(scope)


def _insufficient(scope: str) -> Forbidden:
    words = t("This was not agreed to. It takes the scope {scope}.", scope=scope)
    headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
    return Forbidden("fhir.scope", words, headers=headers)


async def server_of(request: Request) -> Server:
    """Return the hospital of an address.

    Raises:
        NotFound: it is none of ours, or not a hospital that works.
    """
    tenant_id = path_id(request, "tenant")
    async with open_scope(tenant_scope(tenant_id)):
        return await _server(tenant_id)


async def _server(tenant_id: UUID, *, tells_clinical: bool = False) -> Server:
    found = await row(_TENANT, tenant_id, SCENARIO_KEY)
    if found is None:
        raise _nothing()
    return Server(found["id"], found["name"], found["timezone"], tells_clinical)


def _nothing() -> NotFound:
    return NotFound("fhir.not_found", t("There is no such resource, or it is not yours to see."))


@asynccontextmanager
async def calling(request: Request) -> AsyncIterator[Caller]:
    """Open the hospital's scope for whoever shows a token that opens it.

    Raises:
        AppError: 401 without a good token, 403 and 404 where it opens nothing here, 429 when it calls too often.
    """
    tenant_id = path_id(request, "tenant")
    _, _, token = request.headers.get("authorization", "").partition(" ")
    by_whom = _alone if token.startswith(api.PREFIX) else _system if is_one(token) else _launched
    async with by_whom(request, tenant_id) as caller:
        yield caller


@asynccontextmanager
async def _alone(request: Request, tenant_id: UUID) -> AsyncIterator[Caller]:
    async with open_scope(Scope()):
        found = await api.enter(request)
        if found.granted.tenant_id != tenant_id:
            raise _nothing()
        facts = (found.granted.installation_id, found.scopes)
        yield await _caller(request, tenant_id, found.granted.client_id, *facts)


@asynccontextmanager
async def _system(request: Request, tenant_id: UUID) -> AsyncIterator[Caller]:
    _, _, token = request.headers.get("authorization", "").partition(" ")
    found = await system_of(token.strip(), tenant_id)
    await throttle.spend_often("api", str(found.granted.installation_id), api.CALLS)
    async with open_scope(tenant_scope(tenant_id)):
        facts = (found.granted.installation_id, found.granted.scopes)
        yield await _caller(request, tenant_id, found.client_id, *facts, system=found)


@asynccontextmanager
async def _launched(request: Request, tenant_id: UUID) -> AsyncIterator[Caller]:
    async with launched(request, tenant_id) as tool:
        await throttle.spend_often("api", str(tool.installation_id), api.CALLS)
        facts = (tool.installation_id, tool.scopes)
        yield await _caller(request, tenant_id, tool.client_id, *facts, tool=tool)


async def _caller(
    request: Request,
    tenant_id: UUID,
    client_id: str,
    installation_id: UUID,
    scopes: frozenset[str],
    *,
    tool: Launched | None = None,
    system: System | None = None,
) -> Caller:
    server = await _server(tenant_id, tells_clinical=tool is not None or RECORDS in scopes)
    app = await clients.client(client_id)
    return Caller(server, _actor(request, tenant_id, app, tool), installation_id, scopes, tool, system)


def _actor(request: Request, tenant_id: UUID, app: Any, tool: Launched | None) -> Actor:
    """Return who stands in the trail: the app, and whoever has it open."""
    return Actor(
        kind="system",
        name=app.name if app else "",
        person_id=tool.person_id if tool else None,
        tenant_id=tenant_id,
        ip=client_ip(request),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
