"""Doors: every route says who may come in, and its handler gets the actor with the scope already open.

``tenant_route`` (staff), ``bank_route`` (bank staff), ``person_route`` (anyone signed in) and ``link_route``
(the bearer of a pay-link) run the handler inside one transaction; an error answer rolls it back. A handler that
must commit before it calls the outside is registered with ``is_transactional=False`` and opens its own scopes
with ``actor.scope()``. ``public_route`` needs a reason, which the route walk prints.
"""

import json
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from tempfile import SpooledTemporaryFile
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from uuid import UUID

import structlog
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tenants import sessions, texts
from tenants.actor import Actor
from tenants.levels import worth
from tenants.navigation import home_of, shell_for
from tenants.permissions import SUPPORT_ROLE, bank_permissions, support_permissions
from tenants.scope import Scope, adopt, open_scope, person_scope, value
from tenants.support.looks import note_look
from ui import hx, problems
from ui.errors import NotFound
from ui.form_shape import describe
from ui.forms import Form
from ui.i18n import Text, current_locale, t

Door = Literal["tenant", "bank", "person", "link", "public"]
Endpoint = Callable[[Request, Actor], Awaitable[Response]]
PublicEndpoint = Callable[[Request], Awaitable[Response]]
READS = ("GET",)
WRITES = ("POST",)
TOUCH_EVERY = timedelta(minutes=2)
SPOOLED_BYTES, SENT_BYTES = 2_000_000, 64_000


class _RollBack(Exception):
    """Carries an answer out of its transaction; it is no error."""

    def __init__(self, response: Response) -> None:
        self.response = response


def tenant_route(
    path: str,
    endpoint: Endpoint,
    *,
    permission: str,
    methods: Sequence[str] = READS,
    name: str | None = None,
    is_transactional: bool = True,
) -> Route:
    """A page or act of a tenant's staff at ``/t/{tenant}…``; anyone else finds nothing there (404)."""
    return _route("/t/{tenant}" + path, endpoint, "tenant", permission, methods, name, is_transactional)


def bank_route(
    path: str,
    endpoint: Endpoint,
    *,
    permission: str,
    methods: Sequence[str] = READS,
    name: str | None = None,
    is_transactional: bool = True,
) -> Route:
    """A page or act of a bank's staff at ``/bank/{bank}…``; anyone else finds nothing there (404)."""
    return _route("/bank/{bank}" + path, endpoint, "bank", permission, methods, name, is_transactional)


def person_route(
    path: str,
    endpoint: Endpoint,
    *,
    methods: Sequence[str] = READS,
    name: str | None = None,
    is_transactional: bool = True,
) -> Route:
    """A page or act of anyone signed in, about their own things, at ``path``."""
    return _route(path, endpoint, "person", "", methods, name, is_transactional)


def public_route(
    path: str,
    endpoint: PublicEndpoint,
    *,
    reason: str,
    methods: Sequence[str] = READS,
    name: str | None = None,
) -> Route:
    """A page anyone may open. ``reason`` says why; the handler opens whatever scope its secret allows."""
    route = Route(path, endpoint, methods=list(methods), name=name or endpoint.__name__)
    _label(route, "public", reason)
    return route


def _label(route: Route, door: Door, permission: str) -> None:
    route.door = door  # type: ignore[attr-defined]
    route.permission = permission  # type: ignore[attr-defined]


def _route(  # noqa: PLR0917
    path: str,
    endpoint: Endpoint,
    door: Door,
    permission: str,
    methods: Sequence[str],
    name: str | None,
    is_transactional: bool,
) -> Route:
    @wraps(endpoint)
    async def handle(request: Request) -> Response:
        try:
            return await _enter(request, endpoint, door, permission, is_transactional=is_transactional)
        except _RollBack as rolled_back:
            return rolled_back.response

    route = Route(path, handle, methods=list(methods), name=name or endpoint.__name__)
    _label(route, door, permission)
    return route


async def _enter(
    request: Request, endpoint: Endpoint, door: Door, permission: str, *, is_transactional: bool
) -> Response:
    async with open_scope(Scope()):
        actor = await _actor(request, door)
        if actor is not None:
            if elsewhere := _begins_elsewhere(request, actor, permission):
                return RedirectResponse(elsewhere, 303)
            if permission:
                actor.require(permission)
            request.state.actor = actor
            request.state.shell = shell_for(actor)
            if actor.support_id:
                await note_look(actor, _address(request))
            if is_transactional:
                response = await _gathered(await endpoint(request, actor))
                if response.status_code >= 400:  # noqa: PLR2004
                    raise _RollBack(response)
                return response
    if actor is None:
        return await ask_to_sign_in(request)
    return await endpoint(request, actor)


