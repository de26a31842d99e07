"""Grants and tokens in the database. Of a token only its hash is kept; what is spent is spent by one statement.

All of it runs in a scope that is open already, so that a code is spent and its tokens are written together.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from integrations.apps.clients import Granted, read_granted
from integrations.provider import lives
from integrations.provider.models import Grant
from tenants.ids import new_id
from tenants.scope import adopt, execute, tenant_scope, value
from tenants.sessions import hash_of

Kind = Literal["code", "access", "refresh"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A token that somebody showed, with the grant it belongs to; Authlib asks it the questions at the end."""

    id: UUID
    tenant_id: UUID
    kind: Kind
    scope: str
    details: Mapping[str, Any]
    expires_at: datetime
    spent_at: datetime | None
    grant: Grant
    granted: Granted | None
    """What the tenant lets the app have now; ``None`` when the grant, the installation or the app has ended."""

    @property
    def is_live(self) -> bool:
        """Whether all that it hangs on holds: grant, installation, app, and a role of the person that may open it."""
        found = self.granted
        return (
            found is not None
            and bool(found.person_roles)
            and found.installation_id == self.grant.installation_id
        )

    @property
    def is_good(self) -> bool:
        """Whether it may still be used."""
        return self.is_live and self.spent_at is None and self.expires_at > datetime.now(UTC)

    @property
    def code_challenge(self) -> str:
        """What the app's verifier has to hash to."""
        return str(self.details.get("code_challenge", ""))

    code_challenge_method = "S256"

    def check_client(self, client: Any) -> bool:
        """Tell whether it was given to this app."""
        return bool(self.grant.client_id == client.client_id)

    def get_redirect_uri(self) -> str:
        """Return where the code was sent."""
        return str(self.details.get("redirect_uri", ""))

    def get_scope(self) -> str:
        """Return what it is good for."""
        return self.scope

    def is_expired(self) -> bool:
        """Tell whether its time is over."""
        return self.expires_at <= datetime.now(UTC)

    def is_revoked(self) -> bool:
        """Tell whether it, or its grant, has ended before its time."""
        return self.spent_at is not None or not self.is_live


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


async def open_token(token: str) -> Opened | None:
    """Return the token's row and grant, and go on in its tenant's scope; ``None`` for what we never gave."""
    found = await value("select provider_open($1)", hash_of(token))
    if found is None:
        return None
    facts: dict[str, Any] = json.loads(found)
    row = facts["token"]
    adopt(tenant_scope(UUID(row["tenant_id"])))
    return Opened(
        id=UUID(row["id"]),
        tenant_id=UUID(row["tenant_id"]),
        kind=row["kind"],
        scope=row["scope"],
        details=row["details"],
        expires_at=_time(row["expires_at"]),
        spent_at=_time(row["spent_at"]) if row["spent_at"] else None,
        grant=_grant(facts["grant"]),
        granted=read_granted(facts["granted"]) if facts["granted"] else None,
    )


def _grant(row: Mapping[str, Any]) -> Grant:
    ids = {
        name: UUID(row[name])
        for name in row
        if (name == "id" or name.endswith("_id")) and name != "client_id"
    }
    times = {name: _time(row[name]) for name in ("auth_time", "expires_at", "created_at")}
    return Grant(**{**row, **ids, **times})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def spend(token: Opened) -> bool:
    """Use a code or refresh token up; ``True`` for exactly one of all who try, however many at once."""
    return bool(
        await execute(
            "update integrations_token set spent_at = now() where tenant_id = $1 and id = $2 and spent_at is null"
            " and expires_at > now()",
            token.tenant_id,
            token.id,
        )
    )


@dataclass(frozen=True, slots=True)
class Fresh:
    """A token to be written."""

    kind: Kind
    token: str
    scope: str
    expires_at: datetime
    details: Mapping[str, Any]


async def save(grant: Grant, *tokens: Fresh) -> None:
    """Write the tokens of a grant in one statement."""
    await execute(
        "insert into integrations_token (tenant_id, id, grant_id, kind, token_hash, scope, expires_at, details)"
        " select $1, t.id, $2, t.kind, t.hash, t.scope, t.expires_at, t.details"
        " from unnest($3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::timestamptz[], $8::jsonb[])"
        " t (id, kind, hash, scope, expires_at, details)",
        grant.tenant_id,
        grant.id,
        [new_id() for _ in tokens],
        [each.kind for each in tokens],
        [hash_of(each.token) for each in tokens],
        [each.scope for each in tokens],
        [each.expires_at for each in tokens],
        [json.dumps(each.details) for each in tokens],
    )


async def end_family(grant: Grant, reason: str) -> bool:
    """End a grant and with it every token of it; ``False`` when it had ended before."""
    return bool(
        await execute(
            "update integrations_grant set ended_at = now(), end_reason = $3"
            " where tenant_id = $1 and id = $2 and ended_at is null",
            grant.tenant_id,
            grant.id,
            reason,
        )
    )


def is_race(token: Opened) -> bool:
    """Tell whether a spent token was spent just now, as when two tabs of one app refresh at once."""
    return token.spent_at is not None and datetime.now(UTC) - token.spent_at <= lives.GRACE


def until(end: datetime, life: timedelta) -> datetime:
    """Return when something that lives so long ends, never after what it hangs on."""
    return min(end, datetime.now(UTC) + life)


async def bind(grant: Grant, thumbprint: str) -> None:
    """Bind a grant, and all it pays out from now on, to a key."""
    await execute(
        "update integrations_grant set key_thumbprint = $3 where tenant_id = $1 and id = $2 and key_thumbprint = ''",
        grant.tenant_id,
        grant.id,
        thumbprint,
    )
