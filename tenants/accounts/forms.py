"""Forms about accounts: the attributes of its kind, and who holds it."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, create_model

from tenants.accounts.queries import relations_of
from tenants.kinds import AccountKind, Attribute
from tenants.models import Account
from tenants.onboarding.forms import check_email
from ui.fields import Day, FieldError
from ui.formats import number
from ui.i18n import N_, gettext, t

ATTRIBUTE = "attribute_"
LARGEST = Decimal(10) ** 9
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,4})?")
_PHONE = re.compile(r"\+?[\d\s()-]{5,30}")


def _decimal(value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        raise FieldError(t("Enter a number of at most four decimals, like 85.50."))
    return Decimal(text)


def _integer(value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):  # noqa: PLR2004 - what fits a number
        raise FieldError(t("Enter a whole number, like 3."))
    return int(text)


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise FieldError(t("Enter a phone number with its country code, like +65 6123 4567."))
    return text


_TYPES: dict[str, Any] = {
    "decimal": Annotated[Decimal, BeforeValidator(_decimal)],
    "integer": Annotated[int, BeforeValidator(_integer)],
    "boolean": bool,
    "text": Annotated[str, Field(max_length=200)],
}


def account_form(kind: AccountKind) -> type[BaseModel]:
    """Return the form for an account of this kind: its name, and each attribute by its type."""
    name = (str, Field(title=N_("Name"), max_length=200))
    return create_model("AccountForm", name=name, **attribute_fields(kind))


def attribute_fields(kind: AccountKind) -> dict[str, Any]:
    """Return the form's fields for the attributes of a kind."""
    return {ATTRIBUTE + one.key: _field(one) for one in kind.asked}


def choices(kind: AccountKind) -> dict[str, list[tuple[str, str]]]:
    """Return what each attribute may be, as a form offers it."""
    return {one.key: [(key, gettext(label)) for key, label in one.choices.items()] for one in kind.asked}


def _field(attribute: Attribute) -> tuple[Any, Any]:
    kind = Literal[tuple(attribute.choices)] if attribute.type == "choice" else _TYPES[attribute.type]
    if attribute.type == "boolean":
        return (bool, Field(False, title=attribute.label))
    if attribute.is_required:
        return (kind, Field(title=attribute.label))
    return (kind | None, Field(None, title=attribute.label))


def attributes_in(kind: AccountKind, data: BaseModel) -> dict[str, Any]:
    """Return the attributes that a filled form gives; what was left blank is absent."""
    given = {one.key: getattr(data, ATTRIBUTE + one.key) for one in kind.asked}
    return {key: value for key, value in given.items() if value is not None}


def account_values(account: Account) -> dict[str, Any]:
    """Return what the form shows first."""
    return {"name": account.name} | {ATTRIBUTE + key: value for key, value in account.attributes.items()}


def attribute_words(kind: AccountKind, attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each attribute's label and value as people read them; what is not known is a dash."""
    return [(gettext(one.label), words_of(one, attributes.get(one.key))) for one in kind.attributes]


def words_of(attribute: Attribute, value: Any) -> str:
    """Return one attribute's value as people read it."""
    if value is None or value == "":
        return "–"
    if attribute.type == "boolean":
        return gettext("Yes") if value else gettext("No")
    if attribute.type == "choice":
        return gettext(attribute.choices.get(str(value), str(value)))
    if attribute.type in {"decimal", "integer"}:
        return f"{number(Decimal(str(value)))} {attribute.unit}".strip()
    return str(value)


class HolderForm(BaseModel):
    """Somebody who owes for the account, or acts for who does."""

    name: str = Field(title=N_("Full name"), max_length=100)
    relation: str = Field(title=N_("Relation"))
    email: Annotated[str, AfterValidator(check_email)] | None = Field(
        None, title=N_("E-mail"), max_length=200
    )
    phone: Annotated[str, AfterValidator(_phone)] | None = Field(None, title=N_("Phone"), max_length=40)
    since: Day | None = Field(None, title=N_("Since"))


class ClosingForm(BaseModel):
    """The last day of an account."""

    closed_on: Day = Field(title=N_("Last day"))


class EndingForm(BaseModel):
    """The last day on which somebody holds the account."""

    until: Day = Field(title=N_("Last day"))


def relation_options(account: Account) -> list[tuple[str, str]]:
    """Return the relations as a form offers them."""
    return [(key, gettext(label)) for key, label in relations_of(account).items()]
