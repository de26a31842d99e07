"""The API described as OpenAPI 3.1, from what is offered: nothing in it is written twice."""

from typing import Any

from integrations.apps.api.operations import OPERATIONS
from integrations.apps.resources import RESOURCES, Resource
from tenants.runtime import runtime

JSON = "application/json"
_PROBLEM = {"$ref": "#/components/responses/Problem"}
_REFUSALS = dict.fromkeys(("401", "403", "422", "429"), _PROBLEM)


def document() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, Any] = {
        "/api/v1/installation-tokens": _tokens(),
        "/api/v1/tenant": {
            "get": _operation("The institution, as far as it agreed", "tenant", {"type": "object"})
        },
        "/api/v1/bills/{id}/documents": _documents(),
    }
    for act, operation in OPERATIONS.items():
        made = _operation(operation.summary, operation.scope, dict(operation.answered))
        body = {"required": True, "content": {JSON: {"schema": dict(operation.sent)}}}
        paths[f"/api/v1/{act}"] = {"post": made | {"requestBody": body}}
    for name, resource in RESOURCES.items():
        shape = {"$ref": f"#/components/schemas/{name}"}
        paths[f"/api/v1/{name}"] = {"get": _list(resource, shape)}
        one = _operation(f"One of: {resource.summary}", resource.scope, shape) | {"parameters": [_ID]}
        one["responses"]["404"] = _PROBLEM
        paths[f"/api/v1/{name}/{{id}}"] = {"get": one}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Scenario Cloud", "version": "1", "description": _ABOUT},
        "servers": [{"url": runtime().public_url}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": _RESPONSES, "securitySchemes": _SCHEMES},
    }


_ABOUT = (
    "Every fact belongs to a scope; what the institution did not agree to is left out. Lists are read on with"
    " next_cursor. Amounts are integers in minor units beside a currency. Errors are application/problem+json."
)
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_SCHEMES = {"bearer": {"type": "http", "scheme": "bearer"}, "app": {"type": "http", "scheme": "basic"}}
_RESPONSES = {
    "Problem": {
        "description": "What went wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
}


def _operation(summary: str, scope: str, shape: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": summary, "content": {JSON: {"schema": shape}}}
    return {"summary": summary, "description": f"Scope: {scope}", "responses": {"200": answer, **_REFUSALS}}


def _list(resource: Resource, shape: dict[str, Any]) -> dict[str, Any]:
    page = {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": shape},
            "next_cursor": {"type": ["string", "null"]},
        },
    }
    filters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in resource.filters]
    paging = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
    ]
    return _operation(resource.summary, resource.scope, page) | {"parameters": [*paging, *filters]}


def _schemas() -> dict[str, Any]:
    """Return the shape of each resource; a fact names the scope it takes."""
    return {
        name: {
            "type": "object",
            "properties": {
                fact: {**shape, "x-scope": scope}
                for scope, part in resource.schema.items()
                for fact, shape in part.items()
            },
        }
        for name, resource in RESOURCES.items()
    }


def _tokens() -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["installation"],
        "properties": {"installation": {"type": "string"}},
    }
    made = _operation("A token of one installation, for ten minutes", "offline_access", {"type": "object"})
    body = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return {"post": made | {"security": [{"app": []}], "requestBody": body}}


def _documents() -> dict[str, Any]:
    names = ("kind", "number", "title")
    form = {
        "type": "object",
        "required": [*names, "file"],
        "properties": {name: {"type": "string"} for name in names}
        | {"file": {"type": "string", "format": "binary"}},
    }
    made = _operation("Add a paper (PDF) to a bill for whoever pays it", "documents", {"type": "object"})
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    made["responses"]["201"] = made["responses"].pop("200")
    return {"post": made | {"parameters": [_ID], "requestBody": body}}
