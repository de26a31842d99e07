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
from ui.fields import FieldError, parse_minor
from ui.i18n import N_, t
from ui.render import respond
from ui.tables import Column, Page, TableQuery, Total

MOST_EXPORTED = 100_000


def amount_of(words: str, currency: str) -> int | None:
    """Return the amount, in minor units, that a search names (``63.50``): people look for money by what it came to."""
    try:
        return abs(parse_minor(words, currency))
    except FieldError:
        return None


@dataclass(frozen=True, slots=True)
class Line:
    """A line below a list: an English label, and the SQL aggregate of each column that is added up."""

    label: str
    sums: Mapping[str, str]


def adding(*columns: str, label: str = N_("Total"), only: str = "true") -> Line:
    """Return the line that adds up these columns, of those rows alone for which the condition ``only`` holds."""
    return Line(label, {name: f"sum({name}) filter (where {only})" for name in columns})


async def totalled(listed: str, args: Sequence[Any], lines: Sequence[Line]) -> tuple[int, tuple[Total, ...]]:
    """Return how many rows a statement selects, and what they come to: one total for each line and currency.

    Nothing is added up where there is nothing to add: a single row is its own total.
    """
    sums = [f", ({sql})::bigint s{n}_{key}" for n, line in enumerate(lines) for key, sql in line.sums.items()]
    found = await rows(
        f"select currency, count(*)::int n{''.join(sums)} from ({listed}) listed group by currency order by currency",
        *args,
    )
    count = sum(each["n"] for each in found)
    pairs = [(each, n, line) for each in found for n, line in enumerate(lines)] if count > 1 else []
    return count, tuple(total for each, n, line in pairs if (total := _total(each, n, line)))


def _total(found: Any, place: int, line: Line) -> Total | None:
    sums = {key: found[f"s{place}_{key}"] for key in line.sums}
    if all(amount is None for amount in sums.values()):
        return None
    return Total(t(line.label), {**sums, "currency": found["currency"]})


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
    lines: tuple[Line, ...] = ()
    """What stands below it: then the statement has a ``currency`` too."""

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

    async def page(self, tenant_id: UUID, query: TableQuery) -> Page:
        """Return one page of it, with how many rows there are and what they come to."""
        found = await self.read(tenant_id, query, query.limit, query.offset)
        if not self.lines:
            return Page.of(query, found, await self.count(tenant_id, query))
        return Page.of(query, found, *await totalled(self.sql, self._args(tenant_id, query), self.lines))

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
    filed: Sequence[Column] = (),
) -> Response:
    """Answer with one page of a list, its block ``list``, or all of it as a file, with the columns ``filed`` too."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    query = listing.query(request, columns)
    if wants_export(request):
        found = await listing.read(actor.tenant_id, query, MOST_EXPORTED, 0)
        return await export(request, (*columns, *filed), found, listing.name)
    page = await listing.page(actor.tenant_id, query)
    return await respond(request, template, {"page": page, "columns": columns, **context}, block="list")
