"""Staff and roles of an institution as SCIM resources, for one installation: by the subjects that its vendor knows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from integrations.apps.clients import Granted
from integrations.apps.scim import schemas
from integrations.provider import subjects
from tenants.runtime import runtime
from tenants.scope import rows

LEFT_SHOWN = timedelta(days=90)
"""How long somebody who left is shown, by number alone and as not active, for programs that look now and then."""
MOST = 5000
_MEMBERS = f"""
select m.person_id, bool_or(m.ended_at is null) is_here, min(m.created_at) created_at,
       max(greatest(m.created_at, coalesce(m.ended_at, m.created_at))) changed_at,
       min(m.name) filter (where m.ended_at is null) as name,
       min(m.email) filter (where m.ended_at is null) email,
       coalesce(array_agg(distinct r.id) filter (where m.ended_at is null), '{{}}') roles,
       coalesce(bool_or('people.write' = any (r.permissions)) filter (where m.ended_at is null), false) is_chief
  from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and (m.ended_at is null or m.ended_at > now() - $2::interval)
   and ($3::uuid is null or m.person_id = $3)
 group by m.person_id order by min(m.created_at), m.person_id limit {MOST}
"""
_ENTRIES = f"""
select e.id, e.scim_id, e.user_key, e.facts, e.is_active, e.created_at, e.changed_at, e.removed_at,
       coalesce(e.person_id, i.accepted_by) person_id, e.invitation_id,
       i.id is not null and i.accepted_at is null and i.revoked_at is null and i.expires_at > now() is_invited
  from integrations_directory_entry e
  left join tenants_invitation i on i.tenant_id = e.tenant_id and i.id = e.invitation_id
 where e.tenant_id = $1 and e.installation_id = $2 order by e.created_at, e.id limit {MOST}
"""
_ROLES = "select id, key, name, created_at from tenants_role where tenant_id = $1 order by created_at, id"


@dataclass(frozen=True, slots=True)
class Somebody:
    """One member of staff as one installation knows them; ``entry`` is what it wrote of them itself."""

    scim_id: str
    facts: Mapping[str, Any]
    is_active: bool
    state: str
    created_at: datetime
    changed_at: datetime
    subject: str = ""
    person_id: UUID | None = None
    roles: tuple[UUID, ...] = ()
    is_chief: bool = False
    entry: Mapping[str, Any] = field(default_factory=dict)


def base_of(installation_id: UUID) -> str:
    """Return where an installation's SCIM is."""
    return f"{runtime().public_url}/scim/v2/{installation_id}"


async def everybody(granted: Granted) -> list[Somebody]:
    """Return all whom an installation may know, in the tenant's open scope, in the order in which they came."""
    entries = [
        dict(one) | {"facts": json.loads(one["facts"])}
        for one in await rows(_ENTRIES, granted.tenant_id, granted.installation_id)
    ]
    by_person = {one["person_id"]: one for one in entries if one["person_id"]}
    found = [
        await member(granted, row, by_person.get(row["person_id"]))
        for row in await rows(_MEMBERS, granted.tenant_id, LEFT_SHOWN, None)
    ]
    here = {one.person_id for one in found}
    found += [_noted(one) for one in entries if one["person_id"] not in here]
    shown = [one for one in found if not one.entry.get("removed_at")]
    return sorted(shown, key=lambda one: (one.created_at, one.scim_id))


async def member(granted: Granted, row: Mapping[str, Any], entry: Mapping[str, Any] | None) -> Somebody:
    """Return somebody who works, or worked, in the institution."""
    subject = await subjects.subject(str(granted.vendor_id), granted.tenant_id, row["person_id"])
    kept = entry or {}
    is_here = bool(row["is_here"])
    known: dict[str, Any] = {"userName": subject}
    if is_here:
        known = {
            "userName": row["email"] or subject,
            "displayName": row["name"],
            "name": {"formatted": row["name"]},
            "emails": [{"value": row["email"], "type": "work", "primary": True}] if row["email"] else [],
        }
    return Somebody(
        scim_id=str(kept.get("scim_id") or subject),
        facts={**known, **dict(kept.get("facts") or {})} if is_here else known,
        is_active=is_here and bool(kept.get("is_active", True)),
        state="here" if is_here else "left",
        created_at=kept.get("created_at") or row["created_at"],
        changed_at=max(row["changed_at"], kept.get("changed_at") or row["changed_at"]),
        subject=subject,
        person_id=row["person_id"],
        roles=tuple(row["roles"]),
        is_chief=row["is_chief"],
        entry=kept,
    )


