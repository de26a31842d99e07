"""The standard's addresses, below each school's own: ``/api/oneroster/{school}/ims/oneroster/rostering/v1p2``."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.education.oneroster import asking
from scenarios.education.oneroster.asking import Asked
from scenarios.education.oneroster.entry import Caller, enter, token
from scenarios.education.oneroster.refusing import RefusedError, refused, said
from scenarios.education.oneroster.resources import NESTED, PATHS, RESOURCES, Resource
from tenants.http import READS, WRITES, public_route
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope, rows, tenant_scope

ROOT = "/api/oneroster/{school}"
SERVICE = "/ims/oneroster/rostering/v1p2"
REASON = "The access token is the key."
Answer = Callable[[Request, Caller], Awaitable[Response]]


def guarded(answer: Answer, resource: Resource) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that runs in the caller's school, and refuses in the standard's words."""

    async def handle(request: Request) -> Response:
        try:
            async with open_scope(Scope()):
                caller = await enter(request, *resource.scopes)
            async with open_scope(tenant_scope(caller.tenant_id)):
                return await answer(request, caller)
        except RefusedError as error:
            return refused(error)

    return handle


def list_of(resource: Resource, parent: str = "", extra: str = "") -> Answer:
    """Return the handler of a list, of everything or of what belongs to another document."""

    async def page(request: Request, caller: Caller) -> Response:
        above: tuple[str, ...] = (request.path_params["sourced_id"],) if parent else ()
        if parent and not await _found(RESOURCES[parent], caller, above[0]):
            raise _unknown()
        asked = asking.read(request.query_params, resource.names, resource.parts, 2 + len(above))
        source = resource.sql.replace("{extra}", f"{resource.extra} and {extra or 'true'}")
        found, total = await _read(source, (caller.tenant_id, *above), asked)
        docs = [_told(doc, _base(request), asked.fields) for doc in found]
        return said({resource.key: docs}, headers=_headers(request, asked, total))

    return page


def one_of(resource: Resource) -> Answer:
    """Return the handler of one document."""

    async def one(request: Request, caller: Caller) -> Response:
        asked = asking.read(request.query_params, resource.names, resource.parts, 2)
        doc = await _found(resource, caller, request.path_params["sourced_id"])
        if doc is None:
            raise _unknown()
        return said({resource.one: _told(doc, _base(request), asked.fields)})

    return one


async def _read(source: str, given: tuple[Any, ...], asked: Asked) -> tuple[list[dict[str, Any]], int]:
    """Return a page of documents, and how many there are of them in all."""
    whole = f"select sourced_id, doc from ({source}) made where {asked.where}"
    values = (*given, *asked.values)
    found = await rows(
        f"select jsonb_strip_nulls(doc) doc, count(*) over () total from ({whole}) found"
        f" order by {asked.order} limit {asked.limit:d} offset {asked.offset:d}",
        *values,
    )
    if found or not asked.offset:
        return [json.loads(each["doc"]) for each in found], found[0]["total"] if found else 0
    (counted,) = await rows(f"select count(*) n from ({whole}) found", *values)
    return [], counted["n"]


async def _found(resource: Resource, caller: Caller, sourced_id: str) -> dict[str, Any] | None:
    source = resource.sql.replace("{extra}", f"{resource.extra} and t.sourced_id = $2")
    found = await rows(
        f"select jsonb_strip_nulls(doc) doc from ({source}) made", caller.tenant_id, sourced_id
    )
    return json.loads(found[0]["doc"]) if found else None


def _unknown() -> RefusedError:
    return RefusedError(404, "unknownobject", "There is nothing with this sourcedId.")


def _base(request: Request) -> str:
    return (
        runtime().public_url.rstrip("/") + ROOT.replace("{school}", request.path_params["school"]) + SERVICE
    )


def _told(doc: Mapping[str, Any], base: str, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: _linked(value, base) for name, value in doc.items() if not fields or name in fields}


def _linked(value: Any, base: str) -> Any:
    """Return a value with the addresses of what it refers to."""
    if isinstance(value, list):
        return [_linked(each, base) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in PATHS and "sourcedId" in value:
        there = f"{base}/{PATHS[value['type']]}/{quote(value['sourcedId'], safe='')}"
        return {"href": there, **value}
    return {name: _linked(each, base) for name, each in value.items()}


def _headers(request: Request, asked: Asked, total: int) -> dict[str, str]:
    """Return how many there are, and where the pages around this one are."""
    last = max(0, (total - 1) // asked.limit * asked.limit)
    pages = {"first": 0, "last": last}
    if asked.offset + asked.limit < total:
        pages["next"] = asked.offset + asked.limit
    if asked.offset:
        pages["prev"] = max(0, asked.offset - asked.limit)
    kept = {name: value for name, value in request.query_params.items() if name not in {"limit", "offset"}}
    here = runtime().public_url.rstrip("/") + request.url.path
    links = [
        f'<{here}?{urlencode({**kept, "limit": asked.limit, "offset": offset})}>; rel="{rel}"'
        for rel, offset in pages.items()
    ]
    return {"X-Total-Count": str(total), "Link": ", ".join(links)}


def _routes() -> list[BaseRoute]:
    base = ROOT + SERVICE
    found: list[BaseRoute] = [
        public_route(
            f"{ROOT}/token",
            token,
            reason="The app's secret is the key.",
            methods=WRITES,
            name="oneroster_token",
        )
    ]
    for name, resource in RESOURCES.items():
        there = f"{base}/{name}"
        found.append(_route(there, list_of(resource), resource, f"oneroster_{name}"))
        found.append(_route(there + "/{sourced_id}", one_of(resource), resource, f"oneroster_{name}_one"))
    for parent, name, extra in NESTED:
        resource = RESOURCES[name]
        there = f"{base}/{parent}/{{sourced_id}}/{name}"
        found.append(_route(there, list_of(resource, parent, extra), resource, f"oneroster_{parent}_{name}"))
    return found


def _route(path: str, answer: Answer, resource: Resource, name: str) -> BaseRoute:
    return public_route(path, guarded(answer, resource), reason=REASON, methods=READS, name=name)


ROUTES = _routes()
