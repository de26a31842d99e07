"""States of payments, refunds and unassigned money in words and colours, for every page that shows them."""

from billing.channels import CHANNEL_KEYS, channel_name
from ui.i18n import N_, Text, t
from ui.shell import Tone

PAYMENT_WORDS: dict[str, Text] = {
    "created": t("Being started"),
    "pending": t("Not paid yet"),
    "processing": t("On its way"),
    "unknown": t("Being checked"),
    "succeeded": t("Paid"),
    "failed": t("Did not go through"),
    "cancelled": t("Stopped"),
    "expired": t("Ran out of time"),
    "part_refunded": t("Partly refunded"),
    "refunded": t("Refunded"),
    "disputed": t("Disputed"),
    "charged_back": t("Taken back by the payer's bank"),
}
PAYMENT_TONES: dict[str, Tone] = {
    "succeeded": "success",
    "failed": "danger",
    "disputed": "danger",
    "charged_back": "danger",
    "unknown": "warning",
    "processing": "info",
    "pending": "info",
    "part_refunded": "warning",
}
REFUND_WORDS: dict[str, Text] = {
    "requested": t("Waiting for approval"),
    "approved": t("Approved"),
    "rejected": t("Rejected"),
    "submitted": t("Sent to the channel"),
    "succeeded": t("Refunded"),
    "failed": t("Failed"),
}
REFUND_TONES: dict[str, Tone] = {
    "requested": "warning",
    "approved": "info",
    "submitted": "info",
    "succeeded": "success",
    "failed": "danger",
}
SUSPENSE_WORDS: dict[str, Text] = {
    "open": t("Unassigned"),
    "refunding": t("Being refunded"),
    "refunded": t("Refunded"),
    "applied": t("Put to a bill"),
    "credited": t("Put to an account's credit"),
    "charged_back": t("Lost in a dispute"),
}
SUSPENSE_TONES: dict[str, Tone] = {
    "open": "warning",
    "refunding": "info",
    "applied": "success",
    "credited": "success",
}
CHANNEL_WORDS: dict[str, Text] = {key: channel_name(key) for key in CHANNEL_KEYS}
ACT_WORDS: dict[str, tuple[str, Tone]] = {
    "payment.succeeded": (N_("The money arrived"), "success"),
    "payment.failed": (N_("The payment did not go through"), "danger"),
    "payment.cancelled": (N_("The payment was stopped"), "neutral"),
    "payment.expired": (N_("The time for paying was over"), "neutral"),
    "dispute.opened": (N_("The payer's bank asks about it"), "warning"),
    "dispute.evidence_due": (N_("The payer's bank disputes it"), "danger"),
    "dispute.submitted": (N_("The answer to the dispute is with the channel"), "info"),
    "dispute.dropped": (N_("The payer's bank dropped its question"), "success"),
    "dispute.won": (N_("The dispute was won"), "success"),
    "dispute.lost": (N_("The dispute was lost"), "danger"),
    "dispute.accepted": (N_("The dispute was accepted"), "danger"),
    "dispute.decided": (N_("It was decided who bears the lost dispute"), "info"),
    "refund.requested": (N_("A refund was asked for"), "warning"),
    "refund.approved": (N_("The refund was approved"), "info"),
    "refund.found": (N_("It was refunded on the channel's own pages"), "warning"),
    "refund.rejected": (N_("The refund was rejected"), "neutral"),
    "refund.succeeded": (N_("The refund was paid"), "warning"),
    "refund.resolved": (N_("A way out was chosen for the failed refund"), "info"),
    "refund.failed": (N_("The refund failed"), "danger"),
    "suspense.assigned": (N_("Somebody took the unassigned money over"), "info"),
    "suspense.applied": (N_("Unassigned money was put to a bill"), "info"),
    "suspense.credited": (N_("Unassigned money became an account's credit"), "info"),
    "credit.granted": (N_("It became the account's credit"), "info"),
}
"""What happened to a payment, by audit act: English msgid and colour."""
