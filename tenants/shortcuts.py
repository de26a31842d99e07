"""What somebody of an institution opens often, on its overview: rooms above tell where, for whom."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tenants.actor import Actor


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One thing to open, by the name that the reader knows."""

    name: str
    href: str


Source = Callable[[Actor], Awaitable[Sequence[Shortcut]]]
_sources: list[Source] = []


def add_shortcuts(source: Source) -> Source:
    """Have ``source(actor)`` tell, in the institution's open scope, what this person may open; safe to call again."""
    if source not in _sources:
        _sources.append(source)
    return source


async def shortcuts_of(actor: Actor) -> list[Shortcut]:
    """Return what this person may open."""
    return [one for source in _sources for one in await source(actor)]
