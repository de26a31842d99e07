"""Ways to pay: a contract, and one module for each."""

from billing.channels import counter
from billing.channels.bank import BankChannel
from billing.channels.contract import Capabilities, Channel
from billing.channels.stripe import StripeChannel
from ui.i18n import Text

CHANNELS: dict[str, Channel] = {channel.key: channel for channel in (StripeChannel(), BankChannel())}
"""Channels of the outside by key, in the order in which payers are offered them."""


def capabilities(key: str) -> Capabilities:
    """Return what a channel can do, the counter's included."""
    return counter.CAPABILITIES if key == counter.KEY else CHANNELS[key].capabilities


def channel_name(key: str) -> Text:
    """Return a channel's name for people."""
    return counter.NAME if key == counter.KEY else CHANNELS[key].name


__all__ = ["CHANNELS", "capabilities", "channel_name"]
