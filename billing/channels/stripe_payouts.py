"""Stripe keeps what it would pay out to a connected account while that account's payout schedule is ``manual``.

A platform sets the schedule by Balance Settings on the account's behalf. Accounts with Stripe's full dashboard allow it
where the platform has taken control of payouts; elsewhere Stripe refuses, and the bank's people read that. Held money
must go out within 90 days in most countries (docs.stripe.com/connect/manual-payouts).
"""

from collections.abc import Mapping
from typing import Any, cast

from billing.channels.contract import Destination
from billing.channels.stripe_client import answers, client, options_of
from billing.runtime import channel_settings

_DAYS = ("weekly_payout_days", "monthly_payout_days")


class StripePayouts:
    """The payout schedule of a connected account."""

    def is_open_to(self, destination: Destination) -> bool:
        """Tell whether keys are set and there is a connected account, whether or not it may take charges."""
        return bool(channel_settings().stripe_api_key and destination.stripe_account)

    async def terms(self, destination: Destination) -> dict[str, Any]:
        """Return the schedule as it is."""
        async with answers():
            found = await client().v1.balance_settings.retrieve_async({}, options_of(destination))
        schedule = (found.to_dict()["payments"]["payouts"] or {}).get("schedule") or {}
        return {name: schedule[name] for name in ("interval", *_DAYS) if schedule.get(name)}

    async def hold(self, destination: Destination, number: str) -> None:
        """Set the schedule to manual: nothing leaves unless somebody makes a payout."""
        del number
        await _set(destination, {"interval": "manual"})

    async def release(self, destination: Destination, number: str, was: Mapping[str, Any]) -> None:
        """Put the schedule back; what was kept leaves with the next payout."""
        del number
        await _set(destination, dict(was) or {"interval": "daily"})


async def _set(destination: Destination, schedule: dict[str, Any]) -> None:
    params = {"payments": {"payouts": {"schedule": schedule}}}
    async with answers():
        await client().v1.balance_settings.update_async(cast("Any", params), options_of(destination))
