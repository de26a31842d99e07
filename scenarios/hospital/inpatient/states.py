"""How stays and the credit of a stay live, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_
from ui.shell import Tone

STAY = Machine(
    "stay",
    "admitted",
    {
        "leave": Edge(("admitted",), "leaving", "the ward is done; what it cost is being put together"),
        "return": Edge(("leaving",), "admitted", "the patient stays after all"),
        "discharge": Edge(("leaving",), "discharged", "settled: paid from the deposit, the rest given back"),
        "reopen": Edge(("discharged",), "leaving", "the settlement was reversed and has to be made again"),
        "cancel": Edge(("admitted", "leaving"), "cancelled", "admitted by mistake; nothing was charged"),
    },
)
LIVE = ("admitted", "leaving")
"""States in which somebody lies in the bed."""
WORDS = {
    "admitted": N_("In hospital"),
    "leaving": N_("Going home"),
    "discharged": N_("Gone home, settled"),
    "cancelled": N_("Admission taken back"),
}
TONES: dict[str, Tone] = {
    "admitted": "info",
    "leaving": "warning",
    "discharged": "success",
    "cancelled": "neutral",
}
CREDIT = Machine(
    "credit of a stay",
    "asked",
    {
        "approve": Edge(("asked",), "approved", "another person has agreed"),
        "refuse": Edge(("asked",), "refused", "another person has refused"),
        "end": Edge(("approved",), "ended", "taken back before its day"),
    },
)
CREDIT_WORDS = {
    "asked": N_("Waits for another person"),
    "approved": N_("Agreed"),
    "refused": N_("Not agreed"),
    "ended": N_("Ended"),
}
SETTLEMENTS = {
    "presettle": N_("Worked out beforehand"),
    "settle": N_("Settled"),
    "reverse": N_("Reversed"),
    "readjudicate": N_("Decided again by the insurer"),
}
