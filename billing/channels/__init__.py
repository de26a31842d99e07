"""Ways to pay: a contract, and one module for each."""

from billing.channels import counter, wallet
from billing.channels.bank import BankChannel
from billing.channels.contract import Capabilities, Channel, PayoutStop
from billing.channels.rail_holds import RailHolds
from billing.channels.stripe import StripeChannel
from billing.channels.stripe_payouts import StripePayouts
from ui.i18n import Text

CHANNELS: dict[str, Channel] = {channel.key: channel for channel in (StripeChannel(), BankChannel())}
"""Channels of the outside by key, in the order in which payers are offered them."""
PAYOUT_STOPS: dict[str, PayoutStop] = {"stripe": StripePayouts(), "bank": RailHolds()}
"""How each of them is told to keep what it would pay out."""


_INSIDE = {counter.KEY: counter.CAPABILITIES, wallet.KEY: wallet.CAPABILITIES}
_NAMES = {counter.KEY: counter.NAME, wallet.KEY: wallet.NAME}
CHANNEL_KEYS = (*CHANNELS, *_INSIDE)
"""All ways by which money may have come, the desk and what was stored here included."""


def capabilities(key: str) -> Capabilities:
    """Return what a channel can do, those of the house itself included."""
    return _INSIDE[key] if key in _INSIDE else CHANNELS[key].capabilities


def channel_name(key: str) -> Text:
    """Return a channel's name for people."""
    return _NAMES[key] if key in _NAMES else CHANNELS[key].name


__all__ = ["CHANNELS", "CHANNEL_KEYS", "PAYOUT_STOPS", "capabilities", "channel_name"]
