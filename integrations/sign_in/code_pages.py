"""Signing in with a one-time code: ask for an address, then for the code sent there."""

from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.sign_in import codes
from integrations.sign_in.pages import next_of, visitor
from tenants import sessions
from tenants.http import WRITES, public_route
from tenants.messages import has_channel
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

COOKIE = "code"
PATH = "/sign-in/code"
REASON = "Payers sign in with a code sent to them."


class Destination(BaseModel):
    """Where the code is sent."""

    destination: str = Field(title=N_("E-mail address or phone number"), max_length=200)
    next: str = ""


class Entry(BaseModel):
    """The code as typed."""

    code: str = Field(title=N_("Six-digit code"), max_length=20)
    next: str = ""


async def ask(request: Request) -> Response:
    """Ask where to send a code."""
    target = next_of(request.query_params.get("next"))
    return await _asking(request, Form.blank(Destination, {"next": target}))


async def _asking(request: Request, form: Form[Destination], status: int = 200) -> Response:
    context = {
        "form": form,
        "next": next_of(form.value("next")),
        "has_email": has_channel("email"),
        "has_sms": has_channel("sms"),
    }
    return await respond(request, "integrations/sign_in/code.html", context, status=status)


async def send(request: Request) -> Response:
    """Send the code, whoever it may be."""
    form = await bind(request, Destination)
    if form.is_valid:
        try:
            token = await codes.send_code(form.ok.destination, visitor(request))
        except Invalid as error:
            form.fail_with(error)
        else:
            return _to_entry(request, token, next_of(form.ok.next))
    return await _asking(request, form, 422)


def _to_entry(request: Request, token: str, target: str) -> Response:
    response = redirect(request, f"{PATH}/entry?next={quote(target, safe='')}")
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(codes.LIFE.total_seconds()),
        path=PATH,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )
    return response


async def entry(request: Request) -> Response:
    """Ask for the code."""
    target = next_of(request.query_params.get("next"))
    return await _entering(request, Form.blank(Entry, {"next": target}))


async def _entering(request: Request, form: Form[Entry], status: int = 200) -> Response:
    token = request.cookies.get(COOKIE, "")
    waiting = await codes.waiting(token) if token else None
    context = {"form": form, "waiting": waiting, "next": next_of(form.value("next"))}
    return await respond(request, "integrations/sign_in/code_entry.html", context, status=status)


async def redeem(request: Request) -> Response:
    """Sign in with the code."""
    form = await bind(request, Entry)
    token = request.cookies.get(COOKIE, "")
    session = await codes.redeem(token, form.ok.code, visitor(request)) if form.is_valid and token else None
    if session is None:
        if form.is_valid:
            form.fail("code", t("This is not the code we sent. Check it and type it again."))
        return await _entering(request, form, 422)
    response = redirect(request, next_of(form.value("next")))
    sessions.set_cookie(request, response, session)
    response.delete_cookie(COOKIE, path=PATH)
    return response


ROUTES: list[BaseRoute] = [
    public_route(PATH, ask, reason=REASON, name="code_ask"),
    public_route(PATH, send, reason=REASON, methods=WRITES, name="code_send"),
    public_route(f"{PATH}/entry", entry, reason=REASON, name="code_entry"),
    public_route(f"{PATH}/entry", redeem, reason=REASON, methods=WRITES, name="code_redeem"),
]
