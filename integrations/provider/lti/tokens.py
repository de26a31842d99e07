"""A tool by itself: it proves itself for a service token, and shows it at LTI's services.

The token says who the tool is and what it wants to do; what it opens is asked of the installation each time.
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidScopeError, OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.provider import service_tokens
from integrations.provider.access import InsufficientScopeError
from integrations.provider.bridge import wait
from integrations.provider.errors import InvalidTokenError
from integrations.provider.lti.words import GRADE_SCOPES, PROTOCOL, READ_MEMBERSHIPS
from integrations.provider.relying import App
from ui.errors import NotFound
from ui.i18n import t

SERVICE = "/lti"
OFFERED = frozenset({READ_MEMBERSHIPS, *GRADE_SCOPES})
NEVER_KEPT = {"Cache-Control": "no-store"}


class ServiceGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials, for LTI tools with a key and for LTI's services alone."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["private_key_jwt"]

    def validate_token_request(self) -> None:
        """Check tool and scope."""
        app: App = self.authenticate_token_endpoint_client()
        if PROTOCOL not in app.client.protocols:
            raise InvalidClientError(description="This app is no LTI tool.")
        wanted = set((self.request.payload.scope or "").split())
        if not wanted or not wanted <= OFFERED:
            raise InvalidScopeError
        self.request.client = app

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Return the token, which is signed rather than stored."""
        scope = " ".join(sorted(set(self.request.payload.scope.split())))
        token = wait(service_tokens.issue(self.request.client.client_id, scope, service=SERVICE))
        told = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": service_tokens.SECONDS,
            "scope": scope,
        }
        return 200, told, []


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool at our services, and what the tenant named in the address lets it have now."""

    client_id: str
    scopes: frozenset[str]
    granted: Granted


async def tool_of(request: Request, *, agreed: str, wanted: tuple[str, ...]) -> Tool:
    """Return who calls: ``agreed`` is what the tenant has to have agreed to, one of ``wanted`` what the token is for.

    Raises:
        InvalidTokenError: for anything else than a service token that has not ended.
        InsufficientScopeError: when the token is for something else, or the tenant did not agree.
        NotFound: when this is no installation of the tool.
    """
    client_id, scopes = await _shown(request)
    if not scopes & set(wanted):
        raise InsufficientScopeError
    try:
        tenant, installation = (UUID(request.path_params[name]) for name in ("tenant", "installation"))
    except ValueError:
        raise nothing() from None
    granted = await clients.granted(client_id, tenant)
    if granted is None or granted.installation_id != installation:
        raise nothing()
    if agreed not in granted.scopes:
        raise InsufficientScopeError
    return Tool(client_id, scopes, granted)


async def _shown(request: Request) -> tuple[str, frozenset[str]]:
    _, _, token = request.headers.get("authorization", "").partition(" ")
    told = await service_tokens.shown(token, service=SERVICE)
    if told is None:
        raise InvalidTokenError
    return str(told["client_id"]), frozenset(str(told.get("scope", "")).split())


def nothing() -> NotFound:
    """Return the error for what is not there, or not for this tool."""
    return NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


def refused(error: OAuth2Error) -> Response:
    """Return what a tool is told instead."""
    headers = {"WWW-Authenticate": f'Bearer error="{error.error}"', **NEVER_KEPT}
    return JSONResponse({"error": error.error}, error.status_code, headers)
