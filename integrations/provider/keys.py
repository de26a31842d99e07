"""The issuer's keys: published before they sign, served until their last token has ended, encrypted at rest.

Every process keeps them for a minute, so that a rotation made anywhere is known everywhere long before it counts.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from integrations.provider import lives
from integrations.provider.models import ProviderKey
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, queue_scope

log = structlog.get_logger(__name__)
ALGORITHMS = ("ES256", "RS256")
PURPOSE = "provider key"
SALT = "pairwise"
KEPT_SECONDS = 60.0
REMEMBERED = timedelta(days=400)
"""A retired key still verifies an old id_token that comes as a hint; it is no longer served."""
_LOCK = "select pg_advisory_xact_lock(hashtextextended('provider keys', 0))"

Key = ECKey | RSAKey


@dataclass(frozen=True, slots=True)
class Signing:
    """One key that signs, signed or will sign."""

    algorithm: str
    kid: str
    key: Key
    signs_from: datetime
    signs_until: datetime | None
    served_until: datetime | None

    def signs(self, now: datetime) -> bool:
        """Whether tokens are signed with it at this time."""
        return self.signs_from <= now and (self.signs_until is None or now < self.signs_until)

    def is_served(self, now: datetime) -> bool:
        """Whether the published set has it at this time."""
        return self.served_until is None or now < self.served_until


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys of the issuer, newest first, and the salt of its pairwise subjects."""

    keys: tuple[Signing, ...]
    salt: bytes

    def signing(self, algorithm: str) -> Signing:
        """Return the key that signs now."""
        now = datetime.now(UTC)
        return next(key for key in self.keys if key.algorithm == algorithm and key.signs(now))

    def published(self) -> dict[str, Any]:
        """Return the public key set (RFC 7517)."""
        now = datetime.now(UTC)
        return {"keys": [_public(key) for key in self.keys if key.is_served(now)]}

    def verifying(self) -> KeySet:
        """Return every key that may have signed something that is shown to us."""
        return KeySet([key.key for key in self.keys])


_kept: list[tuple[float, Ring]] = []


def forget() -> None:
    """Drop what this process keeps, as a restart would."""
    _kept.clear()


async def ring() -> Ring:
    """Return the issuer's keys, making what is missing or due."""
    if _kept and time.monotonic() - _kept[0][0] < KEPT_SECONDS:
        return _kept[0][1]
    found = await _load()
    if found is None or _due(found.keys):
        await rotate()
        found = await _load()
        assert found is not None  # noqa: S101 - rotate has made it
    _kept[:] = [(time.monotonic(), found)]
    return found


async def _load() -> Ring | None:
    async with open_scope(queue_scope()):
        rows = await ProviderKey.filter(served_until=None).order_by("-signs_from")
        rows += await ProviderKey.filter(served_until__gt=datetime.now(UTC) - REMEMBERED).order_by(
            "-signs_from"
        )
    salts = [row for row in rows if row.purpose == SALT]
    if not salts:
        return None
    keys = tuple(_signing(row) for row in rows if row.purpose != SALT)
    return Ring(keys, bytes.fromhex(runtime().decrypt(PURPOSE, salts[0].secret)))


def _signing(row: ProviderKey) -> Signing:
    material = runtime().decrypt(PURPOSE, row.secret)
    kind = ECKey if row.purpose == "ES256" else RSAKey
    key = kind.import_key(material, {"kid": row.kid, "use": "sig", "alg": row.purpose})
    return Signing(row.purpose, row.kid, key, row.signs_from, row.signs_until, row.served_until)


def _public(signing: Signing) -> dict[str, Any]:
    shown = dict(signing.key.as_dict(private=False))
    return {**shown, "kid": signing.kid, "use": "sig", "alg": signing.algorithm}


def _due(keys: Sequence[Signing]) -> list[str]:
    """Return the algorithms whose youngest key is old, or that have none."""
    oldest = datetime.now(UTC) - lives.SIGNING
    fresh = {key.algorithm for key in keys if key.signs_from > oldest}
    return [algorithm for algorithm in ALGORITHMS if algorithm not in fresh]


async def rotate(algorithms: Sequence[str] | None = None) -> list[str]:
    """Make the next keys of ``algorithms``, or of those that are due; return their ids.

    The very first signs at once, since nobody can have cached a set without it. Two processes make only one.
    """
    made = {algorithm: await asyncio.to_thread(_new, algorithm) for algorithm in algorithms or ALGORITHMS}
    async with open_scope(queue_scope()):
        await execute(_LOCK)
        found = await _load()
        due = list(made) if algorithms else _due(found.keys if found else ())
        if found is None:
            await _save(SALT, SALT, secrets.token_bytes(32).hex(), datetime.now(UTC))
        kids = [await _succeed(algorithm, made[algorithm], found) for algorithm in due]
    log.info("provider.keys_rotated", kids=kids)
    forget()
    return kids


def _new(algorithm: str) -> str:
    key = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)
    return key.as_pem(private=True).decode()


async def _succeed(algorithm: str, material: str, found: Ring | None) -> str:
    """Publish the new key; the one before it signs until the new one does, and is served until its tokens end."""
    now = datetime.now(UTC)
    before = [key for key in found.keys if key.algorithm == algorithm] if found else []
    begins = now + 2 * lives.PUBLISHED if before else now
    kid = f"{algorithm.lower()}-{now:%Y%m%d}-{secrets.token_hex(4)}"
    await ProviderKey.filter(purpose=algorithm, signs_until=None).update(
        signs_until=begins, served_until=begins + lives.ID_TOKEN + lives.PUBLISHED
    )
    await _save(algorithm, kid, material, begins)
    return kid


async def _save(purpose: str, kid: str, secret: str, begins: datetime) -> None:
    await ProviderKey.create(
        id=new_id(), purpose=purpose, kid=kid, secret=runtime().encrypt(PURPOSE, secret), signs_from=begins
    )


async def retire(kid: str) -> None:
    """Take a key away at once, as when it has leaked: it neither signs nor is served nor believed any more."""
    async with open_scope(queue_scope()):
        long_ago = datetime.now(UTC) - REMEMBERED - timedelta(days=1)
        await ProviderKey.filter(kid=kid).update(signs_until=long_ago, served_until=long_ago)
        left = await _load()
    now = datetime.now(UTC)
    usable = {key.algorithm for key in left.keys if key.signs(now)} if left else set()
    for algorithm in set(ALGORITHMS) - usable:
        await _hurry(algorithm)
    forget()


async def _hurry(algorithm: str) -> None:
    """Have the next key sign now rather than when it was meant to, or make one that does."""
    async with open_scope(queue_scope()):
        now = datetime.now(UTC)
        waiting = ProviderKey.filter(purpose=algorithm, signs_until=None)
        if not await waiting.update(signs_from=now):
            await _succeed(algorithm, await asyncio.to_thread(_new, algorithm), None)


async def sign(claims: dict[str, Any], algorithm: str, *, kind: str = "JWT") -> str:
    """Return a signed token; ``kind`` is its ``typ``."""
    signing = (await ring()).signing(algorithm)
    header = {"alg": algorithm, "kid": signing.kid, "typ": kind}
    return jwt.encode(header, claims, signing.key, algorithms=[algorithm])
