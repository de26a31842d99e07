"""Picking something in a tool for a record of ours, and what the tool sends back (Deep Linking 2.0).

The answer comes by somebody's browser from the tool's page, so that no cookie of ours is with it: the tool's
signature and our own sealed ``data``, good once, say who picked where.
"""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps import clients
from integrations.apps.clients import Client, Granted
from integrations.apps.placing import services as placing
from integrations.apps.placing.models import MarkColumn, PlacedItem
from integrations.apps.placing.services import Thing
from integrations.apps.vendors.forms import is_safe
from integrations.provider import id_tokens, lives, proving, relying
from integrations.provider.admission import Place
from integrations.provider.lti import line_items
from integrations.provider.lti.words import CLAIM, DEEP_LINKING, PROTOCOL
from integrations.sign_in.flow import once
from tenants.actor import Actor
from tenants.http import WRITES, public_route
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope, value
from ui.errors import Invalid
from ui.i18n import t
from ui.render import redirect

PATH = "/lti/returns"
PURPOSE = "lti picking"
LIFE = timedelta(hours=1)
MOST = 20
ALGORITHMS = ["RS256", "PS256", "ES256"]
KINDS = {"ltiResourceLink": "resource", "link": "link"}
LONGEST = 200_000


def settings(actor: Actor, place: Place, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a tool has to know to send something back; ``data`` says who picks for which record."""
    data = {
        "tenant": str(place.tenant_id),
        "installation": str(place.granted.installation_id),
        "record": context["record"],
        "person": str(actor.person_id),
        "name": actor.name,
        "jti": secrets.token_urlsafe(12),
        "exp": int(time.time() + LIFE.total_seconds()),
    }
    wanted = {
        "deep_link_return_url": f"{id_tokens.issuer()}{PATH}",
        "accept_types": list(KINDS),
        "accept_presentation_document_targets": ["window", "iframe"],
        "accept_multiple": True,
        "accept_lineitem": "grades" in place.granted.scopes,
        "auto_create": True,
        "data": runtime().encrypt(PURPOSE, json.dumps(data)).decode(),
    }
    return {f"{DEEP_LINKING}deep_linking_settings": wanted}


async def take(request: Request) -> Response:
    """Keep what was picked, and lead the person back to the record."""
    form = await request.form(max_files=0, max_fields=5, max_part_size=LONGEST)
    client, told = await _proven(str(form.get("JWT") or ""))
    data = _data(told)
    tenant_id, person_id = UUID(data["tenant"]), UUID(data["person"])
    granted = await clients.granted(client.client_id, tenant_id, person_id=person_id)
    if granted is None or not granted.person_roles or str(granted.installation_id) != data["installation"]:
        raise _refused()
    if not await once(f"{PURPOSE} {data['jti']}", LIFE):
        raise _refused()
    things = _things(told.get(f"{DEEP_LINKING}content_items"), client)
    actor = Actor(kind="staff", name=data["name"], person_id=person_id, tenant_id=tenant_id)
    async with open_scope(tenant_scope(tenant_id)):
        await _keep(actor, granted, data["record"], things)
        slug = await value("select slug from tenants_tenant where id = $1", tenant_id)
    here = f"/t/{slug}/apps/at/{data['record']['kind']}/{data['record']['id']}"
    return redirect(request, here, flash=_words(len(things)))


def _words(count: int) -> Any:
    if not count:
        return t("Nothing was chosen.")
    return t("{n} things were placed here.", n=count) if count > 1 else t("It is placed here.")


async def _proven(token: str) -> tuple[Client, dict[str, Any]]:
    """Return who signed the answer, and what it says.

    Raises:
        Invalid: when it is not from a tool of ours, not for us, too old or used.
    """
    header, said = proving.unproven(token)
    client = await clients.client(str(said.get("iss") or ""))
    if client is None or client.status != "active" or PROTOCOL not in client.protocols:
        raise _refused()
    kid = header.get("kid")
    key_set = await relying.keys_of(client, kid if isinstance(kid, str) else None)
    try:
        told = dict(jwt.decode(token, key_set, algorithms=ALGORITHMS).claims) if key_set else {}
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused() from error
    if not _is_for_us(told) or not await once(f"{PURPOSE} {client.client_id} {told['nonce']}", LIFE):
        raise _refused()
    return client, told


def _is_for_us(told: Mapping[str, Any]) -> bool:
    audience, now = told.get("aud"), time.time()
    named = audience if isinstance(audience, list) else [audience]
    expires, issued = told.get("exp"), told.get("iat", now)
    return (
        id_tokens.issuer() in named
        and isinstance(expires, int | float)
        and now - lives.LATE < expires
        and isinstance(issued, int | float)
        and issued < now + lives.LATE
        and isinstance(told.get("nonce"), str)
        and told.get(f"{CLAIM}message_type") == "LtiDeepLinkingResponse"
        and told.get(f"{CLAIM}version") == "1.3.0"
    )


def _data(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we sealed when the person went to pick."""
    sealed = told.get(f"{DEEP_LINKING}data")
    try:
        data: dict[str, Any] = json.loads(runtime().decrypt(PURPOSE, str(sealed).encode()))
    except ValueError as error:
        raise _refused() from error
    if data["exp"] < time.time() or told.get(f"{CLAIM}deployment_id") != data["installation"]:
        raise _refused()
    return data


def _things(items: object, client: Client) -> list[tuple[Thing, Mapping[str, Any]]]:
    """Return what can be kept of what was sent: resources of the tool's own, and links that are encrypted.

    Raises:
        Invalid: for a thing that leads where the tool may not lead anybody.
    """
    found: list[tuple[Thing, Mapping[str, Any]]] = []
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict) or item.get("type") not in KINDS:
            continue
        kind, url = KINDS[item["type"]], str(item.get("url") or "")[:1000]
        if url and not (_is_own(url, client) if kind == "resource" else is_safe(url)):
            raise _refused()
        if kind == "link" and not url:
            continue
        custom = item.get("custom") if isinstance(item.get("custom"), dict) else {}
        texts = {str(k)[:100]: str(v)[:1000] for k, v in list((custom or {}).items())[:50]}
        title = str(item.get("title") or item.get("text") or client.name)[:200]
        thing = Thing(kind, title, str(item.get("text") or "")[:1000], url, texts)
        line = item.get("lineItem")
        found.append((thing, line if isinstance(line, dict) and kind == "resource" else {}))
    return found[:MOST]


