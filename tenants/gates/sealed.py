"""Codes that a gate without network knows to be ours: Ed25519 over the few facts a gate needs.

Each institution has a key of its own for each purpose, derived from the house's secret; gates know its public half.
What the facts are is for whoever makes the code; ``ui/static/js/signed-code.js`` reads them in a page.
"""

import base64
import binascii
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenants.runtime import runtime

_SIGNATURE = 64


def seal(purpose: str, prefix: str, tenant_id: UUID, facts: bytes) -> str:
    """Return the text of a code that says these facts."""
    return prefix + base64.urlsafe_b64encode(facts + _key(purpose, tenant_id).sign(facts)).decode().rstrip(
        "="
    )


def unseal(purpose: str, prefix: str, tenant_id: UUID, text: str, size: int) -> bytes | None:
    """Return the ``size`` bytes of facts of an institution's code; ``None`` for anything that it has not signed."""
    given = text.strip()
    try:
        raw = base64.b64decode(_padded(given.removeprefix(prefix)), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if not given.startswith(prefix) or len(raw) != size + _SIGNATURE:
        return None
    try:
        _public(purpose, tenant_id).verify(raw[size:], raw[:size])
    except InvalidSignature:
        return None
    return raw[:size]


def public_key(purpose: str, tenant_id: UUID) -> str:
    """Return the public half of an institution's key: 32 bytes in base64."""
    raw = _public(purpose, tenant_id).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def _padded(text: str) -> bytes:
    return (text + "=" * (-len(text) % 4)).encode("ascii", "replace")


@lru_cache(maxsize=4096)
def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _key(purpose: str, tenant_id: UUID) -> Ed25519PrivateKey:
    return _private(runtime().sign(purpose, tenant_id.bytes))


def _public(purpose: str, tenant_id: UUID) -> Ed25519PublicKey:
    return _key(purpose, tenant_id).public_key()
