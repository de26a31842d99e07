"""One-time messages across a redirect, in a signed cookie, so that they need no session and no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from ui.i18n import Text
from ui.settings import settings_of
from ui.shell import Tone

COOKIE = "flash"
MAX_AGE = 300
_MOST, _MOST_BYTES = 5, 3500


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence for the next page, kept untranslated so that it is said in that page's language."""

    text: Text | str
    tone: Tone = "success"


def add_flash(connection: HTTPConnection, response: Response, *messages: Flash) -> None:
    """Put ``messages`` behind those that are still waiting; the oldest give way when the cookie is full."""
    waiting = [*read_flashes(connection), *messages][-_MOST:]
    signer = _signer(connection)
    value = signer.dumps([_pack(m) for m in waiting])
    while len(value) > _MOST_BYTES and waiting:
        waiting.pop(0)
        value = signer.dumps([_pack(m) for m in waiting])
    secure = settings_of(connection).is_https
    value = value if isinstance(value, str) else value.decode()
    response.set_cookie(COOKIE, value, max_age=MAX_AGE, httponly=True, secure=secure, samesite="lax")


def read_flashes(connection: HTTPConnection) -> Sequence[Flash]:
    """Return the waiting messages; a forged or stale cookie has none."""
    cookie = connection.cookies.get(COOKIE)
    if not cookie:
        return ()
    try:
        items = _signer(connection).loads(cookie, max_age=MAX_AGE)
    except BadSignature:
        return ()
    return [Flash(_unpack(item["text"]), item["tone"]) for item in items]


def clear_flashes(connection: HTTPConnection, response: Response) -> None:
    """Drop the cookie once its messages have been shown."""
    if COOKIE in connection.cookies:
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def _signer(connection: HTTPConnection) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings_of(connection).secret_key, salt="ui.flash")


def _pack(message: Flash) -> dict[str, Any]:
    return {"text": _pack_value(message.text), "tone": message.tone}


def _pack_value(value: object) -> Any:
    if isinstance(value, Text):
        return {"t": value.message, "p": {key: _pack_value(item) for key, item in value.params.items()}}
    return value if isinstance(value, int | float | bool) else str(value)


def _unpack(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Text(value["t"], {key: _unpack(item) for key, item in value["p"].items()})
    return value
