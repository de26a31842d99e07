"""The authorization endpoint: where a browser comes with an app's request, and goes back with an answer."""

from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.provider import claims, deciding, launches, replies, requests, smart
from integrations.provider.admission import Admission, Place
from integrations.provider.asked import anywhere, said
from integrations.provider.bridge import run
from integrations.provider.deciding import Admit, Ask, Choose, Step, ToBank, Visit
from integrations.provider.grants import CodeGrant
from integrations.provider.lti import launch as lti
from integrations.provider.lti.words import PROTOCOL
from integrations.provider.relying import App
from integrations.provider.requests import URN, Kept
from integrations.provider.server import Server, find_app
from integrations.sign_in.pages import plain
from tenants.actor import Actor
from tenants.http import READS, WRITES, person_route, public_route, who_is
from tenants.scope import Scope, open_scope
from ui.http import LANGUAGE
from ui.i18n import LOCALES, negotiate
from ui.render import redirect, respond
from ui.security import allow_form_action

PATH = "/oauth/authorize"


async def authorize(request: Request) -> Response:
    """Take a request, and answer the app or show what the person has to do first."""
    try:
        kept = await _brought(request)
    except (OAuth2Error, ValueError) as error:
        return await replies.show(request, said(error))
    try:
        return await _go_on(request, kept)
    except (OAuth2Error, ValueError) as error:
        return await _wrong(request, kept, said(error))


async def _go_on(request: Request, kept: Kept) -> Response:
    """Check the request, then do what comes next; a form's goes on by address, where the browser brings its session."""
    app = await find_app(kept.client_id)
    if app is not None and lti.is_launch(kept) and PROTOCOL in app.client.protocols:
        return await _launch(request, kept, app)
    server = Server(kept.asked, app)
    async with open_scope(Scope()):
        grant, wish = await run(requests.check, server)
    try:
        if server.asked.client.profile.must_push and not kept.token:
            raise InvalidRequestError("This app has to push its requests first.")
        if request.method == "POST":
            return redirect(request, address(await requests.put_aside(kept)))
        visit = Visit(server.asked.client, kept, wish, await who_is(request))
        return await _take(request, visit, await deciding.decide(visit), grant)
    except OAuth2Error as error:
        error.redirect_uri = grant.redirect_uri
        raise


async def _launch(request: Request, kept: Kept, app: App) -> Response:
    """Give an LTI tool its message."""
    kept.asked.once()
    redirect_uri = kept.asked.payload.redirect_uri or ""
    if app.client.status != "active" or not app.check_redirect_uri(redirect_uri):
        raise InvalidRequestError("The redirect_uri is not one of this app's, or the app is suspended.")
    if request.method == "POST":
        return redirect(request, address(await requests.put_aside(kept)))
    try:
        return await lti.answer(request, kept, app)
    except OAuth2Error as error:
        error.redirect_uri = redirect_uri
        raise


async def _brought(request: Request) -> Kept:
    """Return the request, which came by value or by an address of ours."""
    asked = await anywhere(request)
    uri, client_id = asked.payload.data.get("request_uri", ""), asked.payload.client_id or ""
    if uri.startswith(URN):
        return await requests.take(uri, client_id)
    return Kept("", client_id, asked, False, datetime.now(UTC), 0, {})


async def _wrong(request: Request, kept: Kept, error: OAuth2Error) -> Response:
    """Tell the app if its address is sure, else the person; the request is over either way."""
    await requests.use_up(kept)
    if error.redirect_uri:
        return await replies.refuse(request, kept.asked, error)
    return await replies.show(request, error)


def address(kept: Kept) -> str:
    """Return where a request that was put aside goes on."""
    return f"{PATH}?{urlencode({'client_id': kept.client_id, 'request_uri': kept.uri})}"


async def _take(request: Request, visit: Visit, step: Step, grant: CodeGrant) -> Response:
    match step:
        case ToBank():
            return await _to_bank(request, visit, step.level)
        case Choose():
            return await _choose(request, visit, step)
        case Ask():
            return await _ask(request, visit, step.place)
        case Admit():
            return await _admit(request, visit, step, grant)


