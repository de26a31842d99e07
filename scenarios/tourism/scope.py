"""Scopes of the public pages: a site's word in an address tells whose it is, and nothing else does."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from tenants.actor import Actor, system_actor
from tenants.scope import open_scope, secret_scope, tenant_scope, value
from ui.errors import NotFound
from ui.i18n import t


def word_hash(word: str) -> bytes:
    """Return the hash under which a site's word is found without knowing its institution."""
    return hashlib.sha256(f"tourism site {word}".encode()).digest()


async def tenant_of(word: str) -> UUID:
    """Return the institution whose site has this word.

    Raises:
        NotFound: there is none.
    """
    async with open_scope(secret_scope(word_hash(word))):
        found: UUID | None = await value(
            "select tenant_id from tourism_site where word_hash = $1", word_hash(word)
        )
    if found is None:
        raise NotFound("site.not_found", t("There is no such place. Check the address."))
    return found


def visitor(tenant_id: UUID, *, ip: str = "") -> Actor:
    """Return whoever buys without signing in: what they may do is said by the pages that are open to them."""
    return replace(system_actor(tenant_id), name="", ip=ip)


@asynccontextmanager
async def site_scope(word: str) -> AsyncIterator[UUID]:
    """Run the block in the scope of the site's institution, which is what it yields."""
    tenant_id = await tenant_of(word)
    async with open_scope(tenant_scope(tenant_id)):
        yield tenant_id
