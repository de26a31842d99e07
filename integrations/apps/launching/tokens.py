"""Session tokens: what a framed app gets instead of a cookie, for a minute at a time, signed like an id_token."""

import secrets
import time
from typing import Any
from uuid import UUID

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.apps.launching.service import may_open
from integrations.provider import claims, keys, lives, subjects
from integrations.provider.models import Grant
from tenants.actor import Actor
from tenants.runtime import runtime

SECONDS = 60


async def session_token(actor: Actor, installation_id: UUID) -> str:
    """Return a token that says who has the app open, for its back end: aud is the app, ``dest`` the installation.

    It carries the claims that the tenant agreed to, and ends in a minute; the app's page asks for the next one.
    """
    found, _, granted = await may_open(actor, installation_id)
    client = await clients.client(granted.client_id)
    assert client is not None and actor.person_id is not None  # noqa: S101, PT018 - granted a moment ago
    now = int(time.time())
    told = {
        "iss": runtime().public_url,
        "aud": granted.client_id,
        "sub": await subjects.subject(client.sector, found.tenant_id, actor.person_id),
        "dest": str(found.id),
        "iat": now,
        "nbf": now - lives.EARLY,
        "exp": now + SECONDS,
        "jti": secrets.token_urlsafe(12),
        **await _about(actor, granted),
    }
    return await keys.sign(told, lives.PROFILES[client.profile].algorithm, kind="session+jwt")


async def _about(actor: Actor, granted: Granted) -> dict[str, Any]:
    """Return the agreed claims by the same readers that userinfo has."""
    grant = Grant(tenant_id=granted.tenant_id, person_id=actor.person_id)
    return await claims.about(grant, claims.allowed(granted, " ".join(granted.scopes)))
