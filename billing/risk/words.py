"""Words and colours of what waits."""

from ui.i18n import Text, t
from ui.shell import Tone

KINDS: dict[str, Text] = {"refund": t("Refund"), "payouts": t("Payouts")}
HOLD_WORDS: dict[str, Text] = {
    "held": t("Waits"),
    "released": t("Released"),
    "stopped": t("Stopped"),
    "placing": t("Channels are being told"),
    "releasing": t("Being released"),
}
HOLD_TONES: dict[str, Tone] = {
    "held": "warning",
    "placing": "warning",
    "releasing": "info",
    "released": "success",
    "stopped": "danger",
}
LEG_WORDS: dict[str, Text] = {
    "asked": t("Asked, no answer yet"),
    "held": t("Keeps its payouts"),
    "released": t("Pays out"),
    "refused": t("Refused"),
}
LEG_TONES: dict[str, Tone] = {
    "asked": "warning",
    "held": "warning",
    "released": "success",
    "refused": "danger",
}
