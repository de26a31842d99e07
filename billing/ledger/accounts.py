"""The chart of accounts and the kinds of entry, as data with names that any page can show.

A new cause of a money movement adds its line to ``KINDS``, a new ledger account its line to ``LEDGERS``, and both
names get their translation; ``verify_ledger`` and a test over the code find what is booked without a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from billing.adjustments.kinds import KINDS as ADJUSTMENTS
from billing.channels import CHANNEL_KEYS, channel_name
from billing.wallets.kinds import wallet_names
from ui.i18n import Text, t

Nature = Literal["asset", "liability", "income", "expense"]
NATURES: dict[Nature, Text] = {
    "asset": t("Assets"),
    "liability": t("Liabilities"),
    "income": t("Income"),
    "expense": t("Costs"),
}
"""The order in which a chart of accounts is read, with the words of its headings."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger account, or with a prefix that ends in ``:`` a family of them, one for each name after it.

    ``name`` may use ``{name}``, which is filled with what comes after the prefix, in words.
    """

    prefix: str
    name: Text
    nature: Nature
    debit: str
    """What a debit means, in a few English words, for the documentation."""
    credit: str

    @property
    def is_family(self) -> bool:
        """Tell whether it stands for one account per name."""
        return self.prefix.endswith(":")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: what happened in words, which record caused it, and what it books (for the documentation)."""

    key: str
    name: Text
    source: str
    postings: str


LEDGERS: tuple[Ledger, ...] = (
    Ledger(
        "clearing:",
        t("Money held at: {name}"),
        "asset",
        "received; a refund that came back",
        "refunded; kept as a fee; paid out",
    ),
    Ledger(
        "settlement",
        t("Money at the bank"),
        "asset",
        "paid out by a channel",
        "charged by the bank; taken back",
    ),
    Ledger("fees:", t("Fees: {name}"), "expense", "kept by a channel, charged by the bank", "given back"),
    Ledger("share:", t("Shared with {name}"), "expense", "paid to a receiver", "come back"),
    Ledger("receivable", t("Owed by accounts"), "asset", "issued; refunded", "paid; voided"),
    Ledger(
        "suspense", t("Unassigned money"), "liability", "refunded; put to a bill", "received without a bill"
    ),
    Ledger(
        "credit", t("Credit of accounts"), "liability", "put to a bill; refunded", "paid ahead or too much"
    ),
    Ledger(
        "wallet:", t("Stored by accounts: {name}"), "liability", "spent; paid out", "topped up; given back"
    ),
    Ledger(
        "top_up:",
        t("Asked for to be stored, or on its way back: {name}"),
        "liability",
        "stored; paid back",
        "billed; to be paid out",
    ),
    Ledger("opening", t("Balances brought over"), "liability", "voided", "recorded"),
    Ledger("income:", t("Income: {name}"), "income", "voided; credited", "issued"),
    Ledger("disputed", t("Held in disputes"), "asset", "taken by the payer's bank", "decided"),
    Ledger(
        "charged_back", t("Lost in disputes, to decide"), "asset", "lost", "bills owed again; borne; won late"
    ),
    Ledger("dispute_losses", t("Losses in disputes"), "expense", "borne", "won late"),
    Ledger("adjustment:", t("Let off: {name}"), "expense", "adjusted", "reversed; bill voided"),
)

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("bill.issued", t("Bill issued"), "bill", "receivable → income of each line"),
        Kind("opening.recorded", t("Balance brought over"), "bill", "receivable → opening"),
        Kind("credit_note.written", t("Credit note"), "credit note", "income of each line → receivable"),
        Kind(
            "bill.voided",
            t("Bill voided"),
            "bill",
            "all that the bill still stands for, with the opposite sign",
        ),
        Kind(
            "payment.succeeded",
            t("Payment received"),
            "attempt",
            "clearing → receivable of each bill, and credit or suspense for the rest",
        ),
        Kind(
            "refund.succeeded",
            t("Refund paid"),
            "refund",
            "receivable of each bill, suspense or credit → clearing",
        ),
        Kind(
            "refund.set_aside",
            t("Failed refund set aside"),
            "refund",
            "suspense → receivable of each bill, with the opposite sign",
        ),
        Kind(
            "refund.bounced",
            t("Refund came back"),
            "refund",
            "clearing → receivable or credit, and suspense for what has been paid since",
        ),
        Kind(
            "adjustment.applied",
            t("Adjustment applied"),
            "adjustment",
            "adjustment:<kind> → receivable",
        ),
        Kind(
            "adjustment.reversed",
            t("Adjustment reversed"),
            "adjustment",
            "receivable → adjustment:<kind>",
        ),
        Kind("line.declined", t("Voluntary item declined"), "answer", "income → receivable"),
        Kind(
            "credit.granted",
            t("Became an account's credit"),
            "credit",
            "suspense, or receivable of a paid bill → credit",
        ),
        Kind("credit.applied", t("Credit put to a bill"), "use of credit", "credit → receivable"),
        Kind("share.paid", t("Share paid to a receiver"), "share", "clearing → share:<receiver>"),
        Kind("share.returned", t("Share come back"), "share's return", "share:<receiver> → clearing"),
        Kind("fee.charged", t("Channel's fees"), "statement", "clearing → fees:<channel>"),
        Kind("payout.received", t("Payout received"), "receipt of a payout", "clearing → settlement"),
        Kind(
            "payout.released", t("Payout's match taken back"), "receipt of a payout", "settlement → clearing"
        ),
        Kind("charge.booked", t("Bank's charge"), "statement line", "settlement → fees:account"),
        Kind("dispute.opened", t("Money taken back in a dispute"), "dispute", "clearing → disputed"),
        Kind("dispute.won", t("Dispute won"), "dispute", "disputed → clearing"),
        Kind(
            "dispute.lost",
            t("Dispute lost"),
            "dispute",
            "disputed → suspense of the payment, then charged_back",
        ),
        Kind(
            "dispute.reopened",
            t("Bills owed again after a dispute"),
            "dispute",
            "charged_back → receivable of each bill",
        ),
        Kind("dispute.borne", t("Loss of a dispute borne"), "dispute", "charged_back → dispute_losses"),
        Kind(
            "dispute.returned",
            t("Lost dispute won after all"),
            "dispute",
            "wherever the loss stood → clearing; suspense where bills have been paid since",
        ),
        Kind("wallet.topped_up", t("Stored money topped up"), "movement", "top_up:<fee> → wallet:<kind>"),
        Kind("wallet.spent", t("Stored money spent"), "movement", "wallet:<kind> → income:<fee>"),
        Kind("wallet.given_back", t("Spending given back"), "movement", "income:<fee> → wallet:<kind>"),
        Kind(
            "wallet.bill_paid",
            t("Bill paid from stored money"),
            "movement",
            "wallet:<kind> → clearing:wallet",
        ),
        Kind(
            "wallet.bill_refunded",
            t("Bill refunded into stored money"),
            "movement",
            "clearing:wallet → wallet:<kind>",
        ),
        Kind("wallet.paid_out", t("Stored money paid out"), "movement", "wallet:<kind> → top_up:<fee>"),
        Kind(
            "wallet.payout_returned",
            t("Payout of stored money did not go through"),
            "movement",
            "top_up:<fee> → wallet:<kind>",
        ),
        Kind(
            "wallet.charged_back",
            t("Stored money taken back by the payer's bank"),
            "movement",
            "wallet:<kind> → top_up:<fee>",
        ),
        Kind("suspense.applied", t("Unassigned money put to a bill"), "suspense", "suspense → receivable"),
    )
}


