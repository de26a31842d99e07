"""An applicant's settlement account: its number encrypted, its last digits for people, a blind index to find it by."""

from typing import Any

from tenants.models import Application
from tenants.onboarding.forms import ApplicationForm
from tenants.privacy.masks import masked
from tenants.runtime import runtime

PURPOSE = "application-account"


def columns_of(given: ApplicationForm) -> dict[str, Any]:
    """Return the columns of an application for what was typed."""
    number = given.settlement_account_number
    return given.model_dump() | {
        "settlement_account_number": masked(number),
        "account_secret": runtime().encrypt(PURPOSE, number),
        "account_hash": index_of(number),
    }


def number_of(found: Application) -> str:
    """Return the number itself, for those who have to send money there."""
    if found.account_secret is None:
        return str(found.settlement_account_number)
    return runtime().decrypt(PURPOSE, bytes(found.account_secret))


def index_of(number: str) -> bytes:
    """Return what the same account always has."""
    return runtime().blind(PURPOSE, plain(number))


def plain(number: str) -> str:
    """Return a number as it is compared: letters and digits alone."""
    return "".join(letter for letter in number.upper() if letter.isalnum())


def same_account(one: str, other: str) -> bool:
    """Tell whether two ways to write a number are one account."""
    return plain(one) == plain(other)
