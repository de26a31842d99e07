"""How an agreement between guardians lives, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine

SHARING = Machine(
    "agreement on shares",
    "proposed",
    {
        "agree": Edge(("proposed",), "agreed", "every guardian has agreed"),
        "refuse": Edge(("proposed",), "refused", "one of them says no"),
        "take_back": Edge(("proposed",), "taken_back", "whoever proposed it takes it back"),
        "end": Edge(("agreed",), "ended", "one of them ends it, or another agreement takes its place"),
    },
)
