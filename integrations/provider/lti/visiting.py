"""Launches by families: a learner, or somebody of the family, opens from their own page what is placed at a record.

They have no role at the institution. What lets them in is the launch that our page has just made for them, the
institution's tick for families at this app, and the record's own rules, which are asked again when the tool comes back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import AccessDeniedError

from integrations.apps import clients
from integrations.apps.placing.records import KINDS, Visitor
from integrations.provider import launches, subjects
from integrations.provider.admission import Place
from integrations.provider.deciding import MOST_PLACES, Visit
from tenants.actor import Actor
from tenants.scope import open_scope, person_scope, rows
from ui.errors import AppError

_TENANTS = """
select distinct h.tenant_id id from tenants_holder h where h.person_id = $1 and h.confirmed_at is not null
   and lasts(h.until, day_of(h.tenant_id)) limit $2
"""


@dataclass(frozen=True, slots=True)
class Visiting:
    """The place of a family's launch, with for whom it is. ``learner`` is the subject that the tool knows them by."""

    place: Place
    visitor: Visitor
    learner: str


async def visiting_of(visit: Visit) -> Visiting | None:
    """Return the family's launch that the tool has brought back; ``None`` when it is none.

    Raises:
        AccessDeniedError: when it is one, and may not be any more.
    """
    actor, value = visit.actor, visit.kept.asked.payload.data["launch"]
    assert actor is not None and actor.person_id is not None  # noqa: S101, PT018 - signed in
    async with open_scope(person_scope(actor.person_id)):
        tenants = await rows(_TENANTS, actor.person_id, MOST_PLACES)
    for tenant in tenants:
        found = await launches.opened_in(value, tenant["id"], actor.person_id)
        if found is not None:
            context = json.loads(found["context"])
            is_visit = bool((context.get("lti") or {}).get("learner"))
            where = (tenant["id"], found["installation_id"])
            return await _admitted(visit, actor, where, context) if is_visit else None
    return None


async def _admitted(
    visit: Visit, actor: Actor, where: tuple[UUID, UUID], context: Mapping[str, Any]
) -> Visiting:
    client, record, (tenant_id, installation_id) = visit.app.client, context["record"], where
    granted = await clients.granted(client.client_id, tenant_id)
    visitors = KINDS[record["kind"]].visitors if record["kind"] in KINDS else None
    is_open = granted and visitors and visitors.role in granted.roles
    if granted is None or visitors is None or not is_open or granted.installation_id != installation_id:
        raise AccessDeniedError
    try:
        visitor = await visitors.admit(actor, UUID(record["id"]), UUID(context["lti"]["learner"]))
    except AppError:
        raise AccessDeniedError from None
    assert actor.person_id is not None  # noqa: S101 - signed in
    learner = await subjects.subject(client.sector, tenant_id, visitor.learner_id)
    own = await subjects.subject(client.sector, tenant_id, actor.person_id)
    place = Place(tenant_id, "", learner if visitor.is_learner else own, granted)
    return Visiting(place, visitor, learner)
