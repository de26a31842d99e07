"""The endpoints that programs call: discovery, keys, tokens, pushed requests, userinfo, introspection, revocation."""

import json
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.provider import claims, keys, lives, proofs, requests, store
from integrations.provider.access import Entry, access, refusal
from integrations.provider.asked import Asked, form_of, said
from integrations.provider.bridge import wait
from integrations.provider.discovery import document
from integrations.provider.proving import METHODS
from integrations.provider.server import NEVER_KEPT, Result, Server, answer
from integrations.provider.store import Opened
from tenants.http import READS, WRITES, public_route
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope

REASON = "Apps prove themselves at each endpoint."
PUBLIC = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": f"WWW-Authenticate, {proofs.NONCE}",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
KEPT = {"Cache-Control": f"public, max-age={int(lives.PUBLISHED.total_seconds())}", **PUBLIC}
HINTS = frozenset({"access_token", "refresh_token"})


async def discovery(request: Request) -> Response:
    """Say what the issuer can do and where (OpenID Connect Discovery 1.0, RFC 8414)."""
    del request
    return JSONResponse(document(), headers=KEPT)


async def jwks(request: Request) -> Response:
    """Give the public keys."""
    del request
    return JSONResponse((await keys.ring()).published(), headers=KEPT)


async def token(request: Request) -> Response:
    """Pay out tokens for a code or a refresh token."""
    return await answer(
        lambda: form_of(request), lambda server: server.create_token_response(server.asked), _prove("token")
    )


async def push(request: Request) -> Response:
    """Take an authorization request before the browser comes with it (RFC 9126)."""
    return await answer(lambda: form_of(request), _push, _prove("par"))


def _prove(name: str) -> Any:
    async def before(asked: Asked) -> None:
        if proof := asked.headers.get("Dpop"):
            asked.thumbprint = await proofs.prove(proof, "POST", f"{runtime().public_url}/oauth/{name}")

    return before


def _push(server: Server) -> Result:
    """Check a pushed request as if it had come through the browser, and keep it for a minute."""
    asked = server.asked
    if "request_uri" in asked.form:
        raise InvalidRequestError("A pushed request has no request_uri.")
    app = server.authenticate_client(asked, METHODS, "par")
    said_key = asked.form.get("dpop_jkt", "")
    if asked.thumbprint and said_key not in {"", asked.thumbprint}:
        raise InvalidRequestError("dpop_jkt is of another key than the proof.")
    asked.payload.data["client_id"] = app.client_id
    _errors_stay_here(server)
    kept = {name: value for name, value in asked.form.items() if not name.startswith("client_assertion")}
    kept |= {"dpop_jkt": asked.thumbprint} if asked.thumbprint else {}
    uri = wait(requests.push(app.client_id, kept))
    return 201, {"request_uri": uri, "expires_in": int(lives.PUSHED.total_seconds())}, []


def _errors_stay_here(server: Server) -> None:
    """Whoever pushes is told of an error at once, not by way of a browser."""
    try:
        requests.check(server)
    except OAuth2Error as error:
        error.redirect_uri = None
        raise


async def introspect(request: Request) -> Response:
    """Tell an app what a token of its own is still good for (RFC 7662)."""
    return await answer(lambda: form_of(request), _introspect)


def _introspect(server: Server) -> Result:
    app = server.authenticate_client(server.asked, METHODS, "introspection")
    found = wait(store.open_token(_token_of(server.asked)))
    if found is None or found.kind == "code" or not found.check_client(app) or not found.is_good:
        return 200, {"active": False}, []
    return 200, _facts(found), []


def _facts(found: Opened) -> dict[str, Any]:
    grant = found.grant
    facts: dict[str, Any] = {
        "active": True,
        "iss": runtime().public_url,
        "client_id": grant.client_id,
        "aud": grant.client_id,
        "sub": grant.subject,
        "sid": grant.sid,
        "scope": found.scope,
        "exp": int(found.expires_at.timestamp()),
        "auth_time": int(grant.auth_time.timestamp()),
        "token_type": "DPoP" if grant.key_thumbprint else "Bearer",
    }
    if grant.key_thumbprint:
        facts["cnf"] = {"jkt": grant.key_thumbprint}
    beside = grant.context.get("beside")
    return {**facts, **(beside if isinstance(beside, dict) else {})}


def _token_of(asked: Asked) -> str:
    """Return the token asked about; a wrong hint is no reason not to look (RFC 7009, 2.1)."""
    if not (found := asked.form.get("token", "")):
        raise InvalidRequestError("The token is missing.")
    return found


async def revoke(request: Request) -> Response:
    """End a token for the app it was given to; a refresh token takes its whole family with it (RFC 7009)."""
    return await answer(lambda: form_of(request), _revoke)


def _revoke(server: Server) -> Result:
    app = server.authenticate_client(server.asked, METHODS, "revocation")
    found = wait(store.open_token(_token_of(server.asked)))
    if found is not None and found.check_client(app):
        if found.kind == "access":
            wait(store.spend(found))
        else:
            wait(store.end_family(found.grant, "revoked by the app"))
    return 200, {}, []


async def userinfo(request: Request) -> Response:
    """Tell an app about whoever signed in, and their institution, what the tenant agreed to."""
    try:
        async with open_scope(Scope()):
            told = await _told(await access(request, "openid"))
    except OAuth2Error as error:
        return _refused(error)
    return JSONResponse(told, headers={**NEVER_KEPT, **PUBLIC})


async def _told(entry: Entry) -> dict[str, Any]:
    grant = entry.token.grant
    names = claims.allowed(entry.granted, entry.token.scope, grant.claims.get("userinfo", ()))
    return {"sub": grant.subject, **await claims.about(grant, names)}


def _refused(error: OAuth2Error) -> Response:
    headers = {**NEVER_KEPT, **PUBLIC}
    if error.status_code in {401, 403}:
        headers |= refusal(error)
    status, body, _ = said(error)()
    return Response(json.dumps(body), status, headers, media_type="application/json")


ROUTES: list[BaseRoute] = [
    public_route(
        "/.well-known/openid-configuration", discovery, reason="Discovery is public.", name="op_discovery"
    ),
    public_route(
        "/.well-known/oauth-authorization-server",
        discovery,
        reason="Discovery is public.",
        name="op_metadata",
    ),
    public_route("/oauth/jwks", jwks, reason="Public keys are public.", name="op_jwks"),
    public_route("/oauth/token", token, reason=REASON, methods=WRITES, name="op_token"),
    public_route("/oauth/par", push, reason=REASON, methods=WRITES, name="op_par"),
    public_route("/oauth/introspect", introspect, reason=REASON, methods=WRITES, name="op_introspect"),
    public_route("/oauth/revoke", revoke, reason=REASON, methods=WRITES, name="op_revoke"),
    public_route(
        "/oauth/userinfo",
        userinfo,
        reason="The access token is the key.",
        methods=(*READS, *WRITES),
        name="op_userinfo",
    ),
]
