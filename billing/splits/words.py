"""What shares, returns and split rules are called, and their acts in the audit trail."""

from billing.splits.receivers import KINDS
from tenants.audit_words import tell
from ui.i18n import N_
from ui.shell import Tone

SHARE_WORDS = {
    "created": N_("About to be paid"),
    "sent": N_("On its way"),
    "paid": N_("Paid to the receiver"),
    "failed": N_("Refused: work it"),
    "kept": N_("Kept by the institution"),
}
SHARE_TONES: dict[str, Tone] = {"paid": "success", "failed": "danger", "sent": "info", "created": "info"}
RETURN_WORDS = {
    "created": N_("About to come back"),
    "sent": N_("On its way back"),
    "returned": N_("Come back"),
    "failed": N_("Cannot come back: work it"),
    "borne": N_("Borne by the institution"),
    "undone": N_("Come back, and paid again"),
}
RETURN_TONES: dict[str, Tone] = {
    "returned": "success",
    "failed": "danger",
    "borne": "warning",
    "sent": "info",
}
CAUSE_WORDS = {"refund": N_("Refund"), "dispute": N_("Dispute")}
RULE_WORDS = {"draft": N_("Waits for another person"), "active": N_("In force"), "refused": N_("Refused")}
RULE_TONES: dict[str, Tone] = {"draft": "info", "active": "success"}
RECEIVER_WORDS = {"active": N_("Open"), "closed": N_("Closed")}
RECEIVER_TONES: dict[str, Tone] = {"active": "success"}
KIND_WORDS = KINDS
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
