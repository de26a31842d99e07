"""What the bank's rail keeps longer than an order: debit mandates and virtual accounts (signed like orders)."""

from typing import Any
from uuid import UUID

from billing.channels import bank
from billing.channels.agreements import MandateNews
from billing.channels.contract import ChannelRefused, Destination

STATES = {"pending": "authorising", "active": "active", "refused": "declined", "revoked": "revoked"}
"""The rail's states of a mandate in ours."""
NAME_MAX = 120


def mandate_news(found: dict[str, Any]) -> MandateNews:
    """Return what the rail says of a mandate."""
    return MandateNews(
        state=STATES.get(str(found["status"]), "authorising"),
        reference=str(found["mandate_id"]),
        mask=str(found.get("account_mask") or ""),
        authorise_url=str(found.get("authorise_url") or ""),
    )


async def open_mandate(to: Destination, body: dict[str, Any]) -> MandateNews:
    """Have the rail wait for the payer's leave; asked twice with our number, it is one mandate.

    Raises:
        ChannelSilent: no answer; asking again is safe.
        ChannelRefused: the rail does not take it.
    """
    return mandate_news(await bank.call(to, "POST", "/mandates", body))


async def query_mandate(to: Destination, mandate_id: UUID) -> MandateNews:
    """Ask what became of a mandate, by our own number."""
    try:
        found = await bank.call(to, "GET", f"/mandates?merchant_mandate_no={mandate_id}")
    except bank.NotFound:
        return MandateNews("absent")
    return mandate_news(found)


async def revoke_mandate(to: Destination, reference: str) -> None:
    """Let go of a mandate; one that is over already is no error."""
    try:
        await bank.call(to, "POST", f"/mandates/{reference}/revoke", {})
    except ChannelRefused:
        return


async def open_virtual_account(to: Destination, *, account_id: UUID, name: str, notify_url: str) -> str:
    """Return the number of the account's own virtual account at the rail; asked twice, it is the same."""
    body = {"merchant_account_no": str(account_id), "name": name[:NAME_MAX], "notify_url": notify_url}
    found = await bank.call(to, "POST", "/virtual-accounts", body)
    return str(found["account_number"])


async def latest_transfers(to: Destination) -> list[dict[str, Any]]:
    """Return the rail's latest transfers to this institution, for news that never arrived."""
    found = await bank.call(to, "GET", "/transfers")
    return list(found["transfers"])