def _begins_elsewhere(request: Request, actor: Actor, permission: str) -> str:
    """Return where somebody begins who comes to work, or may not see the institution's overview; else nothing."""
    if actor.kind != "staff" or request.url.path != f"/t/{actor.place['slug']}":
        return ""
    if actor.may(permission) and "start" not in request.query_params:
        return ""
    home = home_of(actor)
    return home if home != request.url.path else ""


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def _gathered(response: Response) -> Response:
    """Draw a streamed answer while its transaction is open; it is sent from a file once that has ended."""
    if not isinstance(response, StreamingResponse):
        return response
    kept = SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115 - closed when it has been sent
    async for chunk in response.body_iterator:
        kept.write(chunk.encode() if isinstance(chunk, str) else bytes(chunk))
    kept.seek(0)
    response.body_iterator = iterate_in_threadpool(iter(lambda: kept.read(SENT_BYTES), b""))
    response.background = BackgroundTask(kept.close)
    return response


_ENTER = "select enter($1, $2, $3)"
_COME_IN = f"{_ENTER} || jsonb_build_object('held', to_jsonb(held_scenarios()), 'zone', held_zone())"
"""A person's own door: besides who it is, in which industries they hold something, for their rail, and where."""


async def _actor(request: Request, door: Door) -> Actor | None:
    """Return who comes in through this door, with the scope set; ``None`` when nobody is signed in."""
    token = request.cookies.get(sessions.COOKIE, "")
    if not token:
        return None
    slug = request.path_params.get(door, "") if door in {"tenant", "bank"} else ""
    found = await value(_COME_IN if door == "person" else _ENTER, sessions.hash_of(token), door, slug)
    if found is None:
        return None
    facts: dict[str, Any] = json.loads(found)
    base = _person(request, facts)
    if door == "person":
        adopt(person_scope(_id(facts["person_id"])))
        actor = replace(base, place={"scenarios": facts["held"], "timezone": facts["zone"] or "UTC"})
    elif door in facts:
        actor = _inside(base, facts, door)
        adopt(actor.scope())
    else:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    await _touch(actor, facts)
    return actor


def _person(request: Request, facts: dict[str, Any]) -> Actor:
    auth_time = datetime.fromtimestamp(facts["auth_time"], UTC)
    return Actor(
        kind="payer",
        name=facts["name"],
        email=facts["email"],
        person_id=_id(facts["person_id"]),
        session_id=_id(facts["session_id"]),
        level=worth(facts["level"], auth_time),
        method=facts["method"],
        auth_time=auth_time,
        company=facts["company"],
        ip=client_ip(request),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )


def _inside(base: Actor, facts: dict[str, Any], door: Door) -> Actor:
    place = facts[door]
    if door == "tenant" and "support" in facts:
        return _supporting(base, facts)
    if door == "tenant":
        return replace(
            base,
            kind="staff",
            tenant_id=_id(place["id"]),
            place=place,
            permissions=frozenset(facts["permissions"]),
            roles=tuple(facts["roles"]),
            refund_limit_minor=facts["refund_limit_minor"],
            adjustment_limit_minor=facts["adjustment_limit_minor"],
        )
    return replace(
        base,
        kind="bank",
        bank_id=_id(place["id"]),
        place=place,
        permissions=bank_permissions(facts["roles"]),
        roles=tuple(facts["roles"]),
        branches=tuple(_id(branch) for branch in facts["branches"] if branch),
    )


def _supporting(base: Actor, facts: dict[str, Any]) -> Actor:
    """Return somebody of the bank who looks into an institution by a support access."""
    place, access = facts["tenant"], facts["support"]
    return replace(
        base,
        kind="staff",
        tenant_id=_id(place["id"]),
        support_id=_id(access["id"]),
        place=place,
        permissions=support_permissions(access["level"]),
        roles=(SUPPORT_ROLE,),
    )


