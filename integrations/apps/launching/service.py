"""One launch: may this person open this app now, is it there, and where does the browser go.

What the app is handed is an opaque value that it brings back when it signs the person in; where in the tenant it was
opened it then learns from us, as far as the tenant agreed to that.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from integrations.apps import clients
from integrations.apps.clients import Client, Granted
from integrations.apps.models import App, AppVersion
from integrations.apps.placing import services as placing
from integrations.apps.placing.models import PlacedItem
from integrations.apps.placing.records import KINDS, Visitor, scope_of
from integrations.apps.tenant_models import Installation, Launch
from integrations.apps.vendors.shown import words
from integrations.provider import smart
from tenants.actor import Actor, StepUp
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import open_scope, person_scope, rows, tenant_scope
from tenants.sessions import hash_of
from ui.errors import Conflict, Forbidden, NotFound
from ui.i18n import current_locale, t


@dataclass(frozen=True, slots=True)
class Opening:
    """What came of opening an app. ``url`` is empty when the app is known not to answer.

    ``origin`` is the reviewed origin that may be framed; without one the app opens in a page of its own.
    """

    launch_id: UUID
    name: str
    url: str
    origin: str
    down_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Where in the app, and on which record of ours, it is opened.

    ``item_id`` is a thing of the app at a record; ``is_picking`` opens a tool for choosing something for a record;
    ``visitor`` is for whom somebody opens it who is not of the staff.
    """

    place: str = ""
    record_kind: str = ""
    record_id: UUID | None = None
    item_id: UUID | None = None
    is_picking: bool = False
    visitor: Visitor | None = None


async def where(person_id: UUID, installation_id: UUID) -> str | None:
    """Return the name in addresses of the institution that has this installation, if the person works there."""
    async with open_scope(person_scope(person_id)):
        places = await rows(_PLACES, person_id)
    for place in places:
        async with open_scope(tenant_scope(place["id"])):
            if await Installation.exists(tenant_id=place["id"], id=installation_id):
                return str(place["slug"])
    return None


_PLACES = (
    "select distinct t.id, t.slug from tenants_membership m join tenants_tenant t on t.id = m.tenant_id"
    " where m.person_id = $1 and m.ended_at is null order by t.slug limit 500"
)


async def may_open(actor: Actor, installation_id: UUID) -> tuple[Installation, App, Granted]:
    """Return the installation with what was granted, for somebody who may open it now.

    Raises:
        NotFound: when there is no such installation here.
        Conflict: when it is paused, uninstalled or suspended.
        Forbidden: when none of the person's roles sees it.
        StepUp: when the sign-in is weaker than opening it takes.
    """
    found, app, granted = await _standing(actor, installation_id)
    if not granted.person_roles:
        raise _no_role()
    if actor.level < granted.min_level:
        raise StepUp(granted.min_level)
    return found, app, granted


def _no_role() -> Forbidden:
    return Forbidden("app.no_role", t("Your role does not include this app."))


async def _standing(actor: Actor, installation_id: UUID) -> tuple[Installation, App, Granted]:
    found = await Installation.get_or_none(tenant_id=actor.tenant_id, id=installation_id)
    app = await App.get_or_none(id=found.app_id) if found else None
    if found is None or app is None:
        raise _no_app()
    client_id = app.client_of(is_test=found.is_test)
    granted = await clients.granted(client_id, found.tenant_id, person_id=actor.person_id)
    if granted is None:
        raise Conflict(
            "app.not_open", t("This app cannot be opened now: it is paused, suspended or uninstalled.")
        )
    return found, app, granted


async def open_app(actor: Actor, installation_id: UUID, wish: Wish, *, is_insisting: bool = False) -> Opening:
    """Note the launch and return where it leads; an app that does not answer is not led to, unless insisted."""
    return await _open(actor, await may_open(actor, installation_id), wish, is_insisting=is_insisting)


async def open_as_visitor(actor: Actor, item_id: UUID, learner_id: UUID) -> Opening:
    """Open a thing at a record for a learner, from the family's own page, in the tenant's open scope.

    Raises:
        NotFound: when there is no such thing at a record of this learner.
        Forbidden: where the institution does not let families open this app.
        AppError: whatever else the record's own rules refuse.
    """
    item = await placing.resource_of(item_id)
    visitors = KINDS[item.record_kind].visitors
    if visitors is None:
        raise _no_app()
    visitor = await visitors.admit(actor, item.record_id, learner_id)
    held = await _standing(actor, item.installation_id)
    if visitors.role not in held[2].roles:
        raise _no_role()
    if actor.level < held[2].min_level:
        raise StepUp(held[2].min_level)
    return await _open(actor, held, Wish(item_id=item.id, visitor=visitor))


