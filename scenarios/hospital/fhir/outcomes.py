"""Answers in FHIR's own form: resources as ``application/fhir+json``, every error as an OperationOutcome."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from scenarios.hospital.fhir.kinds import ROOT
from ui.problems import Problem, say_as

JSON = "application/fhir+json"
CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
    429: "throttled",
    503: "transient",
}
"""IssueType for each status; everything else is ``exception``."""
_KEPT = {
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Location, WWW-Authenticate, Retry-After, X-Request-ID",
}
"""Pages of other origins may read: what opens anything is a token, which no browser adds by itself."""


def told(body: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return a resource that nobody keeps."""
    return Response(orjson.dumps(body), status, {**_KEPT, **(headers or {})}, JSON)


def outcome(found: Problem) -> Response:
    """Return a problem as an OperationOutcome."""
    code, about = CODES.get(found.status, "exception"), list(found.fields)
    issue = {
        "severity": "fatal" if code == "exception" else "error",
        "code": code,
        "details": {"text": str(found.detail)},
        "diagnostics": f"{found.code} ({found.request_id})",
        **({"expression": about} if about else {}),
    }
    return told({"resourceType": "OperationOutcome", "issue": [issue]}, status=found.status)


say_as(f"{ROOT}/", outcome)