async def _to_bank(request: Request, visit: Visit, level: int) -> Response:
    """Send the person to their bank; the request waits, and goes on when they are back."""
    actor = visit.actor
    seen = int(actor.auth_time.timestamp()) if actor and actor.auth_time else 0
    kept = await requests.put_aside(visit.kept, {"seen": seen}, is_trip=True)
    wanted = quote(address(kept), safe="")
    hint = visit.kept.asked.payload.data.get("login_hint", "")[:200]
    if level:
        target = f"/sign-in/confirm?next={wanted}&level={level}"
    else:
        target = f"/sign-in?next={wanted}" + (f"&login_hint={quote(hint, safe='')}" if hint else "")
    response = redirect(request, target)
    _speak(request, response, visit)
    return response


def _speak(request: Request, response: Response, visit: Visit) -> None:
    """Use the app's language for somebody who has not chosen one here."""
    wished = visit.kept.asked.payload.data.get("ui_locales", "").split()
    if wished and request.cookies.get(LANGUAGE) not in LOCALES:
        response.set_cookie(LANGUAGE, negotiate(wished), httponly=True, samesite="lax", path="/")


async def _choose(request: Request, visit: Visit, step: Choose) -> Response:
    kept = await requests.put_aside(visit.kept)
    plain(request)
    allow_form_action(request, kept.asked.payload.redirect_uri)
    context = {"app": visit.app.client, "kept": kept, "places": step.places}
    return await respond(request, "integrations/provider/choose.html", context)


async def _ask(request: Request, visit: Visit, place: Place) -> Response:
    kept = await requests.put_aside(visit.kept)
    plain(request)
    allow_form_action(request, kept.asked.payload.redirect_uri)
    names = claims.allowed(place.granted, kept.asked.payload.scope or "", _wished(visit))
    told = [claim.label for name, claim in claims.labels().items() if name in names]
    context = {"app": visit.app.client, "kept": kept, "place": place, "told": told}
    return await respond(request, "integrations/provider/ask.html", context)


def _wished(visit: Visit) -> set[str]:
    return {name for names in visit.wish.claims.values() for name in names}


async def _admit(request: Request, visit: Visit, step: Admit, grant: CodeGrant) -> Response:
    """Let the person in: the request is used up, a launch too, and the code goes to the app."""
    if not await requests.use_up(visit.kept):
        raise InvalidRequestError("The request was answered before.")
    admission = await _admission(visit, step)
    async with open_scope(Scope()):
        answer = await run(grant.create_authorization_response, grant.redirect_uri, admission)
    return await replies.reply(request, visit.kept.asked, answer)


async def _admission(visit: Visit, step: Admit) -> Admission:
    actor = visit.actor
    assert actor is not None and actor.person_id is not None  # noqa: S101, PT018 - decided so
    return Admission(
        actor=actor,
        place=step.place,
        sector=visit.app.client.sector,
        level=step.level,
        claims={place: list(names) for place, names in visit.wish.claims.items() if names},
        context=await _context(visit, step.place, actor.person_id),
    )


async def _context(visit: Visit, place: Place, person_id: UUID) -> dict[str, object]:
    """Return what the app was launched for, if our pages launched it."""
    value = visit.kept.asked.payload.data.get("launch", "")
    if not value:
        return {}
    found = await launches.redeem(value, place, person_id)
    if found is None:
        raise InvalidRequestError("The launch was used, or is too old.")
    opened = {"place": found.place, **found.context, "lti": None}
    told = {name: value for name, value in opened.items() if value}
    scope = visit.kept.asked.scope or ""
    return {"beside": {"launch": told, **smart.context(visit.app.client, scope, found.context)}}


async def answers(request: Request, actor: Actor) -> Response:
    """Note what the person chose or answered, and go on."""
    form = await request.form(max_files=0, max_fields=10)
    given = {name: str(form.get(name) or "") for name in ("client_id", "request_uri", "tenant", "answer")}
    try:
        kept = await requests.take(given["request_uri"], given["client_id"])
    except OAuth2Error as error:
        return await replies.show(request, error)
    notes = {name: given[name] for name in ("tenant", "answer") if given[name]}
    kept = await requests.put_aside(kept, {**notes, "person": str(actor.person_id)})
    return redirect(request, address(kept))


ROUTES: list[BaseRoute] = [
    public_route(
        PATH,
        authorize,
        reason="Apps send people here to sign in.",
        methods=(*READS, *WRITES),
        name="op_authorize",
    ),
    person_route("/sign-on/answers", answers, methods=WRITES, name="sign_on_answers", is_transactional=False),
]
