"""How an appointment lives, as data. ``noshow`` is reached from ``booked`` alone, by a job after the number's end."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_
from ui.shell import Tone

APPOINTMENT = Machine(
    "appointment",
    "pending",
    {
        "confirm": Edge(("pending",), "booked", "the registration fee is paid"),
        "lapse": Edge(("pending",), "lapsed", "not paid in time, or given up while it was being paid"),
        "revive": Edge(("lapsed",), "booked", "the money came late, and the number was still free"),
        "arrive": Edge(("booked",), "arrived", "the patient is here and has a place in the queue"),
        "call": Edge(("arrived",), "called", "the doctor asks the patient in"),
        "miss": Edge(("called",), "arrived", "did not come when called; goes back in the queue by the rule"),
        "fulfil": Edge(("called",), "fulfilled", "the patient has been seen"),
        "cancel": Edge(("booked",), "cancelled", "the patient does not come, by the rule"),
        "stop": Edge(("booked", "arrived", "lapsed"), "stopped", "the hospital does not hold the session"),
        "move": Edge(("booked",), "moved", "the patient has taken another number instead"),
        "no_show": Edge(("booked",), "noshow", "the number's time is over and nobody came"),
    },
)
FREEING = ("lapsed", "cancelled", "stopped", "moved")
"""States in which the number can be had by somebody else."""
WORDS = {
    "pending": N_("Waiting for payment"),
    "booked": N_("Visit booked"),
    "arrived": N_("Patient arrived"),
    "called": N_("Patient called"),
    "fulfilled": N_("Seen"),
    "cancelled": N_("Cancelled"),
    "stopped": N_("Cancelled by the hospital"),
    "moved": N_("Changed to another time"),
    "lapsed": N_("Not paid in time"),
    "noshow": N_("Did not come"),
}
TONES: dict[str, Tone] = {
    "pending": "warning",
    "booked": "info",
    "arrived": "success",
    "called": "success",
    "fulfilled": "neutral",
    "cancelled": "neutral",
    "stopped": "danger",
    "moved": "neutral",
    "lapsed": "neutral",
    "noshow": "danger",
}
SESSION_WORDS = {"planned": N_("Taking place"), "stopped": N_("Stopped")}
SESSION_TONES: dict[str, Tone] = {"planned": "success", "stopped": "danger"}
