"""The public pages for institutions that apply by themselves. Everything below a link is that application alone."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import kinds, throttle
from tenants.actor import Actor
from tenants.http import client_ip, path_id, public_route
from tenants.models import Application, Bank
from tenants.onboarding import applying, people, proofs, services
from tenants.onboarding.checklist import INSTITUTION_KINDS
from tenants.onboarding.findings import run_checks
from tenants.onboarding.paper_forms import DocumentForm
from tenants.onboarding.paper_pages import download, take
from tenants.onboarding.papers import remove_document
from tenants.onboarding.proof_forms import AmountForm, DirectionForm
from tenants.onboarding.proof_pages import outcome
from tenants.onboarding.view import for_applicant
from tenants.scope import bank_scope, open_scope
from ui.errors import Invalid
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import current_locale, gettext, t
from ui.render import redirect, respond
from ui.shell import Shell

Act = Callable[[Request, Actor, Application], Awaitable[Response]]
PER_VISITOR = ("20/1 hour", "60/1 day")


async def choose(request: Request) -> Response:
    """Show the banks that take institutions on."""
    context = {"banks": [(bank, _name(bank)) for bank in await applying.banks()]}
    return await respond(request, "tenants/onboarding/apply_banks.html", context)


async def form(request: Request) -> Response:
    """Show the form, or open the application that was filled in."""
    bank = await _bank(request)
    if request.method == "GET":
        return await _form(request, bank, Form.blank(applying.SelfForm))
    await throttle.spend("application from", client_ip(request), PER_VISITOR)
    sent = await bind(request, applying.SelfForm)
    if sent.is_valid:
        try:
            token = await applying.apply(bank, sent.ok)
        except Invalid as error:
            sent.fail_with(error)
        else:
            return redirect(
                request, f"/apply/{bank.slug}/{token}", flash=t("Keep this address: it is the way back.")
            )
    return await _form(request, bank, sent, status=422)


async def _form(request: Request, bank: Bank, sent: Form[applying.SelfForm], status: int = 200) -> Response:
    context = {
        "bank": bank,
        "bank_name": _name(bank),
        "form": sent,
        "kinds": [(key, gettext(name)) for key, name in INSTITUTION_KINDS.items()],
        "scenarios": [(key, gettext(s.name)) for key, s in kinds.SCENARIOS.items()],
    }
    return await respond(request, "tenants/onboarding/apply.html", context, status=status)


async def _bank(request: Request) -> Bank:
    bank = await applying.bank_at(request.path_params["bank"])
    request.state.shell = Shell(
        face="public", brand=_name(bank), accent=bank.accent.lstrip("#"), home=f"/apply/{bank.slug}"
    )
    return bank


def _name(bank: Bank) -> str:
    return str(bank.name if current_locale() == "zh_CN" else bank.name_en)


def _own(act: Act, *, is_outside: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler for the application behind a link; one that calls the outside opens its own scopes."""

    async def handle(request: Request) -> Response:
        bank = await _bank(request)
        actor, found = await applying.of_token(bank, request.path_params["token"])
        if is_outside:
            return await act(request, actor, found)
        async with open_scope(bank_scope(bank.id)):
            return await act(request, actor, found)

    handle.__name__ = f"apply_{act.__name__}"
    return handle


def _back(request: Request, actor: Actor, flash: Any) -> Response:
    return redirect(request, _address(request, actor), flash=flash)


def _address(request: Request, actor: Actor) -> str:
    return f"/apply/{actor.place['slug']}/{request.path_params['token']}"


async def show(request: Request, actor: Actor, found: Application) -> Response:
    """Show how the application stands, and what is still wanted."""
    return await for_applicant(request, found, _address(request, actor))


async def add_document(request: Request, actor: Actor, found: Application) -> Response:
    """Keep a document."""
    sent = await bind(request, DocumentForm)
    if sent.is_valid:
        try:
            await take(actor, found.id, sent.ok)
        except Invalid as error:
            sent.fail("file", error.message)
        else:
            return _back(request, actor, t("The document is kept."))
    return await for_applicant(request, found, _address(request, actor), 422, upload=sent)


