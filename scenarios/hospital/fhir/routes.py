"""The FHIR server's addresses. Whatever is not named here is answered by an OperationOutcome (``outcomes``)."""

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital import cancelling
from scenarios.hospital.fhir import capability, writing
from scenarios.hospital.fhir.all import DATED, NAMES, kinds
from scenarios.hospital.fhir.entry import Caller, calling, server_of
from scenarios.hospital.fhir.kinds import ROOT, Kind, Row, etag, version_of
from scenarios.hospital.fhir.outcomes import JSON, told
from scenarios.hospital.fhir.searching import Asked, history, one, search, versions
from scenarios.hospital.fhir.viewing import note
from scenarios.hospital.fhir.visits import APPOINTMENT
from tenants.http import READS, WRITES, path_id, public_route
from ui.errors import AppError, NotFound
from ui.i18n import t

REASON = "The access token is the key."
HERE = f"{ROOT}/{{tenant}}"
READABLE = (JSON, "application/json", "application/*", "*/*", "text/html", "text/json", "json")
WRITABLE = (JSON, "application/json", "text/json")
Handler = Callable[[Request], Awaitable[Response]]


def must_be_json(request: Request) -> None:
    """Refuse whoever takes nothing but another form; a browser that asks for HTML gets JSON.

    Raises:
        AppError: 406.
    """
    wanted = request.query_params.get("_format") or request.headers.get("accept") or JSON
    kinds_ = [part.partition(";")[0].strip().lower() for part in wanted.split(",")]
    if not any(one in READABLE or one == "application/fhir json" for one in kinds_):
        raise AppError("fhir.format", t("Resources are told as {form} alone.", form=JSON), status=406)


