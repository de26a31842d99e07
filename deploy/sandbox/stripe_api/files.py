"""Files: evidence for disputes, kept by what they are called and how large they are."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.faults import CALL_KINDS, suffer
from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api.http import StripeError, open_call
from deploy.sandbox.stripe_api.objects import put
from deploy.sandbox.world import new_id, world_of

_PURPOSES = {"dispute_evidence"}
_HEADS = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}
_MOST = 5_000_000


async def upload(request: Request) -> Response:
    """`POST /v1/files`, multipart: `purpose`, `file`."""
    fault = world_of(request).faults.take("stripe", "files.create", CALL_KINDS)
    if fault is None:
        return await _take(request)
    return await suffer(fault, request, _take)


async def _take(request: Request) -> Response:
    try:
        return JSONResponse(await _kept(request))
    except StripeError as error:
        return JSONResponse(error.body, error.status)


async def _kept(request: Request) -> Doc:
    form = await request.form()
    call = open_call(request, "")
    purpose, file = str(form.get("purpose", "")), form.get("file")
    if purpose not in _PURPOSES:
        raise StripeError("Invalid purpose", param="purpose")
    if file is None or isinstance(file, str):
        raise StripeError("Missing required param: file.", code="parameter_missing", param="file")
    content = await file.read()
    kind = next((name for head, name in _HEADS.items() if content.startswith(head)), None)
    if kind is None or not 0 < len(content) <= _MOST:
        raise StripeError("Evidence is a PDF, PNG or JPEG file of at most 5 MB.", param="file")
    made: Doc = {
        "id": new_id("file_"),
        "object": "file",
        "created": call.world.clock.seconds(),
        "filename": file.filename,
        "purpose": purpose,
        "size": len(content),
        "type": kind,
        "url": None,
        "title": None,
        "expires_at": None,
    }
    with call.world.store.transaction():
        return put(call.world, call.account, made)
