"""Shares of a paid order at the bank's rail: paid to other merchants' own accounts, and taken back from them.

The rail keys both by our own numbers, so that asking again answers with the same one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from billing.channels import bank
from billing.channels.contract import ChannelRefused, Destination

MISSING = "not_found"
Ending = Literal["done", "failed", "pending", "absent"]


@dataclass(frozen=True, slots=True)
class ShareOutcome:
    """What the rail says of a share or a return."""

    state: Ending
    reference: str = ""
    error: str = ""


async def pay_share(
    to: Destination, *, number: str, attempt_id: UUID, receiver: str, amount_minor: int
) -> ShareOutcome:
    """Have the rail pay part of an order to another merchant; sent again, it happens once."""
    body = {
        "merchant_share_no": number,
        "merchant_order_no": str(attempt_id),
        "receiver": receiver,
        "amount_minor": amount_minor,
    }
    return _outcome(await bank.call(to, "POST", "/shares", body), "share_id")


async def take_share_back(to: Destination, *, number: str, share: str, amount_minor: int) -> ShareOutcome:
    """Have the rail take part of a share back from its receiver; sent again, it happens once."""
    body = {
        "merchant_return_no": number,
        "merchant_share_no": share,
        "amount_minor": amount_minor,
    }
    return _outcome(await bank.call(to, "POST", "/share-returns", body), "return_id")


async def query_share(to: Destination, number: str) -> ShareOutcome:
    """Ask by our own number what became of a share."""
    return await _asked(to, f"/shares?merchant_share_no={number}", "share_id")


async def query_return(to: Destination, number: str) -> ShareOutcome:
    """Ask by our own number what became of a return."""
    return await _asked(to, f"/share-returns?merchant_return_no={number}", "return_id")


async def fee_of_order(to: Destination, attempt_id: UUID) -> int:
    """Return what the rail keeps of a paid order, in minor units."""
    return int((await bank.call(to, "GET", f"/orders?merchant_order_no={attempt_id}")).get("fee_minor") or 0)


async def _asked(to: Destination, path: str, name: str) -> ShareOutcome:
    try:
        return _outcome(await bank.call(to, "GET", path), name)
    except ChannelRefused as error:
        if MISSING not in str(error):
            raise
        return ShareOutcome("absent")


def _outcome(found: Mapping[str, Any], name: str) -> ShareOutcome:
    states: dict[str, Ending] = {"succeeded": "done", "failed": "failed"}
    return ShareOutcome(
        states.get(str(found["status"]), "pending"), str(found[name]), str(found.get("reason") or "")
    )
