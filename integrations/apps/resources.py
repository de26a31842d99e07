"""What apps may read and hear of, told by the rooms beside and above: money tells its part at composition.

Every part of an answer belongs to a scope, so that what a tenant did not agree to is left out by name.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

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
