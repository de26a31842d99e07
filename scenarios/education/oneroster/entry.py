"""Who reads a roster: an app that proves itself with its client id and secret, at a school that has installed it.

The school is named by the address, since one app serves many. A token says who it is for and which of the standard's
scopes were asked for; what it opens is asked of the installation afresh at each call, so that what has ended has ended.
"""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from integrations.apps import clients
from integrations.apps.api.entry import ALONE, CALLS, Refused, prove
from integrations.apps.clients import Granted
from scenarios.education.kinds import SCENARIO_KEY
from scenarios.education.oneroster.refusing import RefusedError, TokenError, no_token, said
from tenants import throttle
from tenants.public import Institution, institution_at
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope
from ui.errors import NotFound, TooMany

SECONDS = 600
_SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
CORE, WHOLE, DEMOGRAPHICS = (
    f"{_SCOPE}{name}.readonly" for name in ("roster-core", "roster", "roster-demographics")
)
TAKES: Mapping[str, str] = {CORE: "roster", WHOLE: "roster", DEMOGRAPHICS: "roster_demographics"}
"""What a school has to have agreed to for each of the standard's scopes."""
_PURPOSE = "oneroster-token"


@dataclass(frozen=True, slots=True)
class Caller:
    """An app at a school's roster, and the standard's scopes that its token opens."""

    tenant_id: UUID
    installation_id: UUID
    scopes: frozenset[str]


async def token(request: Request) -> Response:
    """Give an app a token for this school (RFC 6749, client credentials)."""
    try:
        async with open_scope(Scope()):
            return said(await _token(request))
    except TokenError as error:
        return no_token(error)


async def _token(request: Request) -> dict[str, Any]:
    try:
        app = await prove(request)
    except Refused as error:
        raise TokenError(401, "invalid_client", "This is not the app's client id and secret.") from error
    await throttle.spend("api-token", app.client_id, ("60/minute",))
    form = await request.form(max_files=0, max_fields=5)
    if form.get("grant_type") != "client_credentials":
        raise TokenError(400, "unsupported_grant_type", "Only client_credentials is given here.")
    granted = await _granted(app.client_id, await _school(request))
    asked = frozenset(str(form.get("scope") or "").split())
    if granted is None or not asked or not asked <= _open_to(granted):
        raise TokenError(
            400, "invalid_scope", "The school has not agreed to this, or no such scope is known."
        )
    told = {"access_token": _issue(granted, asked), "token_type": "Bearer", "expires_in": SECONDS}
    return told | {"scope": " ".join(sorted(asked))}


async def _school(request: Request) -> Institution | None:
    try:
        return await institution_at(SCENARIO_KEY, request.path_params["school"])
    except NotFound:
        return None


async def _granted(client_id: str, school: Institution | None) -> Granted | None:
    """Return what a school lets the app have by itself; ``None`` where that is nothing."""
    found = await clients.granted(client_id, school["id"]) if school else None
    return found if found is not None and ALONE in found.scopes else None


def _open_to(granted: Granted) -> frozenset[str]:
    return frozenset(scope for scope, taken in TAKES.items() if taken in granted.scopes)


def _issue(granted: Granted, scopes: frozenset[str]) -> str:
    facts = {
        "c": granted.client_id,
        "t": str(granted.tenant_id),
        "i": str(granted.installation_id),
        "s": sorted(scopes),
        "e": int(time.time()) + SECONDS,
    }
    body = base64.urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=")
    return f"{body.decode()}.{_seal(body)}"


def _seal(body: bytes) -> str:
    return base64.urlsafe_b64encode(runtime().sign(_PURPOSE, body)).rstrip(b"=").decode()


def _opened(given: str) -> dict[str, Any]:
    body, _, seal = given.partition(".")
    if not hmac.compare_digest(_seal(body.encode()), seal):
        raise _unknown()
    facts: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if facts["e"] < time.time():
        raise _unknown()
    return facts


def _unknown() -> RefusedError:
    return RefusedError(
        401, "unauthorisedrequest", "This token is not good: it has ended, or was never given."
    )


async def enter(request: Request, *scopes: str) -> Caller:
    """Return who calls; one of ``scopes`` has to be open to them at this school. Call it in an open scope.

    Raises:
        RefusedError: the token is missing, has ended, is another school's, or does not open this.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.isascii():
        raise _unknown()
    facts = _opened(given.strip())
    school = await _school(request)
    granted = await _granted(facts["c"], school)
    if school is None or granted is None or str(school["id"]) != facts["t"]:
        raise _unknown()
    if str(granted.installation_id) != facts["i"]:
        raise _unknown()
    opened = frozenset(facts["s"]) & _open_to(granted)
    if not opened & set(scopes):
        raise RefusedError(403, "forbidden", f"This takes the scope {scopes[0]}, which was not agreed to.")
    try:
        await throttle.spend_often("api", str(granted.installation_id), CALLS)
    except TooMany as error:
        raise RefusedError(429, "server_busy", "Too many calls. Try again in a minute.") from error
    return Caller(granted.tenant_id, granted.installation_id, opened)
