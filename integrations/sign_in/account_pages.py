"""What is a signed-in person's own: where they may go, where they are signed in, what they had typed; the way out."""

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.sign_in.devices import device_of
from integrations.sign_in.failures import ProviderDown, SignInFailed
from integrations.sign_in.leaving import leave
from integrations.sign_in.logout import end_by_sid, origin_of, take_logout_token
from integrations.sign_in.pages import plain
from integrations.sign_in.parked import readable
from integrations.sign_in.places import places_of
from integrations.sign_in.provider import provider_of
from tenants import sessions
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route, public_route, who_is
from tenants.levels import worth
from tenants.models import ParkedForm
from ui.errors import NotFound
from ui.i18n import t
from ui.render import redirect, respond
from ui.shell import Shell

log = structlog.get_logger(__name__)


async def landing(request: Request) -> Response:
    """Say what this is, and where to sign in; whoever is signed in goes on to their places."""
    if await who_is(request) is not None:
        return redirect(request, "/home")
    request.state.shell = Shell(sign_in="/sign-in")
    return await respond(request, "integrations/sign_in/landing.html")


async def home(request: Request, actor: Actor) -> Response:
    """Show where the person may go; a single place is gone to at once."""
    assert actor.person_id is not None  # noqa: S101 - the door is for persons
    places = await places_of(actor.person_id)
    if len(places) == 1:
        return redirect(request, places[0].href)
    plain(request)
    return await respond(request, "integrations/sign_in/home.html", {"places": places, "actor": actor})


async def my_sessions(request: Request, actor: Actor) -> Response:
    """List where the person is signed in."""
    assert actor.person_id is not None  # noqa: S101 - the door is for persons
    found = [
        {
            **session,
            "device": device_of(session["user_agent"]),
            "is_this": session["id"] == actor.session_id,
            "worth": worth(session["level"], session["auth_time"]),
        }
        for session in await sessions.my_sessions(actor.person_id)
    ]
    plain(request)
    found.sort(key=lambda session: not session["is_this"])
    return await respond(request, "integrations/sign_in/sessions.html", {"sessions": found})


async def end_session(request: Request, actor: Actor) -> Response:
    """End one of the person's sessions."""
    del actor
    if not await sessions.end(path_id(request)):
        raise NotFound("session.not_found", t("This sign-in has ended already."))
    return redirect(request, "/sessions", flash=t("That sign-in has ended."))


async def end_others(request: Request, actor: Actor) -> Response:
    """End all of the person's sessions but this one."""
    assert actor.person_id is not None and actor.session_id is not None  # noqa: S101, PT018
    await sessions.end_others(actor.person_id, actor.session_id)
    return redirect(request, "/sessions", flash=t("You are signed out everywhere else."))


async def signing_out(request: Request) -> Response:
    """Sign out here, in the apps and at the bank."""
    return await leave(request)


async def bank_logout(request: Request) -> Response:
    """Take a logout token from the bank's provider; 200 when it held, 400 when not, 503 to be asked again."""
    provider = await provider_of(request.path_params["bank"])
    form = await request.form(max_files=0, max_fields=5)
    headers = {"Cache-Control": "no-store"}
    if provider is None:
        return JSONResponse({"error": "invalid_request"}, 404, headers)
    try:
        ended = await take_logout_token(provider, str(form.get("logout_token") or ""))
    except ProviderDown:
        return JSONResponse({"error": "temporarily_unavailable"}, 503, headers)
    except SignInFailed:
        return JSONResponse({"error": "invalid_request"}, 400, headers)
    log.info("sign_in.bank_logout", bank=provider.slug, ended=ended)
    return Response(status_code=200, headers=headers)


async def bank_front_logout(request: Request) -> Response:
    """End a session because the bank's own sign-out page opens this in a frame (Front-Channel Logout 1.0).

    The browser may keep our cookie to itself in there, so the session is found by what the bank calls it.
    """
    provider = await provider_of(request.path_params["bank"])
    given = request.query_params
    headers = {"Cache-Control": "no-store"}
    if provider is None or given.get("iss") != provider.issuer or not given.get("sid"):
        return Response("", 400, headers)
    ended = await end_by_sid(provider, given["sid"])
    log.info("sign_in.bank_front_logout", bank=provider.slug, ended=ended)
    headers |= {
        "Content-Security-Policy": f"default-src 'none'; frame-ancestors {origin_of(provider.issuer)}"
    }
    return Response("", 200, headers, media_type="text/html")


async def resume(request: Request, actor: Actor) -> Response:
    """Show what the person had typed, to be sent with one button."""
    del actor
    form = await _parked(request)
    return await _resume_page(request, form)


async def send_parked(request: Request, actor: Actor) -> Response:
    """Pass the form on to where it was going (307 keeps method and body), once; again only when asked again."""
    del actor
    form = await _parked(request)
    sent = await request.form(max_files=0)
    if not await sessions.unpark_form(request.path_params["token"]) and not _may_send_again(
        form, sent.get("again")
    ):
        return await _resume_page(request, form, status=410)
    return redirect(request, form.path, status=307)


def _may_send_again(form: ParkedForm, asked: object) -> bool:
    return form.used_at is not None and asked == "yes" and not sessions.has_run_out(form)


async def _parked(request: Request) -> ParkedForm:
    form = await sessions.parked_form(request.path_params["token"])
    if form is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return form


async def _resume_page(request: Request, form: ParkedForm, status: int = 200) -> Response:
    plain(request)
    context = {
        "form": form,
        "shown": readable(form.fields_),
        "token": request.path_params["token"],
        "is_expired": sessions.has_run_out(form),
        "is_used": form.used_at is not None,
    }
    status = 410 if context["is_expired"] else status
    return await respond(request, "integrations/sign_in/resume.html", context, status=status)


ROUTES: list[BaseRoute] = [
    public_route("/", landing, reason="The front door."),
    person_route("/home", home),
    person_route("/sessions", my_sessions, name="sessions"),
    person_route("/sessions/others/ending", end_others, methods=WRITES, name="sessions_end_others"),
    person_route("/sessions/{id}/ending", end_session, methods=WRITES, name="sessions_end"),
    public_route(
        "/sign-out", signing_out, reason="Signing out always works.", methods=WRITES, name="sign_out"
    ),
    public_route(
        "/webhooks/bank-logout/{bank}",
        bank_logout,
        reason="Banks tell us of ended sessions in signed tokens.",
        methods=WRITES,
    ),
    public_route(
        "/sign-in/ended/{bank}",
        bank_front_logout,
        reason="A bank's sign-out page names a session that nobody else can know.",
        name="bank_front_logout",
    ),
    person_route("/resume/{token}", resume),
    person_route("/resume/{token}", send_parked, methods=WRITES, name="resume_send"),
]
