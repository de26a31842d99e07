"""The launch of an LTI 1.3 tool.

Our page leads to the tool's login address, the tool leads back here, and the signed message goes to it by a form.
Nobody is asked anything: whoever launches is signed in (LTI Core 1.3, 5; Security Framework 1.0, 5.1).
"""

import time
from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, InvalidScopeError
from starlette.requests import Request
from starlette.responses import Response

from integrations.apps.clients import Client
from integrations.apps.placing.models import MarkColumn
from integrations.provider import claims, deciding, id_tokens, keys, launches, lives, replies, requests
from integrations.provider.admission import Place
from integrations.provider.deciding import Visit
from integrations.provider.errors import LoginRequiredError
from integrations.provider.launches import Opened
from integrations.provider.lti import contexts, deep_linking
from integrations.provider.lti.visiting import Visiting, visiting_of
from integrations.provider.lti.words import (
    CLAIM,
    GRADES,
    GROUP,
    LEARNER,
    MEMBERSHIPS,
    MENTOR,
    PROTOCOL,
    memberships_url,
    record_url,
    roles_of,
)
from integrations.provider.models import Grant
from integrations.provider.relying import App
from integrations.provider.requests import Kept
from tenants.actor import Actor
from tenants.http import who_is
from tenants.levels import worth
from tenants.scope import open_scope, tenant_scope

ALGORITHM = "RS256"
WANTED = {"response_mode": "form_post", "prompt": "none"}
_NEEDED = ("nonce", "state", "login_hint", "lti_message_hint")


def is_launch(kept: Kept) -> bool:
    """Tell whether this is a tool's request: nobody else asks for an id_token straight away."""
    return bool(kept.asked.payload.response_type == "id_token")


async def answer(request: Request, kept: Kept, app: App) -> Response:
    """Send the tool its message. The address is checked already.

    Raises:
        OAuth2Error: what the tool is told instead.
    """
    given = kept.asked.payload.data
    _check(given, app)
    actor = await who_is(request)
    if actor is None:
        raise LoginRequiredError
    given["launch"] = given["lti_message_hint"]
    visit = Visit(app, kept, requests.wish_of(given), actor)
    visiting = await visiting_of(visit)
    place = visiting.place if visiting else await _place(visit)
    if worth(actor.level, actor.auth_time) < place.granted.min_level:
        raise LoginRequiredError
    token = await _message(actor, place, app.client, given, visiting)
    return await replies.reply(request, kept.asked, {"id_token": token})


async def _place(visit: Visit) -> Place:
    places = await deciding.places_of(visit)
    if not places:
        raise AccessDeniedError
    (place,) = places
    return place


def _check(given: Mapping[str, str], app: App) -> None:
    if PROTOCOL not in app.client.protocols:
        raise InvalidRequestError("This app is no LTI tool.")
    if "openid" not in given.get("scope", "").split():
        raise InvalidScopeError("The scope has to have openid.")
    wrong = [name for name, value in WANTED.items() if given.get(name) != value]
    wrong += [name for name in _NEEDED if not given.get(name)]
    if wrong:
        raise InvalidRequestError(f"These are missing or not as LTI has them: {' '.join(wrong)}.")
    if given["login_hint"] != given["lti_message_hint"]:
        raise InvalidRequestError("The login_hint is not the one that we gave.")


async def _message(
    actor: Actor, place: Place, client: Client, given: Mapping[str, str], visiting: Visiting | None
) -> str:
    assert actor.person_id is not None  # noqa: S101 - signed in
    opened = await launches.redeem(given["launch"], place, actor.person_id)
    if opened is None:
        raise InvalidRequestError("The launch was used, or is too old.")
    now = int(time.time())
    told = await _told(actor, place)
    if visiting:
        told = _of_visitor(told, visiting)
    is_picking = bool((opened.context.get("lti") or {}).get("is_picking"))
    message: dict[str, Any] = {
        "iss": id_tokens.issuer(),
        "aud": client.client_id,
        "sub": place.subject,
        "azp": client.client_id,
        "nonce": given["nonce"],
        "iat": now,
        "exp": now + int(lives.ID_TOKEN.total_seconds()),
        **{name: told[name] for name in ("name", "email", "locale") if name in told},
        **{f"{CLAIM}{name}": value for name, value in _lti(place, client, given, opened, told).items()},
    }
    if visiting:
        message |= _as_visitor(visiting)
    if "people" in place.granted.scopes:
        url = memberships_url(id_tokens.issuer(), place.tenant_id, place.granted.installation_id)
        message[MEMBERSHIPS] = {"context_memberships_url": url, "service_versions": ["2.0"]}
    async with open_scope(tenant_scope(place.tenant_id)):
        message |= await contexts.claims(place.granted, opened.context)
        message = await (_picking if is_picking else _opening)(message, actor, place, opened)
    return await keys.sign(message, ALGORITHM)


