"""Why an account of a run needs a look, in words."""

from typing import Any

from billing.names import Sum
from billing.rules import RuleException
from billing.rules.outcome import MESSAGES
from ui.i18n import N_, Text, t

OURS = {
    "no_holder": N_("Nobody is named as holder"),
    "zero_amount": N_("The amount is zero"),
    "jumped": N_("The amount changed by much"),
    "missing": N_("Billed last month, not now"),
    "no_rule": N_("No rule is in force for the month"),
}
THEIRS = {
    "missing_attribute": N_("Something about the account is missing"),
    "bad_number": N_("A number of the account is unusable"),
    "not_offered": N_("The tariff has no price for it"),
    "no_row": N_("The tariff has no row for it"),
}


def problem_words(code: str) -> Text:
    """Return what a kind of exception is called."""
    return t(OURS.get(code) or THEIRS.get(code) or N_("The rule gives no amount"))


def explain(code: str, detail: dict[str, Any], currency: str, jump_percent: int) -> Text:
    """Return what exactly is wrong with one account; ``jump_percent`` is what the run was checked against."""
    if code == "jumped":
        before, now = Sum(detail["before"], currency), Sum(detail["now"], currency)
        words = N_("From {before} last month to {now}, a change of more than {percent} %.")
        return t(words, before=before, now=now, percent=jump_percent)
    if code == "missing":
        return t("{before} last month, nothing now.", before=Sum(detail["before"], currency))
    if code in OURS or code not in MESSAGES:
        return problem_words(code)
    return RuleException(code, detail.get("subject", "")).message