async def _touch(actor: Actor, facts: dict[str, Any]) -> None:
    """Push the idle end out, at most every two minutes, so that reading pages does not write each time.

    A language that is not the one kept is noted at once: a letter may be written to them in a moment.
    """
    if actor.session_id is None or actor.person_id is None:
        return
    is_due = datetime.now(UTC) - datetime.fromtimestamp(facts["seen_at"], UTC) >= TOUCH_EVERY
    locale = current_locale()
    if not is_due and facts["locale"] == locale:
        return
    async with open_scope(person_scope(actor.person_id)):
        if is_due:
            await sessions.touch(actor.session_id)
        await sessions.note_language(actor.person_id, locale)


def _id(text: str) -> UUID:
    return UUID(text)


def client_ip(request: Request) -> str:
    """Return the peer's address as the server saw it (a trusted proxy's headers are applied before us)."""
    return request.client.host if request.client else ""


async def who_is(request: Request) -> Actor | None:
    """Return who is signed in, for public pages that look different to them; ``None`` for a stranger."""
    async with open_scope(Scope()):
        actor = await _actor(request, "person")
    if actor is not None:
        request.state.actor, request.state.shell = actor, shell_for(actor)
    return actor


async def ask_to_sign_in(request: Request, *, step_up: int = 0) -> Response:
    """Send the person to sign in and bring them back here; a form they were sending waits for them.

    ``step_up`` is the level at which somebody who is signed in has to prove themselves once more. A script of a page
    can do neither, so it is told plainly, and nothing that it sent is kept.
    """
    if problems.wants_json(request):
        return await _told_to_sign_in(request, step_up=step_up)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in {"GET", "HEAD"}:
        target = await _parked(request)
    wanted = quote(target, safe="")
    url = f"/sign-in/confirm?next={wanted}&level={step_up}" if step_up else f"/sign-in?next={wanted}"
    if hx.is_partial(request):
        return Response(status_code=200, headers=hx.leave(url))
    return RedirectResponse(url, 303)


async def _told_to_sign_in(request: Request, *, step_up: int) -> Response:
    code = "login.step_up" if step_up else "login.needed"
    return await problems.answer(request, problems.problem(request, 401, code=code), {})


async def _parked(request: Request) -> str:
    """Return the address where a sent form waits; without a known person it is just the page it came from."""
    token = request.cookies.get(sessions.COOKIE, "")
    person = await sessions.person_of_expired(token) if token else None
    sent = await request.form()
    form = _form(request, sent.keys())
    typed = [
        (name, text, *_words(form, name, text)) for name, text in sent.multi_items() if isinstance(text, str)
    ]
    files = [file.filename for _, file in sent.multi_items() if not isinstance(file, str) and file.filename]
    size = sum(len(name) + len(text) for name, text, *_ in typed)
    if person is None or size > sessions.PARKED_MAX_BYTES:
        return _page_before(request)
    return f"/resume/{await sessions.park_form(person, request.url.path, typed, files)}"


def _form(request: Request, names: Collection[str]) -> Form[Any] | None:
    """Return the form that was read; where none was, that beside the handler which knows most of these names."""
    form: Form[Any] | None = getattr(request.state, "form", None)
    handler = sys.modules.get(getattr(request.scope.get("endpoint"), "__module__", ""))
    beside = vars(handler).values() if handler else ()
    models = [one for one in beside if isinstance(one, type) and issubclass(one, BaseModel)]
    if form is not None or not models:
        return form
    return Form.blank(max(models, key=lambda model: sum(bool(describe(model, name).title) for name in names)))


def _words(form: Form[Any] | None, name: str, text: str) -> tuple[str, str]:
    """Return what the page calls a field and the value chosen in it; nothing where no form is known."""
    if form is None:
        return "", ""
    known, word = form.node(name).title, form.words.get(name, {}).get(text, "")
    title = form.titles.get(name) or (Text(known) if known else None)
    return texts.dumps(title) if title else "", texts.dumps(word) if isinstance(word, Text) else word


def _page_before(request: Request) -> str:
    """Return the path of the page a form was on; browsers tell it within one site."""
    before = urlsplit(request.headers.get("referer", ""))
    return before.path if before.netloc == request.url.netloc and before.path else "/home"


def path_id(request: Request, name: str = "id") -> UUID:
    """Return the id in the path; anything that is no id is simply not there (404)."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see.")) from None


__all__ = [
    "READS",
    "WRITES",
    "ask_to_sign_in",
    "bank_route",
    "client_ip",
    "path_id",
    "person_route",
    "public_route",
    "tenant_route",
    "who_is",
]
