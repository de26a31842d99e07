"""How the Stripe SDK is called: one client for each event loop, on whose account, and what an answer means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import stripe
from stripe import StripeClient
from stripe._http_client import HTTPXClient

from billing.channels.contract import ChannelRefused, ChannelSilent, Destination, Order
from billing.runtime import channel_settings

stripe.enable_telemetry = False
RETRIES = 1
LOOK_BACK = timedelta(minutes=2)
"""How much the clocks may differ when something is looked for by the time it was made."""
LOCALES = {"zh_CN": "zh", "en": "en"}

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[str, StripeClient]] = WeakKeyDictionary()


def client() -> StripeClient:
    """Return the running loop's client; one that pools connections must not be shared between loops."""
    settings, loop = channel_settings(), asyncio.get_running_loop()
    identity = f"{settings.stripe_api_base} {settings.stripe_api_key} {settings.timeout_seconds}"
    known = _clients.get(loop)
    if known is None or known[0] != identity:
        made = StripeClient(
            settings.stripe_api_key,
            base_addresses=_addresses(settings.stripe_api_base),
            max_network_retries=RETRIES,
            http_client=HTTPXClient(timeout=settings.timeout_seconds),
        )
        known = _clients[loop] = (identity, made)
    return known[1]


def _addresses(base: str) -> Any:
    """Return where the SDK calls: Stripe itself, or one place for all of it; files are taken at one of their own."""
    return {"api": base, "files": base} if base else {}


@asynccontextmanager
async def answers() -> AsyncIterator[None]:
    """Turn the SDK's errors into the contract's: silence where Stripe may have acted, refusal where it has not."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ChannelSilent(str(error)) from error
    except (
        stripe.InvalidRequestError,
        stripe.CardError,
        stripe.AuthenticationError,
        stripe.PermissionError,
    ) as error:
        raise ChannelRefused(
            f"{error.code or type(error).__name__}: {error.user_message or error}"
        ) from error
    except stripe.StripeError as error:
        raise ChannelSilent(str(error)) from error


def options_of(destination: Destination, key: str = "") -> Any:
    """Return what each call says besides: on whose account it is, and the key that makes it happen once."""
    options: dict[str, Any] = {"stripe_account": destination.stripe_account, "max_network_retries": RETRIES}
    return options | ({"idempotency_key": key} if key else {})


def ids_of(order: Order) -> dict[str, str]:
    """Return our ids, for the metadata of all that is made for an attempt."""
    return {
        "tenant_id": str(order.tenant_id),
        "payment_id": str(order.payment_id),
        "attempt_id": str(order.attempt_id),
    }


def application_fee(order: Order) -> dict[str, Any]:
    """A direct charge hands the fee to the platform; without one the parameter must not be there."""
    return {"application_fee_amount": order.application_fee_minor} if order.application_fee_minor else {}
