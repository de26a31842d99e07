"""Reads of the tenant's side: what there is to install, what is installed, who may open it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.placing.records import visitor_roles
from integrations.apps.vendors.shown import words
from tenants import texts
from tenants.actor import Actor
from tenants.scope import row, rows
from tenants.search import containing
from ui.errors import NotFound
from ui.i18n import Text, t

MOST = 200
_CATALOGUE = """
select a.id, v.id version_id, v.texts, v.icon_type, v.scenarios, v.needs, d.name vendor,
       i.id installation_id, i.status installed
  from integrations_app a join integrations_app_version v on v.id = a.listed_version_id and v.status = 'listed'
  join integrations_vendor d on d.id = a.vendor_id and d.status = 'admitted'
  left join integrations_installation i on i.tenant_id = $1 and i.app_id = a.id and i.status <> 'uninstalled'
 where ($2 = '' or $2 = any (v.scenarios)) and ($3 = '' or $3 = any (v.needs))
   and ($4 = '' or v.texts::text ilike $4 or d.name ilike $4)
 order by (i.id is not null), a.name limit $5
"""
_INSTALLED = """
select i.id, i.status, i.scopes, i.roles, i.is_test, i.hook_stopped_at, i.created_at, i.installed_by_name,
       a.id app_id, a.name, a.health, a.status app_status, v.texts, v.icon_type, v.id version_id, v.number,
       coalesce(l.places, v.places) places, l.number listed_number, d.status vendor_status, l.status listed_status,
       exists (select 1 from jsonb_object_keys(l.scopes) s where not (v.scopes ? s)) asks_more
  from integrations_installation i join integrations_app a on a.id = i.app_id
  join integrations_vendor d on d.id = a.vendor_id
  left join integrations_app_version v on v.id = i.version_id
  left join integrations_app_version l on l.id = a.listed_version_id
 where i.tenant_id = $1 and i.status <> 'uninstalled' order by a.name limit $2
"""
_ENDED = """
select i.id, a.name, v.texts, i.uninstalled_at, i.delete_after, i.deleted_at,
       case when i.deleted_at is not null then 'deleted' when i.delete_after > now() then 'ending' else 'owed' end state
  from integrations_installation i join integrations_app a on a.id = i.app_id
  left join integrations_app_version v on v.id = i.version_id
 where i.tenant_id = $1 and i.status = 'uninstalled' and coalesce(i.deleted_at, now()) > now() - interval '90 days'
 order by i.uninstalled_at desc limit $2
"""
_DELETION = """
select tries, status, history -> -1 ->> 'note' note from integrations_app_message
 where tenant_id = $1 and installation_id = $2 and event = 'installation.deletion_due' order by created_at desc limit 1
"""
_MINE = """
select distinct i.id from integrations_installation i, tenants_membership m join tenants_role r
    on r.tenant_id = m.tenant_id and r.id = m.role_id
 where i.tenant_id = $1 and i.status = 'active' and m.tenant_id = $1 and m.person_id = $2 and m.ended_at is null
   and r.key = any (i.roles)
"""
_DRAFTS = """
select a.id, v.id version_id, v.texts, v.icon_type, v.scenarios, v.needs, d.name vendor,
       i.id installation_id, i.status installed
  from integrations_vendor d join integrations_app a on a.vendor_id = d.id
  join lateral (select * from integrations_app_version x where x.app_id = a.id order by number desc limit 1) v on true
  left join integrations_installation i on i.tenant_id = $1 and i.app_id = a.id and i.status <> 'uninstalled'
 where $1 = any (d.sandbox_tenant_ids) order by a.name
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """An app that this tenant can install, in the version it would get."""

    app: App
    version: AppVersion
    vendor: Vendor
    is_test: bool


async def offer_of(actor: Actor, app_id: UUID) -> Offer:
    """Return an app of the catalogue, or a draft in its own vendor's sandbox; ``NotFound`` for any other."""
    app = await App.get_or_none(id=app_id)
    vendor = await Vendor.get_or_none(id=app.vendor_id, status="admitted") if app else None
    if app is None or vendor is None:
        raise _no_app()
    is_test = actor.tenant_id in vendor.sandbox_tenant_ids
    if is_test:
        version = await AppVersion.filter(app_id=app.id).order_by("-number").first()
    else:
        version = await AppVersion.get_or_none(id=app.listed_version_id, status="listed")
    if version is None:
        raise _no_app()
    return Offer(app, version, vendor, is_test)


def _no_app() -> NotFound:
    return NotFound("app.not_found", t("There is no such app in the catalogue."))


