"""A union's member banks, and how a bank signs people in."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.bank_structure import founding
from integrations.bank_structure.founding import NewBank
from integrations.sign_in.failures import ProviderDown
from integrations.sign_in.metadata import metadata_of
from integrations.sign_in.provider import provider_for, save_provider
from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route
from tenants.navigation import Place, add_bank_places, named
from tenants.onboarding.forms import check_email
from tenants.runtime import runtime
from ui.errors import AppError, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

add_bank_places(Place(N_("Bank's sign-in"), "/sign-in", "policy.write", "lock", 97))


class SignInForm(BaseModel):
    """How people of a bank sign in."""

    issuer: str = Field(
        title=N_("Address of the sign-in (issuer)"), pattern=r"^https?://\S+$", max_length=300
    )
    client_id: str = Field(title=N_("Our name there (client id)"), max_length=200)
    client_secret: str = Field(title=N_("Our secret there"), min_length=8, max_length=500)


class BankForm(SignInForm):
    """A bank that joins a union."""

    slug: str = Field(title=N_("Name in addresses"), max_length=40)
    name_en: str = Field(title=N_("Name in English"), max_length=200)
    name: str = Field(title=N_("Name in Chinese"), max_length=200)
    country: str = Field(title=N_("Country (two letters)"), pattern="^[A-Za-z]{2}$")
    accent: str = Field("#1d4f91", title=N_("Colour"), pattern="^#[0-9a-fA-F]{6}$")
    staff_number: str = Field(title=N_("Their staff number at the bank"), max_length=100)
    admin_name: str = Field(title=N_("First administrator"), max_length=100)
    admin_email: Annotated[str, AfterValidator(check_email)] = Field(title=N_("Their e-mail"), max_length=200)


async def members(request: Request, actor: Actor) -> Response:
    """List the union's banks, and take one more in."""
    return await _members(request, actor, Form.blank(BankForm, {"accent": "#1d4f91"}))


async def add(request: Request, actor: Actor) -> Response:
    """Take a bank into the union."""
    form = await bind(request, BankForm)
    if form.is_valid:
        try:
            await check_issuer(form.ok.issuer)
            made = await founding.add_member(actor, NewBank(**form.ok.model_dump()))
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t(
                "{name} is a bank of its own now; {admin} can sign in.",
                name=made.name_en,
                admin=form.ok.admin_name,
            )
            return redirect(request, f"{_root(actor)}/members", flash=words)
    return await _members(request, actor, form, 422)


async def _members(request: Request, actor: Actor, form: Form[BankForm], status: int = 200) -> Response:
    found = await founding.members(actor)
    columns = (
        Column("name_en", t("Bank"), is_main=True, value=lambda row: named(dict(row), "name")),
        Column("slug", t("Name in addresses"), format="code"),
        Column("country", t("Country")),
        Column("created_at", t("Since"), format="date"),
    )
    context = {
        "found": found,
        "columns": columns,
        "form": form,
        "root": _root(actor),
        "may_write": actor.may("policy.write"),
        **_redirects(),
    }
    return await respond(request, "integrations/bank_structure/members.html", context, status=status)


async def check_issuer(issuer: str) -> None:
    """Ask the sign-in what it publishes, so that a mistyped address is noticed before anybody is locked out.

    Raises:
        Invalid: nothing answers there as an OpenID provider does.
    """
    try:
        await metadata_of(issuer)
    except (ProviderDown, AppError):
        text = t("No sign-in answers there. Check the address, up to and without /.well-known.")
        raise Invalid("bank.issuer", text, fields={"issuer": text}) from None


async def sign_in(request: Request, actor: Actor) -> Response:
    """Show how the bank signs people in."""
    found = await provider_for(bank_of(actor))
    values = {"issuer": found.issuer, "client_id": found.client_id} if found else {}
    return await _sign_in(request, actor, Form.blank(SignInForm, values))


async def set_sign_in(request: Request, actor: Actor) -> Response:
    """Let people sign in another way from now on."""
    form = await bind(request, SignInForm)
    if form.is_valid:
        try:
            await check_issuer(form.ok.issuer)
            await _change(actor, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t("From now on people sign in there.")
            return redirect(request, f"{_root(actor)}/sign-in", flash=words)
    return await _sign_in(request, actor, form, 422)


async def _change(actor: Actor, given: SignInForm) -> None:
    actor.require("policy.write")
    actor.require_fresh()
    before = await provider_for(bank_of(actor))
    await save_provider(bank_of(actor), given.issuer, given.client_id, given.client_secret)
    await audit.record(
        actor,
        "bank.sign_in_changed",
        subject_kind="bank",
        subject_id=actor.bank_id,
        subject_label=str(actor.place.get("name_en", "")),
        before={"issuer": before.issuer, "client_id": before.client_id} if before else None,
        after={"issuer": given.issuer, "client_id": given.client_id},
    )


async def _sign_in(request: Request, actor: Actor, form: Form[SignInForm], status: int = 200) -> Response:
    context = {"form": form, "root": _root(actor), "slug": actor.place["slug"], **_redirects()}
    return await respond(request, "integrations/bank_structure/sign_in.html", context, status=status)


def _redirects() -> dict[str, Any]:
    return {"public_url": runtime().public_url}


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


ROUTES: list[BaseRoute] = [
    bank_route("/members", members, permission="oversight.read", name="member_banks"),
    bank_route("/members", add, permission="policy.write", methods=WRITES, name="member_bank_add"),
    bank_route("/sign-in", sign_in, permission="policy.write", name="bank_sign_in"),
    bank_route("/sign-in", set_sign_in, permission="policy.write", methods=WRITES, name="bank_sign_in_set"),
]
