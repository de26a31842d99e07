"""Keeping apps in step: who works in an institution and which roles they have, told to apps that offer SCIM.

What has to be told is the difference between what stands here and what the app was last told (``ScimLink``). Each
difference is a message of the same outbox as webhooks: tried again for three days, shown to the vendor, sent again from
its log. What is sent is what stands when it is sent, so that messages may come late or in any order.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.apps.models import App, AppVersion
from integrations.apps.scim import people, schemas
from integrations.apps.scim.models import ScimLink
from integrations.apps.scim.people import Somebody
from integrations.apps.tenant_models import AppMessage, Installation
from integrations.provider import keys, lives
from tenants import texts
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue, job, subscribe
from tenants.outbound import Answer, OutboundError, call
from tenants.runtime import runtime
from tenants.scope import execute, rows
from ui.i18n import t

PROTOCOL = "scim"
SCOPE = "people"
EVENT = {"User": "scim.user", "Group": "scim.group"}
KIND = {event: kind for kind, event in EVENT.items()}
SECONDS = 60
TOKEN = "scim+jwt"  # noqa: S105 - its type
CONFLICT, NOT_FOUND = 409, 404
_IS_KEPT = (
    "exists (select 1 from integrations_installation i where i.tenant_id = $1 and i.status = 'active'"
    " and 'people' = any (i.scopes))"
)
_WRITE = """
insert into integrations_app_message (tenant_id, id, installation_id, vendor_id, event, scope, cause, body, due_at,
    history) values ($1, $2, $3, $4, $5, $6, $7, '{}', now(), '[]') on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that an app is told: its kind, our id of it, and the resource."""

    kind: str
    key: UUID
    resource: Mapping[str, Any]
    is_active: bool = True

    @property
    def state(self) -> str:
        """What tells two states of it apart."""
        text = json.dumps(self.resource, sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest()


@dataclass(frozen=True, slots=True)
class Target:
    """Where an installation's app is told, and as whom it knows us."""

    url: str
    granted: Granted
    algorithm: str


async def target_of(installation: Installation) -> Target | None:
    """Return where an installation's app is kept in step; ``None`` where it offers nothing, or was not agreed to."""
    if installation.status != "active" or SCOPE not in installation.scopes:
        return None
    app = await App.get_or_none(id=installation.app_id)
    version = await _version(app, installation) if app else None
    if app is None or version is None or PROTOCOL not in version.protocols or not version.scim_uri:
        return None
    client_id = app.client_of(is_test=installation.is_test)
    granted = await clients.granted(client_id, installation.tenant_id)
    if granted is None:
        return None
    return Target(version.scim_uri.rstrip("/"), granted, lives.PROFILES[version.profile].algorithm)


async def _version(app: App, installation: Installation) -> AppVersion | None:
    if installation.is_test:
        return await AppVersion.filter(app_id=app.id).order_by("-number").first()
    return await AppVersion.get_or_none(id=app.listed_version_id, status="listed")


# ---- what there is to tell


@job("apps.scim")
async def step(actor: Actor, payload: dict[str, Any]) -> None:
    """Look what every app of the institution, or one, has to be told, and have it sent."""
    named = payload.get("installation_id")
    given = {"id": UUID(named)} if named else {}
    found = await Installation.filter(
        tenant_id=actor.tenant_id, status="active", scopes__contains=[SCOPE], **given
    )
    for installation in found:
        target = await target_of(installation)
        if target is not None:
            await _tell_all(installation, target)


async def _tell_all(installation: Installation, target: Target) -> None:
    """Tell newcomers before groups: an app can name in a group only those whom it knows."""
    links = await _links(installation)
    held = {(one.kind, one.key): one for one in links}
    due = [
        one for one in await _everything(target.granted, links) if _is_due(one, held.get((one.kind, one.key)))
    ]
    has_newcomers = any(one.kind == "User" and ("User", one.key) not in held for one in due)
    waits = has_newcomers or await _is_under_way(installation)
    for told in due:
        if told.kind == "Group" and waits:
            continue
        link = held.get((told.kind, told.key))
        cause = f"{told.key}:{told.state[:32]}:{link.pushes if link else 0}"
        await _tell(installation, told.kind, cause)


