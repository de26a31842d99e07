"""Who calls the API: an app with somebody's access token, or on its own with a token of an installation.

Both are looked up afresh at each call, so that whatever ended has ended for the API too.
"""

import base64
import binascii
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request

from integrations.apps import clients
from integrations.apps.clients import Client, Granted
from integrations.provider.access import InsufficientScopeError, access, refusal
from integrations.provider.asked import Asked
from integrations.provider.bridge import run
from integrations.provider.server import prepared
from tenants import throttle
from tenants.runtime import runtime
from tenants.scope import Scope, adopt, open_scope, tenant_scope
from ui.errors import AppError
from ui.i18n import t

PREFIX = "inst_"
SECONDS = 600
CALLS = "1200/minute"
"""Calls that one installation may make."""
ALONE = "offline_access"
"""What a tenant agrees to when an app may read while nobody has it open."""


class Refused(AppError):
    """The API does not know this token, or it is not for this."""

    status = 401


@dataclass(frozen=True, slots=True)
class Caller:
    """An app at the API: what its tenant granted, and which scopes this token opens."""

    granted: Granted
    scopes: frozenset[str]

    @property
    def sector(self) -> str:
        """Whose pairwise subjects the app knows people by."""
        return str(self.granted.vendor_id)


def issue(granted: Granted) -> str:
    """Return a token of an installation, good for ten minutes at most; its end needs no memory, its grant is asked."""
    facts = {
        "i": str(granted.installation_id),
        "t": str(granted.tenant_id),
        "c": granted.client_id,
        "e": int(time.time()) + SECONDS,
    }
    body = base64.urlsafe_b64encode(json.dumps(facts).encode()).rstrip(b"=")
    return f"{PREFIX}{body.decode()}.{_seal(body)}"


def _seal(body: bytes) -> str:
    signed = runtime().sign("installation-token", body)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def _opened(token: str) -> dict[str, Any]:
    body, _, seal = token.removeprefix(PREFIX).partition(".")
    if not hmac.compare_digest(_seal(body.encode()), seal):
        raise unknown()
    facts: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if facts["e"] < time.time():
        raise unknown()
    return facts


async def enter(request: Request, *scopes: str) -> Caller:
    """Return who calls and go on in their tenant's scope; every one of ``scopes`` has to be open to them.

    A scope must be open (``open_scope(NOTHING)``).

    Raises:
        Refused: for a token that is missing, has ended or opens something else.
        TooMany: when the installation calls too often.
    """
    _, _, token = request.headers.get("authorization", "").partition(" ")
    caller = await (_alone(token.strip()) if token.startswith(PREFIX) else _with_person(request))
    if not set(scopes) <= caller.scopes:
        raise _insufficient(scopes)
    await throttle.spend_often("api", str(caller.granted.installation_id), CALLS)
    return caller


async def _alone(token: str) -> Caller:
    facts = _opened(token)
    granted = await clients.enter_granted(facts["c"], UUID(facts["t"]))
    if granted is None or str(granted.installation_id) != facts["i"] or ALONE not in granted.scopes:
        raise unknown()
    return Caller(granted, granted.scopes)


async def _with_person(request: Request) -> Caller:
    try:
        entry = await access(request)
    except InsufficientScopeError as error:
        raise _insufficient(()) from error
    except OAuth2Error as error:
        raise Refused("api.token", _WORDS, headers=refusal(error)) from error
    adopt(tenant_scope(entry.granted.tenant_id))
    return Caller(entry.granted, frozenset(entry.token.scope.split()) & entry.granted.scopes)


_WORDS = t("This token is not good: it has ended, or was never given.")


def unknown() -> Refused:
    """Return the error for a token that is none of ours, or has ended."""
    return Refused("api.token", _WORDS, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _insufficient(scopes: tuple[str, ...]) -> Refused:
    wanted = " ".join(scopes)
    return Refused(
        "api.scope",
        t("This was not agreed to. It takes the scope {scope}.", scope=wanted or "openid"),
        status=403,
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
    )


async def prove(request: Request) -> Client:
    """Return the app that proves itself: by client id and secret in the header, or by its key (``private_key_jwt``).

    Raises:
        Refused: when it does not.
    """
    form = await request.form(max_files=0, max_fields=10)
    if form.get("client_assertion"):
        return await _by_key({name: str(value) for name, value in form.items()})
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        name = secret = ""
    found = await clients.client(name) if scheme.lower() == "basic" and name else None
    is_by_secret = found is not None and found.auth_method == "client_secret_basic"
    if found is None or not is_by_secret or found.status != "active" or not found.knows_secret(secret):
        raise Refused(
            "api.client",
            t("This is not the app's client id and secret."),
            headers={"WWW-Authenticate": 'Basic realm="api"'},
        )
    return found


async def _by_key(form: dict[str, str]) -> Client:
    """Return the app whose key has signed the assertion, under the very rules of the token endpoint."""
    asked = Asked("POST", {}, list(form.items()))
    try:
        server = await prepared(asked)
        async with open_scope(Scope()):
            app = await run(server.authenticate_client, asked, ["private_key_jwt"], "installation-token")
    except (OAuth2Error, ValueError) as error:
        words = t("This is not an assertion signed with the app's key.")
        raise Refused("api.client", words) from error
    client: Client = app.client
    return client


__all__ = [
    "ALONE",
    "SECONDS",
    "Caller",
    "Refused",
    "Scope",
    "enter",
    "issue",
    "open_scope",
    "prove",
    "unknown",
]
