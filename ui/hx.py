"""Every ``HX-*`` header by name, so that a change of htmx is a change of one file (htmx 4.0.1)."""

from collections.abc import Mapping

from starlette.requests import HTTPConnection

REQUEST = "HX-Request"
REQUEST_TYPE = "HX-Request-Type"
REDIRECT = "HX-Redirect"
VARY = f"{REQUEST}, {REQUEST_TYPE}"
CONFIG = (
    '{"includeIndicatorCSS": false, "history": "reload", "mode": "same-origin", "defaultTimeout": 30000,'
    ' "extensions": "none"}'
)


def is_partial(connection: HTTPConnection) -> bool:
    """Whether htmx asks for a part of the page; history restores and body swaps want the whole."""
    return connection.headers.get(REQUEST_TYPE) == "partial"


def leave(url: str) -> Mapping[str, str]:
    """Return the header that makes htmx leave for ``url``, which a fetch may not follow to another origin."""
    return {REDIRECT: url}
