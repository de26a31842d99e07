"""The words of states and kinds on pages, and how they are coloured."""

from collections.abc import Mapping

from ui.i18n import N_
from ui.shell import Tone

ORDER_WORDS = {
    "held": N_("To be paid"),
    "paid": N_("Paid"),
    "part_refunded": N_("Partly refunded"),
    "refunded": N_("Refunded"),
    "expired": N_("Not paid in time"),
    "cancelled": N_("Cancelled"),
    "late": N_("Paid too late"),
}
ORDER_TONES: Mapping[str, Tone] = {
    "held": "info",
    "paid": "success",
    "part_refunded": "warning",
    "late": "danger",
}
TICKET_WORDS = {
    "held": N_("Not paid yet"),
    "issued": N_("Valid"),
    "part_used": N_("Partly used"),
    "used": N_("Used"),
    "refunding": N_("Being refunded"),
    "refunded": N_("Refunded"),
    "void": N_("No longer valid"),
    "no_show": N_("Not used"),
}
TICKET_TONES: Mapping[str, Tone] = {
    "issued": "success",
    "part_used": "info",
    "refunding": "warning",
    "no_show": "warning",
}
CHANNEL_WORDS = {
    "web": N_("Online"),
    "desk": N_("At the desk"),
    "agency": N_("Travel agency"),
    "renewal": N_("Renewed"),
}
REAL_NAMES = {
    "none": N_("Nobody's name is asked"),
    "lead": N_("The buyer's name and document"),
    "each": N_("Every visitor's name and document"),
}
VERDICT_WORDS = {
    "accepted": N_("Let in"),
    "rejected": N_("Refused"),
    "conflict": N_("To look at"),
    "annulled": N_("Annulled"),
}
VERDICT_TONES: Mapping[str, Tone] = {"accepted": "success", "rejected": "neutral", "conflict": "danger"}
DIRECTION_WORDS = {"entry": N_("Way in"), "exit": N_("Way out")}
MODE_WORDS = {"online": N_("With network"), "offline": N_("Without network")}
WAY_WORDS = {"both": N_("In and out"), "entry": N_("Way in"), "exit": N_("Way out")}
PASS_STATES = {
    "waiting": N_("To be looked at"),
    "registered": N_("Registered"),
    "refused": N_("Refused"),
    "stopped": N_("Stopped"),
}
