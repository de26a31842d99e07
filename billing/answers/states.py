"""The lives of answers, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine

OPEN = ("opened", "answered")
"""States of a dispute that somebody still works on."""
DISPUTE = Machine(
    "dispute of a bill",
    "opened",
    {
        "answer": Edge(("opened", "answered"), "answered", "staff asked or explained something"),
        "ask_again": Edge(("answered",), "opened", "the payer wrote once more"),
        "accept": Edge(OPEN, "accepted", "the payer is right; the bill is put right"),
        "reject": Edge(OPEN, "rejected", "the bill stands, with the reason"),
        "withdraw": Edge(OPEN, "withdrawn", "the payer takes it back"),
    },
)
PROMISE = Machine(
    "promise to pay",
    "made",
    {
        "keep": Edge(("made",), "kept", "nothing is left to pay"),
        "break": Edge(("made",), "broken", "the day has passed, and something is left to pay"),
        "withdraw": Edge(("made",), "withdrawn", "the payer takes it back, or promises another day"),
    },
)
ANSWERS = (DISPUTE, PROMISE)
