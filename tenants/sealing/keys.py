"""The key that signs seals, and the public ones that people check them by.

Ed25519 (RFC 8032). The composition root names the secret key and the public keys of the time before a rotation, which
stay published for as long as seals signed by them are to be checked.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32


@dataclass(frozen=True)
class SealKeys:
    """The 32 secret bytes that sign now, and the public keys of former ones."""

    secret: bytes
    former: tuple[bytes, ...] = ()

    @property
    def public(self) -> bytes:
        """The public key of what is signed now."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    @property
    def published(self) -> dict[str, bytes]:
        """Every public key by its id, the current one first."""
        return {key_id(key): key for key in (self.public, *self.former)}

    def sign(self, content: bytes) -> bytes:
        """Return the signature over ``content``."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(content)


def key_id(public: bytes) -> str:
    """Return the short name of a public key: the first 16 digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def is_signed(content: bytes, signature: bytes, public: bytes) -> bool:
    """Tell whether ``signature`` was made over ``content`` with the key of ``public``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        return False
    return True


_keys: list[SealKeys] = []


def use(secret: bytes, former: Sequence[bytes] = ()) -> None:
    """Set this process's keys; the composition root calls it."""
    _keys[:] = [SealKeys(secret, tuple(former))]


def keys() -> SealKeys:
    """Return this process's keys; ``RuntimeError`` when nothing was composed."""
    if not _keys:
        raise RuntimeError("tenants.sealing.keys.use() has not been called")
    return _keys[0]
