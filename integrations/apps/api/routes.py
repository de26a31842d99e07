"""The API's addresses: the institution, and every resource that a room has offered, a list and one of each."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.api import documents, facts, openapi
from integrations.apps.api.entry import Caller, enter
from integrations.apps.api.operations import OPERATIONS
from integrations.apps.api.tokens import installation_token
from integrations.apps.resources import RESOURCES, Resource, Slice, consented
from tenants.http import READS, WRITES, path_id, public_route
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope
from ui.errors import Invalid, NotFound
from ui.i18n import t

REASON = "The access token is the key."
MOST, USUAL = 200, 50
Answer = Callable[[Request, Caller], Awaitable[Response]]


def said(body: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Return JSON that nobody keeps."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, kept, "application/json")


def guarded(answer: Answer, *scopes: str) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that runs in the caller's tenant, for who has these scopes."""

    @wraps(answer)
    async def handle(request: Request) -> Response:
        async with open_scope(Scope()):
            return await answer(request, await enter(request, *scopes))

    return handle


async def tenant(request: Request, caller: Caller) -> Response:
    """Tell which institution this is, claim by claim as it agreed."""
    del request
    told = await facts.institution(caller.granted)
    return said({"installation": str(caller.granted.installation_id), **told})


def list_of(resource: Resource) -> Answer:
    """Return the handler of a resource's list."""

    async def page(request: Request, caller: Caller) -> Response:
        found = await resource.page(_slice(request, resource, caller))
        limit = _limit(request)
        shown = found[:limit]
        following = _cursor(shown[-1][0]) if len(found) > limit else None
        body = {"data": [consented(row, caller.scopes) for _, row in shown], "next_cursor": following}
        return said(body, _link(request, following))

    page.__name__ = f"api_{resource.name}"
    return page


def one_of(resource: Resource) -> Answer:
    """Return the handler of one of a resource."""

    async def one(request: Request, caller: Caller) -> Response:
        found = await resource.one(path_id(request), caller.sector)
        if found is None:
            raise NotFound("api.not_found", t("There is nothing with this id."))
        return said(consented(found, caller.scopes))

    one.__name__ = f"api_{resource.name}_one"
    return one


def _slice(request: Request, resource: Resource, caller: Caller) -> Slice:
    given = request.query_params
    return Slice(
        after=_after(given.get("cursor", "")),
        limit=_limit(request) + 1,
        sector=caller.sector,
        filters={name: given.get(name, "")[:100] for name in resource.filters},
    )


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "")
    if not text:
        return USUAL
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:4]) <= MOST:
        raise Invalid("api.limit", t("limit is a number from 1 to {most}.", most=MOST))
    return int(text)


def _cursor(after: UUID) -> str:
    return runtime().encrypt("api-cursor", str(after)).decode()


def _after(cursor: str) -> UUID | None:
    if not cursor:
        return None
    try:
        return UUID(runtime().decrypt("api-cursor", cursor.encode()))
    except ValueError:
        raise Invalid("api.cursor", t("This cursor is not one of ours.")) from None


def _link(request: Request, following: str | None) -> dict[str, str]:
    if following is None:
        return {}
    address = request.url.include_query_params(cursor=following)
    return {"Link": f'<{address.path}?{address.query}>; rel="next"'}


async def document(request: Request) -> Response:
    """Return the OpenAPI document."""
    del request
    return said(openapi.document(), {"Cache-Control": "public, max-age=300"})


def routes() -> list[BaseRoute]:
    """Return the API's routes; every resource and operation must have been offered by then."""
    found: list[BaseRoute] = [
        public_route(
            "/api/v1/openapi.json", document, reason="What the API is like is public.", name="api_document"
        ),
        public_route(
            "/api/v1/installation-tokens",
            installation_token,
            reason="The app's secret is the key.",
            methods=WRITES,
        ),
        public_route("/api/v1/tenant", guarded(tenant, "tenant"), reason=REASON, name="api_tenant"),
        public_route(
            "/api/v1/bills/{id}/documents",
            guarded(documents.add, "documents"),
            reason=REASON,
            methods=WRITES,
            name="api_document_add",
        ),
    ]
    for name, operation in OPERATIONS.items():
        found.append(
            public_route(
                f"/api/v1/{name}",
                guarded(operation.answer, operation.scope),
                reason=REASON,
                methods=WRITES,
                name=f"api_{name.replace('-', '_')}",
            )
        )
    for name, resource in RESOURCES.items():
        path = f"/api/v1/{name}"
        found.append(
            public_route(path, guarded(list_of(resource), resource.scope), reason=REASON, methods=READS)
        )
        found.append(
            public_route(
                path + "/{id}", guarded(one_of(resource), resource.scope), reason=REASON, methods=READS
            )
        )
    return found
