"""Comparing faces, as an outside service does: the same picture is the same person, another one somebody else.

``POST /faces/comparisons`` takes ``{kept, seen}``, both base64, and answers ``{likeness}``: same, different, or unsure
for what is no picture. It keeps nothing.
"""

import base64
import binascii

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG")


async def _compare(request: Request) -> Response:
    body = await request.json()
    kept, seen = _picture(body.get("kept")), _picture(body.get("seen"))
    if not kept or not seen:
        return JSONResponse({"likeness": "unsure"})
    return JSONResponse({"likeness": "same" if kept == seen else "different"})


def _picture(text: object) -> bytes:
    try:
        content = base64.b64decode(str(text or ""), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return content if content.startswith(_PICTURES) else b""


def routes() -> list[BaseRoute]:
    """Return the service's routes."""
    return [Route("/faces/comparisons", _compare, methods=["POST"])]
