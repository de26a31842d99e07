"""Lists of a tenant's records as data: one statement with its filters and orders, for the page and for the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tenants.actor import Actor
from tenants.scope import rows, value
from tenants.search import containing
from ui.exports import export, wants_export
from ui.render import respond
from ui.tables import Column, Page, TableQuery

MOST_EXPORTED = 100_000


def uuid_of(text: str) -> UUID | None:
    """Return the id that a filter names; nothing has the id ``None``."""
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that a page shows and a file holds.

    ``sql`` selects rows with an ``id``: ``$1`` is the tenant, ``$2`` the search as a pattern (empty without one),
    then one parameter for each of ``filters``, empty where it is not set. ``sorts`` maps a column to its SQL.
    """

    name: str
    sql: str
    sorts: Mapping[str, str]
    default_sort: str
    filters: tuple[str, ...] = ()

    def _args(self, tenant_id: UUID, query: TableQuery) -> list[Any]:
        words = containing(query.q) if query.q else ""
        return [tenant_id, words, *(query.get(name) for name in self.filters)]

    async def read(self, tenant_id: UUID, query: TableQuery, limit: int, offset: int) -> list[Any]:
        """Return some rows in the order that is asked for."""
        name, args = query.sort.removeprefix("-"), self._args(tenant_id, query)
        column = self.sorts.get(name) or self.sorts[self.default_sort.removeprefix("-")]
        order = f"{column} {'desc' if query.sort.startswith('-') else 'asc'}, id"
        return await rows(f"{self.sql} order by {order} limit {limit:d} offset {offset:d}", *args)

    async def count(self, tenant_id: UUID, query: TableQuery) -> int:
        """Return how many rows the search and filters leave."""
        return int(await value(f"select count(*) from ({self.sql}) listed", *self._args(tenant_id, query)))

    def query(self, request: Request, columns: Sequence[Column]) -> TableQuery:
        """Return what the address asks of this list."""
        return TableQuery.parse(
            request, columns=columns, filters=self.filters, default_sort=self.default_sort
        )


async def list_page(  # noqa: PLR0917 - the parts of one page
    request: Request,
    actor: Actor,
    listing: Listing,
    columns: Sequence[Column],
    template: str,
    context: Mapping[str, Any],
) -> Response:
    """Answer with one page of a list, its block ``list``, or all of it as a file."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    query = listing.query(request, columns)
    if wants_export(request):
        found = await listing.read(actor.tenant_id, query, MOST_EXPORTED, 0)
        return await export(request, columns, found, listing.name)
    found = await listing.read(actor.tenant_id, query, query.limit, query.offset)
    page = Page.of(query, found, await listing.count(actor.tenant_id, query))
    return await respond(request, template, {"page": page, "columns": columns, **context}, block="list")
