"""The ways to pay, as data: through which channel each goes and how the channel is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.channels import CHANNELS, channel_name
from ui.i18n import Text, t


@dataclass(frozen=True, slots=True)
class Method:
    """One way to pay online; ``types`` are Stripe's names where a channel has several, ``hint`` is for payers."""

    key: str
    channel: str
    name: Text
    hint: Text
    types: tuple[str, ...] = ()
    is_standard: bool = True
    """Whether it is offered where an institution has said nothing."""


_CARDS = t("You go to a secure page for your card, Apple Pay, Google Pay or Alipay, and come back here.")
_CODE = t("You scan a code with your bank's app, or open it on this phone.")
_ONE_CARD = t("You go to a secure page for your card and come back here.")
_WALLET = t("You go to a secure page, confirm in the app on your phone, and come back here.")
_ELSE = t("You are led through it and come back here.")
_STRIPE = (
    Method("stripe", "stripe", channel_name("stripe"), _CARDS),
    Method("stripe.card", "stripe", t("Card"), _ONE_CARD, ("card",), is_standard=False),
    Method("stripe.wechat_pay", "stripe", t("WeChat Pay"), _WALLET, ("wechat_pay",), is_standard=False),
    Method("stripe.alipay", "stripe", t("Alipay"), _WALLET, ("alipay",), is_standard=False),
)
_BANK = Method("bank", "bank", channel_name("bank"), _CODE)


def _all() -> Mapping[str, Method]:
    known = {method.key: method for method in (*_STRIPE, _BANK)}
    others = [key for key in CHANNELS if key not in {"stripe", "bank"}]
    return known | {key: Method(key, key, channel_name(key), _ELSE) for key in others}


METHODS: Mapping[str, Method] = _all()


def method_of(key: str) -> Method | None:
    """Return the way to pay of this name."""
    return METHODS.get(key)
