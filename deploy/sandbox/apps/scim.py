"""SCIM 2.0 for an app: the product says who works in an institution and which roles they have, and we keep it.

Each request shows a token that the product has signed for us (``kit.opened``); ``dest`` in it names the installation.
Users are kept under the number that they sign in with (``externalId`` is their ``sub``), so that a page knows them.
"""

import json
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox.apps.kit import Kit

SCHEMA = """
create table if not exists staff (
  installation text, id text, name text, email text, is_gone integer default 0, resource text,
  primary key (installation, id));
create table if not exists staff_role (
  installation text, id text, name text, members text, resource text, primary key (installation, id));
"""
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
TABLES = {"Users": "staff", "Groups": "staff_role"}
_FILTER = re.compile(r'(\w+) eq ("(?:[^"\\]|\\.)*")', re.IGNORECASE)
Handler = Callable[[Request, Kit, str], Awaitable[Response]]


def _said(body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status, media_type="application/scim+json")


def _error(status: int, detail: str) -> Response:
    return _said({"schemas": [ERROR], "status": str(status), "detail": detail}, status)


def _by_product(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler for the product alone, and for the installation that its token names."""

    @wraps(handler)
    async def handle(request: Request) -> Response:
        kit: Kit = request.app.state.kit
        _, _, token = request.headers.get("authorization", "").partition(" ")
        told = await kit.opened(token)
        if told is None or told.get("scope") != "scim":
            return _error(401, "This takes a token of the product.")
        if request.path_params["kind"] not in TABLES:
            return _error(404, "We keep users and groups.")
        return await handler(request, kit, str(told["dest"]))

    return handle


@_by_product
async def listed(request: Request, kit: Kit, installation: str) -> Response:
    """List what we keep, or the one that a filter names."""
    kind = request.path_params["kind"]
    found = [json.loads(row["resource"]) for row in _rows(kit, kind, installation)]
    if text := request.query_params.get("filter"):
        wanted = _FILTER.fullmatch(text)
        if wanted is None:
            return _error(400, "We understand only: attribute eq value.")
        name, value = wanted[1], json.loads(wanted[2])
        found = [one for one in found if one.get(name) == value]
    return _said({"schemas": [LIST], "totalResults": len(found), "Resources": found})


def _rows(kit: Kit, kind: str, installation: str) -> Any:
    return kit.db.execute(f"select resource from {TABLES[kind]} where installation = ?", (installation,))


@_by_product
async def made(request: Request, kit: Kit, installation: str) -> Response:
    """Keep somebody, or a role, that we did not know."""
    kind, given = request.path_params["kind"], await request.json()
    known = _find(kit, kind, installation, given["externalId"])
    if known is not None:
        return _error(409, "We have that already.")
    return _said(_keep(kit, kind, installation, given), 201)


@_by_product
async def replaced(request: Request, kit: Kit, installation: str) -> Response:
    """Keep what is said of somebody, or of a role, now."""
    kind = request.path_params["kind"]
    if _find(kit, kind, installation, request.path_params["id"]) is None:
        return _error(404, "We do not know that.")
    return _said(_keep(kit, kind, installation, await request.json()))


def _find(kit: Kit, kind: str, installation: str, key: str) -> Any:
    asked = f"select * from {TABLES[kind]} where installation = ? and id = ?"
    return kit.db.execute(asked, (installation, key)).fetchone()


def _keep(kit: Kit, kind: str, installation: str, given: dict[str, Any]) -> dict[str, Any]:
    """Write a user or a group; our id of it is the product's own number."""
    key = given["externalId"]
    resource = {
        **given,
        "id": key,
        "meta": {"resourceType": kind[:-1], "location": f"{kit.url}/scim/v2/{kind}/{key}"},
    }
    row: tuple[Any, ...]
    if kind == "Users":
        email = next((one["value"] for one in given.get("emails", [])), "")
        row = (given.get("displayName", ""), email, 0 if given.get("active", True) else 1)
        columns = "(installation, id, name, email, is_gone, resource)"
    else:
        row = (given["displayName"], json.dumps([one["value"] for one in given.get("members", [])]))
        columns = "(installation, id, name, members, resource)"
    marks = ", ".join("?" * (len(row) + 3))
    kit.db.execute(
        f"insert or replace into {TABLES[kind]} {columns} values ({marks})",
        (installation, key, *row, json.dumps(resource)),
    )
    return resource


def roles_of(kit: Kit, installation: str) -> dict[str, list[str]]:
    """Return the names of everybody's roles by their number."""
    found: dict[str, list[str]] = {}
    asked = "select name, members from staff_role where installation = ? order by name"
    for row in kit.db.execute(asked, (installation,)):
        for member in json.loads(row["members"]):
            found.setdefault(member, []).append(row["name"])
    return found


ROUTES: list[BaseRoute] = [
    Route("/scim/v2/{kind:str}", listed),
    Route("/scim/v2/{kind:str}", made, methods=["POST"]),
    Route("/scim/v2/{kind:str}/{id:str}", replaced, methods=["PUT"]),
]
