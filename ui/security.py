"""What every answer and every request must satisfy before the product sees it: headers, origin, size, a number.

Plain ASGI, so that streaming and long answers pass through untouched.
"""

import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.errors import AppError, Forbidden
from ui.i18n import t
from ui.settings import UiSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_FORM_ACTION = "csp_form_action"
_FRAME = "csp_frame_src"
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class TooLarge(AppError):
    """The body is larger than this address takes (413)."""

    status = 413


def allow_form_action(connection: HTTPConnection, origin: str) -> None:
    """Let the forms of this one page lead to ``origin`` (a sign-on that posts to an app's own address)."""
    parts = urlsplit(origin)
    origins = connection.scope.setdefault("state", {}).setdefault(_FORM_ACTION, [])
    origins.append(f"{parts.scheme}://{parts.netloc}")


def allow_frame(connection: HTTPConnection, url: str) -> None:
    """Let this one page show ``url``'s origin in a frame (an app that was reviewed); nobody frames us in any case."""
    parts = urlsplit(url)
    origins = connection.scope.setdefault("state", {}).setdefault(_FRAME, [])
    origins.append(f"{parts.scheme}://{parts.netloc}")


def content_security_policy(form_action: tuple[str, ...], frames: tuple[str, ...] = ()) -> str:
    """Return the policy: everything from here, nothing inline, no frames but those named."""
    return "; ".join(
        (
            "default-src 'self'",
            *((" ".join(("frame-src", *dict.fromkeys(frames))),) if frames else ()),
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            " ".join(("form-action 'self'", *form_action)),
        )
    )


@lru_cache(maxsize=256)
def _headers(
    form_action: tuple[str, ...], is_https: bool, frames: tuple[str, ...] = ()
) -> tuple[tuple[bytes, bytes], ...]:
    headers = {"Content-Security-Policy": content_security_policy(form_action, frames), **_FIXED}
    if is_https:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


class SecurityHeaders:
    """Adds the headers to every answer; one that the answer already carries stays."""

    def __init__(self, app: ASGIApp, settings: UiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(message, scope)
            await send(message)

        await self.app(scope, receive, secured)

    def _add(self, message: Message, scope: Scope) -> None:
        state = scope.get("state", {})
        further = tuple(state.get(_FORM_ACTION, ()))
        headers = list(message["headers"])
        present = {name.lower() for name, _ in headers}
        wanted = _headers(
            (*self.settings.form_action, *further), self.settings.is_https, tuple(state.get(_FRAME, ()))
        )
        message["headers"] = headers + [header for header in wanted if header[0] not in present]


class SameOrigin:
    """Refuses unsafe requests that another site made the browser send (CSRF).

    Browsers state the site in ``Sec-Fetch-Site``, older ones at least the ``Origin``; neither can be set by a
    page. A request with neither comes from no browser and so carries nobody's cookies against their will.
    """

    def __init__(self, app: ASGIApp, settings: UiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what our own pages sent; refuse the rest."""
        if scope["type"] != "http" or self._is_fine(scope):
            await self.app(scope, receive, send)
            return
        advice = t("Open the page here and send the form again. Nothing you typed there has been used.")
        raise Forbidden("request.cross_site", t("This form was sent from another website."), advice=advice)

    def _is_fine(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or scope["path"].startswith(self.settings.csrf_exempt):
            return True
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin")
        return origin is None or self._is_ours(origin, headers.get("host", ""))

    def _is_ours(self, origin: str, host: str) -> bool:
        ours = {host, urlsplit(self.settings.base_url).netloc} - {""}
        return urlsplit(origin).netloc in ours


class BodyLimit:
    """Stops reading a body beyond the limit of its address, whatever its ``Content-Length`` claims."""

    def __init__(self, app: ASGIApp, settings: UiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on while it is small enough."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = limit_for(scope["path"], self.settings.body_limits, self.settings.body_limit)
        claimed = Headers(scope=scope).get("content-length", "0")
        if not claimed.isdecimal() or int(claimed) > most:
            raise too_large(most)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise too_large(most)
            return message

        await self.app(scope, counted, send)


def limit_for(path: str, limits: Mapping[str, int], default: int) -> int:
    """Return the limit of the longest prefix that fits ``path``, in bytes."""
    fitting = [prefix for prefix in limits if path.startswith(prefix)]
    return limits[max(fitting, key=len)] if fitting else default


def too_large(most: int) -> TooLarge:
    """Return the refusal of a body of more than ``most`` bytes."""
    megabytes = max(most // (1024 * 1024), 1)
    message = t("What you sent is larger than the {megabytes} MB that this page takes.", megabytes=megabytes)
    return TooLarge("request.too_large", message, advice=t("Choose a smaller file, or split it in two."))


class RequestId:
    """Gives each request a number that is in its answer, its log lines and the jobs it starts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the number in the header and in every log line."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        number = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = number

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = number
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=number):
            await self.app(scope, receive, numbered)
