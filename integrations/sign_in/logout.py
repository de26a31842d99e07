"""Signing out, both ways: we tell the bank, and the bank tells us.

Sources: OpenID Connect RP-Initiated Logout 1.0; OpenID Connect Back-Channel Logout 1.0, section 2.6.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from integrations.provider import front
from integrations.sign_in import flow as flows
from integrations.sign_in import people
from integrations.sign_in.failures import SignInFailed, refused
from integrations.sign_in.metadata import metadata_of
from integrations.sign_in.provider import Provider, provider_for
from integrations.sign_in.tokens import SKEW, signed_claims
from tenants import sessions
from tenants.models import Session
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope, secret_scope

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST = 300
"""Seconds after which a logout token is too old to be believed."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be done in the browser once a session has ended here.

    ``at_bank`` is where at the bank the person signs out too, or nothing; ``frames`` are what apps want opened.
    """

    at_bank: str = ""
    frames: tuple[str, ...] = ()


async def sign_out(token: str) -> Left:
    """End the session of this token; return what is still to be done in the browser."""
    async with open_scope(secret_scope(sessions.hash_of(token))):
        session = await Session.get_or_none(token_hash=sessions.hash_of(token))
    frames = await front.frames_of(session) if session and session.ended_at is None else ()
    await sessions.end_token(token)
    return Left(await _at_bank(session), frames)


async def _at_bank(session: Session | None) -> str:
    if session is None or session.bank_id is None or not session.id_token:
        return ""
    provider = await provider_for(session.bank_id)
    return await _end_session_url(provider, session.id_token) if provider else ""


async def _end_session_url(provider: Provider, id_token: str) -> str:
    """The bank being out of reach must not keep anybody signed in here."""
    try:
        endpoint = (await metadata_of(provider.issuer)).end_session_endpoint
    except SignInFailed:
        return ""
    if not endpoint:
        return ""
    told = {
        "id_token_hint": id_token,
        "client_id": provider.client_id,
        "post_logout_redirect_uri": f"{runtime().public_url}/",
    }
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(told)}"


async def take_logout_token(provider: Provider, token: str) -> int:
    """End what the bank says is over: one session by ``sid``, else all of that subject; how many ended.

    Raises:
        SignInFailed: for a token that does not hold, or was taken before.
    """
    metadata = await metadata_of(provider.issuer)
    claims = await signed_claims(token, provider, metadata)
    _check(claims)
    async with open_scope(Scope()):
        if not await flows.once(f"logout {metadata.issuer} {claims['jti']}", timedelta(seconds=2 * OLDEST)):
            raise refused("logout token replayed", issuer=metadata.issuer)
        return await _end(metadata.issuer, claims)


async def end_by_sid(provider: Provider, sid: str) -> int:
    """End the session that a bank's provider calls by this name; nobody else can guess it."""
    key = people.session_key_of(provider.issuer, sid)
    return await sessions.end_of_provider(key) if key else 0


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check(claims: dict[str, Any]) -> None:
    events, now = claims.get("events"), time.time()
    issued, expires = claims.get("iat"), claims.get("exp", now)
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise refused("logout token without its event")
    if "nonce" in claims:
        raise refused("logout token with a nonce")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise refused("logout token without jti")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sid", "sub")):
        raise refused("logout token for nobody")
    if not isinstance(issued, int | float) or not now - OLDEST <= issued <= now + SKEW:
        raise refused("logout token's iat")
    if not isinstance(expires, int | float) or expires < now - SKEW:
        raise refused("logout token has expired")


async def _end(issuer: str, claims: dict[str, Any]) -> int:
    key = people.session_key_of(issuer, str(claims.get("sid") or ""))
    if key is not None:
        return await sessions.end_of_provider(key)
    identity = await people.find(issuer, claims["sub"])
    return await sessions.end_of_identity(identity.person_id, identity.id) if identity else 0