async def _open(
    actor: Actor, held: tuple[Installation, App, Granted], wish: Wish, *, is_insisting: bool = False
) -> Opening:
    found, app, granted = held
    client = await clients.client(granted.client_id)
    assert client is not None  # noqa: S101 - granted a moment ago
    version = await AppVersion.get(id=client.version_id)
    name, origin = words(version.texts, "name"), "" if wish.is_picking else framed_origin(client)
    if app.health == "down" and not is_insisting:
        made = await _note(actor, found, wish, granted, outcome="down")
        return Opening(made.id, name, "", "", app.down_since or datetime.now(UTC))
    value = secrets.token_urlsafe(24)
    wish, item = await _at_record(actor, found, client, wish)
    known = replace(wish, place=wish.place if wish.place in version.places else "")
    made = await _note(actor, found, known, granted, value=value, is_framed=bool(origin))
    language = current_locale().replace("_", "-") if "locale" in granted.claims else ""
    url = _address(
        client, value, known, issuer=_issuer(client, found), language=language, is_framed=bool(origin)
    )
    target = item.url if item else ""
    return Opening(made.id, name, url + _as_lti(client, value, found.id, target), origin)


async def _at_record(
    actor: Actor, found: Installation, client: Client, wish: Wish
) -> tuple[Wish, PlacedItem | None]:
    """Return the wish with the record it is for, which the person has to be able to see, and the thing there.

    Raises:
        NotFound: for a thing or a record that is not there for this person, or a tool that nothing is picked in.
    """
    item = await _item(actor, wish)
    if item is not None:
        if item.installation_id != found.id or item.kind != "resource":
            raise _no_app()
        return replace(wish, record_kind=item.record_kind, record_id=item.record_id), item
    if wish.record_kind in KINDS and wish.record_id:
        await placing.record_of(actor, wish.record_kind, wish.record_id)
    elif wish.is_picking:
        raise _no_app()
    if wish.is_picking and "lti" not in client.protocols:
        raise _no_app()
    return wish, None


async def _item(actor: Actor, wish: Wish) -> PlacedItem | None:
    """Return the thing that is opened; whether a visitor may was asked before."""
    if wish.item_id is None:
        return None
    return await (placing.resource_of(wish.item_id) if wish.visitor else placing.item_of(actor, wish.item_id))


def _no_app() -> NotFound:
    return NotFound("app.not_installed", t("This app is not installed here."))


def framed_origin(client: Client) -> str:
    """Return the app's origin where it may be framed: where it is opened, and reviewed for that."""
    parts = urlsplit(client.launch_uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if origin in client.frame_origins else ""


def _as_lti(client: Client, value: str, installation_id: UUID, target: str) -> str:
    """Return the parameters by which LTI tools know that login, for those that are some."""
    if "lti" not in client.protocols or not client.redirect_uris:
        return ""
    given = {
        "target_link_uri": target or client.redirect_uris[0],
        "login_hint": value,
        "lti_message_hint": value,
        "lti_deployment_id": str(installation_id),
    }
    return f"&{urlencode(given)}"


def _issuer(client: Client, found: Installation) -> str:
    """Return who launches: us, or to a SMART tool the institution's FHIR server."""
    return smart.base(found.tenant_id) if smart.PROTOCOL in client.protocols else runtime().public_url


def _address(client: Client, value: str, wish: Wish, *, issuer: str, language: str, is_framed: bool) -> str:
    """Return where the browser goes: OpenID Connect's third-party-initiated login, with our launch value.

    In which language the person reads is a fact about them: it is named where that was agreed to.
    """
    given = {"iss": issuer, "client_id": client.client_id, "launch": value}
    further = {"place": wish.place, "ui_locales": language, "embedded": "1" if is_framed else ""}
    query = urlencode(given | {key: text for key, text in further.items() if text})
    return f"{client.launch_uri}{'&' if '?' in client.launch_uri else '?'}{query}"


async def _note(
    actor: Actor,
    found: Installation,
    wish: Wish,
    granted: Granted,
    *,
    value: str = "",
    is_framed: bool = False,
    outcome: str = "started",
) -> Launch:
    return await Launch.create(
        id=new_id(),
        tenant_id=found.tenant_id,
        installation_id=found.id,
        vendor_id=found.vendor_id,
        person_id=actor.person_id,
        session_id=actor.session_id,
        value_hash=hash_of(value) if value else None,
        is_framed=is_framed,
        place=wish.place,
        context=await _context(actor, wish, granted),
        outcome=outcome,
    )


async def _context(actor: Actor, wish: Wish, granted: Granted) -> dict[str, Any]:
    """Return what the app learns of where it was opened: a record only of a kind that it may read."""
    if wish.record_id is None or scope_of(wish.record_kind) not in granted.scopes:
        return {}
    context: dict[str, Any] = {"record": {"kind": wish.record_kind, "id": str(wish.record_id)}}
    if wish.record_kind in KINDS:
        context["lti"] = {"title": await _title(actor, wish, wish.record_id), "is_picking": wish.is_picking}
        context["lti"] |= {"item": str(wish.item_id)} if wish.item_id else {}
        context["lti"] |= {"learner": str(wish.visitor.learner_id)} if wish.visitor else {}
    return context


async def _title(actor: Actor, wish: Wish, record_id: UUID) -> str:
    if wish.visitor:
        return wish.visitor.title
    _, record = await placing.record_of(actor, wish.record_kind, record_id)
    return record.title


async def arrived(actor: Actor, launch_id: UUID) -> None:
    """Note that a framed app has shown itself to the person of this launch."""
    await Launch.filter(
        tenant_id=actor.tenant_id, id=launch_id, person_id=actor.person_id, outcome="started", is_framed=True
    ).update(outcome="arrived", arrived_at=datetime.now(UTC))
