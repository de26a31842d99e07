"""One place where errors become answers: a page, a fragment, or ``application/problem+json`` (RFC 9457).

The words say what happened, what it means for the person's money and what to do next.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui import hx
from ui.errors import AppError
from ui.i18n import N_, Text, t
from ui.render import respond
from ui.security import SAFE_METHODS
from ui.settings import UiSettings, settings_of

log = structlog.get_logger(__name__)

_TITLES = {
    400: N_("This request could not be read"),
    401: N_("Please sign in"),
    403: N_("This is not open to you"),
    404: N_("There is nothing here"),
    405: N_("This does not work here"),
    409: N_("This has changed in the meantime"),
    413: N_("That is too large"),
    422: N_("Some answers need another look"),
    429: N_("That was a little too fast"),
    503: N_("This is not answering right now"),
}
_DETAILS = {
    400: N_("The address or the form was not complete."),
    401: N_("This page needs to know who you are."),
    403: N_("Your role does not include this, or the page was opened from elsewhere."),
    404: N_("The address may be mistyped, or what was here is gone or not yours to see."),
    405: N_("This address cannot be used in this way."),
    429: N_("There were many requests in a short time."),
    503: N_("Something that this page needs is not reachable for a moment."),
}
_ADVICE = {
    401: N_("Sign in, then open the page again."),
    403: N_("Ask your administrator if you need it, or go back to the start page."),
    404: N_("Check the address, or go to the start page."),
    409: N_("Open the page again to see how it stands now."),
    429: N_("Wait a minute, then try again."),
    503: N_("Try again in a few minutes."),
}
_SERVER = 500
Shape = Callable[["Problem"], Response]
_shapes: dict[str, Shape] = {}


def say_as(prefix: str, shape: Shape) -> None:
    """Have every problem of addresses that begin so said in a shape of its own (a standard's); safe to call again."""
    _shapes[prefix] = shape


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error page says."""

    status: int
    code: str
    title: Text
    detail: Text
    money: Text
    advice: Text
    request_id: str
    fields: dict[str, Text] = field(default_factory=dict)


async def app_error(request: Request, error: Exception) -> Response:
    """Answer an error that a service or a handler raised on purpose."""
    assert isinstance(error, AppError)  # noqa: S101 - Starlette dispatches by class
    found = problem(request, error.status, code=error.code, detail=error.message, advice=error.advice)
    found.fields.update(error.fields)
    return await answer(request, found, error.headers)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer what Starlette itself refuses (no such route, wrong method, unreadable body)."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette dispatches by class
    return await answer(
        request,
        problem(request, error.status_code, code=f"http.{error.status_code}"),
        dict(error.headers or {}),
    )


def problem(
    request: Request, status: int, *, code: str, detail: Text | None = None, advice: Text | None = None
) -> Problem:
    """Return the words for a status, where the error does not bring its own."""
    title = _TITLES.get(status, N_("Something went wrong on our side"))
    return Problem(
        status,
        code,
        t(title),
        detail
        or t(_DETAILS.get(status, N_("We could not finish what you asked for. We have noted the error."))),
        _money(request, status),
        advice
        or t(
            _ADVICE.get(status, N_("Go back and try again. If it happens again, tell us the number below."))
        ),
        getattr(request.state, "request_id", ""),
    )


def _money(request: Request, status: int) -> Text:
    if status < _SERVER or request.method in SAFE_METHODS:
        return t("Nothing was charged or moved by this.")
    return t(
        "If you were paying, do not pay again yet. Look at your payments first: we ask the bank what happened."
    )


async def answer(request: Request, found: Problem, headers: dict[str, str]) -> Response:
    """Show a problem in the form that was asked for, or that its address has."""
    for prefix, shape in _shapes.items():
        if request.url.path.startswith(prefix):
            response = shape(found)
            response.headers.update(headers)
            return response
    if wants_json(request):
        body = orjson.dumps(_document(found))
        return Response(body, found.status, headers, media_type="application/problem+json")
    return await respond(
        request, "ui/error.html", {"problem": found}, block="problem", status=found.status, headers=headers
    )


def wants_json(request: Request) -> bool:
    """Whether the client is a program: at an API's address always, elsewhere by what it accepts."""
    if request.url.path.startswith(settings_of(request).api_prefixes):
        return True
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept and not hx.is_partial(request)


def _document(found: Problem) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": f"urn:problem:{found.code}",
        "title": str(found.title),
        "status": found.status,
        "detail": str(found.detail),
        "code": found.code,
        "request_id": found.request_id,
    }
    if found.fields:
        document["fields"] = {name: str(text) for name, text in found.fields.items()}
    return document


class ProblemPages:
    """The innermost edge: an unforeseen error is logged once and answered as a page with all headers on it.

    Refusals raised by the middleware around the router are answered here as well.
    """

    def __init__(self, app: ASGIApp, settings: UiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, turning what goes wrong into a page."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_started = False

        async def watched(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except AppError as error:
            if is_started:
                raise
            response = await app_error(Request(scope), error)
            await response(scope, receive, send)
        except Exception:
            log.exception("request.failed", path=scope["path"], method=scope["method"])
            if is_started or self.settings.raise_errors:
                raise
            found = problem(Request(scope), _SERVER, code="server.error")
            response = await answer(Request(scope), found, {})
            await response(scope, receive, send)