async def _picking(message: dict[str, Any], actor: Actor, place: Place, opened: Opened) -> dict[str, Any]:
    """Make it a request to pick something (Deep Linking 2.0, 4.4): it is of no resource."""
    del message[f"{CLAIM}resource_link"]
    message[f"{CLAIM}message_type"] = "LtiDeepLinkingRequest"
    return message | deep_linking.settings(actor, place, opened.context)


async def _opening(message: dict[str, Any], actor: Actor, place: Place, opened: Opened) -> dict[str, Any]:
    """Say which thing at a record is opened, if it is one, and what the tool wanted to hear again."""
    del actor
    item = await contexts.item_of(opened.context, place.tenant_id)
    if item is None:
        return message
    message[f"{CLAIM}resource_link"] = {"id": str(item.id), "title": item.title, "description": item.text}
    message[f"{CLAIM}target_link_uri"] = item.url or message[f"{CLAIM}target_link_uri"]
    message[f"{CLAIM}custom"] |= item.custom
    columns = await MarkColumn.filter(tenant_id=place.tenant_id, item_id=item.id).limit(2)
    if GRADES in message and len(columns) == 1:
        here = record_url(
            id_tokens.issuer(), place.tenant_id, item.installation_id, item.record_kind, item.record_id
        )
        message[GRADES]["lineitem"] = f"{here}/lineitems/{columns[0].id}"
    return message


async def _told(actor: Actor, place: Place) -> dict[str, Any]:
    """Return what the tenant agreed to tell, by the same readers that userinfo has."""
    grant = Grant(tenant_id=place.tenant_id, person_id=actor.person_id)
    names = claims.allowed(place.granted, " ".join(place.granted.scopes))
    async with open_scope(tenant_scope(place.tenant_id)):
        return await claims.about(grant, names)


def _of_visitor(told: Mapping[str, Any], visiting: Visiting) -> dict[str, Any]:
    """Keep what is told of the institution, and of people the learner's name alone, where it may be known."""
    kept = {
        name: value for name, value in told.items() if name not in {"name", "email", "phone_number", "roles"}
    }
    return kept | ({"name": visiting.visitor.name} if visiting.visitor.name and "name" in told else {})


def _as_visitor(visiting: Visiting) -> dict[str, Any]:
    """Say that a learner works, or that somebody looks on at a learner's (LTI Core 1.3, 5.3.7 and A.2.3)."""
    if visiting.visitor.is_learner:
        return {f"{CLAIM}roles": list(LEARNER)}
    return {f"{CLAIM}roles": list(MENTOR), f"{CLAIM}role_scope_mentor": [visiting.learner]}


def _lti(
    place: Place, client: Client, given: Mapping[str, str], opened: Opened, told: Mapping[str, Any]
) -> dict[str, Any]:
    installation = str(place.granted.installation_id)
    part = opened.place or "start"
    facts: dict[str, Any] = {
        "message_type": "LtiResourceLinkRequest",
        "version": "1.3.0",
        "deployment_id": installation,
        "target_link_uri": given["redirect_uri"],
        "resource_link": {"id": f"{installation}/{part}", "title": client.name},
        "roles": roles_of(told.get("roles", [])),
        "tool_platform": {"guid": id_tokens.issuer(), "name": "Scenario Cloud"},
        "launch_presentation": {"document_target": "window"},
        "custom": {"place": opened.place, **_flat(opened.context)},
    }
    if "locale" in told:
        facts["launch_presentation"]["locale"] = told["locale"]
    if "tenant" in told:
        title = str(told.get("tenant_name") or told["tenant"])
        facts["context"] = {"id": str(place.tenant_id), "label": title, "title": title, "type": [GROUP]}
    if found := contexts.context_of(opened.context):
        facts["context"] = found
    return facts


def _flat(context: Mapping[str, Any]) -> dict[str, str]:
    """LTI's custom claim holds plain texts: a record becomes ``record_kind`` and ``record_id``."""
    return {
        f"{name}_{part}": str(value)
        for name, found in context.items()
        if isinstance(found, dict) and name != "lti"
        for part, value in found.items()
    }
