"""Language and appearance: read from cookies on each request, changed by plain forms."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.brand import stylesheet
from ui.i18n import LOCALES, negotiate, use_locale
from ui.settings import settings_of

LANGUAGE, THEME = "lang", "theme"
THEMES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600


class Language:
    """Speaks the reader's language for the length of a request: their choice, else their browser's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in the language chosen."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with use_locale(chosen_locale(HTTPConnection(scope))):
            await self.app(scope, receive, send)


def chosen_locale(connection: HTTPConnection) -> str:
    """Return the locale of a request."""
    chosen = connection.cookies.get(LANGUAGE)
    if chosen in LOCALES:
        return chosen
    return negotiate(accepted_languages(connection.headers))


def accepted_languages(headers: Headers) -> list[str]:
    """Return the language tags of ``Accept-Language``, best first."""
    weighted = []
    for index, part in enumerate(headers.get("accept-language", "").split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        found = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", rest)
        weighted.append((-float(found[1]) if found else -1.0, index, tag))
    return [tag for _, _, tag in sorted(weighted) if tag]


def safe_next(target: str, default: str = "/") -> str:
    """Return ``target`` if it is a path of this site, so that no form sends people elsewhere."""
    parts = urlsplit(target)
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc
    return target if is_local and target.isprintable() else default


async def set_language(request: Request) -> Response:
    """Keep the language chosen and go back to where it was chosen."""
    form = await request.form(max_files=0, max_fields=5)
    return _remember(request, LANGUAGE, str(form.get("lang", "")), LOCALES, str(form.get("next", "/")))


async def set_theme(request: Request) -> Response:
    """Keep the appearance chosen and go back to where it was chosen."""
    form = await request.form(max_files=0, max_fields=5)
    return _remember(request, THEME, str(form.get("theme", "")), THEMES, str(form.get("next", "/")))


def _remember(request: Request, cookie: str, value: str, allowed: tuple[str, ...], target: str) -> Response:
    response = RedirectResponse(safe_next(target), 303)
    if value in allowed:
        secure = settings_of(request).is_https
        response.set_cookie(cookie, value, max_age=YEAR, secure=secure, httponly=True, samesite="lax")
    return response


async def brand(request: Request) -> Response:
    """Send the style sheet of a brand colour; a function of the address, so it is cached for ever."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(stylesheet(request.path_params["colour"]), headers=headers, media_type="text/css")


def routes() -> list[BaseRoute]:
    """Return the routes of this module."""
    return [
        Route("/language", set_language, methods=["POST"], name="language"),
        Route("/theme", set_theme, methods=["POST"], name="theme"),
        Route("/brand/{colour}.css", brand, name="brand"),
    ]
