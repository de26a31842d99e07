"""What the app factory puts together: routes, middleware and handlers of the page machinery."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ui import http, static, styleguide
from ui.errors import AppError
from ui.problems import ProblemPages, app_error, http_error
from ui.security import BodyLimit, RequestId, SameOrigin, SecurityHeaders
from ui.settings import UiSettings

Handler = Callable[[Request, Exception], Awaitable[Response]]


def routes(settings: UiSettings) -> list[BaseRoute]:
    """Return static files, language, theme and brand; the style guide only while developing."""
    shown = styleguide.routes() if settings.debug else []
    return [*static.routes(), *http.routes(), *shown]


def middleware(settings: UiSettings) -> list[Middleware]:
    """Return the middleware, outermost first; what packages add goes behind it."""
    return [
        Middleware(RequestId),
        Middleware(SecurityHeaders, settings=settings),
        Middleware(http.Language),
        Middleware(ProblemPages, settings=settings),
        Middleware(SameOrigin, settings=settings),
        Middleware(BodyLimit, settings=settings),
    ]


def exception_handlers() -> dict[type[Exception], Handler]:
    """Return the handlers for errors raised inside routes."""
    return {AppError: app_error, HTTPException: http_error}


def install(app: Starlette, settings: UiSettings) -> None:
    """Give a finished app its settings; without them nothing is answered."""
    app.state.ui = settings
