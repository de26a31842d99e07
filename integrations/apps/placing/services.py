"""Things of apps at a record: which there are, who may add some, taking one away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from integrations.apps.placing.models import PlacedItem
from integrations.apps.placing.records import KINDS, Record, RecordKind
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import rows, tenant_id
from ui.errors import NotFound
from ui.i18n import t

MOST = 200
_VERSION = """
  join integrations_app a on a.id = i.app_id
  join integrations_app_version v on v.id = coalesce(
    case when i.is_test then (select x.id from integrations_app_version x where x.app_id = a.id
                               order by x.number desc limit 1) end, a.listed_version_id)
"""
_MINE = """
i.tenant_id = $1 and i.status = 'active' and (i.is_test or v.status = 'listed') and exists (
  select 1 from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
   where m.tenant_id = $1 and m.person_id = $2 and m.ended_at is null and r.key = any (i.roles))
"""
_ITEMS = f"""
select p.id, p.kind, p.title, p.text, p.url, p.placed_by_name, p.created_at, a.name tool, i.id installation_id,
       {_MINE} is_mine
  from integrations_placed_item p join integrations_installation i on i.tenant_id = p.tenant_id
   and i.id = p.installation_id {_VERSION}
 where p.tenant_id = $1 and p.record_kind = $3 and p.record_id = $4 and p.removed_at is null
   and i.status = 'active' order by p.created_at, p.id limit {MOST}
"""
_TOOLS = f"""
select i.id, a.name, v.texts, v.icon_type, v.id version_id from integrations_installation i {_VERSION}
 where {_MINE} and 'lti' = any (v.protocols) and $3 = any (i.scopes) order by a.name limit {MOST}
"""


_VISITED = f"""
select p.id, p.record_id, p.title, p.text, v.texts, a.name tool
  from integrations_placed_item p join integrations_installation i on i.tenant_id = p.tenant_id
   and i.id = p.installation_id {_VERSION}
 where p.tenant_id = $1 and p.record_kind = $2 and p.record_id = any ($3) and p.removed_at is null
   and p.kind = 'resource' and i.status = 'active' and (i.is_test or v.status = 'listed') and $4 = any (i.roles)
   and 'lti' = any (v.protocols) order by p.created_at, p.id limit {MOST}
"""


@dataclass(frozen=True, slots=True)
class Thing:
    """What an app gave to be kept at a record."""

    kind: str
    title: str
    text: str
    url: str
    custom: dict[str, str]


async def record_of(actor: Actor, kind: str, record_id: UUID) -> tuple[RecordKind, Record]:
    """Return a record that the actor may see; ``NotFound`` for any other."""
    known = KINDS.get(kind)
    if known is None or not actor.may(known.permission):
        raise _nothing()
    found = await known.find(actor, record_id)
    if found is None:
        raise _nothing()
    return known, found


def _nothing() -> NotFound:
    return NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


async def on_record(actor: Actor, kind: str, record_id: UUID) -> Sequence[Any]:
    """Return what apps have at a record, in its order; the actor may see the record."""
    return await rows(_ITEMS, tenant_id(), actor.person_id, kind, record_id)


async def tools_for(actor: Actor, kind: str) -> Sequence[Any]:
    """Return the tools from which the actor may add something to records of a kind."""
    return await rows(_TOOLS, tenant_id(), actor.person_id, KINDS[kind].scope)


async def item_of(actor: Actor, item_id: UUID) -> PlacedItem:
    """Return a thing at a record that the actor may see; ``NotFound`` for any other."""
    found = await PlacedItem.get_or_none(tenant_id=actor.tenant_id, id=item_id, removed_at=None)
    if found is None:
        raise _nothing()
    await record_of(actor, found.record_kind, found.record_id)
    return found


async def resource_of(item_id: UUID) -> PlacedItem:
    """Return a thing that is launched, for callers who ask by themselves who may see it; in the tenant's scope."""
    found = await PlacedItem.get_or_none(
        tenant_id=tenant_id(), id=item_id, kind="resource", removed_at=None, record_kind__in=list(KINDS)
    )
    if found is None:
        raise _nothing()
    return found


async def for_visitors(kind: str, record_ids: Sequence[UUID]) -> Sequence[Any]:
    """Return what families may open at records, in the tenant's open scope; nothing where no app lets them in."""
    visitors = KINDS[kind].visitors
    if visitors is None or not record_ids:
        return []
    return await rows(_VISITED, tenant_id(), kind, list(record_ids), visitors.role)


async def keep(
    actor: Actor, installation_id: UUID, vendor_id: UUID, where: tuple[str, UUID], things: Sequence[Thing]
) -> list[PlacedItem]:
    """Keep things that the actor picked in an app at a record, in the tenant's open scope."""
    kind, record_id = where
    made = [
        await PlacedItem.create(
            id=new_id(),
            tenant_id=tenant_id(),
            installation_id=installation_id,
            vendor_id=vendor_id,
            record_kind=kind,
            record_id=record_id,
            kind=thing.kind,
            title=thing.title,
            text=thing.text,
            url=thing.url,
            custom=thing.custom,
            placed_by=actor.person_id,
            placed_by_name=actor.name,
        )
        for thing in things
    ]
    for one in made:
        await _note(actor, "app.thing_placed", one)
    return made


async def remove(actor: Actor, item_id: UUID) -> PlacedItem:
    """Take a thing away from its record; the marks that were given for it stay."""
    found = await item_of(actor, item_id)
    found.removed_at = datetime.now(UTC)
    await found.save(update_fields=["removed_at"])
    await _note(actor, "app.thing_removed", found)
    return found


async def _note(actor: Actor, act: str, item: PlacedItem) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="placed_item",
        subject_id=item.id,
        subject_label=item.title,
        tenant_id=item.tenant_id,
    )
