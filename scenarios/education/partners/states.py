"""How two schools agree, as data; each school has a row of its own, and both move together."""

from billing.payments.states import Edge, Machine
from ui.i18n import Text, t
from ui.shell import Tone

PARTNER = Machine(
    "agreement of two schools",
    "asked",
    {
        "agree": Edge(("asked", "waiting"), "agreed", "the school that was asked has agreed"),
        "refuse": Edge(("asked", "waiting"), "refused", "the school that was asked says no"),
        "take_back": Edge(("asked", "waiting"), "taken_back", "the school that asked takes it back"),
        "end": Edge(("agreed",), "ended", "one of the two ends it"),
    },
)
LIVE = ("asked", "waiting", "agreed")
WORDS: dict[str, Text] = {
    "asked": t("The other school has not answered"),
    "waiting": t("Your answer is awaited"),
    "agreed": t("Holds"),
    "refused": t("Refused"),
    "taken_back": t("Taken back"),
    "ended": t("Ended"),
}
TONES: dict[str, Tone] = {"asked": "info", "waiting": "warning", "agreed": "success"}
