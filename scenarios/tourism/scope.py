"""Scopes of the public pages: a site's word in an address tells whose it is, and nothing else does."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from scenarios.tourism.calendar.catalogue import read
from scenarios.tourism.models import Site
from tenants.actor import Actor, system_actor
from tenants.models import Tenant
from tenants.scope import NOTHING, adopt, open_scope, row, tenant_scope
from ui.errors import NotFound
from ui.i18n import t


def word_hash(word: str) -> bytes:
    """Return the hash under which a site's word is found without knowing its institution."""
    return hashlib.sha256(f"tourism site {word}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Opened:
    """A site whose public pages are asked for, with its institution and the accent of its bank."""

    site: Site
    tenant: Tenant
    accent: str


def visitor(tenant_id: UUID, *, ip: str = "") -> Actor:
    """Return whoever buys without signing in: what they may do is said by the pages that are open to them."""
    return replace(system_actor(tenant_id), name="", ip=ip)


@asynccontextmanager
async def site_scope(word: str) -> AsyncIterator[Opened]:
    """Run the block in the scope of the institution whose site has this word: one round trip, and one to end it.

    Raises:
        NotFound: there is none.
    """
    async with open_scope(NOTHING):
        found = await row("select * from enter_shop($1)", word_hash(word))
        if found is None:
            raise NotFound("site.not_found", t("There is no such place. Check the address."))
        site, tenant = read(Site, found["site"]), read(Tenant, found["tenant"])
        assert site is not None and tenant is not None  # noqa: S101, PT018 - the rows that were found
        adopt(tenant_scope(tenant.id))
        yield Opened(site, tenant, found["accent"] or "")
