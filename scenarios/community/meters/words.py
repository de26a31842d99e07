"""How meters and readings are spoken of."""

from collections.abc import Mapping

from ui.i18n import N_, t
from ui.shell import Tone

STATES = {
    "submitted": t("Waits for a look"),
    "accepted": t("Accepted"),
    "rejected": t("Rejected"),
}
TONES: Mapping[str, Tone] = {"submitted": "warning", "accepted": "success", "rejected": "neutral"}
FLAGS = {
    "below": N_("Below the last reading: did the meter begin again, or was it replaced?"),
    "jump": N_("Far more than usual"),
    "large": N_("More digits than the meter shows"),
    "order": N_("A later reading is accepted already"),
    "twice": N_("Another reading of the same day says something else"),
}
FLAG_TEXTS = {key: t(words) for key, words in FLAGS.items()}
SOURCES = {
    "round": t("Meter round"),
    "photo": t("Photo"),
    "file": t("File"),
    "desk": t("Desk"),
    "device": t("Device"),
}