async def catalogue(actor: Actor, *, scenario: str, need: str, words: str) -> list[Any]:
    """Return the apps that fit; in a vendor's sandbox, its own with their drafts."""
    drafts = await rows(_DRAFTS, actor.tenant_id)
    if drafts:
        return list(drafts)
    return await rows(_CATALOGUE, actor.tenant_id, scenario, need, containing(words) if words else "", MOST)


async def installed(actor: Actor) -> list[dict[str, Any]]:
    """Return what is installed, each with whether this person may open it."""
    found = await rows(_INSTALLED, actor.tenant_id, MOST)
    mine = {one["id"] for one in await rows(_MINE, actor.tenant_id, actor.person_id)}
    return [dict(one) | {"is_mine": one["id"] in mine} for one in found]


async def ended(actor: Actor) -> list[dict[str, Any]]:
    """Return what was uninstalled, until ninety days after its deletion was confirmed."""
    found = await rows(_ENDED, actor.tenant_id, MOST)
    return [
        dict(one) | {"name": words(json.loads(one["texts"] or "{}"), "name") or one["name"]} for one in found
    ]


async def deletion(actor: Actor, installation_id: UUID) -> dict[str, Any]:
    """Return how often an uninstalled app was asked to delete what it has, and what was wrong with its last answer."""
    found = await row(_DELETION, actor.tenant_id, installation_id)
    return {"tries": found["tries"], "note": texts.loads(found["note"] or "")} if found else {}


_SPEAKS = """
select i.id, v.texts, a.name from integrations_installation i
  join integrations_app a on a.id = i.app_id join integrations_app_version v on v.id = i.version_id
 where i.tenant_id = $1 and i.status = 'active' and $3 = any (v.protocols) and $4 = any (i.scopes)
   and exists (select 1 from tenants_membership m join tenants_role r on r.tenant_id = $1 and r.id = m.role_id
                where m.tenant_id = $1 and m.person_id = $2 and m.ended_at is null and r.key = any (i.roles))
 order by a.name, i.id limit 20
"""


async def tools_of(actor: Actor, protocol: str, scope: str) -> list[dict[str, Any]]:
    """Return the apps that speak a protocol, were agreed this scope, and that the person may open, by name."""
    found = await rows(_SPEAKS, actor.tenant_id, actor.person_id, protocol, scope)
    return [
        {"id": one["id"], "name": words(json.loads(one["texts"]), "name") or one["name"]} for one in found
    ]


async def installation(actor: Actor, app_id: UUID) -> UUID | None:
    """Return the tenant's standing installation of an app."""
    found = await row(
        "select id from integrations_installation where tenant_id = $1 and app_id = $2 and status <> 'uninstalled'",
        actor.tenant_id,
        app_id,
    )
    return found["id"] if found else None


async def roles(actor: Actor) -> list[Any]:
    """Return the tenant's roles."""
    return await rows(
        "select key, name from tenants_role where tenant_id = $1 order by name", actor.tenant_id
    )


async def role_choices(actor: Actor, version: AppVersion | None) -> list[tuple[str, str]]:
    """Return who may be let into an app: the tenant's roles, and families where tools are opened by them."""
    return [(key, str(name)) for key, name in (await role_names(actor, version)).items()]


async def role_names(actor: Actor, version: AppVersion | None) -> dict[str, Text]:
    """Return the same, each in whatever language it will be read in."""
    found = {one["key"]: Text(one["name"]) for one in await roles(actor)}
    if version is None or "lti" not in version.protocols:
        return found
    visitors = visitor_roles(actor.place.get("scenarios", ()))
    return found | {key: Text(label) for key, label in visitors.items()}


async def consents(actor: Actor, installation_id: UUID) -> list[Any]:
    """Return what was agreed when, newest first."""
    return await rows(
        "select c.*, v.number from integrations_app_consent c"
        " left join integrations_app_version v on v.id = c.version_id"
        " where c.tenant_id = $1 and c.installation_id = $2 order by c.created_at desc limit 50",
        actor.tenant_id,
        installation_id,
    )


async def figures(actor: Actor, installation_id: UUID) -> Any:
    """Return how often it was opened here in 30 days, and what waits to be told."""
    return await row(
        "select (select count(*) from integrations_launch l where l.tenant_id = $1 and l.installation_id = $2"
        " and l.created_at > now() - interval '30 days') launches,"
        " (select count(*) from integrations_launch l where l.tenant_id = $1 and l.installation_id = $2"
        " and l.outcome <> 'arrived' and l.created_at > now() - interval '30 days') unfinished,"
        " (select count(*) from integrations_app_message m where m.tenant_id = $1 and m.installation_id = $2"
        " and m.status = 'waiting') waiting,"
        " (select count(*) from integrations_app_message m where m.tenant_id = $1 and m.installation_id = $2"
        " and m.status = 'failed') failed",
        actor.tenant_id,
        installation_id,
    )
