"""Whom an app's vendor knows somebody as: the same for all apps of one vendor in one tenant, different everywhere else.

The salt is kept for ever (``ProviderKey``): another salt would make strangers of everybody.
"""

import base64
import hashlib
import hmac
from uuid import UUID

from integrations.provider import keys


async def subject(sector: str, tenant_id: UUID, person_id: UUID) -> str:
    """Return the pairwise subject of a person (OpenID Connect Core 1.0, 8.1)."""
    return await _pairwise("sub", sector, tenant_id, person_id)


async def session_id(sector: str, tenant_id: UUID, session: UUID) -> str:
    """Return what a vendor knows a session by: one session of ours is another one in each tenant."""
    return await _pairwise("sid", sector, tenant_id, session)


async def _pairwise(kind: str, sector: str, tenant_id: UUID, of: UUID) -> str:
    salt = (await keys.ring()).salt
    message = f"{kind}|{sector}|{tenant_id}|{of}".encode()
    digest = hmac.new(salt, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
