"""Apps as the OpenID provider and the open API know them, read afresh each time so that an end is an end at once."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar
from uuid import UUID

from tenants.scope import adopt, once, tenant_scope, value

Profile = Literal["basic", "strict", "fapi2"]
Status = Literal["active", "suspended"]


@dataclass(frozen=True, slots=True)
class Client:
    """An app that may sign people in.

    ``sector`` is whose pairwise subjects it gets: its vendor's. ``status`` is ``suspended`` as soon as the version,
    the app or the vendor is. ``secret_hashes`` are SHA-256 in hexadecimal; for a while after a new secret was made
    the former is good too. ``scopes`` is all it may ever ask for. ``is_test`` is the client that knows only its
    vendor's sandbox.
    """

    client_id: str
    app_id: UUID
    vendor_id: UUID
    bank_id: UUID
    version_id: UUID
    name: str
    is_test: bool
    status: Status
    profile: Profile
    auth_method: str
    secret_hashes: tuple[str, ...]
    jwks: dict[str, Any] | None
    jwks_uri: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str
    frontchannel_logout_uri: str
    launch_uri: str
    frame_origins: tuple[str, ...]
    scopes: frozenset[str]
    protocols: frozenset[str]

    @property
    def sector(self) -> str:
        """The sector of pairwise subjects: two apps of one vendor know a person by the same one."""
        return str(self.vendor_id)

    def knows_secret(self, secret: str) -> bool:
        """Tell whether this is the app's secret, in a time that says nothing about where it differs."""
        found = secret_hash(secret)
        return any([hmac.compare_digest(found, kept) for kept in self.secret_hashes])  # noqa: C419 - all are compared


@dataclass(frozen=True, slots=True)
class Granted:
    """What a tenant lets an app have, by its last consent.

    ``roles`` are the keys of the roles that may open it, ``person_roles`` those of them that the named person has
    now: empty means no launch and no sign-in. ``min_level`` is the assurance that signing in to it takes.
    """

    client_id: str
    installation_id: UUID
    tenant_id: UUID
    app_id: UUID
    vendor_id: UUID
    version_id: UUID
    scopes: frozenset[str]
    claims: frozenset[str]
    roles: frozenset[str]
    person_roles: frozenset[str]
    min_level: int


Found = TypeVar("Found", Client, Granted)


async def client(client_id: str) -> Client | None:
    """Return the app with this client id as it stands now; one statement, in any scope or none."""
    found = await once("select app_client($1)", client_id)
    if found is None:
        return None
    facts: dict[str, Any] = json.loads(found)
    hashes = (facts["secret_hash"], facts["former_secret_hash"])
    facts["secret_hashes"] = [one for one in hashes if one]
    facts["status"] = "active" if facts["is_live"] else "suspended"
    return _made(Client, facts)


async def granted(client_id: str, tenant_id: UUID, *, person_id: UUID | None = None) -> Granted | None:
    """Return what this tenant lets the app have; ``None`` unless it is installed, active and nothing suspended.

    One statement, in any scope or none. With ``person_id`` the answer names the roles by which that person may.
    """
    found = await once("select app_granted($1, $2, $3)", client_id, tenant_id, person_id)
    return None if found is None else read_granted(json.loads(found))


_IN_MANY = """
select jsonb_object_agg(x.id, app_granted($1, x.id, $3)) from unnest($2::uuid[]) x (id)
"""


async def granted_in(client_id: str, tenant_ids: Sequence[UUID], *, person_id: UUID) -> dict[UUID, Granted]:
    """Return what ``granted`` does for each of these tenants that lets the app have anything, in one statement."""
    found = await once(_IN_MANY, client_id, list(tenant_ids), person_id)
    return {UUID(key): read_granted(one) for key, one in json.loads(found or "{}").items() if one}


_ENTER = "select app_granted($1, $2, null), set_config('plan_cache_mode', 'force_generic_plan', true)"


async def enter_granted(client_id: str, tenant_id: UUID) -> Granted | None:
    """Return what ``granted`` does, and go on in that tenant's scope in the transaction that is open.

    With ``None`` nothing more may be done in it: the scope is whatever looking has left. Every statement that follows
    is planned once for each connection: under row-level security a plan takes many times longer to make than to follow.
    """
    found = await value(_ENTER, client_id, tenant_id)
    if found is None:
        return None
    adopt(tenant_scope(tenant_id))
    return read_granted(json.loads(found))


def read_granted(facts: dict[str, Any]) -> Granted:
    """Return what ``app_granted`` found, for statements that call it among other things."""
    return _made(Granted, facts)


def secret_hash(secret: str) -> str:
    """Return what is kept of a client secret; a plain hash will do, since secrets have 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def client_key(client_id: str) -> bytes:
    """Return the key under which a request with this client id finds its app."""
    return hashlib.sha256(client_id.encode()).digest()


def _made(kind: type[Found], facts: dict[str, Any]) -> Found:
    return kind(**{field.name: _typed(field.name, facts[field.name]) for field in fields(kind)})


def _typed(name: str, value: Any) -> Any:
    if name.endswith("_id") and name != "client_id":
        return UUID(value)
    if name in {"scopes", "claims", "roles", "person_roles", "protocols"}:
        return frozenset(value)
    return tuple(value) if isinstance(value, list) else value
