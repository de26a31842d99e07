"""The end of what apps hold: the provider is told which grants end, and ends tokens and sessions by itself."""

from collections.abc import Awaitable
from typing import Protocol
from uuid import UUID


class EndGrants(Protocol):
    """What the provider offers: end every grant of one installation, app or vendor, and tell the apps."""

    def __call__(
        self,
        *,
        installation_id: UUID | None = None,
        app_id: UUID | None = None,
        vendor_id: UUID | None = None,
        reason: str = "",
    ) -> Awaitable[None]:
        """End them; safe to call again."""


_ends: list[EndGrants] = []


def on_end(end: EndGrants) -> EndGrants:
    """Have the provider's function called whenever grants have to end."""
    if end not in _ends:
        _ends.append(end)
    return end


async def end_grants(
    *,
    installation_id: UUID | None = None,
    app_id: UUID | None = None,
    vendor_id: UUID | None = None,
    reason: str = "",
) -> None:
    """End what these apps hold. Access ends with the state of the row in any case; this tells the apps."""
    for end in _ends:
        await end(installation_id=installation_id, app_id=app_id, vendor_id=vendor_id, reason=reason)
