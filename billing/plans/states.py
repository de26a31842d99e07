"""How an instalment plan lives, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_
from ui.shell import Tone

PLAN = Machine(
    "instalment plan",
    "active",
    {
        "complete": Edge(("active",), "completed", "nothing is left to pay on its bills"),
        "reopen": Edge(("completed",), "active", "something went back, so that its bills are owed again"),
        "break": Edge(
            ("active",), "broken", "staff have ended it, with a reason; what is left is due at once"
        ),
    },
)
PLAN_WORDS = {"active": N_("Running"), "completed": N_("All paid"), "broken": N_("Broken")}
PLAN_TONES: dict[str, Tone] = {"active": "info", "completed": "success", "broken": "danger"}
