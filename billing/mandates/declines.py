"""What a refused debit means: another try later, the payer in person, another card, or a bill that autopay leaves.

Codes are Stripe's decline codes and the rail's reasons. A card's bank that says *never again* is not asked again:
retrying a hard decline brings nothing and is counted against the institution.
"""

from collections.abc import Mapping
from typing import Literal

from billing.mandates.states import HELD_UP
from ui.i18n import N_, Text, t

Meaning = Literal["retry", "confirm", "dead", "leave"]
CONFIRM = frozenset({"authentication_required", "approve_with_id"})
"""The payer's bank wants to hear from the payer: they pay this one in person."""
DEAD = frozenset(
    {
        "account_closed",
        "card_not_supported",
        "expired_card",
        "fraudulent",
        "highest_risk_level",
        "incorrect_number",
        "invalid_account",
        "invalid_number",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "resource_missing",
        "restricted_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "security_violation",
        "service_not_allowed",
        "stolen_card",
        "stop_payment_order",
        "transaction_not_allowed",
        "mandate_revoked",
    }
)
"""Nothing will ever be taken this way again."""
LEAVE = frozenset(
    {
        "amount_too_small",
        "payment.minimum",
        "payment.maximum",
        "payment.accounts",
        "payment.channel_shared",
        "mandate.other_account",
    }
)
"""This bill cannot be paid this way, while others can."""
WORDS: Mapping[str, Text] = {
    "insufficient_funds": t("Not enough money in the account."),
    "authentication_required": t("The bank wants the payer to confirm this payment in person."),
    "approve_with_id": t("The bank wants the payer to confirm this payment in person."),
    "expired_card": t("The card has expired."),
    "lost_card": t("The card is blocked by its bank."),
    "stolen_card": t("The card is blocked by its bank."),
    "pickup_card": t("The card is blocked by its bank."),
    "restricted_card": t("The card is blocked by its bank."),
    "resource_missing": t("The saved card is no longer there."),
    "card_velocity_exceeded": t("The limit of the card has been reached."),
    "withdrawal_count_limit_exceeded": t("The limit of the card has been reached."),
    "processing_error": t("The bank could not be reached."),
    "issuer_not_available": t("The bank could not be reached."),
    "mandate_revoked": t("The leave to debit was taken back at the bank."),
    "over_ceiling": t("Above the ceiling."),
    "disputed": t("The bill is disputed."),
    "in_plan": t("Paid in instalments instead."),
    "plan_over": t("The instalment plan has ended."),
    HELD_UP: t("Automatic payment was paused."),
    "nothing_left": t("Nothing was left to pay."),
    "not_theirs": t("The bill is of a time in which the payer does not hold the account."),
    "bill.held": t("Somebody else was just paying the bill."),
    "bill.paid": t("Somebody else was just paying the bill."),
    "payment.too_much": t("Somebody else was just paying the bill."),
    "payment.under_way": t("Somebody else was just paying the bill."),
    "payment.unknown": t("Somebody else was just paying the bill."),
    "amount_too_small": t("Too small an amount for a card."),
    "payment.channel_shared": t("Shared with others, which cards cannot do."),
    "mandate.other_account": t("Paid to another account of the institution."),
    "payment.accounts": t("Its bills are paid to different accounts of the institution."),
}
_OTHER = t("The bank declined it.")


def meaning(error: str) -> Meaning:
    """Return what to do after a debit that was refused for this reason."""
    code = code_of(error)
    if code in CONFIRM:
        return "confirm"
    if code in LEAVE:
        return "leave"
    return "dead" if code in DEAD else "retry"


def code_of(error: str) -> str:
    """Return the code of a refusal, of which the channel may have said more after a colon."""
    return error.split(":", 1)[0].strip()


def why(error: str) -> Text | str:
    """Return the reason in plain words; empty where there is none."""
    return WORDS.get(code_of(error), _OTHER) if error else ""


PAUSED = {"card_refused": N_("The bank will not take this card any more.")}
"""Why a mandate is paused besides a retry plan that came to its end."""
