"""The life of a leave, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine
from ui.i18n import Text, t
from ui.shell import Tone

LEAVE = Machine(
    "leave of a pupil",
    "requested",
    {
        "approve": Edge(("requested",), "approved", "the class teacher or the office agrees"),
        "refuse": Edge(("requested",), "refused", "not agreed to, with a reason"),
        "cancel": Edge(("requested",), "cancelled", "the family takes it back before it is decided"),
    },
)
WORDS: dict[str, Text] = {
    "requested": t("To be decided"),
    "approved": t("Approved"),
    "refused": t("Refused"),
    "cancelled": t("Taken back"),
}
TONES: dict[str, Tone] = {"requested": "warning", "approved": "success", "refused": "danger"}
CAUSES: dict[str, Text] = {
    "sick": t("Ill"),
    "family": t("A family matter"),
    "other": t("Something else"),
}
