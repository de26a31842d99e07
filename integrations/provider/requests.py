"""Authorization requests: checked the same whether pushed or brought, kept while the person is elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from integrations.provider import lives, smart, store
from integrations.provider.asked import Asked, again
from integrations.provider.errors import InvalidRequestUriError
from integrations.provider.grants import CodeGrant
from integrations.provider.relying import App
from integrations.provider.server import Server
from tenants.scope import execute, open_scope, queue_scope, row, secret_scope
from tenants.sessions import hash_of

URN = "urn:ietf:params:oauth:request_uri:"
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MOST_AGE = 10**9


@dataclass(frozen=True, slots=True)
class Kept:
    """A request that was pushed or put aside. ``notes`` are ours: what was chosen and when the person set out."""

    token: str
    client_id: str
    asked: Asked
    is_pushed: bool
    started_at: datetime
    trips: int
    notes: Mapping[str, Any]

    @property
    def uri(self) -> str:
        """The name under which the browser brings it again."""
        return URN + self.token


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of the sign-in, read and checked."""

    prompt: frozenset[str]
    max_age: int | None
    acr_values: tuple[str, ...]
    claims: Mapping[str, tuple[str, ...]]
    """Names asked for one by one, by where they shall be told (``userinfo``, ``id_token``)."""
    subject: str
    """The ``sub`` that has to come out, if the app says so."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing may be shown."""
        return "none" in self.prompt


def check(server: Server) -> tuple[CodeGrant, Wish]:
    """Return the grant and the wish of an authorization request that is in order; to be run inside the bridge.

    Raises:
        OAuth2Error: with ``redirect_uri`` once it is sure that the app may be told there.
    """
    asked = server.asked
    asked.once()
    grant: CodeGrant = server.get_consent_grant(asked)
    app: App = asked.client
    if app.client.status != "active":
        raise InvalidClientError(description="The app is suspended.")
    try:
        smart.check(app.client, asked.payload.data)
        return grant, wish_of(asked.payload.data)
    except InvalidRequestError as error:
        error.redirect_uri, error.state = grant.redirect_uri, asked.payload.state
        raise


def wish_of(given: Mapping[str, str]) -> Wish:
    """Read what is wished.

    Raises:
        InvalidRequestError: when it contradicts itself or cannot be read.
    """
    prompt = frozenset(given.get("prompt", "").split()) & PROMPTS
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequestError("The prompt none stands alone.")
    claims = _claims(given.get("claims", ""))
    acr, sub = _of_id_token(claims, "acr"), _of_id_token(claims, "sub")
    values = [
        *given.get("acr_values", "").split(),
        *_strings(acr.get("values")),
        *_strings([acr.get("value")]),
    ]
    return Wish(
        prompt=prompt,
        max_age=_seconds(given.get("max_age")),
        acr_values=tuple(values),
        claims={place: tuple(claims.get(place, {})) for place in ("userinfo", "id_token")},
        subject=str(sub.get("value") or ""),
    )


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= MOST_AGE):
        raise InvalidRequestError("The max_age is a number of seconds.")
    return int(text)


def _claims(text: str) -> dict[str, dict[str, Any]]:
    """Return the ``claims`` parameter (OpenID Connect Core 1.0, 5.5)."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise InvalidRequestError("The claims are not JSON.") from None
    if not isinstance(found, dict) or not all(
        isinstance(found.get(p, {}), dict) for p in ("userinfo", "id_token")
    ):
        raise InvalidRequestError("The claims are not as they should be.")
    return {
        place: {str(name): wish or {} for name, wish in (found.get(place) or {}).items()} for place in found
    }


def _of_id_token(claims: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    found = claims.get("id_token", {}).get(name, {})
    return found if isinstance(found, dict) else {}


def _strings(found: object) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


async def push(client_id: str, parameters: Mapping[str, str]) -> str:
    """Keep a pushed request for a minute; return its address."""
    return URN + await _keep(client_id, parameters, lives.PUSHED, is_pushed=True, started=datetime.now(UTC))


async def put_aside(kept: Kept, notes: Mapping[str, Any] | None = None, *, is_trip: bool = False) -> Kept:
    """Keep a request until the person is back; one that waits already is written anew."""
    told = {**kept.notes, **(notes or {})}
    parameters = {**kept.asked.payload.data, "": told}
    trips = kept.trips + is_trip
    token = kept.token
    if token and not kept.is_pushed:
        await _rewrite(token, parameters, trips)
    else:
        token = await _keep(
            kept.client_id, parameters, lives.PUT_ASIDE, is_pushed=False, started=kept.started_at, trips=trips
        )
    return Kept(token, kept.client_id, kept.asked, False, kept.started_at, trips, told)


async def _keep(
    client_id: str,
    parameters: Mapping[str, Any],
    life: timedelta,
    *,
    is_pushed: bool,
    started: datetime,
    trips: int = 0,
) -> str:
    token = store.new_token()
    async with open_scope(secret_scope(hash_of(token))):
        await execute(
            "insert into integrations_authorization_request (id, token_hash, client_id, parameters, is_pushed, trips,"
            " started_at, expires_at) values (new_id(), $1, $2, $3, $4, $5, $6, $7)",
            hash_of(token),
            client_id,
            json.dumps(parameters),
            is_pushed,
            trips,
            started,
            datetime.now(UTC) + life,
        )
    return token


async def _rewrite(token: str, parameters: Mapping[str, Any], trips: int) -> None:
    async with open_scope(secret_scope(hash_of(token))):
        await execute(
            "update integrations_authorization_request set parameters = $2, trips = $3 where token_hash = $1",
            hash_of(token),
            json.dumps(parameters),
            trips,
        )


async def take(uri: str, client_id: str) -> Kept:
    """Return the request behind an address of ours. A pushed one is used up by this; one put aside waits on.

    Raises:
        InvalidRequestUriError: when it is not there, another app's, used or too old: the three are not told apart.
    """
    token = uri.removeprefix(URN)
    async with open_scope(secret_scope(hash_of(token))):
        found = await row(
            "update integrations_authorization_request set used_at = case when is_pushed then now() end"
            " where token_hash = $1 and client_id = $2 and used_at is null and expires_at > now()"
            " returning parameters, is_pushed, trips, started_at",
            hash_of(token),
            client_id,
        )
    if found is None:
        raise InvalidRequestUriError("The request_uri is unknown, used or too old.")
    parameters = json.loads(found["parameters"])
    notes = parameters.pop("", {})
    started = datetime.now(UTC) if found["is_pushed"] else found["started_at"]
    return Kept(token, client_id, again(parameters), found["is_pushed"], started, found["trips"], notes)


async def use_up(kept: Kept) -> bool:
    """End a request that was put aside once it is answered; ``False`` when it was answered before."""
    if not kept.token or kept.is_pushed:
        return True
    async with open_scope(secret_scope(hash_of(kept.token))):
        return bool(
            await execute(
                "update integrations_authorization_request set used_at = now() where token_hash = $1"
                " and used_at is null",
                hash_of(kept.token),
            )
        )


async def sweep() -> None:
    """Remove requests whose time is over."""
    async with open_scope(queue_scope()):
        await execute("delete from integrations_authorization_request where expires_at < now()")
