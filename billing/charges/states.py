"""The moves of bills and bill runs that are made by charging, as data; any other is refused.

How an issued bill is paid and reopened is ``billing.payments.states``.
"""

from ui.errors import Conflict
from ui.i18n import N_, t
from ui.shell import Tone

BILL_MOVES: dict[str, frozenset[str]] = {
    "draft": frozenset({"issued"}),
    "issued": frozenset({"void"}),
}
RUN_MOVES: dict[str, frozenset[str]] = {
    "drafting": frozenset({"drafted"}),
    "drafted": frozenset({"issuing"}),
    "issuing": frozenset({"issued"}),
    "issued": frozenset(),
}
OPEN_BILLS = ("issued", "part_paid")
"""Bills that somebody still owes."""
OPEN_RUNS = ("drafting", "drafted", "issuing")
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
    "issuing": N_("Being issued"),
    "issued": N_("Issued"),
}
RUN_TONES: dict[str, Tone] = {
    "drafting": "info",
    "drafted": "warning",
    "issuing": "info",
    "issued": "success",
}


def require_bill_move(now: str, then: str) -> None:
    """Raise ``Conflict`` unless a bill in state ``now`` may become ``then``."""
    if then not in BILL_MOVES.get(now, ()):
        text = t("This bill is “{state}” now, so this can no longer be done.", state=t(BILL_WORDS[now]))
        raise Conflict("bill.wrong_state", text)


def require_run_move(now: str, then: str) -> None:
    """Raise ``Conflict`` unless a run in state ``now`` may become ``then``."""
    if then not in RUN_MOVES[now]:
        text = t("This bill run is “{state}” now, so this can no longer be done.", state=t(RUN_WORDS[now]))
        raise Conflict("run.wrong_state", text)
