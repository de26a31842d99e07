"""The moves of bills and bill runs that are made by charging, as data; any other is refused.

How an issued bill is paid and reopened is ``billing.payments.states``.
"""

from billing.payments.states import Edge, Machine
from ui.errors import Conflict
from ui.i18n import N_, t
from ui.shell import Tone

BILL_MOVES: dict[str, frozenset[str]] = {
    "draft": frozenset({"issued"}),
    "issued": frozenset({"void"}),
}
RUN = Machine(
    "bill run",
    "drafting",
    {
        "draft": Edge(("drafting",), "drafted", "every account has been looked at"),
        "approve": Edge(
            ("drafted",), "approved", "somebody has agreed to it, another person where that is asked"
        ),
        "withdraw": Edge(("approved",), "drafted", "the approval was taken back"),
        "issue": Edge(("approved",), "issuing", "somebody has had it issued"),
        "end_issue": Edge(("issuing",), "issued", "every bill has its number and stands in the books"),
        "cancel": Edge(("drafting", "drafted", "approved"), "cancelling", "thrown away; then it is gone"),
        "void": Edge(("issued",), "voiding", "its unpaid bills are to be taken back"),
        "end_void": Edge(("voiding",), "issued", "some bills remain, since they are paid or being paid"),
        "end_void_all": Edge(("voiding",), "void", "no bill of it remains"),
    },
)
OPEN_BILLS = ("issued", "part_paid")
"""Bills that somebody still owes."""
OPEN_RUNS = ("drafting", "drafted", "approved", "issuing", "cancelling")
WORKING_RUNS = ("drafting", "issuing", "cancelling", "voiding")
"""Runs that a worker is at."""
BILL_WORDS = {
    "draft": N_("Draft"),
    "issued": N_("To pay"),
    "part_paid": N_("Partly paid"),
    "paid": N_("Paid"),
    "void": N_("Void"),
    "written_off": N_("Written off"),
}
BILL_TONES: dict[str, Tone] = {
    "draft": "neutral",
    "issued": "info",
    "part_paid": "warning",
    "paid": "success",
    "void": "neutral",
    "written_off": "neutral",
}
RUN_WORDS = {
    "drafting": N_("Being drafted"),
    "drafted": N_("Draft"),
    "approved": N_("Approved"),
    "issuing": N_("Being issued"),
    "issued": N_("Issued"),
    "cancelling": N_("Being cancelled"),
    "voiding": N_("Being taken back"),
    "void": N_("Void"),
}
RUN_TONES: dict[str, Tone] = {
    "drafting": "info",
    "drafted": "warning",
    "approved": "warning",
    "issuing": "info",
    "issued": "success",
    "cancelling": "info",
    "voiding": "info",
    "void": "neutral",
}


def require_bill_move(now: str, then: str) -> None:
    """Raise ``Conflict`` unless a bill in state ``now`` may become ``then``."""
    if then not in BILL_MOVES.get(now, ()):
        text = t("This bill is “{state}” now, so this can no longer be done.", state=t(BILL_WORDS[now]))
        raise Conflict("bill.wrong_state", text)


def run_after(now: str, edge: str) -> str:
    """Return the state that ``edge`` leads a run to; ``Conflict`` where it does not leave ``now``."""
    if not RUN.can(now, edge):
        text = t("This bill run is “{state}” now, so this can no longer be done.", state=t(RUN_WORDS[now]))
        raise Conflict("run.wrong_state", text)
    return RUN.after(now, edge)