def _is_due(told: Told, link: ScimLink | None) -> bool:
    return told.is_active if link is None else link.state != told.state


async def _is_under_way(installation: Installation) -> bool:
    """Tell whether there are people of whom the app has not been told even once."""
    return await AppMessage.exists(
        tenant_id=installation.tenant_id,
        installation_id=installation.id,
        event=EVENT["User"],
        status="waiting",
        tries=0,
    )


async def _links(installation: Installation) -> list[ScimLink]:
    return await ScimLink.filter(tenant_id=installation.tenant_id, installation_id=installation.id)


async def _everything(granted: Granted, links: list[ScimLink]) -> list[Told]:
    """Return users and groups as they stand; a group names those whom the app knows, by its own ids."""
    known = {one.key: one.remote_id for one in links if one.kind == "User"}
    found = [one for one in await people.everybody(granted) if one.person_id]
    roles = await people.roles(granted.tenant_id)
    return [*(_user(one) for one in found), *(_group(role, found, known) for role in roles)]


def _user(one: Somebody) -> Told:
    """Return somebody as an app is told: by the subject of their sign-ins, with what the institution knows."""
    resource = {
        "schemas": [schemas.USER],
        **{name: value for name, value in one.facts.items() if value and name != "externalId"},
        "externalId": one.subject,
        "active": one.is_active,
    }
    assert one.person_id is not None  # noqa: S101 - chosen so
    return Told("User", one.person_id, resource, is_active=one.is_active)


def _group(role: Mapping[str, Any], found: list[Somebody], known: Mapping[UUID, str]) -> Told:
    ids = [known.get(one.person_id, "") for one in found if one.person_id and role["id"] in one.roles]
    resource = {
        "schemas": [schemas.GROUP],
        "externalId": role["key"],
        "displayName": role["name"],
        "members": [{"value": one} for one in sorted(ids) if one],
    }
    return Told("Group", role["id"], resource)


async def _tell(installation: Installation, kind: str, cause: str) -> None:
    message_id = new_id()
    given = (installation.tenant_id, message_id, installation.id, installation.vendor_id, EVENT[kind], SCOPE)
    if await execute(_WRITE, *given, cause[:100]):
        await enqueue("apps.send", {"message_id": str(message_id)})


# ---- telling it


@dataclass(frozen=True, slots=True)
class Errand:
    """One message ready to be sent: what stands now, and what the app knows of it."""

    target: Target
    told: Told
    link: ScimLink


async def prepare(message: AppMessage, installation: Installation) -> Errand | None:
    """Return what a message has to say now, in the open tenant scope; ``None`` where there is nothing to say."""
    target = await target_of(installation)
    if target is None:
        return None
    links, key = await _links(installation), (KIND[message.event], UUID(message.cause.partition(":")[0]))
    told = next((one for one in await _everything(target.granted, links) if (one.kind, one.key) == key), None)
    link = next((one for one in links if (one.kind, one.key) == key), None) or ScimLink(
        id=new_id(),
        tenant_id=installation.tenant_id,
        installation_id=installation.id,
        vendor_id=installation.vendor_id,
        kind=key[0],
        key=key[1],
        remote_id="",
        pushes=0,
    )
    return Errand(target, told, link) if told and link.state != told.state else None


async def send(errand: Errand) -> tuple[int, str, str, dict[str, Any]]:
    """Tell the app; return the answer's status, what was wrong, its id of the thing, and what was said."""
    resource, url = dict(errand.told.resource), f"{errand.target.url}/{errand.told.kind}s"
    headers = {
        "Authorization": f"Bearer {await _token(errand.target)}",
        "Content-Type": "application/scim+json",
    }
    said = {"method": "PUT" if errand.link.remote_id else "POST", "resource": resource}
    try:
        answer, remote_id = await _put_or_post(errand, url, headers, resource)
    except OutboundError as error:
        return 0, texts.dumps(error.text), "", said
    if not answer.is_success:
        return answer.status, texts.dumps(t("It answered {status}.", status=answer.status)), "", said
    note = "" if remote_id else texts.dumps(t("It does not answer {wanted}.", wanted="id"))
    return answer.status, note, remote_id, said


