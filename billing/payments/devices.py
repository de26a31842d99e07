"""Which payments came from one and the same browser, and nothing else about it.

When somebody pays online, their browser keeps a random number of ours for ninety days (a first-party cookie that
scripts cannot read). With the payment we keep its HMAC under a key of that one institution: two payments to one
institution can be seen to come from one browser; two institutions can compare nothing, and nobody gets from the mark to
the browser.
Nothing is read off the device. It serves the security of payments alone (``billing.risk``), which a payment contract
needs and PIPL (article 13) lets be done without a separate consent; people read of it where they pay and under their
data, and ``tenants.privacy.retention`` takes the mark off each payment after ninety days.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenants.runtime import runtime

COOKIE, PURPOSE = "device", "device-mark"
KEPT_SECONDS = 90 * 24 * 3600
_SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(slots=True)
class Browser:
    """The browser of this request: its number, and whether a payment has asked for it."""

    number: str = ""
    is_asked: bool = False


_browser: ContextVar[Browser | None] = ContextVar("browser", default=None)


def mark(tenant_id: UUID) -> bytes | None:
    """Return this request's browser as one institution knows it; nothing outside of a request."""
    browser = _browser.get()
    if browser is None:
        return None
    browser.number = browser.number or secrets.token_urlsafe(16)
    browser.is_asked = True
    return runtime().sign(PURPOSE, f"{tenant_id} {browser.number}".encode())


class Devices:
    """Knows the browser for the length of a request, and has it keep its number once it has paid."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and hand out or renew the number where a payment was begun."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = HTTPConnection(scope).cookies.get(COOKIE, "")
        browser = Browser(known if _SHAPE.fullmatch(known) else "")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and browser.is_asked:
                MutableHeaders(scope=message).append("set-cookie", _cookie(browser.number))
            await send(message)

        token = _browser.set(browser)
        try:
            await self.app(scope, receive, answer)
        finally:
            _browser.reset(token)


def _cookie(number: str) -> str:
    response = Response()
    secure = runtime().public_url.startswith("https")
    response.set_cookie(COOKIE, number, max_age=KEPT_SECONDS, httponly=True, samesite="lax", secure=secure)
    return response.headers["set-cookie"]
