"""Answers in words and colours."""

from billing.answers.service import OUTCOMES, TOPICS
from ui.i18n import Text, t
from ui.shell import Tone

KIND_WORDS: dict[str, Text] = {
    "promise": t("Promise to pay"),
    "dispute": t("Dispute"),
    "decline": t("Declined item"),
}
STATE_WORDS: dict[str, Text] = {
    "opened": t("To be answered"),
    "answered": t("Waiting for the payer"),
    "accepted": t("Accepted"),
    "rejected": t("Rejected"),
    "withdrawn": t("Taken back"),
    "made": t("Promised"),
    "kept": t("Promise kept"),
    "broken": t("Promise not kept"),
    "declined": t("Declined"),
    "lapsed": t("Lapsed unpaid"),
}
STATE_TONES: dict[str, Tone] = {
    "opened": "warning",
    "answered": "info",
    "accepted": "success",
    "rejected": "danger",
    "made": "info",
    "kept": "success",
    "broken": "danger",
}
TOPIC_WORDS: dict[str, Text] = {key: t(words) for key, words in TOPICS.items()}
OUTCOME_WORDS: dict[str, Text] = {key: t(words) for key, words in OUTCOMES.items()}
