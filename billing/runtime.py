"""Where the channels are, as the composition root says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChannelSettings:
    """Addresses and keys of the outside. An empty key means that channel is not offered.

    ``stripe_api_base`` is empty for Stripe itself; ``rail_url`` is the bank's QR rail and ``rail_merchants_url``
    where institutions become merchants there; empty means that the bank does this by hand.
    """

    stripe_api_key: str = ""
    stripe_api_base: str = ""
    stripe_webhook_secret: str = ""
    rail_url: str = ""
    rail_merchants_url: str = ""
    timeout_seconds: float = 10.0


_settings: list[ChannelSettings] = []


def use(settings: ChannelSettings) -> None:
    """Set this process's channel settings; the composition root and the tests call it."""
    _settings[:] = [settings]


def channel_settings() -> ChannelSettings:
    """Return this process's channel settings; ``RuntimeError`` when nothing was composed."""
    if not _settings:
        raise RuntimeError("billing.runtime.use() has not been called")
    return _settings[0]
