"""The institution's own names for its fees, for rules that refer to other lines of the bill."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.charges.fees import Document
from billing.models import FeeItem
from billing.rules.words import fee_names
from tenants.actor import Actor

Endpoint = Callable[[Request, Actor], Awaitable[Response]]


async def names_of_lines(tenant_id: UUID, documents: Iterable[Document]) -> Mapping[str, Mapping[str, str]]:
    """Return the names, by language, of the fee items that some rules refer to, by their codes."""
    keys = {
        key.removeprefix("line:") for one in documents for key in one.core.keys if key.startswith("line:")
    }
    if not keys:
        return {}
    found = await FeeItem.filter(tenant_id=tenant_id, key__in=list(keys))
    return {item.key: item.names for item in found}


def named(endpoint: Endpoint) -> Endpoint:
    """Have a page of staff call other fees by their names in the rules it shows."""

    @wraps(endpoint)
    async def page(request: Request, actor: Actor) -> Response:
        items = await FeeItem.filter(tenant_id=actor.tenant_id).only("id", "key", "names")
        with fee_names({item.key: item.names for item in items}):
            return await endpoint(request, actor)

    return page
