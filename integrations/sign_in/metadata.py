"""What a provider publishes about itself: its endpoints and its keys, kept for five minutes."""

import time
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integrations.sign_in.failures import ProviderDown, down, refused
from tenants.outbound import OutboundError, call

KEPT_SECONDS = 300
RELOAD_SECONDS = 20
"""Keys are asked for again this long after the last time when a token names a key that we do not know."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints of one issuer, as its discovery document gives them."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    has_iss_in_response: bool
    can_choose_account: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    value: Any


_metadata: dict[str, _Kept] = {}
_keys: dict[str, _Kept] = {}


def forget() -> None:
    """Drop everything kept, as a restart would."""
    _metadata.clear()
    _keys.clear()


async def metadata_of(issuer: str) -> Metadata:
    """Return the provider's endpoints. A document that is out of reach is answered from memory, if we have it."""
    kept = _metadata.get(issuer)
    if kept is not None and time.monotonic() - kept.at < KEPT_SECONDS:
        return _as_metadata(kept)
    try:
        found = _read(issuer, await _fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    except ProviderDown:
        if kept is None:
            raise
        return _as_metadata(kept)
    _metadata[issuer] = _Kept(time.monotonic(), found)
    return found


def _as_metadata(kept: _Kept) -> Metadata:
    found: Metadata = kept.value
    return found


def _read(issuer: str, document: dict[str, Any]) -> Metadata:
    if document.get("issuer") != issuer:
        raise refused("discovery names another issuer", issuer=issuer)
    endpoints = {
        name: document.get(name, "") for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    }
    if not all(isinstance(url, str) and url for url in endpoints.values()):
        raise refused("discovery lacks endpoints", issuer=issuer)
    return Metadata(
        issuer=issuer,
        **endpoints,
        end_session_endpoint=str(document.get("end_session_endpoint") or ""),
        has_iss_in_response=document.get("authorization_response_iss_parameter_supported") is True,
        can_choose_account="select_account" in (document.get("prompt_values_supported") or ()),
    )


async def keys_of(metadata: Metadata, *, is_unknown: bool = False) -> KeySet:
    """Return the provider's public keys; ``is_unknown`` asks again, for a key that was not among them."""
    kept = _keys.get(metadata.issuer)
    most = RELOAD_SECONDS if is_unknown else KEPT_SECONDS
    if kept is None or time.monotonic() - kept.at >= most:
        kept = _Kept(time.monotonic(), _key_set(await _fetch(metadata.jwks_uri)))
        _keys[metadata.issuer] = kept
    found: KeySet = kept.value
    return found


def _key_set(document: dict[str, Any]) -> KeySet:
    listed = document.get("keys")
    signing = [k for k in listed if isinstance(k, dict) and k.get("use", "sig") == "sig"] if listed else []
    try:
        return KeySet.import_key_set({"keys": signing})
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise refused(f"keys cannot be read: {type(error).__name__}") from error


async def _fetch(url: str) -> dict[str, Any]:
    try:
        return (await call("GET", url, headers={"Accept": "application/json"})).expected().json()
    except OutboundError as error:
        raise down(str(error), url=url) from error
