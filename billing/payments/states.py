"""The lives of payments, attempts, refunds, bills and unassigned money, as data: every edge has a name.

``move`` takes one edge and refuses it from every state that does not have it; nothing else writes a status.
What a machine is, and how it is drawn for the documentation, is ``tenants.states``.
"""

from typing import Protocol

from billing.models import Attempt, Bill, Payment, Refund, Suspense
from tenants.states import Edge, Machine, StateError, diagram, table

__all__ = ["Edge", "Machine", "StateError", "diagram", "machine_of", "move", "table"]

LIVE = ("created", "pending", "processing", "unknown")
"""States of an attempt whose end the channel has not told yet; its bills are held."""
RECEIVED = ("succeeded", "part_refunded", "refunded", "disputed", "charged_back")
"""States of a payment whose money has arrived."""
RECEIVED_SQL = str(RECEIVED)
"""The same in a statement, which writes a list of words as Python does."""
HELD = ("disputed", "charged_back")
"""States of a payment that its disputes decide; a refund that was under way then moves amounts alone."""
PAYABLE = ("issued", "part_paid")
"""States of a bill that somebody still owes."""


_TRY = {
    "accept": Edge(("created", "unknown"), "pending", "the channel waits for the payer"),
    "lose": Edge(("created", "pending", "processing"), "unknown", "the channel did not answer"),
    "process": Edge(
        ("created", "pending", "unknown"), "processing", "the payer is done, the money is on its way"
    ),
    "succeed": Edge(LIVE, "succeeded", "the channel has the money"),
    "fail": Edge(LIVE, "failed", "the channel refused, or never heard of it"),
    "cancel": Edge(("created", "pending", "unknown"), "cancelled", "withdrawn, and the channel agreed"),
    "expire": Edge(("created", "pending", "unknown"), "expired", "out of time; the channel was asked first"),
    "land_late": Edge(("failed", "cancelled", "expired"), "succeeded", "the channel has the money after all"),
}
ATTEMPT = Machine("attempt", "created", _TRY)
PAYMENT = Machine(
    "payment",
    "created",
    _TRY
    | {
        "refund_part": Edge(("succeeded", "part_refunded"), "part_refunded", "part of it went back"),
        "refund_all": Edge(("succeeded", "part_refunded"), "refunded", "all of it went back"),
        "bounce_part": Edge(
            ("refunded", "part_refunded"), "part_refunded", "a refund came back, others stand"
        ),
        "bounce_all": Edge(("refunded", "part_refunded"), "succeeded", "the only refund came back"),
        "dispute": Edge(
            ("succeeded", "part_refunded", "refunded", "charged_back"),
            "disputed",
            "the payer's bank took the money back",
        ),
        "win_dispute": Edge(("disputed",), "succeeded", "the payer's bank gave the money back"),
        "win_dispute_part": Edge(("disputed",), "part_refunded", "given back; part was refunded before"),
        "win_dispute_all": Edge(("disputed",), "refunded", "given back; all was refunded meanwhile"),
        "lose_dispute": Edge(("disputed",), "charged_back", "the payer's bank keeps all of it"),
        "lose_dispute_part": Edge(("disputed",), "part_refunded", "the payer's bank keeps a part of it"),
    },
)
REFUND = Machine(
    "refund",
    "requested",
    {
        "approve": Edge(("requested",), "approved", "within the asker's limit, or another person agreed"),
        "reject": Edge(("requested",), "rejected", "another person refused, with a reason"),
        "submit": Edge(("approved",), "submitted", "about to be sent to the channel"),
        "pay_out": Edge(
            ("approved",),
            "succeeded",
            "cash handed over, or transferred from the own account",
        ),
        "succeed": Edge(("submitted",), "succeeded", "the channel has paid it back"),
        "fail": Edge(
            ("approved", "submitted"),
            "failed",
            "the channel refused, or the bank stopped it; the amount is refundable again",
        ),
        "bounce": Edge(("succeeded",), "failed", "paid back, but it returned"),
        "land_late": Edge(("failed",), "succeeded", "the channel has paid it back after all"),
    },
)
BILL = Machine(
    "bill",
    "issued",
    {
        "pay_part": Edge(("issued", "part_paid"), "part_paid", "some of it was paid"),
        "pay_rest": Edge(("issued", "part_paid"), "paid", "nothing is left to pay"),
        "write_off": Edge(("issued", "part_paid"), "written_off", "an adjustment left nothing to pay"),
        "reopen_part": Edge(
            ("paid", "part_paid", "written_off"),
            "part_paid",
            "part of a payment went back, or an adjustment was reversed",
        ),
        "reopen": Edge(
            ("paid", "part_paid", "written_off"),
            "issued",
            "all payments went back, or an adjustment was reversed and nothing is paid",
        ),
    },
)
SUSPENSE = Machine(
    "suspense",
    "open",
    {
        "apply": Edge(("open",), "applied", "put to another bill"),
        "credit": Edge(("open",), "credited", "became an account's credit"),
        "refund": Edge(("open",), "refunding", "a refund was asked for"),
        "pay_back": Edge(("refunding",), "refunded", "the refund succeeded"),
        "charge_back": Edge(("open",), "charged_back", "lost in a dispute of the payment"),
        "reopen": Edge(("refunding", "refunded"), "open", "the refund failed, was rejected or came back"),
    },
)
MACHINES = (BILL, PAYMENT, ATTEMPT, REFUND, SUSPENSE)
_OF: dict[type, Machine] = {
    Bill: BILL,
    Payment: PAYMENT,
    Attempt: ATTEMPT,
    Refund: REFUND,
    Suspense: SUSPENSE,
}


class HasStatus(Protocol):
    """A row with a status."""

    status: str


def machine_of(row: HasStatus) -> Machine:
    """Return the machine that rows of this kind live by."""
    return _OF[type(row)]


def move(row: HasStatus, edge: str) -> None:
    """Take the row along ``edge``; the caller saves it, in the transaction that holds its lock.

    Raises:
        StateError: the edge does not leave the row's state.
    """
    row.status = machine_of(row).after(row.status, edge)
