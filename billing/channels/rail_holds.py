"""The bank's rail keeps the settlement credit of a merchant's days until the instruction is taken back.

``POST /settlement-holds`` with ``{hold_no}`` holds, ``POST /settlement-holds/{hold_no}/release`` lets go; both answer
the same when sent again. Payments and refunds go on; the days held are credited together with the next.
"""

from collections.abc import Mapping
from typing import Any

from billing.channels.bank import call
from billing.channels.contract import Destination
from billing.runtime import channel_settings


class RailHolds:
    """Instructions to hold the settlement credit."""

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether the rail is set and the institution is a merchant there."""
        return bool(channel_settings().rail_url and destination.rail_merchant and destination.rail_secret)

    async def terms(self, destination: Destination) -> dict[str, Any]:
        """Return nothing: the rail remembers how it settles."""
        del destination
        return {}

    async def hold(self, destination: Destination, number: str) -> None:
        """Have the credit be held."""
        await call(destination, "POST", "/settlement-holds", {"hold_no": number})

    async def release(self, destination: Destination, number: str, was: Mapping[str, Any]) -> None:
        """Have the credit be made."""
        del was
        await call(destination, "POST", f"/settlement-holds/{number}/release", {})
