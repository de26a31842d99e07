"""Signing in at the bank: the pages before, the way there and back."""

from dataclasses import replace
from typing import get_args
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.sign_in import flow as flows
from integrations.sign_in import services
from integrations.sign_in.failures import SignInFailed, stale
from integrations.sign_in.levels import HIGHEST, STRONG
from integrations.sign_in.metadata import metadata_of
from integrations.sign_in.provider import Provider, banks, provider_of
from tenants import sessions
from tenants.actor import Actor
from tenants.banks.logo import logo_url
from tenants.http import WRITES, client_ip, person_route, public_route
from tenants.runtime import runtime
from ui.http import safe_next
from ui.render import redirect, respond
from ui.security import allow_form_action
from ui.shell import Shell

HOME = "/home"
REASON = "Signing in is how one becomes somebody here."
KINDS = frozenset(get_args(services.Kind))


def next_of(value: object) -> str:
    """Return where to go afterwards: a path of this site that is not the sign-in itself, else the start page."""
    target = safe_next(str(value or ""), HOME)
    return HOME if target.split("?")[0] in {"/", "/sign-in", "/sign-in/callback", "/sign-out"} else target


def plain(request: Request) -> None:
    """Show a signed-in person's own page without the nouns of any console: only who they are and the way out."""
    request.state.shell = replace(request.state.shell, title="", home="/home", nav=())


def branded(provider: Provider, shell: Shell | None = None) -> Shell:
    """Return surroundings in a bank's name, colour and logo; those of nobody unless given."""
    return replace(
        shell or Shell(),
        title=provider.shown_name,
        brand=provider.shown_name,
        accent=provider.accent.lstrip("#"),
        logo=logo_url(provider.slug, provider.logo_key),
    )


async def sign_in(request: Request) -> Response:
    """Ask which bank when there are several, then how."""
    target = next_of(request.query_params.get("next"))
    known = await banks()
    slug = request.query_params.get("bank") or (known[0].slug if len(known) == 1 else "")
    provider = await provider_of(slug) if slug else None
    if provider is None:
        context = _waits(target) | {"banks": known, "unknown": slug}
        return await respond(request, "integrations/sign_in/banks.html", context)
    return await _choices(request, provider, target)


async def _choices(request: Request, provider: Provider, target: str) -> Response:
    await allow_bank(request, provider)
    request.state.shell = branded(provider)
    context = _waits(target) | {
        "provider": provider,
        "login_hint": request.query_params.get("login_hint", "")[: flows.LONGEST_HINT],
        "is_only": len(await banks()) == 1,
    }
    return await respond(request, "integrations/sign_in/sign_in.html", context)


def _waits(target: str) -> dict[str, object]:
    """Return what both pages say: where it goes on, whether typed words wait there, and whether a code would do."""
    return {
        "next": target,
        "is_lost_form": target.startswith("/resume/"),
        "has_code": bool(runtime().smtp_url or runtime().sms_url),
    }


async def allow_bank(request: Request, provider: Provider) -> None:
    """Let this page's forms lead to the bank: browsers hold redirects to the page's policy too."""
    allow_form_action(request, provider.issuer)
    try:
        metadata = await metadata_of(provider.issuer)
    except SignInFailed:
        return
    allow_form_action(request, metadata.authorization_endpoint)


async def to_bank(request: Request) -> Response:
    """Send the person to their bank."""
    form = await request.form(max_files=0, max_fields=5)
    target, kind = next_of(form.get("next")), str(form.get("kind") or "personal")
    provider = await provider_of(str(form.get("bank") or ""))
    if provider is None or kind not in KINDS:
        return await failed(request, stale(), target)
    try:
        hint = str(form.get("login_hint") or "")
        departure = await services.depart(
            provider, flows.begin(provider.slug, target, kind=kind, login_hint=hint)
        )
    except SignInFailed as error:
        return await failed(request, error, target)
    return _leave(request, departure)


def _leave(request: Request, departure: services.Departure) -> Response:
    response = redirect(request, departure.url)
    flows.keep(request, response, departure.flow)
    return response


async def callback(request: Request) -> Response:
    """Take the bank's answer: a session and the page that was wanted, or a calm page that says why not."""
    target = HOME
    try:
        flow = flows.find(request)
        target = flow.next
        token = await services.arrive(flow, _answer(request), visitor(request))
    except SignInFailed as error:
        response = await failed(request, error, target)
    else:
        response = redirect(request, target)
        sessions.set_cookie(request, response, token)
    flows.drop(request, response)
    return response


def _answer(request: Request) -> services.Answer:
    given = request.query_params
    return services.Answer(given.get("code", ""), given.get("error", ""), given.get("iss", ""))


def visitor(request: Request) -> services.Visitor:
    """Return what a session keeps of the browser."""
    agent = request.headers.get("user-agent", "")
    return services.Visitor(client_ip(request), agent, request.cookies.get(sessions.COOKIE, ""))


async def failed(request: Request, error: SignInFailed, target: str) -> Response:
    """Say calmly why nobody was signed in, with the way to try again and what was wanted still known."""
    context = {"error": error, "again": f"/sign-in?next={quote(target, safe='')}"}
    return await respond(request, "integrations/sign_in/failed.html", context, status=error.status)


async def confirm(request: Request, actor: Actor) -> Response:
    """Explain why the bank is asked again, with one button to go there."""
    target, level = next_of(request.query_params.get("next")), _level(request.query_params.get("level"))
    try:
        provider, _ = await services.confirm(actor, target, level=level)
    except SignInFailed as error:
        return await failed(request, error, target)
    await allow_bank(request, provider)
    plain(request)
    context = {"provider": provider, "next": target, "level": level, "needs_key": level == HIGHEST}
    return await respond(request, "integrations/sign_in/confirm.html", context)


async def to_confirm(request: Request, actor: Actor) -> Response:
    """Send the signed-in person to their bank once more."""
    form = await request.form(max_files=0, max_fields=5)
    target, level = next_of(form.get("next")), _level(form.get("level"))
    try:
        provider, flow = await services.confirm(actor, target, level=level)
        departure = await services.depart(provider, flow)
    except SignInFailed as error:
        return await failed(request, error, target)
    return _leave(request, departure)


def _level(value: object) -> int:
    return HIGHEST if str(value or "") == str(HIGHEST) else STRONG


ROUTES: list[BaseRoute] = [
    public_route("/sign-in", sign_in, reason=REASON),
    public_route("/sign-in/bank", to_bank, reason=REASON, methods=WRITES),
    public_route("/sign-in/callback", callback, reason=REASON, name="sign_in_callback"),
    person_route("/sign-in/confirm", confirm, name="sign_in_confirm", is_transactional=False),
    person_route(
        "/sign-in/confirm", to_confirm, name="sign_in_to_confirm", methods=WRITES, is_transactional=False
    ),
]
