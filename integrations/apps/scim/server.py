"""Our SCIM endpoint, one for each installation: apps read the staff, directories keep it (RFC 7644)."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.api.entry import CALLS, PREFIX, Caller, enter, unknown
from integrations.apps.clients import Granted
from integrations.apps.models import App
from integrations.apps.scim import directory, patching, people, schemas, tokens
from integrations.apps.scim.directory import Writer
from integrations.apps.scim.errors import ScimError, bad
from integrations.apps.scim.listing import LIST, SEARCH, Search, listed, narrowed
from integrations.apps.scim.people import Somebody, base_of
from tenants import throttle
from tenants.http import public_route
from tenants.runtime import runtime
from tenants.scope import Scope, open_scope, switch, tenant_scope
from ui.errors import AppError

TYPE = "application/scim+json"
READ, WRITE = "people", "provision"
LONGEST = 100_000
NOT_MODIFIED, CREATED, GONE = 304, 201, 204


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program that has proven itself, in its institution's scope."""

    request: Request
    granted: Granted
    scopes: frozenset[str]

    @property
    def base(self) -> str:
        """Where this installation's SCIM is."""
        return base_of(self.granted.installation_id)

    async def body(self) -> Mapping[str, Any]:
        """Return the JSON object that was sent."""
        raw = await self.request.body()
        if len(raw) > LONGEST:
            raise ScimError(413, "The body is too long.")
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise bad("The body is no JSON object.", "invalidSyntax")
        return found

    async def writer(self) -> Writer:
        """Return who writes; 403 unless the institution agreed to that."""
        if WRITE not in self.scopes:
            raise ScimError(403, f"This takes the scope {WRITE}.")
        app = await App.get(id=self.granted.app_id)
        return Writer(self.granted, app.name)


Handler = Callable[[Call, list[str]], Awaitable[Response]]


async def scim(request: Request) -> Response:
    """Take any request under an installation's address, and answer it in SCIM's own words."""
    try:
        async with open_scope(Scope()):
            call = await _entered(request)
            path = [part for part in request.path_params["path"].split("/") if part]
            return await _dispatch(call, path)
    except ScimError as error:
        return _said(error.body(), error.status)
    except AppError as error:
        told = ScimError(error.status if error.status != 422 else 400, str(error.message))  # noqa: PLR2004 - SCIM has no 422
        return _said(told.body(), told.status, error.headers)


async def _entered(request: Request) -> Call:
    """Return the call of whoever shows a token of this very installation."""
    _, _, token = request.headers.get("authorization", "").partition(" ")
    if token.startswith(tokens.PREFIX):
        granted = await tokens.opened(token.strip())
        caller = Caller(granted, granted.scopes) if granted else None
        if caller:
            await throttle.spend_often("api", str(caller.granted.installation_id), CALLS)
    else:
        caller = await enter(request) if token.startswith(PREFIX) else None
    if caller is None:
        raise unknown()
    if str(caller.granted.installation_id) != request.path_params["installation"]:
        raise ScimError(404, "There is nothing here.")
    if READ not in caller.scopes:
        raise ScimError(403, f"This takes the scope {READ}.")
    await switch(tenant_scope(caller.granted.tenant_id))
    return Call(request, caller.granted, caller.scopes)


async def _dispatch(call: Call, path: list[str]) -> Response:
    kind = path[0] if path else ""
    if path == [SEARCH] and call.request.method == "POST":
        return await _search(call, ["", SEARCH])
    handlers = _ROUTES.get(kind)
    if handlers is None or len(path) > 2:  # noqa: PLR2004 - a kind and an id
        raise ScimError(404, "There is nothing here.")
    is_search = path[1:] == [SEARCH]
    handler = (
        _search
        if is_search and call.request.method == "POST" and kind in _LISTS
        else (handlers.get((call.request.method.replace("HEAD", "GET"), len(path))))
    )
    if handler is None:
        raise ScimError(405, "This cannot be done here.")
    return await handler(call, path)


# ---- what there is


async def _config(call: Call, path: list[str]) -> Response:
    del path
    return _said(schemas.configuration(call.base, f"{runtime().public_url}/docs/integrations-apps"))


async def _discovered(call: Call, path: list[str]) -> Response:
    """List schemas or resource types, or tell one."""
    names, shown = _DISCOVERY[path[0]]
    if "filter" in call.request.query_params:
        raise ScimError(403, "This list is not narrowed.")
    if len(path) > 1:
        known = next((name for name in names if name.lower() == path[1].lower()), None)
        if known is None:
            raise ScimError(404, "There is nothing here.")
        return _said(shown(known, call.base))
    return _said(_list([shown(name, call.base) for name in names]))


_DISCOVERY: dict[str, tuple[tuple[str, ...], Callable[[str, str], dict[str, Any]]]] = {
    "Schemas": (tuple(schemas.SCHEMAS), schemas.schema),
    "ResourceTypes": (schemas.RESOURCE_TYPES, schemas.resource_type),
}


# ---- users and groups


async def _users(call: Call) -> list[dict[str, Any]]:
    found = await people.everybody(call.granted)
    held = {one["id"]: one for one in await people.roles(call.granted.tenant_id)}
    return [people.user(one, held, call.base) for one in found]


