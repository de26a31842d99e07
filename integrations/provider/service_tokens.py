"""Tokens of programs that act by themselves: signed, never stored, each for one of our services.

A token says who the program is and what it wants to do; what it opens is asked of the installation at each call.
"""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from integrations.provider import id_tokens, keys

SECONDS = 300
"""The longest that SMART lets such a token live."""
KIND, ALGORITHM = "at+jwt", "ES256"


async def issue(client_id: str, scope: str, *, service: str) -> str:
    """Return a token for ``service``, a path of ours."""
    now = int(time.time())
    told = {
        "iss": id_tokens.issuer(),
        "aud": _audience(service),
        "sub": client_id,
        "client_id": client_id,
        "scope": scope,
        "iat": now,
        "exp": now + SECONDS,
    }
    return await keys.sign(told, ALGORITHM, kind=KIND)


async def shown(token: str, *, service: str) -> dict[str, Any] | None:
    """Return what a token tells; ``None`` for anything else than one of ours for this service that has not ended."""
    try:
        found = jwt.decode(token, (await keys.ring()).verifying(), algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    told: dict[str, Any] = found.claims
    is_ours = found.header.get("typ") == KIND and told.get("aud") == _audience(service)
    return told if is_ours and told["exp"] > time.time() else None


def _audience(service: str) -> str:
    return f"{id_tokens.issuer()}{service}"
