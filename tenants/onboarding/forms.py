"""What a relationship manager types about an institution, checked where it is typed."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, field_validator

from tenants import kinds, uscc
from tenants.onboarding.checklist import CURRENCIES, INSTITUTION_KINDS, TIMEZONES
from ui.fields import FieldError
from ui.i18n import N_, t

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+?[\d\s()-]{6,30}")
_ACCOUNT = re.compile(r"[0-9A-Z]{6,34}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,58}[a-z0-9])")


def check_email(text: str) -> str:
    """Return the address in small letters; a validator for forms."""
    if not _EMAIL.fullmatch(text):
        raise FieldError(t("Enter an e-mail address, like name@example.com."))
    return text.lower()


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise FieldError(t("Enter a phone number with its country code, like +65 6123 4567."))
    return text


def _code(text: str) -> str:
    code = uscc.normalise(text)
    reason = uscc.reason_against(code)
    if reason:
        raise FieldError(reason)
    return code


def account_number(text: str) -> str:
    """Return an account number as it is kept; a validator for forms."""
    plain = re.sub(r"[\s-]", "", text).upper()
    if not _ACCOUNT.fullmatch(plain):
        raise FieldError(t("Enter the account number: 6 to 34 digits or letters."))
    return plain


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise FieldError(t("Use 3 to 60 small letters, digits and hyphens."))
    return text


Email = Annotated[str, Field(max_length=200), AfterValidator(check_email)]


class ApplicationForm(BaseModel):
    """The facts of one application."""

    branch_id: UUID = Field(title=N_("Branch"))
    legal_name: str = Field(title=N_("Legal name"), max_length=200)
    short_name: str = Field(title=N_("Short name, as payers know it"), max_length=60)
    slug: Annotated[str, AfterValidator(_slug)] = Field(title=N_("Name in addresses"), max_length=60)
    kind: str = Field(title=N_("Kind of institution"))
    uscc: Annotated[str, AfterValidator(_code)] = Field(title=N_("Unified social credit code"))
    legal_representative: str = Field(title=N_("Legal representative"), max_length=100)
    contact_name: str = Field(title=N_("Contact person"), max_length=100)
    contact_email: Email = Field(title=N_("Contact's e-mail"))
    contact_phone: Annotated[str, AfterValidator(_phone)] = Field(title=N_("Contact's phone"), max_length=40)
    administrator_name: str = Field(title=N_("First administrator"), max_length=100)
    administrator_email: Email = Field(title=N_("Administrator's e-mail"))
    scenario: str = Field(title=N_("Industry cloud"))
    currency: str = Field(title=N_("Currency"))
    timezone: str = Field(title=N_("Time zone"))
    locale: Literal["en", "zh_CN"] = Field(title=N_("Language of messages"))
    settlement_bank_code: str = Field(title=N_("Bank code of the settlement account"), max_length=20)
    settlement_account_name: str = Field(title=N_("Name on the settlement account"), max_length=200)
    settlement_account_number: Annotated[str, AfterValidator(account_number)] = Field(
        title=N_("Number of the settlement account")
    )

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        return _one_of(value, INSTITUTION_KINDS)

    @field_validator("scenario")
    @classmethod
    def _known_scenario(cls, value: str) -> str:
        return _one_of(value, kinds.SCENARIOS)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        return _one_of(value, CURRENCIES)

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        return _one_of(value, TIMEZONES)


def _one_of(value: str, allowed: Any) -> str:
    if value not in allowed:
        raise FieldError(t("Choose one of the options."))
    return value


class ReasonsForm(BaseModel):
    """Why an application is returned or rejected, in words its applicant can act on."""

    reasons: str = Field(title=N_("Reasons"), min_length=10, max_length=4000)
    version: int
