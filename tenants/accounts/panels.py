"""What higher rooms show on an account's page: billing its bills, a scenario what is its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenants.actor import Actor
from tenants.models import Account


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page: a template that draws a card from ``panel`` (this mapping) and the page's own context."""

    template: str
    context: Mapping[str, Any]


Source = Callable[[Actor, Account], Awaitable[Panel | None]]
_sources: list[tuple[int, Source]] = []


def add_panel(source: Source, *, order: int = 50) -> None:
    """Have ``source(actor, account)`` add a panel, or ``None`` for whom it is not; safe to call again."""
    if source not in [known for _, known in _sources]:
        _sources.append((order, source))


async def panels_of(actor: Actor, account: Account) -> list[Panel]:
    """Return the panels of one account's page, in their order."""
    ordered = sorted(_sources, key=lambda entry: entry[0])
    found = [await source(actor, account) for _, source in ordered]
    return [panel for panel in found if panel is not None]
