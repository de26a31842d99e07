"""Mandates and debits in words and colours."""

from ui.i18n import Text, t
from ui.shell import Tone

MANDATE_WORDS: dict[str, Text] = {
    "created": t("Being set up"),
    "authorising": t("Waiting for the payer's leave"),
    "active": t("Paid automatically"),
    "paused": t("Paused"),
    "declined": t("Not given leave"),
    "stopped": t("Stopped"),
    "revoked": t("Taken back outside"),
}
MANDATE_TONES: dict[str, Tone] = {
    "authorising": "warning",
    "active": "success",
    "paused": "danger",
    "declined": "neutral",
}
DEBIT_WORDS: dict[str, Text] = {
    "announced": t("Announced"),
    "trying": t("Being taken"),
    "paid": t("Paid"),
    "waiting": t("To be tried again"),
    "failed": t("Failed"),
    "skipped": t("Left out"),
    "stopped": t("Stopped"),
}
DEBIT_TONES: dict[str, Tone] = {
    "announced": "info",
    "trying": "info",
    "paid": "success",
    "waiting": "warning",
    "failed": "danger",
}
SCHEDULE_WORDS: dict[str, Text] = {
    "bill": t("Each bill on its due day"),
    "day": t("All open bills on one day of the month"),
}
CHANNEL_WORDS: dict[str, Text] = {"bank": t("Bank account"), "stripe": t("Saved card")}
