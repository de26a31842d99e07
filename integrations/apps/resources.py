"""What apps may read and hear of, told by the rooms beside and above: money tells its part at composition.

Every part of an answer belongs to a scope, so that what a tenant did not agree to is left out by name.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from tenants.scope import rows, tenant_id, value

Told = Mapping[str, Mapping[str, Any]]
"""Facts by the scope that they belong to: ``{"payments": {"id": …}, "accounts": {"account": …}}``."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an event is about: its own id (so that nothing is told twice) and its facts by scope."""

    cause: str
    facts: Told


Reader = Callable[[Mapping[str, Any], str], Awaitable[Heard | None]]
_readers: dict[str, Reader] = {}


def tell_of(event: str, reader: Reader) -> None:
    """Have ``reader(payload, sector)`` tell in the tenant's open scope what an event is about; safe to call again.

    ``sector`` is whose pairwise subjects people are known by.
    """
    _readers[event] = reader


def reader_of(event: str) -> Reader | None:
    """Return who tells of an event."""
    return _readers.get(event)


def consented(facts: Told, scopes: frozenset[str]) -> dict[str, Any]:
    """Return the facts of these scopes as one object."""
    return {name: value for scope, part in facts.items() if scope in scopes for name, value in part.items()}


@dataclass(frozen=True, slots=True)
class Slice:
    """What a list is asked for: rows after ``after`` in the order of their ids, at most ``limit``, narrowed.

    ``sector`` is whose pairwise subjects people are known by.
    """

    after: UUID | None = None
    limit: int = 50
    sector: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """A statement that gives ``id`` and ``facts``, narrowed to just what a call asks for.

    Conditions that are left out cost nothing, while one that is there but off ("given is null or …") has PostgreSQL
    make the plan anew each time, which takes longer than following it. ``text`` ends in its conditions, ``$1`` is the
    tenant, ``key`` the column that rows are known and ordered by, ``columns`` what the filters narrow.
    """

    text: str
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)

    async def page(self, asked: Slice) -> list[tuple[UUID, Told]]:
        """Return a list of the open tenant scope, with each row's own id."""
        given: list[Any] = [tenant_id()]
        sql = self.text
        for column, compared, wanted in self._conditions(asked):
            given.append(wanted)
            sql += f" and {column} {compared} ${len(given)}"
        found = await rows(f"{sql} order by {self.key} limit {int(asked.limit)}", *given)
        return [(each["id"], orjson.loads(each["facts"])) for each in found]

    def _conditions(self, asked: Slice) -> Iterator[tuple[str, str, Any]]:
        if asked.after is not None:
            yield self.key, ">", asked.after
        for name, column in self.columns.items():
            if asked.filters.get(name):
                yield column, "=", asked.filters[name]

    async def one(self, found_by: UUID) -> Told | None:
        """Return the facts of one, by its id, in the open tenant scope."""
        facts = await value(
            f"select facts from ({self.text} and {self.key} = $2) found", tenant_id(), found_by
        )
        return None if facts is None else orjson.loads(facts)


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing in the API: which scope opens it, its list and one of it, in the tenant's open scope.

    A list gives each row's own id, to read on from, with its facts by scope; ``one(id, sector)`` the facts. ``schema``
    describes each fact (JSON Schema by scope), for the OpenAPI document.
    """

    name: str
    scope: str
    summary: str
    schema: Mapping[str, Mapping[str, Any]]
    page: Callable[[Slice], Awaitable[list[tuple[UUID, Told]]]]
    one: Callable[[UUID, str], Awaitable[Told | None]]
    filters: tuple[str, ...] = ()


RESOURCES: dict[str, Resource] = {}


def add_resource(resource: Resource) -> None:
    """Offer a kind of thing in the API; safe to call again."""
    RESOURCES[resource.name] = resource
