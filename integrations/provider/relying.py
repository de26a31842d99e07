"""An app as Authlib's grants ask about it, and the keys it proves itself with."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.oauth2.rfc6749 import ClientMixin
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integrations.apps.clients import Client
from integrations.provider import lives, smart
from integrations.provider.lives import PROFILES, Profile
from tenants.outbound import OutboundError, call
from tenants.runtime import runtime

log = structlog.get_logger(__name__)
GRANT_TYPES = ("authorization_code", "refresh_token")
RELOAD_SECONDS = 20


class App(ClientMixin):  # type: ignore[misc]
    """One client of ours for the time of one request. ``key_set`` is loaded before the protocol asks for it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.key_set: KeySet | None = None

    @property
    def client_id(self) -> str:
        """The app's name at our doors."""
        return self.client.client_id

    @property
    def profile(self) -> Profile:
        """What is asked of it."""
        return PROFILES[self.client.profile]

    def get_client_id(self) -> str:
        """Return its name."""
        return self.client.client_id

    def get_default_redirect_uri(self) -> None:
        """Return nothing: an app always says where the answer goes."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of the wish is its own to ask for; scopes that we do not know are left out, not refused."""
        return " ".join(smart.narrowed(self.client, self.client.scopes | {"openid"}, scope))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether this is one of its addresses, letter for letter."""
        return redirect_uri in self.client.redirect_uris and (
            not self.profile.must_push or _is_guarded(redirect_uri)
        )

    def check_client_secret(self, secret: str) -> bool:
        """Tell whether this is its secret."""
        return self.client.knows_secret(secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether it proves itself this way, the same at every endpoint."""
        del endpoint
        return method == self.client.auth_method and method in self.profile.methods

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether this flow is open to it."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it may pay with this."""
        return grant_type in GRANT_TYPES


def _is_guarded(url: str) -> bool:
    """Strict profiles take no answer over an open line, the sandbox on this machine excepted."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.netloc.lower() in runtime().private_hosts


_kept: dict[str, tuple[float, KeySet]] = {}


def forget() -> None:
    """Drop the key sets that this process keeps."""
    _kept.clear()


async def keys_of(client: Client, kid: str | None) -> KeySet | None:
    """Return the app's public keys, from its registration or its own address; ``None`` when there are none to be had.

    A key that we do not know has its address asked again, though not for every token that somebody makes up.
    """
    if client.jwks is not None:
        return _key_set(client.jwks)
    if not client.jwks_uri:
        return None
    at, found = _kept.get(client.jwks_uri, (0.0, None))
    age = time.monotonic() - at
    is_known = found is not None and (kid is None or any(key.kid == kid for key in found.keys))
    if found is None or age > lives.PUBLISHED.total_seconds() or (not is_known and age > RELOAD_SECONDS):
        found = await _fetch(client.jwks_uri) or found
        if found is not None:
            _kept[client.jwks_uri] = (time.monotonic(), found)
    return found


async def _fetch(url: str) -> KeySet | None:
    try:
        return _key_set((await call("GET", url, headers={"Accept": "application/json"})).expected().json())
    except OutboundError as error:
        log.warning("provider.keys_unreachable", url=url, error=str(error))
        return None


def _key_set(document: Mapping[str, Any]) -> KeySet | None:
    """Return the signing keys that can be read."""
    listed = document.get("keys")
    signing = [k for k in listed if isinstance(k, dict) and k.get("use", "sig") == "sig"] if listed else []
    try:
        return KeySet.import_key_set({"keys": [_public(key) for key in signing]})
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key without its private parts, should somebody have published them."""
    return {
        name: value
        for name, value in key.items()
        if name not in {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    }
