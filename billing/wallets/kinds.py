"""The purposes for which accounts store money, as scenarios name them, and the kinds of movement, as data."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from billing.models import Wallet
from billing.names import localized
from ui.i18n import N_, Text, t

LEAST_MINOR, MOST_MINOR = 100, 5_000_000


@dataclass(frozen=True, slots=True)
class WalletKind:
    """One purpose: its key (never changes), its name by locale, whose it is, and the bounds of one top-up.

    ``must_stay`` returns how much of a wallet may not be paid out at the moment, because something is owed against it.
    ``is_topped_up_online`` is false where only staff may ask for money; ``is_opened_by_hand`` lets staff open it on an
    account's page, without anything of a scenario's. Without a scenario it is for all of them.
    """

    key: str
    names: Mapping[str, str]
    scenario: str
    least_minor: int = LEAST_MINOR
    most_minor: int = MOST_MINOR
    is_topped_up_online: bool = True
    is_opened_by_hand: bool = False
    must_stay: Callable[[Wallet], Awaitable[int]] | None = None

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return localized(dict(self.names))

    @property
    def fee_key(self) -> str:
        """The fee item under which its top-ups are billed."""
        return f"wallet_{self.key}"

    @property
    def ledger(self) -> str:
        """The ledger account of what is stored: the institution owes it."""
        return f"wallet:{self.key}"

    @property
    def asked_ledger(self) -> str:
        """The ledger account of what was asked for and not paid yet, or is on its way back."""
        return f"top_up:{self.fee_key}"


WALLET_KINDS: dict[str, WalletKind] = {}


DEPOSIT = WalletKind("deposit", {"en": "Deposit", "zh_CN": "押金"}, "", is_opened_by_hand=True)
"""For whatever an account leaves a deposit: fitting out, keys, a stall."""


def register_wallet(kind: WalletKind) -> None:
    """Make a purpose known; safe to call again."""
    WALLET_KINDS[kind.key] = kind


register_wallet(DEPOSIT)


def wallet_names() -> dict[str, str]:
    """Return the names of all purposes by key, in the reader's language."""
    return {key: kind.name for key, kind in WALLET_KINDS.items()}


@dataclass(frozen=True, slots=True)
class MoveKind:
    """One kind of movement: what people read, and the kind of entry that books it."""

    name: Text
    entry: str


MOVES: dict[str, MoveKind] = {
    "top_up": MoveKind(t("Topped up"), "wallet.topped_up"),
    "spend": MoveKind(t("Spent"), "wallet.spent"),
    "give_back": MoveKind(t("Given back"), "wallet.given_back"),
    "pay_bill": MoveKind(t("Paid a bill"), "wallet.bill_paid"),
    "bill_back": MoveKind(t("Refund of a bill"), "wallet.bill_refunded"),
    "charge_back": MoveKind(t("Taken back by the payer's bank"), "wallet.charged_back"),
    "pay_out": MoveKind(t("Paid out"), "wallet.paid_out"),
    "pay_out_back": MoveKind(t("Payout did not go through"), "wallet.payout_returned"),
}
STATES = {"open": N_("In use"), "closed": N_("Closed")}
