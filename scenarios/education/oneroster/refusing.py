"""Refusals in the words of the standard (``imsx_StatusInfo``), and OAuth's own at the token endpoint."""

from typing import Any

import orjson
from starlette.responses import Response


class RefusedError(Exception):
    """The request is not answered. ``minor`` is the standard's code, ``status`` HTTP's."""

    def __init__(self, status: int, minor: str, text: str) -> None:
        """Keep what is told."""
        super().__init__(text)
        self.status, self.minor, self.text = status, minor, text


class TokenError(Exception):
    """No token is given; ``error`` is RFC 6749's word for why."""

    def __init__(self, status: int, error: str, text: str) -> None:
        """Keep what is told."""
        super().__init__(text)
        self.status, self.error, self.text = status, error, text


def said(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return JSON that nobody keeps."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, kept, "application/json")


def refused(error: RefusedError) -> Response:
    """Return the standard's status information."""
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": error.minor}
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": error.text,
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }
    unauthorised = 401
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if error.status == unauthorised else {}
    return said(body, error.status, headers)


def no_token(error: TokenError) -> Response:
    """Return RFC 6749's error."""
    unauthorised = 401
    headers = {"WWW-Authenticate": 'Basic realm="oneroster"'} if error.status == unauthorised else {}
    return said({"error": error.error, "error_description": error.text}, error.status, headers)
