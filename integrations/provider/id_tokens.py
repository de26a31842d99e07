"""The id_token, and the logout token that ends what it began."""

import base64
import hashlib
import secrets
import time
from typing import Any

from integrations.apps.clients import Client
from integrations.provider import claims, keys, lives
from integrations.provider.relying import App
from integrations.provider.store import Opened
from integrations.sign_in.levels import ACR
from tenants.runtime import runtime

EVENT = "http://schemas.openid.net/event/backchannel-logout"
ACR_OF = {level: acr for acr, level in ACR.items()}
METHODS = {"bank": ["mfa"], "code": ["otp"]}


async def make(paid: Opened, app: App, access_token: str) -> str:
    """Return the id_token of a grant; the nonce belongs to the first alone (OpenID Connect Core 1.0, 12.2)."""
    grant, now = paid.grant, int(time.time())
    told: dict[str, Any] = {
        "iss": issuer(),
        "sub": grant.subject,
        "aud": app.client_id,
        "iat": now,
        "exp": now + int(lives.ID_TOKEN.total_seconds()),
        "auth_time": int(grant.auth_time.timestamp()),
        "acr": ACR_OF[max(grant.level, 1)],
        "sid": grant.sid,
        "at_hash": half_hash(access_token),
        **await _asked_for(paid),
        **grant.context.get("id_token", {}),
    }
    if grant.level > 1 or grant.method == "code":
        told["amr"] = METHODS.get(grant.method, [])
    if paid.kind == "code" and paid.details.get("nonce"):
        told["nonce"] = paid.details["nonce"]
    return await keys.sign(told, app.profile.algorithm)


async def _asked_for(paid: Opened) -> dict[str, Any]:
    """Return the facts that the request wanted here rather than from userinfo, as far as the tenant agreed."""
    grant, wished = paid.grant, paid.grant.claims.get("id_token", ())
    if not wished or paid.granted is None:
        return {}
    return await claims.about(grant, claims.allowed(paid.granted, "", wished))


def half_hash(token: str) -> str:
    """Return the left half of SHA-256, which all our algorithms use (OpenID Connect Core 1.0, 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def issuer() -> str:
    """Return our name, as it stands in every token."""
    return runtime().public_url


async def logout_token(client: Client, subject: str, sid: str) -> str:
    """Return the token that tells an app that a session is over (OpenID Connect Back-Channel Logout 1.0, 2.4)."""
    now = int(time.time())
    told = {
        "iss": issuer(),
        "aud": client.client_id,
        "sub": subject,
        "sid": sid,
        "iat": now,
        "exp": now + int(lives.LOGOUT_TOKEN.total_seconds()),
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
    }
    return await keys.sign(told, lives.PROFILES[client.profile].algorithm, kind="logout+jwt")
