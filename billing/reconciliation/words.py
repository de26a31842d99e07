"""How reconciliation reads: states, kinds, channels and ways of matching in words and colours."""

from collections.abc import Mapping

from billing.reconciliation.feeds import NAMES
from billing.reconciliation.states import KINDS, RESOLUTIONS
from tenants.audit_words import Fact, tell
from ui.formats import money
from ui.i18n import N_, Text, t
from ui.shell import Tone

KIND_WORDS = {key: t(word) for key, word in KINDS.items()}
RESOLUTION_WORDS = {key: t(word) for key, word in RESOLUTIONS.items()}
SOURCE_NAMES = {key: t(word) for key, word in NAMES.items()}
CHANNELS: dict[str, Text] = {
    "stripe": t("Card and wallet"),
    "bank": t("Bank QR"),
    "counter": t("Desk"),
    "account": t("Bank account"),
}
BREAK_WORDS = {
    "open": t("To be worked"),
    "working": t("In work"),
    "cleared": t("Cleared by itself"),
    "resolved": t("Resolved"),
}
BREAK_TONES: Mapping[str, Tone] = {
    "open": "warning",
    "working": "info",
    "cleared": "success",
    "resolved": "success",
}
LINE_WORDS = {
    "open": t("Not matched"),
    "differs": t("Differs"),
    "matched": t("Matched"),
    "explained": t("Explained"),
    "provisional": t("Provisional"),
    "replaced": t("Replaced by the final one"),
}
LINE_TONES: Mapping[str, Tone] = {
    "open": "warning",
    "differs": "danger",
    "matched": "success",
    "provisional": "info",
}
LINE_KINDS = {
    "payment": t("Payment"),
    "refund": t("Refund"),
    "fee": t("Channel fee"),
    "payout": t("Payout"),
    "credit": t("Put to the account"),
    "debit": t("Taken off the account"),
    "dispute": t("Dispute"),
    "other": t("Unknown kind"),
}
HOW = {
    "": t("Not matched"),
    "reference": t("By reference"),
    "channel_reference": t("By the channel's reference"),
    "dispute": t("By the dispute"),
    "window": t("By amount and day"),
    "payouts": t("Several payouts in one credit"),
    "suggestion": t("Suggestion confirmed"),
    "person": t("By hand"),
    "charge": t("Booked as a bank charge"),
    "found": t("Recorded from this line"),
    "payout": t("Payout of the channel"),
    "fee": t("Fee of the channel"),
}
FILES = {
    "rail_trade": t("Trade file"),
    "rail_fund": t("Fund file"),
    "camt.052": t("Intraday report (camt.052)"),
    "camt.053": t("Bank statement (camt.053)"),
    "camt.054": t("Notification (camt.054)"),
    "stripe": t("Stripe balance"),
    "table": t("Table"),
}
PAYOUT_WORDS = {"on_the_way": t("On its way"), "received": t("Received"), "failed": t("Failed")}
PAYOUT_TONES: Mapping[str, Tone] = {"on_the_way": "info", "received": "success", "failed": "danger"}
EXPLAINED: dict[str, Text] = {
    "ours_only": t(
        "We took this money, but the statement of that time does not have it."
        " Ask the channel, or give it a day if its statement was late."
    ),
    "theirs_only": t(
        "The statement has this, and we know of nothing that it could be."
        " Match it by hand, record it as money that arrived, or say what it is."
    ),
    "amount": t("Both sides have it, but not with the same amount."),
    "duplicate": t(
        "The same thing stands there a second time. If money really came twice, record it and give it back."
    ),
    "currency": t("Both sides have it, but not in the same currency."),
    "cut_off": t(
        "It happened around the end of the day, and may stand in the statement of the next."
        " Then this clears by itself."
    ),
    "fee": t("The channel kept another fee than agreed."),
    "late": t("It came later than it should have, or has not come yet."),
}
ACTS = {
    "statement.read": N_("Statement read"),
    "break.assigned": N_("Break taken over or given back"),
    "break.resolved": N_("Break resolved"),
    "line.matched": N_("Line matched"),
    "line.unmatched": N_("Match taken back"),
    "line.suggestion_refused": N_("Suggestion refused"),
    "payment.recorded": N_("Payment recorded from a statement"),
    "source.changed": N_("Agreed fee of a source changed"),
}


def _sum(label: str) -> str:
    """Return ``-300 SGD`` (minor units) as an amount."""
    amount, _, currency = label.partition(" ")
    return money(int(amount), currency) if amount.removeprefix("-").isdecimal() and currency else label


tell(
    ACTS,
    {
        "lines": Fact(N_("Lines")),
        "source": Fact(N_("Source"), words=FILES),
        "sha256": Fact(""),
        "breaks": Fact(N_("Breaks")),
        "resolution": Fact(N_("Resolution"), words=RESOLUTION_WORDS),
        "matched_by": Fact(N_("How matched"), words=HOW),
        "score": Fact(N_("Score")),
        "fee_bps": Fact(N_("Agreed fee")),
        "fee_fixed_minor": Fact(N_("Fixed part of the fee")),
        "statement_line.kind": Fact(N_("Kind"), words=LINE_KINDS),
    },
    {"break": _sum, "statement_line": _sum},
)
AGE_WORDS: dict[str, Text] = {
    "day": t("Since today"),
    "days": t("1 to 2 days"),
    "week": t("3 to 7 days"),
    "older": t("More than a week"),
}
"""How long breaks have waited."""