async def _put_or_post(
    errand: Errand, url: str, headers: dict[str, str], resource: dict[str, Any]
) -> tuple[Answer, str]:
    """Change what the app knows, make what it does not, and find what it has without our knowing its id."""
    remote_id = errand.link.remote_id
    if not remote_id:
        answer = await _call("POST", url, headers, resource)
        if answer.status != CONFLICT:
            return answer, _id_of(answer)
        remote_id = await _found(url, headers, errand.told)
        if not remote_id:
            return answer, ""
    answer = await _call("PUT", f"{url}/{quote(remote_id, safe='')}", headers, resource)
    if answer.status == NOT_FOUND and errand.link.remote_id:
        answer = await _call("POST", url, headers, resource)
        return answer, _id_of(answer)
    return answer, remote_id


async def _found(url: str, headers: dict[str, str], told: Told) -> str:
    """Return the app's id of something that it says it has already: by our own number, else by its name."""
    name = "userName" if told.kind == "User" else "displayName"
    for attribute in ("externalId", name):
        wanted = json.dumps(told.resource.get(attribute) or "")
        answer = await call("GET", f"{url}?filter={quote(f'{attribute} eq {wanted}')}", headers=headers)
        found = answer.json().get("Resources") if answer.is_success else None
        if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
            return str(found[0].get("id") or "")
    return ""


async def _call(method: str, url: str, headers: dict[str, str], resource: dict[str, Any]) -> Answer:
    return await call(method, url, headers=headers, content=json.dumps(resource, ensure_ascii=False).encode())


def _id_of(answer: Answer) -> str:
    return str(answer.json().get("id") or "")[:200] if answer.is_success else ""


async def _token(target: Target) -> str:
    """Return a token that says who we are and for which installation; the app checks it with our published keys."""
    now = int(time.time())
    told = {
        "iss": runtime().public_url,
        "aud": target.granted.client_id,
        "sub": runtime().public_url,
        "dest": str(target.granted.installation_id),
        "scope": PROTOCOL,
        "iat": now,
        "nbf": now - lives.EARLY,
        "exp": now + SECONDS,
        "jti": secrets.token_urlsafe(12),
    }
    return await keys.sign(told, target.algorithm, kind=TOKEN)


async def settle(errand: Errand, remote_id: str) -> None:
    """Keep what the app knows now, in the open tenant scope."""
    link, is_new = errand.link, errand.link.pushes == 0
    link.remote_id, link.state = remote_id or link.remote_id, errand.told.state
    link.is_active, link.pushed_at, link.pushes = errand.told.is_active, datetime.now(UTC), link.pushes + 1
    await link.save(force_create=is_new)
    await go_on(errand)


async def go_on(errand: Errand) -> None:
    """Have the app told what had to wait for this: the groups of somebody whom it now knows, or refused."""
    granted = errand.target.granted
    if errand.told.kind == "User":
        await enqueue("apps.scim", {"installation_id": str(granted.installation_id)})


async def forget(message: AppMessage) -> None:
    """Take what a message told as untold, so that it is told once more."""
    await ScimLink.filter(
        tenant_id=message.tenant_id,
        installation_id=message.installation_id,
        kind=KIND[message.event],
        key=UUID(message.cause.partition(":")[0]),
    ).update(state="")


async def begin(installation: Installation) -> None:
    """Have an app told everything that it should know, in the open tenant scope."""
    if await target_of(installation):
        await enqueue("apps.scim", {"installation_id": str(installation.id)})


async def figures(installation: Installation) -> Any:
    """Return how many an app was told of, when last, and what waits or failed."""
    found = await rows(
        "select count(*) filter (where kind = 'User' and is_active) people,"
        " count(*) filter (where kind = 'Group') roles, max(pushed_at) last"
        " from integrations_scim_link where tenant_id = $1 and installation_id = $2",
        installation.tenant_id,
        installation.id,
    )
    return found[0]


def listen() -> None:
    """Look again whenever somebody came or left; at composition."""
    for event in ("membership.created", "membership.ended"):
        subscribe(event, "apps.scim", where=_IS_KEPT)


listen()