def _is_own(url: str, client: Client) -> bool:
    """Tell whether an address is of an origin that was reviewed for this tool."""
    known = {_origin(one) for one in (client.launch_uri, *client.redirect_uris, *client.frame_origins)}
    return is_safe(url) and _origin(url) in known


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


async def _keep(
    actor: Actor,
    granted: Granted,
    record: Mapping[str, str],
    things: Sequence[tuple[Thing, Mapping[str, Any]]],
) -> None:
    where = (record["kind"], UUID(record["id"]))
    kept = await placing.keep(
        actor, granted.installation_id, granted.vendor_id, where, [one for one, _ in things]
    )
    for item, (_, line) in zip(kept, things, strict=True):
        if line and "grades" in granted.scopes:
            await _column(item, line)


async def _column(item: PlacedItem, line: Mapping[str, Any]) -> MarkColumn:
    """Make the line item that came with a resource: it belongs to it from the start."""
    given = replace(line_items.read({"label": item.title, **line}), item_id=item.id)
    return await line_items.make(
        item.installation_id, item.vendor_id, (item.record_kind, item.record_id), given
    )


def _refused() -> Invalid:
    return Invalid(
        "lti.picking",
        t("What the tool sent back cannot be taken. Go back to the page you came from and choose again."),
    )


ROUTES: list[BaseRoute] = [
    public_route(
        PATH,
        take,
        reason="The tool's signature and our own sealed data say who picked where.",
        methods=WRITES,
        name="lti_returns",
    ),
]
