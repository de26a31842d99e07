"""The lives of shares and of what comes back of them, as data: every edge has a name."""

from billing.models import Share, ShareReturn
from billing.payments.states import Edge, Machine

SHARE = Machine(
    "share",
    "created",
    {
        "send": Edge(("created",), "sent", "about to be told to the channel"),
        "pay": Edge(("sent",), "paid", "the channel has paid it to the receiver's own account"),
        "fail": Edge(("sent",), "failed", "the channel refused: the receiver's account is closed"),
        "retry": Edge(("failed",), "created", "somebody has mended the account"),
        "keep": Edge(("created", "failed"), "kept", "the institution keeps it"),
    },
)
SHARE_RETURN = Machine(
    "share return",
    "created",
    {
        "send": Edge(("created",), "sent", "about to be asked of the channel"),
        "return": Edge(("sent",), "returned", "the channel has taken it back from the receiver"),
        "fail": Edge(("sent",), "failed", "the receiver's account cannot give it back"),
        "retry": Edge(("failed",), "created", "somebody has mended the account"),
        "bear": Edge(("failed",), "borne", "the institution bears it; the receiver keeps it"),
        "undo": Edge(
            ("created", "failed", "returned"),
            "undone",
            "its refund failed or its dispute was won",
        ),
    },
)
MACHINES = (SHARE, SHARE_RETURN)
PENDING = ("created", "sent")
"""States whose end the channel has not told yet."""


def move(row: Share | ShareReturn, edge: str) -> None:
    """Take the row along ``edge``; the caller saves it, in the transaction that holds its lock.

    Raises:
        StateError: the edge does not leave the row's state.
    """
    row.status = (SHARE if isinstance(row, Share) else SHARE_RETURN).after(row.status, edge)
