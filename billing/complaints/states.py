"""Pure: the life of a complaint, its kinds with the days there are to answer, and how it may end."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.states import Edge, Machine
from ui.i18n import N_, Text, t
from ui.shell import Tone

OPEN = ("received", "working", "waiting")
COMPLAINT = Machine(
    "complaint",
    "received",
    {
        "take": Edge(("received", "working", "waiting"), "working", "somebody of the bank works on it"),
        "ask": Edge(("received", "working"), "waiting", "something is asked of whoever complains"),
        "tell": Edge(("waiting",), "working", "they have written again"),
        "answer": Edge(OPEN, "answered", "it is decided, with the reason, and a refund where one is due"),
        "reopen": Edge(
            ("answered", "closed"), "working", "they do not agree; the time to answer begins anew"
        ),
        "accept": Edge(("answered",), "closed", "they are content, or the bank's days for that have passed"),
        "withdraw": Edge(OPEN, "withdrawn", "they take it back"),
    },
)
CLOSES_AFTER, REOPENS_WITHIN, REPEATS_WITHIN, ESCALATES_AGAIN = 14, 30, 90, 3
"""Days: until an answer counts as accepted, in which it can be reopened, in which the same again is a repeat, and
between two steps up of what stays overdue; a bank sets its own (``terms.py``)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a complaint is about, the days there are to answer it unless the bank has set others, and who can say so."""

    key: str
    name: str
    days: int
    by: frozenset[str] = frozenset({"payer", "caller"})


KINDS: Mapping[str, Kind] = {
    one.key: one
    for one in (
        Kind("not_shown", N_("I have paid, and it does not show"), 3),
        Kind("taken_twice", N_("Money was taken twice, or too much"), 3),
        Kind("money_back", N_("I would like my money back"), 5),
        Kind("refund_late", N_("A refund has not arrived"), 5),
        Kind("charge", N_("I should not have been charged this"), 10),
        Kind("conduct", N_("How I was treated"), 15),
        Kind("data", N_("What is done with my data"), 15, frozenset({"payer", "caller", "tenant"})),
        Kind("settlement", N_("Our money has not arrived"), 3, frozenset({"tenant"})),
        Kind("service", N_("The bank's service"), 10, frozenset({"tenant"})),
        Kind("other", N_("Something else"), 15, frozenset({"payer", "caller", "tenant"})),
    )
}
OUTCOMES: Mapping[str, str] = {
    "upheld": N_("Yes, the complaint is right"),
    "partly": N_("Partly right"),
    "not_upheld": N_("No, everything was in order"),
}
STATE_WORDS: dict[str, Text] = {
    "received": t("Nobody has it yet"),
    "working": t("Being worked on"),
    "waiting": t("We wait for an answer"),
    "answered": t("Decision sent"),
    "closed": t("Case closed"),
    "withdrawn": t("Taken back"),
}
STATE_TONES: dict[str, Tone] = {
    "received": "danger",
    "working": "warning",
    "waiting": "info",
    "answered": "success",
}
SIDES = {"payer": N_("Payer"), "caller": N_("Caller"), "tenant": N_("Institution"), "bank": N_("Bank")}


def kinds_for(by: str) -> list[tuple[str, Text]]:
    """Return the kinds that this side can choose from, for a form."""
    return [(one.key, t(one.name)) for one in KINDS.values() if by in one.by]
