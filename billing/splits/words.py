"""What shares, returns and split rules are called, and their acts in the audit trail."""

from tenants.audit_words import tell
from ui.i18n import N_, t
from ui.shell import Tone

SHARE_WORDS = {
    "created": t("About to be paid"),
    "sent": t("On its way"),
    "paid": t("Paid to the receiver"),
    "failed": t("Refused: work it"),
    "kept": t("Kept by the institution"),
}
SHARE_TONES: dict[str, Tone] = {"paid": "success", "failed": "danger", "sent": "info", "created": "info"}
RETURN_WORDS = {
    "created": t("About to come back"),
    "sent": t("On its way back"),
    "returned": t("Came back"),
    "failed": t("Cannot come back: work it"),
    "borne": t("Borne by the institution"),
    "undone": t("Came back, and paid again"),
}
RETURN_TONES: dict[str, Tone] = {
    "returned": "success",
    "failed": "danger",
    "borne": "warning",
    "sent": "info",
}
CAUSE_WORDS = {"refund": t("Refund"), "dispute": t("Dispute")}
RULE_WORDS = {"draft": t("Waits for another person"), "active": t("In force"), "refused": t("Refused")}
RULE_TONES: dict[str, Tone] = {"draft": "info", "active": "success"}
RECEIVER_WORDS = {"active": t("In use"), "closed": t("Closed")}
RECEIVER_TONES: dict[str, Tone] = {"active": "success"}
ACTS = {
    "receiver.added": N_("Receiver added"),
    "receiver.closed": N_("Receiver closed"),
    "receiver.opened": N_("Receiver opened again"),
    "share.kept": N_("Share kept by the institution"),
    "share.retried": N_("Share sent again"),
    "share_return.borne": N_("Return of a share borne by the institution"),
    "share_return.retried": N_("Share asked back again"),
    "split_rule.activated": N_("Split rule put into force"),
    "split_rule.drafted": N_("Split rule drafted"),
    "split_rule.refused": N_("Split rule refused"),
}
tell(ACTS, {})
