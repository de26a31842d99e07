"""States and reasons of disputes in words and colours."""

from ui.i18n import N_, Text, t
from ui.shell import Tone

DISPUTE_WORDS: dict[str, Text] = {
    "opened": t("Payer's bank asks"),
    "evidence_due": t("Answer needed"),
    "submitted": t("Answered"),
    "dropped": t("Dropped"),
    "won": t("Won"),
    "lost": t("Lost"),
    "accepted": t("Accepted"),
}
DISPUTE_TONES: dict[str, Tone] = {
    "opened": "info",
    "evidence_due": "danger",
    "submitted": "info",
    "won": "success",
    "dropped": "success",
    "lost": "warning",
    "accepted": "warning",
}
REASONS = {
    "bank_cannot_process": N_("The bank could not process it"),
    "credit_not_processed": N_("A refund was promised and did not come"),
    "customer_initiated": N_("The payer asked for their money back"),
    "debit_not_authorized": N_("The debit was not authorised"),
    "duplicate": N_("Charged twice"),
    "fraudulent": N_("The cardholder did not make this payment"),
    "general": N_("No particular reason given"),
    "incorrect_account_details": N_("Wrong account details"),
    "insufficient_funds": N_("Not enough money on the account"),
    "product_not_received": N_("Service not received"),
    "product_unacceptable": N_("Service not as agreed"),
    "subscription_canceled": N_("Charged after cancelling"),
    "unrecognized": N_("The cardholder does not recognise it"),
}
"""Reasons by Stripe's codes, which the rail uses too, in English msgids."""
HINTS = {
    "duplicate": N_("Show that there are two bills, one for each payment."),
    "fraudulent": N_("Show that the payer lives here or uses the service, and how they signed in."),
    "product_not_received": N_("Show when the service was given: records, photos, signatures."),
    "credit_not_processed": N_("Show that the refund was made, or why none was owed."),
    "subscription_canceled": N_("Show the contract and when its notice took effect."),
}
"""What convinces a payer's bank, by reason, in English msgids."""
GENERAL_HINT = N_("Show the bill, the contract behind it, and what the payer wrote to you.")
DECISIONS: dict[str, Text] = {
    "asked": t("Waits for a second person"),
    "owed": t("The bills are owed again"),
    "borne": t("We bear the loss"),
}
