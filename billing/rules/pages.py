"""The published form of a fee rule, for programs of others that write or read one."""

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.rules.documents import json_schema
from tenants.http import public_route

PATH = "/docs/schemas/fee-rule.json"


@cache
def _schema() -> bytes:
    return json.dumps(json_schema(), ensure_ascii=False, indent=1, sort_keys=True).encode()


async def schema(request: Request) -> Response:
    """Send the JSON Schema (2020-12) of a rule document."""
    del request
    headers = {
        "Content-Disposition": 'inline; filename="fee-rule.schema.json"',
        "Cache-Control": "public, max-age=3600",
    }
    return Response(_schema(), media_type="application/schema+json", headers=headers)


ROUTES: list[BaseRoute] = [
    public_route(PATH, schema, reason="a published format: it says nothing about anybody", name="rule_schema")
]
