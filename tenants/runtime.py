"""What the composition root hands to this package and those above: addresses, keys, storage, messengers."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


@dataclass(frozen=True)
class Runtime:
    """One process's slice of the settings.

    ``secret_key`` is never used itself: each purpose derives its own key. ``smtp_url`` and ``sms_url`` are where
    messages leave; empty means that channel is off, which pages say.
    """

    secret_key: str
    public_url: str
    data_dir: Path
    smtp_url: str = ""
    mail_from: str = ""
    sms_url: str = ""
    sms_key: str = ""
    upload_max_bytes: int = 20_000_000
    upload_max_unpacked_bytes: int = 200_000_000
    is_demo: bool = False
    redis_url: str = ""
    private_hosts: frozenset[str] = field(default_factory=frozenset)
    """Hosts on private addresses that outgoing calls may reach (the sandbox); everything else private is refused."""
    field_keys: tuple[str, ...] = ()
    """What encrypts, first, and what may still decrypt; without any, ``secret_key``."""

    def key(self, purpose: str) -> bytes:
        """Return 32 bytes that serve one purpose alone."""
        return hmac.new(self.secret_key.encode(), purpose.encode(), hashlib.sha256).digest()

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return the HMAC-SHA-256 of ``message`` under the purpose's key."""
        return hmac.new(self.key(purpose), message, hashlib.sha256).digest()

    def encrypt(self, purpose: str, text: str) -> bytes:
        """Return ``text`` encrypted and authenticated for one purpose (Fernet), under the newest key."""
        return self._fernet(purpose).encrypt(text.encode())

    def decrypt(self, purpose: str, token: bytes) -> str:
        """Return the text of ``encrypt``; ``ValueError`` when no key of ours has made it."""
        try:
            return self._fernet(purpose).decrypt(token).decode()
        except InvalidToken:
            raise ValueError(purpose) from None

    def renew(self, purpose: str, token: bytes) -> bytes:
        """Return the same text under the newest key; ``ValueError`` when no key of ours has made it."""
        try:
            return self._fernet(purpose).rotate(token)
        except InvalidToken:
            raise ValueError(purpose) from None

    def blind(self, purpose: str, text: str) -> bytes:
        """Return what finds equal texts without showing them: an HMAC that does not change with the field keys."""
        return self.sign(f"{purpose} index", text.encode())

    def _fernet(self, purpose: str) -> MultiFernet:
        return MultiFernet(
            [Fernet(_fernet_key(key, purpose)) for key in self.field_keys or (self.secret_key,)]
        )


def _fernet_key(key: str, purpose: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest())


_runtime: list[Runtime] = []


def use(runtime: Runtime) -> None:
    """Set this process's runtime; the composition root and the tests call it."""
    _runtime[:] = [runtime]


def is_in_use() -> bool:
    """Tell whether this process has its runtime."""
    return bool(_runtime)


def runtime() -> Runtime:
    """Return this process's runtime; ``RuntimeError`` when nothing was composed."""
    if not _runtime:
        raise RuntimeError("tenants.runtime.use() has not been called")
    return _runtime[0]
