"""Papers about a bill that somebody above keeps (an app's invoice), for the pages of the rooms that show it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.responses import Response

from tenants.actor import Actor
from ui.errors import NotFound
from ui.i18n import t


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with where it is downloaded."""

    id: UUID
    title: str
    number: str
    href: str
    at: datetime


Reader = Callable[[Actor, str, UUID], Awaitable[list[Paper]]]
Sender = Callable[[UUID], Awaitable[Response | None]]
_readers: list[Reader] = []
_senders: list[Sender] = []


def add_papers(reader: Reader, sender: Sender) -> None:
    """Have ``reader(actor, kind, id)`` tell of papers in the open scope, and ``sender(id)`` send one; safe again."""
    if reader not in _readers:
        _readers.append(reader)
        _senders.append(sender)


async def papers_of(actor: Actor, kind: str, subject_id: UUID) -> list[Paper]:
    """Return all papers about something."""
    return [paper for reader in _readers for paper in await reader(actor, kind, subject_id)]


async def send_paper(paper_id: UUID) -> Response:
    """Send a paper that the open scope sees.

    Raises:
        NotFound: there is none, or it is not theirs to see.
    """
    for sender in _senders:
        answer = await sender(paper_id)
        if answer is not None:
            return answer
    raise NotFound("paper.not_found", t("There is no such paper."))
