"""What a tool does without anybody there: it proves itself for a service token, and reads who is in an institution."""

import time
from typing import Any, ClassVar
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidScopeError, OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from joserfc import jwt
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.apps.resources import RESOURCES, Slice
from integrations.provider import id_tokens, keys
from integrations.provider.access import InsufficientScopeError
from integrations.provider.bridge import wait
from integrations.provider.errors import InvalidTokenError
from integrations.provider.lti.words import CONTAINER, PROTOCOL, READ_MEMBERSHIPS, memberships_url, roles_of
from integrations.provider.relying import App
from tenants.http import public_route
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.errors import NotFound
from ui.i18n import t

SECONDS = 300
KIND = "at+jwt"
ALGORITHM = "ES256"
MOST = 500
PAGE = "lti page"


class ServiceGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials, for LTI tools with a key and for LTI's services alone.

    The token says who the tool is; what it opens is asked of the installation each time it is shown.
    """

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["private_key_jwt"]

    def validate_token_request(self) -> None:
        """Check tool and scope."""
        app: App = self.authenticate_token_endpoint_client()
        if PROTOCOL not in app.client.protocols:
            raise InvalidClientError(description="This app is no LTI tool.")
        if (self.request.payload.scope or "").split() != [READ_MEMBERSHIPS]:
            raise InvalidScopeError
        self.request.client = app

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Return the token, which is signed rather than stored."""
        token = wait(_service_token(self.request.client.client_id))
        told = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": SECONDS,
            "scope": READ_MEMBERSHIPS,
        }
        return 200, told, []


async def _service_token(client_id: str) -> str:
    now = int(time.time())
    told = {
        "iss": id_tokens.issuer(),
        "aud": f"{id_tokens.issuer()}/lti",
        "sub": client_id,
        "client_id": client_id,
        "scope": READ_MEMBERSHIPS,
        "iat": now,
        "exp": now + SECONDS,
    }
    return await keys.sign(told, ALGORITHM, kind=KIND)


async def memberships(request: Request) -> Response:
    """Tell a tool who is in the institution, as far as the tenant agreed (NRPS 2.0)."""
    try:
        client_id = await _shown(request)
        granted = await _granted(request, client_id)
    except OAuth2Error as error:
        headers = {"WWW-Authenticate": f'Bearer error="{error.error}"', "Cache-Control": "no-store"}
        return JSONResponse({"error": error.error}, error.status_code, headers)
    found, after = await _members(granted, request.query_params.get("after", ""), _limit(request))
    here = memberships_url(id_tokens.issuer(), granted.tenant_id, granted.installation_id)
    headers = {"Cache-Control": "no-store"}
    if after:
        headers["Link"] = f'<{here}?after={after}&limit={_limit(request)}>; rel="next"'
    body: dict[str, Any] = {"id": here, "context": {"id": str(granted.tenant_id)}, "members": found}
    return JSONResponse(body, headers=headers, media_type=CONTAINER)


async def _shown(request: Request) -> str:
    """Return whose service token is shown.

    Raises:
        InvalidTokenError: for anything else than a service token that has not ended.
    """
    _, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        shown = jwt.decode(token, (await keys.ring()).verifying(), algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidTokenError from error
    told = shown.claims
    is_ours = shown.header.get("typ") == KIND and told.get("aud") == f"{id_tokens.issuer()}/lti"
    if not is_ours or told["exp"] <= time.time():
        raise InvalidTokenError
    return str(told["client_id"])


async def _granted(request: Request, client_id: str) -> Granted:
    """Return what the tenant lets this tool have now.

    Raises:
        NotFound: when this is no installation of the tool.
        InsufficientScopeError: when the tenant did not agree to the directory.
    """
    try:
        tenant, installation = (UUID(request.path_params[name]) for name in ("tenant", "installation"))
    except ValueError:
        raise _nothing() from None
    granted = await clients.granted(client_id, tenant)
    if granted is None or granted.installation_id != installation:
        raise _nothing()
    if "people" not in granted.scopes:
        raise InsufficientScopeError
    return granted


def _nothing() -> NotFound:
    return NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


async def _members(granted: Granted, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """Return members and where to read on, if there may be more; people's own ids stay with us, so it is sealed."""
    asked = Slice(after=_opened(after), limit=limit, sector=str(granted.vendor_id))
    async with open_scope(tenant_scope(granted.tenant_id)):
        page = await RESOURCES["people"].page(asked)
    members = [_member(told["people"]) for _, told in page]
    return members, runtime().encrypt(PAGE, str(page[-1][0])).decode() if len(page) == limit else ""


def _member(person: Any) -> dict[str, Any]:
    return {
        "status": "Active",
        "user_id": person["id"],
        "name": person["name"],
        "email": person["email"],
        "roles": roles_of(list(person["roles"])),
    }


def _opened(sealed: str) -> UUID | None:
    try:
        return UUID(runtime().decrypt(PAGE, sealed.encode())) if sealed else None
    except ValueError:
        raise _nothing() from None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "")
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdecimal() and len(text) < 6 else MOST  # noqa: PLR2004


ROUTES: list[BaseRoute] = [
    public_route(
        "/lti/{tenant}/{installation}/memberships",
        memberships,
        reason="LTI tools show a service token; what it opens is the installation's.",
        name="lti_memberships",
    ),
]
