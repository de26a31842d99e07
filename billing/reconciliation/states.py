"""The lives of statement lines, breaks, payouts and suggestions, and the kinds of breaks, as data."""

from billing.models import Break, MatchSuggestion, Payout, StatementLine
from billing.payments.states import Edge, HasStatus, Machine
from ui.i18n import N_

WORKED = ("open", "working")
"""States of a break that somebody still has to look at."""
LOOSE = ("open", "differs")
"""States of a line that are not settled: nothing of ours found, or found but not the same."""

LINE = Machine(
    "statement line",
    "open",
    {
        "match": Edge(("open", "differs"), "matched", "our side was found, and it is the same"),
        "differ": Edge(("open",), "differs", "our side was found, but amount, currency, fee or time differ"),
        "accept": Edge(("differs",), "matched", "a person accepted the difference, with a reason"),
        "explain": Edge(("open",), "explained", "a person said what it is, with a reason"),
        "unmatch": Edge(("matched", "differs", "explained"), "open", "a person took the match back"),
        "replace": Edge(("provisional",), "replaced", "the final statement has come"),
    },
    or_start=("provisional",),
)
BREAK = Machine(
    "break",
    "open",
    {
        "take": Edge(("open",), "working", "somebody made it theirs"),
        "release": Edge(("working",), "open", "its owner gave it back"),
        "clear": Edge(("open", "working"), "cleared", "the other side arrived: it cleared by itself"),
        "resolve": Edge(("open", "working"), "resolved", "a person ended it, with a resolution and a reason"),
        "reopen": Edge(("cleared", "resolved"), "open", "the match that ended it was taken back"),
    },
)
PAYOUT = Machine(
    "payout",
    "on_the_way",
    {
        "receive": Edge(("on_the_way",), "received", "the bank's credit was found"),
        "fail": Edge(("on_the_way",), "failed", "the channel says that it did not get through"),
        "release": Edge(("received",), "on_the_way", "a person took the match back"),
    },
)
SUGGESTION = Machine(
    "suggestion",
    "proposed",
    {
        "confirm": Edge(("proposed",), "confirmed", "a person says that it is the same"),
        "refuse": Edge(("proposed",), "refused", "a person says that it is not; it is not proposed again"),
        "lapse": Edge(("proposed",), "lapsed", "the line or our side was matched another way"),
    },
)
MACHINES = (LINE, BREAK, PAYOUT, SUGGESTION)
_OF: dict[type, Machine] = {StatementLine: LINE, Break: BREAK, Payout: PAYOUT, MatchSuggestion: SUGGESTION}

KINDS: dict[str, str] = {
    "ours_only": N_("Only with us"),
    "theirs_only": N_("Only with them"),
    "amount": N_("Other amount"),
    "duplicate": N_("Twice"),
    "currency": N_("Other currency"),
    "cut_off": N_("Around the day's end"),
    "fee": N_("Other fee"),
    "late": N_("Late"),
}
"""Kinds of breaks, in English msgids."""
RESOLUTIONS: dict[str, str] = {
    "accepted": N_("Accepted as it is"),
    "corrected": N_("Corrected at the channel or the bank"),
    "claimed": N_("Claimed from the channel or the bank"),
    "recorded": N_("Recorded as a payment"),
    "suspense": N_("Put to unassigned money"),
    "refunded": N_("Refund asked for"),
    "charge": N_("Booked as a bank charge"),
    "matched": N_("Matched by hand"),
}
"""How a person ends a break, in English msgids."""
BY_HAND = ("accepted", "corrected", "claimed")
"""Resolutions that only need words; the others are acts of their own."""


def move(row: HasStatus, edge: str) -> None:
    """Take a row along ``edge``; the caller saves it, in the transaction that holds its lock.

    Raises:
        billing.payments.states.StateError: the edge does not leave the row's state.
    """
    row.status = _OF[type(row)].after(row.status, edge)
