"""A person is let into an app: the grant that begins with it, and its code."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from integrations.apps.clients import Granted
from integrations.provider import lives, smart, store, subjects
from integrations.provider.asked import Asked
from integrations.provider.models import Grant
from tenants import sessions
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Session
from tenants.scope import open_scope, person_scope, tenant_scope

KEPT = ("redirect_uri", "code_challenge", "nonce")


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant in which the person may open the app, and what that tenant lets the app have."""

    tenant_id: UUID
    name: str
    subject: str
    granted: Granted


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is let in, where, and with what. ``level`` is what the sign-in is worth at this moment."""

    actor: Actor
    place: Place
    sector: str
    level: int
    claims: dict[str, Any]
    context: dict[str, Any]


async def begin(admission: Admission, asked: Asked, code: str) -> Grant:
    """Write the grant and the code that pays for its tokens."""
    given = asked.payload.data
    async with open_scope(tenant_scope(admission.place.tenant_id)):
        grant = await Grant.create(**await _facts(admission, asked))
        end = datetime.now(UTC) + lives.CODE
        details = {name: given[name] for name in KEPT if name in given}
        await store.save(grant, store.Fresh("code", code, grant.scope, end, details))
    return grant


async def _facts(admission: Admission, asked: Asked) -> dict[str, Any]:
    actor, granted = admission.actor, admission.place.granted
    assert actor.session_id is not None and actor.person_id is not None  # noqa: S101, PT018 - signed in
    scope = " ".join(smart.narrowed(asked.client.client, granted.scopes | {"openid"}, asked.scope))
    tenant = admission.place.tenant_id
    return {
        "id": new_id(),
        "tenant_id": tenant,
        "session_id": actor.session_id,
        "person_id": actor.person_id,
        "installation_id": granted.installation_id,
        "app_id": granted.app_id,
        "vendor_id": granted.vendor_id,
        "client_id": granted.client_id,
        "subject": admission.place.subject,
        "sid": await subjects.session_id(admission.sector, tenant, actor.session_id),
        "scope": scope,
        "claims": admission.claims,
        "context": admission.context,
        "level": admission.level,
        "method": actor.method,
        "auth_time": actor.auth_time,
        "key_thumbprint": asked.payload.data.get("dpop_jkt", ""),
        "expires_at": await _end(actor, is_offline="offline_access" in scope.split()),
    }


async def _end(actor: Actor, *, is_offline: bool) -> datetime:
    """Return when the grant is over at the latest: with the session's whole life, unless it was to go on alone."""
    if is_offline:
        return datetime.now(UTC) + lives.REFRESH
    assert actor.person_id is not None  # noqa: S101 - signed in
    async with open_scope(person_scope(actor.person_id)):
        session = await Session.get(id=actor.session_id)
    end: datetime = session.created_at + sessions.LIFE
    return end
