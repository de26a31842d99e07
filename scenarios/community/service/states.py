"""How a work order lives, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_, t
from ui.shell import Tone

WORK = Machine(
    "work order",
    "reported",
    {
        "assign": Edge(("reported", "assigned", "started"), "assigned", "somebody is to do it"),
        "start": Edge(("reported", "assigned"), "started", "whoever took it is at it"),
        "finish": Edge(("reported", "assigned", "started"), "done", "the work is done"),
        "confirm": Edge(("done",), "confirmed", "who reported it says that it is right"),
        "reopen": Edge(("done", "confirmed"), "assigned", "it is not right after all"),
        "cancel": Edge(("reported", "assigned", "started"), "cancelled", "it is not to be done"),
    },
)
OPEN = ("reported", "assigned", "started")
"""Work that is still to be done."""
WORDS = {
    "reported": N_("Reported"),
    "assigned": N_("Assigned"),
    "started": N_("Under way"),
    "done": N_("Done"),
    "confirmed": N_("Confirmed"),
    "cancelled": N_("Cancelled"),
}
TONES: dict[str, Tone] = {
    "reported": "warning",
    "assigned": "info",
    "started": "info",
    "done": "success",
    "confirmed": "success",
    "cancelled": "neutral",
}
WORD_TEXTS = {key: t(words) for key, words in WORDS.items()}
KINDS = {"repair": N_("Repair"), "complaint": N_("Complaint"), "planned": N_("Planned work")}
KIND_TEXTS = {key: t(words) for key, words in KINDS.items()}
SOURCES = {
    "online": N_("Sent in online"),
    "phone": N_("By phone"),
    "desk": N_("In person"),
    "plan": N_("By plan"),
}
ACTS = {
    "report": N_("Reported"),
    "assign": N_("Assigned to {name}"),
    "start": N_("Work has begun"),
    "finish": N_("Work is done"),
    "confirm": N_("Confirmed"),
    "reopen": N_("Opened again"),
    "cancel": N_("Cancelled"),
    "note": N_("Note"),
    "progress": N_("How far it is"),
    "quote": N_("Asked to agree to a charge"),
    "agree": N_("The charge is agreed to"),
    "refuse": N_("The charge is refused"),
    "material": N_("Material used"),
    "bear": N_("The estate bears it"),
    "message": N_("Message from the resident"),
    "answer": N_("Message to the resident"),
}
CONSENTS = {
    "asked": N_("Waits for the resident's word"),
    "agreed": N_("Agreed to"),
    "refused": N_("Refused"),
}
QUOTES = {**CONSENTS, "withdrawn": N_("Taken back")}
QUOTE_TEXTS = {key: t(words) for key, words in QUOTES.items()}