def _noted(entry: Mapping[str, Any]) -> Somebody:
    """Return somebody of whom there is only what the program wrote, and perhaps an invitation."""
    has_left = entry["person_id"] is not None
    return Somebody(
        scim_id=entry["scim_id"],
        facts=entry["facts"],
        is_active=entry["is_active"] and not has_left,
        state="left" if has_left else "invited" if entry["is_invited"] else "noted",
        created_at=entry["created_at"],
        changed_at=entry["changed_at"],
        person_id=entry["person_id"],
        entry=entry,
    )


async def one_of(granted: Granted, person_id: UUID) -> Somebody | None:
    """Return one member of staff as an app is told of them; ``None`` where they have long left."""
    found = await rows(_MEMBERS, granted.tenant_id, LEFT_SHOWN, person_id)
    return await member(granted, found[0], None) if found else None


async def roles(tenant_id: UUID) -> list[Any]:
    """Return the institution's roles."""
    return await rows(_ROLES, tenant_id)


def user(one: Somebody, held: Mapping[UUID, Any], base: str) -> dict[str, Any]:
    """Return somebody as a resource; ``held`` are the institution's roles by their id."""
    groups = [
        {
            "value": str(role),
            "$ref": f"{base}/Groups/{role}",
            "display": held[role]["name"],
            "type": "direct",
        }
        for role in one.roles
        if role in held
    ]
    told = {name: value for name, value in one.facts.items() if value not in (None, [], {})}
    resource: dict[str, Any] = {
        "schemas": [schemas.USER],
        "id": one.scim_id,
        **told,
        **_active(one),
        **({"groups": groups} if groups else {}),
    }
    return _with_meta(resource, "User", f"{base}/Users/{one.scim_id}", one.created_at, one.changed_at)


def _active(one: Somebody) -> dict[str, bool]:
    """Of somebody who is only noted it is said where the program said so: left out, they are to be active."""
    is_said = one.state in {"here", "left"} or "active" in one.facts
    return {"active": one.is_active} if is_said else {}


def group(role: Mapping[str, Any], people: list[Somebody], base: str) -> dict[str, Any]:
    """Return a role as a resource with those who have it."""
    members = [
        {
            "value": one.scim_id,
            "$ref": f"{base}/Users/{one.scim_id}",
            "display": str(one.facts.get("displayName") or ""),
            "type": "User",
        }
        for one in people
        if role["id"] in one.roles
    ]
    resource: dict[str, Any] = {
        "schemas": [schemas.GROUP],
        "id": str(role["id"]),
        "externalId": role["key"],
        "displayName": role["name"],
        **({"members": members} if members else {}),
    }
    changed = max([role["created_at"], *(one.changed_at for one in people if role["id"] in one.roles)])
    return _with_meta(resource, "Group", f"{base}/Groups/{role['id']}", role["created_at"], changed)


def version_of(resource: Mapping[str, Any]) -> str:
    """Return the entity tag of what a resource says."""
    text = json.dumps(resource, sort_keys=True, default=str).encode()
    return f'W/"{hashlib.sha256(text).hexdigest()[:24]}"'


def _with_meta(
    resource: dict[str, Any], kind: str, location: str, created: datetime, changed: datetime
) -> dict[str, Any]:
    meta = {
        "resourceType": kind,
        "created": created.isoformat(),
        "lastModified": changed.isoformat(),
        "location": location,
        "version": version_of(resource),
    }
    return {**resource, "meta": meta}
