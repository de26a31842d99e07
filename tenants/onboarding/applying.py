"""An institution that applies by itself: the nearest branch gets it, and a secret link opens it to whoever began it."""

import contextlib
import re
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from tenants import notices
from tenants.actor import Actor
from tenants.days import ZONES
from tenants.models import Application, Bank, Branch
from tenants.onboarding import services
from tenants.onboarding.forms import ApplicationForm, check_email
from tenants.runtime import runtime
from tenants.scope import Scope, bank_scope, open_scope, secret_scope
from ui.errors import AppError, Invalid, NotFound
from ui.fields import FieldError
from ui.forms import bind_values
from ui.i18n import N_, Text, current_locale, t, use_locale

COINS = {"CN": "CNY", "HK": "HKD", "JP": "JPY", "MY": "MYR", "SG": "SGD"}
_POSTAL = re.compile(r"[0-9A-Z]{3,10}")
_SLUG_MOST = 52


def _postal(text: str) -> str:
    plain = text.replace(" ", "").replace("-", "").upper()
    if not _POSTAL.fullmatch(plain):
        raise FieldError(t("Enter the postal code of the institution's address."))
    return plain


class SelfForm(BaseModel):
    """What an institution says of itself at first; the rest follows from it or comes later."""

    legal_name: str = Field(title=N_("Legal name"), max_length=200)
    short_name: str = Field(title=N_("Short name, as payers know it"), max_length=60)
    kind: str = Field(title=N_("Kind of institution"))
    uscc: str = Field(title=N_("Unified social credit code"))
    legal_representative: str = Field(title=N_("Legal representative"), max_length=100)
    postal_code: Annotated[str, AfterValidator(_postal)] = Field(title=N_("Postal code"))
    scenario: str = Field(title=N_("Industry cloud"))
    contact_name: str = Field(title=N_("Contact person"), max_length=100)
    contact_email: Annotated[str, AfterValidator(check_email)] = Field(
        title=N_("Contact's e-mail"), max_length=200
    )
    contact_phone: str = Field(title=N_("Contact's phone"), max_length=40)
    settlement_bank_code: str = Field(title=N_("Bank code of the settlement account"), max_length=20)
    settlement_account_name: str = Field(title=N_("Name on the settlement account"), max_length=200)
    settlement_account_number: str = Field(title=N_("Number of the settlement account"))


async def bank_at(slug: str) -> Bank:
    """Return a bank by its name in addresses; unions take nobody on."""
    async with open_scope(Scope()):
        found = await Bank.get_or_none(slug=slug)
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def banks() -> list[Bank]:
    """Return every bank that takes institutions on: those that are nobody's union."""
    async with open_scope(Scope()):
        every = await Bank.all().order_by("name_en")
    unions = {bank.union_id for bank in every}
    return [bank for bank in every if bank.id not in unions]


async def nearest_branch(bank_id: UUID, postal_code: str) -> Branch:
    """Return the branch whose area begins most like the postal code, or the head office; in the bank's open scope."""
    every = await Branch.filter(bank_id=bank_id, closed_at=None).order_by("code")
    if not every:
        raise Invalid("apply.no_branch", t("The bank has no branch yet. Please ask it directly."))
    fitting = [
        (len(area), branch) for branch in every for area in branch.areas if postal_code.startswith(area)
    ]
    if fitting:
        return max(fitting, key=lambda pair: pair[0])[1]
    return next((branch for branch in every if branch.parent_id is None), every[0])


async def apply(bank: Bank, given: SelfForm) -> str:
    """Open an application at the nearest branch and return the token of its link, which is sent to the contact too.

    Raises:
        Invalid: a fact that the full form refuses, named by its field.
    """
    async with open_scope(bank_scope(bank.id)):
        branch = await nearest_branch(bank.id, given.postal_code)
        made = await services.create(
            _applicant(bank, given.contact_name),
            _whole(bank, branch, given),
            source="self",
            postal_code=given.postal_code,
        )
        token = token_of(made)
        made.token_hash = sha256(token.encode()).digest()
        await made.save(update_fields=["token_hash"])
    await write_to(bank.slug, made, t("Go on with your application, and see how it stands."))
    return token


def token_of(found: Application) -> str:
    """Return the secret of an application's link; only whoever has our key can work it out."""
    return urlsafe_b64encode(runtime().sign("application link", found.id.bytes)).decode().rstrip("=")


def _whole(bank: Bank, branch: Branch, given: SelfForm) -> ApplicationForm:
    """Return the full form: what is not asked for follows from the bank and the name."""
    values: dict[str, Any] = given.model_dump(exclude={"postal_code"}) | {
        "branch_id": str(branch.id),
        "slug": slug_of(given.short_name),
        "administrator_name": given.contact_name,
        "administrator_email": given.contact_email,
        "currency": COINS.get(bank.country, "USD"),
        "timezone": ZONES.get(bank.country, "Asia/Singapore"),
        "locale": current_locale(),
    }
    form = bind_values({name: [value] for name, value in values.items()}, ApplicationForm)
    if not form.is_valid:
        raise Invalid("apply.invalid", t("Some answers need another look"), fields=form.errors)
    return form.ok


def slug_of(name: str) -> str:
    """Return a name for addresses that nobody else has: letters and digits of the name, and five by chance."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_MOST].strip("-")
    return f"{words or 'institution'}-{secrets.token_hex(3)[:5]}"


async def write_to(slug: str, found: Application, words: Text) -> None:
    """Mail an applicant the link with a sentence; where the mail is not taken, the page says the same."""
    url = f"{runtime().public_url}/apply/{slug}/{token_of(found)}"
    subject = t("Your application {number}", number=found.number)
    with use_locale(found.locale), contextlib.suppress(AppError):
        body = t("{words}\n\n{url}", words=words, url=url)
        await notices.send_now("email", found.contact_email, subject, body)


async def of_token(bank: Bank, token: str) -> tuple[Actor, Application]:
    """Return whom a link belongs to, and the application it opens.

    Raises:
        NotFound: there is none, or it is of another bank.
    """
    async with open_scope(secret_scope(sha256(token.encode()).digest())):
        found = await Application.get_or_none(token_hash=sha256(token.encode()).digest(), bank_id=bank.id)
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return _applicant(bank, found.contact_name), found


def _applicant(bank: Bank, name: str) -> Actor:
    """Return somebody who may work on the one application that their link opens."""
    place = {"slug": bank.slug, "name": bank.name, "name_en": bank.name_en}
    return Actor(
        kind="bank", name=name, bank_id=bank.id, permissions=frozenset({"applications.write"}), place=place
    )
