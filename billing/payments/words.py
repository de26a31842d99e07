"""States of payments, refunds and unassigned money in words and colours, for every page that shows them."""

from ui.i18n import Text, t
from ui.shell import Tone

PAYMENT_WORDS: dict[str, Text | str] = {
    "created": t("Being started"),
    "pending": t("Not paid yet"),
    "processing": t("On its way"),
    "unknown": t("Being asked after"),
    "succeeded": t("Paid"),
    "failed": t("Did not go through"),
    "cancelled": t("Stopped"),
    "expired": t("Ran out of time"),
    "part_refunded": t("Partly given back"),
    "refunded": t("Given back"),
    "disputed": t("Disputed"),
}
PAYMENT_TONES: dict[str, Tone] = {
    "succeeded": "success",
    "failed": "danger",
    "disputed": "danger",
    "unknown": "warning",
    "processing": "info",
    "pending": "info",
    "part_refunded": "warning",
}
ATTEMPT_WORDS = PAYMENT_WORDS
REFUND_WORDS: dict[str, Text | str] = {
    "requested": t("Waiting for approval"),
    "approved": t("Approved"),
    "rejected": t("Rejected"),
    "submitted": t("Sent to the channel"),
    "succeeded": t("Paid back"),
    "failed": t("Failed"),
}
REFUND_TONES: dict[str, Tone] = {
    "requested": "warning",
    "approved": "info",
    "submitted": "info",
    "succeeded": "success",
    "failed": "danger",
}
SUSPENSE_WORDS: dict[str, Text | str] = {
    "open": t("To assign"),
    "refunding": t("Being given back"),
    "refunded": t("Given back"),
    "applied": t("Put to a bill"),
}
SUSPENSE_TONES: dict[str, Tone] = {"open": "warning", "refunding": "info", "applied": "success"}
SUSPENSE_REASONS: dict[str, Text | str] = {
    "paid_already": t("The bill had been paid already when this arrived."),
    "late": t("It arrived after the time for paying was over, and the bill had been paid otherwise."),
    "bill_closed": t("The bill was cancelled or closed before this arrived."),
    "amount_mismatch": t("The channel received another amount than was asked for."),
    "currency_mismatch": t("The channel received another currency than was asked for."),
    "unknown_reference": t("The channel has money of ours for a payment that we do not know."),
}
