"""Papers about a bill that somebody above keeps (an app's invoice), for the pages of the rooms that show it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.actor import Actor


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with where it is downloaded."""

    title: str
    number: str
    href: str
    at: datetime


Reader = Callable[[Actor, str, UUID], Awaitable[list[Paper]]]
_readers: list[Reader] = []


def add_papers(reader: Reader) -> None:
    """Have ``reader(actor, kind, id)`` tell of papers in the open scope; safe to call again."""
    if reader not in _readers:
        _readers.append(reader)


async def papers_of(actor: Actor, kind: str, subject_id: UUID) -> list[Paper]:
    """Return all papers about something."""
    return [paper for reader in _readers for paper in await reader(actor, kind, subject_id)]
