"""The life of a dispute, as data. It only goes forward, so news may come in any order and any number of times."""

from billing.payments.states import Edge, Machine

OPEN = ("opened", "evidence_due", "submitted")
"""States in which the payer's bank has not decided."""
ANSWERABLE = ("opened", "evidence_due")
"""States in which we may still answer or give in."""
LOST = ("lost", "accepted")
ASKED = "asked"
"""The decision about a lost one while it waits for a second person; nobody has to, once it is won after all."""

DISPUTE = Machine(
    "dispute",
    "opened",
    {
        "ask": Edge(("opened", "dropped"), "evidence_due", "the payer's bank wants evidence by a day"),
        "submit": Edge(
            ("opened", "evidence_due", "dropped"), "submitted", "our evidence is with the channel"
        ),
        "drop": Edge(("opened",), "dropped", "a mere question of the payer's bank, closed without a claim"),
        "accept": Edge((*OPEN, "dropped"), "accepted", "we gave in, and the channel took it"),
        "lose": Edge((*OPEN, "dropped"), "lost", "decided for the payer"),
        "win": Edge((*OPEN, "dropped"), "won", "decided for the institution"),
        "win_late": Edge(LOST, "won", "decided for the institution after all"),
    },
)


def edge_to(status: str, target: str) -> str:
    """Return the edge from ``status`` to what the channel says; empty where that is no news any more."""
    return next(
        (name for name, edge in DISPUTE.edges.items() if edge.target == target and status in edge.sources), ""
    )
