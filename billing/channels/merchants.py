"""How an institution becomes a merchant of the bank's rail.

``POST {rail_merchants_url}`` with ``{id, name, account_number, currency, secret, notify_url}`` opens the merchant, or
confirms it when it is there already: the id and the secret are ours, so asking twice makes one. A bank that opens
merchants by hand leaves the address empty and has its operations officer enter what it was given
(``billing.payments.settlement.enter_rail_merchant``).
"""

import httpx

from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.channels.wire import rail_client
from billing.runtime import channel_settings

SERVER_ERROR = 500


async def open_merchant(
    *, merchant: str, name: str, account_number: str, currency: str, secret: str, notify_url: str
) -> None:
    """Have the rail pay what this merchant's orders bring into the institution's own account.

    Raises:
        ChannelSilent: no answer; asking again is safe.
        ChannelRefused: the rail does not take this institution.
    """
    settings = channel_settings()
    body = {"id": merchant, "name": name, "account_number": account_number} | {
        "currency": currency,
        "secret": secret,
        "notify_url": notify_url,
    }
    try:
        async with rail_client() as rail:
            answer = await rail.post(settings.rail_merchants_url, json=body)
    except httpx.HTTPError as error:
        raise ChannelSilent(f"{type(error).__name__}: {error}") from error
    if answer.status_code >= SERVER_ERROR:
        raise ChannelSilent(f"{answer.status_code}")
    if not answer.is_success:
        raise ChannelRefused(f"{answer.status_code}: {answer.text[:200]}")