async def body_of(request: Request) -> Any:
    """Return what was sent.

    Raises:
        AppError: 415 for another form, 400 for what cannot be read.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in WRITABLE:
        raise AppError("fhir.content", t("Resources are taken as {form} alone.", form=JSON), status=415)
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise AppError("fhir.json", t("This is no JSON that can be read."), status=400) from None


async def metadata(request: Request) -> Response:
    """Say what works here."""
    must_be_json(request)
    return told(capability.statement(await server_of(request)), {"Cache-Control": "public, max-age=300"})


def list_of(name: str) -> Handler:
    """Return the handler of a kind's search, by address or by a form that keeps what is sought out of it."""

    async def found(request: Request) -> Response:
        must_be_json(request)
        asked = list(request.query_params.multi_items())
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=50)
            asked += [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
        async with calling(request) as caller:
            return told(await _search(caller, kinds()[name], asked))

    found.__name__ = f"fhir_{name.lower()}"
    return found


async def _search(caller: Caller, kind: Kind, asked: Asked) -> dict[str, Any]:
    patient_id = caller.require(kind, "s")
    read, bundle = await search(
        caller.server, kind, asked, patient_id, lambda other: caller.require(other, "r")
    )
    for of, rows in read:
        await note(caller, of, rows)
    return bundle


def one_of(name: str) -> Handler:
    """Return the handler of one of a kind."""

    async def read(request: Request) -> Response:
        must_be_json(request)
        async with calling(request) as caller:
            return await _read(request, caller, kinds()[name])

    read.__name__ = f"fhir_{name.lower()}_one"
    return read


async def _read(request: Request, caller: Caller, kind: Kind) -> Response:
    patient_id = caller.require(kind, "r")
    there = await one(caller.server, kind, request.path_params["id"], patient_id)
    if there is None:
        raise NotFound("fhir.not_found", t("There is no such resource, or it is not yours to see."))
    row, resource = there
    await note(caller, kind, [row])
    headers = _headers(kind, row)
    if headers and request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return told(resource, headers)


def past_of(name: str) -> Handler:
    """Return the handler of one version of a resource."""

    async def read(request: Request) -> Response:
        must_be_json(request)
        async with calling(request) as caller:
            kind, wanted = kinds()[name], request.path_params["version"]
            row, resource = (await _versions(request, caller, kind, wanted))[0]
            return told(resource, _headers(kind, row))

    read.__name__ = f"fhir_{name.lower()}_version"
    return read


async def _versions(request: Request, caller: Caller, kind: Kind, version: str = "") -> list[Any]:
    patient_id = caller.require(kind, "r")
    found = await versions(caller.server, kind, request.path_params["id"], patient_id, version=version)
    if not found:
        raise NotFound("fhir.not_found", t("There is no such resource, or it is not yours to see."))
    await note(caller, kind, [row for row, _ in found[:1]])
    return found


async def appointment_history(request: Request) -> Response:
    """Tell how an appointment has been, the last version first."""
    must_be_json(request)
    async with calling(request) as caller:
        return told(history(caller.server, APPOINTMENT, await _versions(request, caller, APPOINTMENT)))


def _headers(kind: Kind, row: Row) -> dict[str, str]:
    if kind.is_undated:
        return {}
    modified = row["changed_at"].strftime("%a, %d %b %Y %H:%M:%S GMT")
    return {"ETag": etag(version_of(row)), "Last-Modified": modified}


async def transaction(request: Request) -> Response:
    """Book one number for one patient, or nothing."""
    must_be_json(request)
    wish = writing.read_bundle(await body_of(request))
    async with calling(request) as caller:
        answer = await writing.book(caller, wish)
        return told(answer)


async def update(request: Request) -> Response:
    """Cancel an appointment: one that is still being paid outside of any transaction, since its channel is asked."""
    must_be_json(request)
    found, body = path_id(request), await body_of(request)
    async with calling(request) as caller:
        row = await writing.to_cancel(caller, found, request.headers.get("if-match"), body)
        is_pending = row["status"] == "pending"
        if not is_pending and row["status"] != "cancelled":
            await writing.cancel_booked(caller, found)
    if is_pending:
        await cancelling.give_up(caller.actor, appointment_id=found)
    async with calling(request) as caller:
        return await _updated(caller, str(found))


async def _updated(caller: Caller, found: str) -> Response:
    there = await one(caller.server, APPOINTMENT, found, None)
    assert there is not None  # noqa: S101 - appointments are never deleted
    await note(caller, APPOINTMENT, [there[0]])
    return told(there[1], _headers(APPOINTMENT, there[0]))


ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, If-Match, If-None-Match, Prefer",
    "Access-Control-Max-Age": "3600",
}
"""What pages of other origins may send beside their token."""


def _route(
    path: str, answer: Handler, methods: Sequence[str], name: str = "", reason: str = REASON
) -> BaseRoute:
    """Return a route that answers a browser's question before it calls, too."""

    @wraps(answer)
    async def handle(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=ALLOWED)
        return await answer(request)

    return public_route(
        HERE + path, handle, reason=reason, methods=(*methods, "OPTIONS"), name=name or answer.__name__
    )


def _of(name: str) -> list[BaseRoute]:
    found, key = list_of(name), f"fhir_{name.lower()}"
    return [
        _route(f"/{name}", found, READS),
        _route(f"/{name}/_search", found, WRITES, f"{key}_search"),
        _route(f"/{name}/{{id}}", one_of(name), READS),
        *([_route(f"/{name}/{{id}}/_history/{{version}}", past_of(name), READS)] if name in DATED else []),
    ]


ROUTES: list[BaseRoute] = [
    _route("/metadata", metadata, READS, "fhir_metadata", "What the server can do is public."),
    _route("", transaction, WRITES, "fhir_transaction"),
    *(route for name in NAMES for route in _of(name)),
    _route("/Appointment/{id}/_history", appointment_history, READS, "fhir_appointment_history"),
    _route("/Appointment/{id}", update, ("PUT",), "fhir_appointment_update"),
]
