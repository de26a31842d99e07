"""Why a sign-in did not happen, in words for the person; technical reasons go to the log alone."""

import structlog

from ui.errors import AppError
from ui.i18n import Text, t

log = structlog.get_logger(__name__)


class SignInFailed(AppError):
    """The person is not signed in and nothing was changed; they can try again."""

    status = 400


class ProviderDown(SignInFailed):
    """The bank's sign-in does not answer (503)."""

    status = 503


def refused(reason: str, **facts: str) -> SignInFailed:
    """Return the failure for an answer that we must not believe; only the log says what was wrong with it."""
    log.warning("sign_in.refused", reason=reason, **facts)
    message = t("We could not make sure that this answer came from your bank, so you are not signed in.")
    return SignInFailed("sign_in.refused", message, advice=t("Start again from the sign-in page."))


def down(reason: str, **facts: str) -> ProviderDown:
    """Return the failure for a provider that is out of reach."""
    log.warning("sign_in.provider_down", reason=reason, **facts)
    message = t("Your bank's sign-in is not answering right now. Nothing was changed and nothing is lost.")
    return ProviderDown("sign_in.provider_down", message, advice=t("Try again in a minute."))


def stale() -> SignInFailed:
    """Return the failure for a sign-in that was not begun in this browser, was left lying, or was used before."""
    message = t("This sign-in was begun too long ago, in another browser, or was used already.")
    return SignInFailed("sign_in.stale", message, advice=t("Start again from the sign-in page."))


_SAID: dict[str, Text] = {
    "access_denied": t("You did not finish signing in at your bank. Nothing was changed."),
    "login_required": t("Your bank asks you to sign in there again."),
    "unmet_authentication_requirements": t(
        "This needs a stronger sign-in than the one you used, for example with your bank's security key."
    ),
    "temporarily_unavailable": t("Your bank's sign-in is busy. Nothing was changed."),
}


def said_by_bank(error: str) -> SignInFailed:
    """Return the failure for an error code in the bank's answer; codes we do not know are all the same to people."""
    log.info("sign_in.bank_said", error=error[:80])
    message = _SAID.get(error, t("Your bank could not finish the sign-in. Nothing was changed."))
    return SignInFailed("sign_in.bank_said", message, advice=t("You can try again."))
