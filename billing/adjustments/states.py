"""The lives of adjustments, as data; the documentation draws them from here."""

from billing.payments.states import Edge, Machine

ADJUSTMENT = Machine(
    "adjustment",
    "requested",
    {
        "apply": Edge(("requested",), "applied", "within the asker's limit, or another person agreed"),
        "reject": Edge(("requested",), "rejected", "another person refused, with a reason"),
        "reverse": Edge(("applied",), "reversed", "the bill is owed again, with a reason"),
    },
)
STANDING = Machine(
    "standing adjustment",
    "requested",
    {
        "approve": Edge(("requested",), "approved", "another person agreed; new bills get it"),
        "reject": Edge(("requested",), "rejected", "another person refused, with a reason"),
        "end": Edge(("approved",), "ended", "new bills no longer get it; what it has let off stays"),
    },
)
MACHINES = (ADJUSTMENT, STANDING)
