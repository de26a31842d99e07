"""The launch value that our pages hand to an app, brought back with its authorization request and good once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from integrations.provider.admission import Place
from tenants.scope import open_scope, row, tenant_scope
from tenants.sessions import hash_of

LIFE = timedelta(minutes=5)
_OPEN = "tenant_id = $1 and value_hash = $2 and person_id = $3 and created_at > now() - $4::interval"


async def launched_in(value: str, places: list[Place], person_id: UUID) -> list[Place]:
    """Return the one place whose page made this launch for this person, as a list; empty when it is not good."""
    for place in places:
        found = await opened_in(value, place.tenant_id, person_id)
        if found is not None and found["installation_id"] == place.granted.installation_id:
            return [place]
    return []


async def opened_in(value: str, tenant_id: UUID, person_id: UUID) -> Any:
    """Return installation and context of a launch that a tenant's page made for a person; ``None`` for no such."""
    async with open_scope(tenant_scope(tenant_id)):
        return await row(
            f"select installation_id, context from integrations_launch where {_OPEN}",
            tenant_id,
            hash_of(value),
            person_id,
            LIFE,
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """Where in the app, and on what of ours, a launch opened it."""

    id: UUID
    place: str
    context: Mapping[str, Any]


async def redeem(value: str, place: Place, person_id: UUID) -> Opened | None:
    """Use a launch up and return where it was opened; ``None`` when somebody else was first."""
    async with open_scope(tenant_scope(place.tenant_id)):
        found = await row(
            "update integrations_launch set value_hash = null, arrived_at = coalesce(arrived_at, now()),"
            f" outcome = 'arrived' where {_OPEN} returning id, place, context",
            place.tenant_id,
            hash_of(value),
            person_id,
            LIFE,
        )
    return Opened(found["id"], found["place"], json.loads(found["context"])) if found else None