async def _groups(call: Call) -> list[dict[str, Any]]:
    found = [one for one in await people.everybody(call.granted) if one.state == "here"]
    return [people.group(role, found, call.base) for role in await people.roles(call.granted.tenant_id)]


_LISTS: dict[str, Callable[[Call], Awaitable[list[dict[str, Any]]]]] = {"Users": _users, "Groups": _groups}


async def _list_of(call: Call, path: list[str]) -> Response:
    search = Search.of_query(call.request.query_params)
    return _said(listed(await _LISTS[path[0]](call), search))


async def _search(call: Call, path: list[str]) -> Response:
    """Answer a search that came as a body; at the root it is over users and groups together."""
    search = Search.of_body(await call.body())
    kinds = [path[0]] if path[0] else list(_LISTS)
    found = [one for kind in kinds for one in await _LISTS[kind](call)]
    return _said(listed(found, search))


async def _one_of(call: Call, path: list[str]) -> Response:
    """Tell one; whom the program added itself is found by the ``sub`` of their sign-ins too, once they are here."""
    wanted = path[1]
    if path[0] == "Users":
        here = await people.everybody(call.granted)
        wanted = next((one.scim_id for one in here if one.subject == wanted), wanted)
    found = next((one for one in await _LISTS[path[0]](call) if one["id"] == wanted), None)
    if found is None:
        raise _nobody()
    tag = found["meta"]["version"]
    if tag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    search = Search.of_query(call.request.query_params)
    return _said(narrowed(found, search), headers={"ETag": tag})


def _nobody() -> ScimError:
    return ScimError(404, "There is nobody with this id.")


async def _find(call: Call, scim_id: str) -> Somebody:
    found = next((one for one in await people.everybody(call.granted) if one.scim_id == scim_id), None)
    if found is None:
        raise _nobody()
    return found


async def _added(call: Call, path: list[str]) -> Response:
    """Note somebody."""
    del path
    writer, given = await call.writer(), await call.body()
    name = str({str(k).lower(): v for k, v in given.items()}.get("username") or "").lower()
    if name and any(
        str(one.facts["userName"]).lower() == name for one in await people.everybody(call.granted)
    ):
        raise ScimError(409, "Somebody has this userName already.", "uniqueness")
    entry = await directory.add(writer, given)
    return await _shown(call, entry.scim_id, CREATED)


async def _shown(call: Call, scim_id: str, status: int = 200) -> Response:
    found = next(one for one in await _users(call) if one["id"] == scim_id)
    headers = {"ETag": found["meta"]["version"], "Location": found["meta"]["location"]}
    return _said(narrowed(found, Search.of_query(call.request.query_params)), status, headers)


async def _changing(call: Call, scim_id: str) -> tuple[Somebody, dict[str, Any]]:
    """Return somebody to be changed, with their resource as it stands; 412 where the caller saw another."""
    one = await _find(call, scim_id)
    resource = next(each for each in await _users(call) if each["id"] == scim_id)
    wanted = call.request.headers.get("if-match", "*")
    if wanted != "*" and resource["meta"]["version"] not in wanted:
        raise ScimError(412, "It has changed since you read it.")
    return one, resource


async def _replaced(call: Call, path: list[str]) -> Response:
    """Keep what is said of somebody now, whole."""
    writer, given = await call.writer(), await call.body()
    one, _ = await _changing(call, path[1])
    await directory.change(writer, one, given)
    return await _shown(call, path[1])


async def _patched(call: Call, path: list[str]) -> Response:
    """Change parts of what is said of somebody."""
    writer, given = await call.writer(), await call.body()
    one, resource = await _changing(call, path[1])
    await directory.change(writer, one, patching.apply(resource, given))
    return await _shown(call, path[1])


async def _removed(call: Call, path: list[str]) -> Response:
    """Let somebody go."""
    writer = await call.writer()
    one, _ = await _changing(call, path[1])
    await directory.remove(writer, one)
    return Response(status_code=GONE)


async def _not_here(call: Call, path: list[str]) -> Response:
    """Refuse to change roles: the institution gives them, no program does."""
    del call, path
    raise ScimError(403, "Roles are the institution's own: programs read them.")


def _list(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [LIST],
        "totalResults": len(found),
        "startIndex": 1,
        "itemsPerPage": len(found),
        "Resources": found,
    }


def _said(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(json.dumps(body, ensure_ascii=False), status, kept, TYPE)


_READS: dict[tuple[str, int], Handler] = {("GET", 1): _list_of, ("GET", 2): _one_of}
_ROUTES: dict[str, dict[tuple[str, int], Handler]] = {
    "ServiceProviderConfig": {("GET", 1): _config},
    "Schemas": {("GET", 1): _discovered, ("GET", 2): _discovered},
    "ResourceTypes": {("GET", 1): _discovered, ("GET", 2): _discovered},
    "Users": _READS
    | {("POST", 1): _added, ("PUT", 2): _replaced, ("PATCH", 2): _patched, ("DELETE", 2): _removed},
    "Groups": _READS
    | {("POST", 1): _not_here, ("PUT", 2): _not_here, ("PATCH", 2): _not_here, ("DELETE", 2): _not_here},
}
ROUTES: list[BaseRoute] = [
    public_route(
        "/scim/v2/{installation}/{path:path}",
        scim,
        reason="A token of the installation is the key.",
        methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        name="scim",
    ),
]