async def show_document(request: Request, actor: Actor, found: Application) -> Response:
    """Send one of the application's own documents."""
    return download(await services.document(actor, found.id, path_id(request, "document")))


async def drop_document(request: Request, actor: Actor, found: Application) -> Response:
    """Take a document off."""
    await remove_document(actor, found.id, path_id(request, "document"))
    return _back(request, actor, t("The document is removed."))


async def add_person(request: Request, actor: Actor, found: Application) -> Response:
    """Name somebody."""
    sent = await bind(request, people.PersonForm)
    if sent.is_valid:
        try:
            await people.add(actor, found.id, sent.ok)
        except Invalid as error:
            sent.fail_with(error)
        else:
            return _back(request, actor, t("{name} is named.", name=sent.ok.name))
    return await for_applicant(request, found, _address(request, actor), 422, person=sent)


async def drop_person(request: Request, actor: Actor, found: Application) -> Response:
    """Take somebody off."""
    await people.remove(actor, found.id, path_id(request, "person"))
    return _back(request, actor, t("The person is removed."))


async def begin_proof(request: Request, actor: Actor, found: Application) -> Response:
    """Have the account proven, in either direction."""
    sent = await bind(request, DirectionForm)
    await throttle.spend("proof of", str(found.id), ("5/1 day",))
    await proofs.begin(actor, found.id, sent.ok.direction)
    return _back(request, actor, t("The proof has begun. What to do is below."))


async def tell_amount(request: Request, actor: Actor, found: Application) -> Response:
    """Take the amount that was read on the account."""
    sent = await bind(request, AmountForm, context={"currency": found.currency})
    if not sent.is_valid:
        async with open_scope(actor.scope()):
            return await for_applicant(request, found, _address(request, actor), 422, amount=sent)
    return _back(request, actor, outcome(await proofs.tell_amount(actor, found.id, sent.ok.amount_minor)))


async def look(request: Request, actor: Actor, found: Application) -> Response:
    """Look whether the named amount has come."""
    return _back(request, actor, outcome(await proofs.look_for_money(actor, found.id)))


async def submit(request: Request, actor: Actor, found: Application) -> Response:
    """Hand the application in."""
    try:
        async with open_scope(actor.scope()):
            await services.submit(actor, found.id, found.version)
    except Invalid as error:
        return _back(request, actor, Flash(error.message, tone="warning"))
    await run_checks(actor, found.id)
    return _back(request, actor, t("Your application is with the bank. You read here how it stands."))


_WHY = "an institution applies by itself; below the link only what its secret opens"
_ONE, _POST = "/apply/{bank}/{token}", ("POST",)
ROUTES: list[BaseRoute] = [
    public_route("/apply", choose, reason=_WHY, name="apply_banks"),
    public_route("/apply/{bank}", form, reason=_WHY, methods=("GET", "POST"), name="apply_form"),
    public_route(_ONE, _own(show), reason=_WHY),
    public_route(_ONE + "/documents", _own(add_document), reason=_WHY, methods=_POST),
    public_route(_ONE + "/documents/{document}", _own(show_document), reason=_WHY),
    public_route(_ONE + "/documents/{document}/removal", _own(drop_document), reason=_WHY, methods=_POST),
    public_route(_ONE + "/people", _own(add_person), reason=_WHY, methods=_POST),
    public_route(_ONE + "/people/{person}/removal", _own(drop_person), reason=_WHY, methods=_POST),
    public_route(_ONE + "/proof", _own(begin_proof, is_outside=True), reason=_WHY, methods=_POST),
    public_route(_ONE + "/proof/amount", _own(tell_amount, is_outside=True), reason=_WHY, methods=_POST),
    public_route(_ONE + "/proof/look", _own(look, is_outside=True), reason=_WHY, methods=_POST),
    public_route(_ONE + "/submission", _own(submit, is_outside=True), reason=_WHY, methods=_POST),
]
