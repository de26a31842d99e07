"""Signing out, both ways: apps are told of every session that ends, and an app may ask for one to end.

Sources: OpenID Connect Back-Channel Logout 1.0, RP-Initiated Logout 1.0.
"""

from typing import Any
from uuid import UUID

import structlog
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from authlib.oidc.rpinitiated import EndSessionEndpoint, EndSessionRequest
from joserfc import jws
from joserfc.jwk import KeySet
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps import clients
from integrations.provider import id_tokens, keys, replies
from integrations.provider.asked import Asked, anywhere, said
from integrations.provider.bridge import run, wait
from integrations.provider.ending import JOB, end_of_person, end_of_sid
from integrations.provider.relying import App
from integrations.provider.server import Server, find_app
from integrations.sign_in.leaving import leave, onward
from integrations.sign_in.logout import Left
from integrations.sign_in.pages import plain
from tenants.actor import Actor
from tenants.http import READS, WRITES, public_route, who_is
from tenants.jobs import job, subscribe
from tenants.outbound import call
from tenants.scope import Scope, execute, open_scope, person_scope, rows, tenant_scope, value
from ui.render import respond
from ui.security import allow_form_action

log = structlog.get_logger(__name__)
LEFT = "provider.left"
CONFIRM = "/sign-on/leaving"
KEPT = ("client_id", "id_token_hint", "post_logout_redirect_uri", "state")


@job(JOB, is_transactional=False)
async def tell(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell an app that a session is over; an error has it told again later."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs have one
    client = await clients.client(payload["client_id"])
    if client is None or not client.backchannel_logout_uri:
        return
    token = await id_tokens.logout_token(client, payload["subject"], payload["sid"])
    (await call("POST", client.backchannel_logout_uri, form={"logout_token": token})).expected()
    async with open_scope(tenant_scope(actor.tenant_id)):
        await execute(
            "update integrations_grant set told_at = now() where tenant_id = $1 and client_id = $2 and sid = $3"
            " and ended_at is not null and told_at is null",
            actor.tenant_id,
            payload["client_id"],
            payload["sid"],
        )


@job(LEFT)
async def left(actor: Actor, payload: dict[str, Any]) -> None:
    """End what apps were given about somebody whose roles no longer open them; they are told that it is over."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs have one
    person_id = UUID(payload["person_id"])
    live = await rows(
        "select distinct client_id from integrations_grant"
        " where tenant_id = $1 and person_id = $2 and ended_at is null",
        actor.tenant_id,
        person_id,
    )
    for row in live:
        found = await clients.granted(row["client_id"], actor.tenant_id, person_id=person_id)
        if found is None or not found.person_roles:
            await end_of_person(actor.tenant_id, person_id, row["client_id"])


subscribe("membership.ended", LEFT)


class EndSession(EndSessionEndpoint):  # type: ignore[misc]
    """What Authlib asks of us to check an app's request to sign somebody out."""

    def get_server_jwks(self) -> KeySet:
        """Return every key that may have signed the hint."""
        return wait(keys.ring()).verifying()

    def get_algorithms(self) -> list[str]:
        """Return how we sign."""
        return list(keys.ALGORITHMS)

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, Any]:
        claims: dict[str, Any] = super()._validate_id_token_hint(id_token_hint)
        header = jws.extract_compact(id_token_hint.encode()).headers()
        if claims.get("iss") != id_tokens.issuer() or header.get("typ") != "JWT":
            raise InvalidRequestError("The id_token_hint is of another issuer.")
        return claims

    def _is_valid_post_logout_redirect_uri(self, client: App, uri: str) -> bool:
        return uri in client.client.post_logout_redirect_uris


async def logout(request: Request) -> Response:
    """Sign somebody out because an app asks: at once if it shows whom, else after asking them."""
    try:
        asked = await anywhere(request)
        found = await _checked(asked)
    except (OAuth2Error, ValueError) as error:
        return await replies.show(request, said(error))
    actor, target = await who_is(request), found.redirect_uri or ""
    if actor is None:
        if found.id_token_claims is not None:
            await end_of_sid(_client_id(found), str(found.id_token_claims.get("sid") or ""))
        return await onward(request, Left(), target)
    if found.id_token_claims is not None and await _is_same(actor, found):
        return await leave(request, target)
    return await _ask(request, found)


async def _checked(asked: Asked) -> EndSessionRequest:
    asked.once()
    server = Server(asked, await find_app(asked.payload.client_id or ""))
    server.register_endpoint(EndSession)
    async with open_scope(Scope()):
        return await run(server.validate_endpoint_request, "end_session", asked)


def _client_id(found: EndSessionRequest) -> str:
    return str((found.id_token_claims or {}).get("aud") or "")


async def _is_same(actor: Actor, found: EndSessionRequest) -> bool:
    """Tell whether the hint is about the session of this very browser: somebody else's is not ended by a link."""
    assert actor.person_id is not None  # noqa: S101 - signed in
    async with open_scope(person_scope(actor.person_id)):
        return bool(
            await value(
                "select exists (select 1 from integrations_grant"
                " where session_id = $1 and client_id = $2 and sid = $3)",
                actor.session_id,
                _client_id(found),
                str((found.id_token_claims or {}).get("sid") or ""),
            )
        )


async def _ask(request: Request, found: EndSessionRequest) -> Response:
    plain(request)
    if found.redirect_uri:
        allow_form_action(request, found.redirect_uri)
    given = found.request.payload.data
    context = {
        "app": found.client.client if found.client else None,
        "kept": {name: given[name] for name in KEPT if name in given} if found.redirect_uri else {},
    }
    return await respond(request, "integrations/provider/leave.html", context)


async def confirmed(request: Request) -> Response:
    """Sign out whoever has said that they want it, and go where the app asked, if that is one of its addresses."""
    try:
        found = await _checked(await anywhere(request))
    except (OAuth2Error, ValueError) as error:
        return await replies.show(request, said(error))
    return await leave(request, found.redirect_uri or "")


ROUTES: list[BaseRoute] = [
    public_route(
        "/oauth/logout",
        logout,
        reason="Apps send people here to sign out.",
        methods=(*READS, *WRITES),
        name="op_logout",
    ),
    public_route(
        CONFIRM, confirmed, reason="Signing out always works.", methods=WRITES, name="sign_on_leaving"
    ),
]
