"""Who is here: in the institution, or at one record such as a class (Names and Role Provisioning Services 2.0)."""

from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.apps.clients import Granted
from integrations.apps.placing.records import Member
from integrations.apps.resources import RESOURCES, Slice
from integrations.provider import id_tokens, subjects
from integrations.provider.lti import contexts
from integrations.provider.lti.tokens import NEVER_KEPT, nothing, refused, tool_of
from integrations.provider.lti.words import (
    CONTAINER,
    INSTRUCTOR,
    LEARNER,
    READ_MEMBERSHIPS,
    memberships_url,
    record_url,
    roles_of,
)
from tenants.http import public_route
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope

MOST = 500
PAGE = "lti page"


async def memberships(request: Request) -> Response:
    """Tell a tool who is in the institution, as far as the tenant agreed."""
    try:
        tool = await tool_of(request, agreed="people", wanted=(READ_MEMBERSHIPS,))
    except OAuth2Error as error:
        return refused(error)
    granted, limit = tool.granted, limit_of(request)
    found, after = await _members(granted, request.query_params.get("after", ""), limit)
    here = memberships_url(id_tokens.issuer(), granted.tenant_id, granted.installation_id)
    headers = dict(NEVER_KEPT)
    if after:
        headers["Link"] = f'<{here}?after={after}&limit={limit}>; rel="next"'
    body: dict[str, Any] = {"id": here, "context": {"id": str(granted.tenant_id)}, "members": found}
    return JSONResponse(body, headers=headers, media_type=CONTAINER)


async def _members(granted: Granted, after: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """Return members and where to read on, if there may be more; people's own ids stay with us, so it is sealed."""
    asked = Slice(after=_opened(after), limit=limit, sector=str(granted.vendor_id))
    async with open_scope(tenant_scope(granted.tenant_id)):
        page = await RESOURCES["people"].page(asked)
    members = [_staff(told["people"]) for _, told in page]
    return members, runtime().encrypt(PAGE, str(page[-1][0])).decode() if len(page) == limit else ""


def _staff(person: Any) -> dict[str, Any]:
    return {
        "status": "Active",
        "user_id": person["id"],
        "name": person["name"],
        "email": person["email"],
        "roles": roles_of(list(person["roles"])),
    }


async def record_memberships(request: Request) -> Response:
    """Tell a tool who is at a record that it works in: learners where accounts were agreed to, staff where people."""
    try:
        tool = await tool_of(request, agreed="accounts", wanted=(READ_MEMBERSHIPS,))
    except OAuth2Error as error:
        return refused(error)
    granted = tool.granted
    async with open_scope(tenant_scope(granted.tenant_id)):
        kind, record_id = await contexts.of_path(request, granted)
        found = await kind.members(record_id)
    told = [await _at_record(granted, one) for one in found if _is_told(granted, one)]
    at = record_url(id_tokens.issuer(), granted.tenant_id, granted.installation_id, kind.key, record_id)
    body = {
        "id": f"{at}/memberships",
        "context": {"id": str(record_id)},
        "members": _with_role(told, request),
    }
    return JSONResponse(body, headers=NEVER_KEPT, media_type=CONTAINER)


def _is_told(granted: Granted, member: Member) -> bool:
    return member.is_learner or "people" in granted.scopes


async def _at_record(granted: Granted, member: Member) -> dict[str, Any]:
    return {
        "status": "Active",
        "user_id": await subjects.subject(str(granted.vendor_id), granted.tenant_id, member.id),
        **({"name": member.name} if member.is_named else {}),
        **({"email": member.email} if member.email and not member.is_learner else {}),
        "roles": list(LEARNER if member.is_learner else INSTRUCTOR),
    }


def _with_role(members: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Narrow by ``role``, a full address or the word at its end."""
    wanted = request.query_params.get("role", "")
    return [
        one
        for one in members
        if not wanted or any(r == wanted or r.endswith(f"#{wanted}") for r in one["roles"])
    ]


def _opened(sealed: str) -> UUID | None:
    try:
        return UUID(runtime().decrypt(PAGE, sealed.encode())) if sealed else None
    except ValueError:
        raise nothing() from None


def limit_of(request: Request) -> int:
    """Return how many a tool wants at once."""
    text = request.query_params.get("limit", "")
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdecimal() and len(text) < 6 else MOST  # noqa: PLR2004


REASON = "LTI tools show a service token; what it opens is the installation's."
ROUTES: list[BaseRoute] = [
    public_route(
        "/lti/{tenant}/{installation}/memberships", memberships, reason=REASON, name="lti_memberships"
    ),
    public_route(
        "/lti/{tenant}/{installation}/{kind}/{record}/memberships",
        record_memberships,
        reason=REASON,
        name="lti_record_memberships",
    ),
]
