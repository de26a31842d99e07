"""The words of contracts and statements on pages."""

from collections.abc import Mapping

from ui.i18n import N_
from ui.shell import Tone

COUNTS = {"redeemed": N_("What was redeemed at the gate"), "sold": N_("What was sold")}
CONTRACT_WORDS = {"active": N_("In force"), "ended": N_("Ended")}
CONTRACT_TONES: Mapping[str, Tone] = {"active": "success"}
STATEMENT_WORDS = {"draft": N_("Draft"), "issued": N_("Issued")}
STATEMENT_TONES: Mapping[str, Tone] = {"draft": "warning", "issued": "success"}
BOOKING_WORDS = {
    "held": N_("Being booked"),
    "paid": N_("Booked on account"),
    "part_refunded": N_("Partly cancelled"),
    "refunded": N_("Cancelled"),
}
BOOKING_TONES: Mapping[str, Tone] = {"paid": "success", "part_refunded": "warning"}
