"""What channels say of a payer's lasting leave to be charged: a mandate at the bank, a card saved at Stripe."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CardNews:
    """A saved card as its channel has it; one that was taken away has no customer.

    ``fingerprint`` is the same each time that the same card is saved; empty where it is not told.
    """

    method: str
    customer: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class MandateNews:
    """A mandate as its channel has it. ``absent``: the channel has never heard of it.

    ``page`` is the channel's name of the page on which leave was last asked for, where it has one.
    """

    state: str
    reference: str = ""
    instrument: str = ""
    mask: str = ""
    authorise_url: str = ""
    card: CardNews | None = None
    page: str = ""