def is_known_kind(kind: str) -> bool:
    """Tell whether entries of this kind have a name."""
    return kind in KINDS


def is_known_ledger(ledger: str) -> bool:
    """Tell whether this ledger account has a name."""
    return _of(ledger) is not None


def kind_name(kind: str) -> Text | str:
    """Return what an entry says happened, in words."""
    return KINDS[kind].name if kind in KINDS else kind


def ledger_name(ledger: str, names: Mapping[str, Text | str] | None = None) -> Text | str:
    """Return a ledger account's name; ``names`` gives the words for what comes after a prefix (fee items by key)."""
    found = _of(ledger)
    if found is None:
        return ledger
    if not found.is_family:
        return found.name
    own = ledger.removeprefix(found.prefix)
    return Text(found.name.message, {"name": (names or {}).get(own) or _words().get(own, own)})


def chart(
    fees: Mapping[str, Text | str], receivers: Mapping[str, Text | str]
) -> list[tuple[str, Text | str]]:
    """Return every ledger account that can be booked to, with its name, in chart order, for a choice.

    ``fees`` and ``receivers`` name the families that are the tenant's own.
    """
    own = {
        "income:": fees,
        "share:": receivers,
        "adjustment:": {key: kind.name for key, kind in ADJUSTMENTS.items()},
    }
    stores, channels = wallet_names(), _channels()
    own |= {"wallet:": stores, "top_up:": stores, "clearing:": channels, "fees:": channels}
    names = {**fees, **receivers}
    keys = [
        known.prefix + name for known in LEDGERS for name in (own[known.prefix] if known.is_family else ("",))
    ]
    return [(key, ledger_name(key, names)) for key in keys]


def nature_of(ledger: str) -> Nature:
    """Return on which side of the books a ledger account stands; ``KeyError`` for one without a name."""
    found = _of(ledger)
    if found is None:
        raise KeyError(ledger)
    return found.nature


def _of(ledger: str) -> Ledger | None:
    return next((known for known in LEDGERS if _covers(known, ledger)), None)


def _covers(known: Ledger, ledger: str) -> bool:
    if known.is_family:
        return ledger.startswith(known.prefix) and ledger != known.prefix
    return ledger == known.prefix


def _channels() -> dict[str, Text | str]:
    names: dict[str, Text | str] = {key: channel_name(key) for key in CHANNEL_KEYS}
    return names | {"account": t("Bank account")}


def _words() -> dict[str, Text | str]:
    return _channels() | wallet_names() | {key: kind.name for key, kind in ADJUSTMENTS.items()}
