"""The bank's console: applications from first contact to a live institution."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import kinds
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Application
from tenants.onboarding import (
    apply_pages,
    console,
    gate_pages,
    paper_pages,
    people_pages,
    proof_pages,
    queries,
    services,
)
from tenants.onboarding.accounts import number_of
from tenants.onboarding.applying import write_to
from tenants.onboarding.checklist import CURRENCIES, INSTITUTION_KINDS, TIMEZONES
from tenants.onboarding.columns import STATUS_WORDS, application_columns
from tenants.onboarding.completeness import NOT_YET
from tenants.onboarding.findings import run_checks
from tenants.onboarding.forms import ApplicationForm, ReasonsForm
from tenants.onboarding.view import address, show
from tenants.scope import after_commit, open_scope
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.formats import zone_text
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery


class VersionForm(BaseModel):
    """Which version of the application the person was looking at."""

    version: int


async def applications(request: Request, actor: Actor) -> Response:
    """List applications, those to be decided first."""
    columns = application_columns(actor)
    query = TableQuery.parse(
        request, columns=columns, filters=("status", "branch"), default_sort="-changed_at"
    )
    if wants_export(request):
        return await export(
            request, columns, await queries.applications(actor, query, most=10_000), "applications"
        )
    page = Page.of(
        query, await queries.applications(actor, query), await queries.count_applications(actor, query)
    )
    context = {
        "page": page,
        "columns": columns,
        "statuses": list(STATUS_WORDS.items()),
        "branches": [(str(b.id), b.name) for b in await queries.branches(actor)],
        "root": f"/bank/{actor.place['slug']}",
        "may_open": actor.may("applications.write"),
    }
    return await respond(request, "tenants/onboarding/applications.html", context, block="list")


async def new_application(request: Request, actor: Actor) -> Response:
    """Show an empty application."""
    form = Form.blank(ApplicationForm, {"currency": "SGD", "timezone": "Asia/Singapore", "locale": "en"})
    return await _form(request, actor, form)


async def open_application(request: Request, actor: Actor) -> Response:
    """Open an application as a draft."""
    form = await bind(request, ApplicationForm)
    if form.is_valid:
        try:
            made = await services.create(actor, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, address(actor, made), flash=t("The application is open as a draft."))
    return await _form(request, actor, form, status=422)


async def edit_application(request: Request, actor: Actor) -> Response:
    """Show an open application for changing."""
    found = await services.get(actor, path_id(request))
    values = {name: getattr(found, name) for name in ApplicationForm.model_fields}
    values |= {"branch_id": str(found.branch_id), "settlement_account_number": number_of(found)}
    form = Form.blank(ApplicationForm, values)
    return await _form(request, actor, form, found)


async def change_application(request: Request, actor: Actor) -> Response:
    """Keep the changes to an open application."""
    found = await services.get(actor, path_id(request))
    version = await bind(request, VersionForm)
    form = await bind(request, ApplicationForm)
    if form.is_valid and version.is_valid:
        try:
            await services.update(actor, found.id, version.ok.version, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, address(actor, found), flash=t("Your changes are saved."))
    return await _form(request, actor, form, found, status=422)


async def _form(
    request: Request,
    actor: Actor,
    form: Form[ApplicationForm],
    found: Application | None = None,
    status: int = 200,
) -> Response:
    options = {
        "branches": [(str(b.id), b.name) for b in await queries.branches(actor)],
        "kinds": [(key, gettext(name)) for key, name in INSTITUTION_KINDS.items()],
        "scenarios": [(key, gettext(s.name)) for key, s in kinds.SCENARIOS.items()],
        "currencies": [(code, code) for code in CURRENCIES],
        "timezones": [(zone, zone_text(zone)) for zone in TIMEZONES],
        "locales": [("en", "English"), ("zh_CN", "中文")],
    }
    context = {"form": form, "options": options, "application": found, "root": f"/bank/{actor.place['slug']}"}
    return await respond(request, "tenants/onboarding/form.html", context, status=status)


async def show_application(request: Request, actor: Actor) -> Response:
    """Show one application: facts, documents, story, and what this person can do with it."""
    return await show(request, actor, await services.get(actor, path_id(request)))


async def submit(request: Request, actor: Actor) -> Response:
    """Hand the application to the reviewers, once everybody has been asked about it."""
    application_id, form = path_id(request), await bind(request, VersionForm)
    async with open_scope(actor.scope()):
        found = await services.get(actor, application_id)
        try:
            await services.submit(actor, found.id, form.ok.version)
        except Invalid as error:
            return redirect(request, address(actor, found), flash=Flash(error.message, tone="warning"))
    await run_checks(actor, found.id)
    return redirect(request, address(actor, found), flash=t("A reviewer will decide on it."))


async def check(request: Request, actor: Actor) -> Response:
    """Ask the registry, the lists and our own books again."""
    actor.require_work()
    found = await run_checks(actor, path_id(request))
    return redirect(request, address(actor, found), flash=t("The checks have run. Read what they found."))


async def withdraw(request: Request, actor: Actor) -> Response:
    """End an application that goes no further."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, VersionForm)
    await services.withdraw(actor, found.id, form.ok.version)
    return redirect(request, address(actor, found), flash=t("The application is withdrawn."))


async def send_back(request: Request, actor: Actor) -> Response:
    """Return the application with reasons."""
    return await _decide(request, actor, services.send_back, t("The application is back with its applicant."))


async def reject(request: Request, actor: Actor) -> Response:
    """Reject the application with reasons."""
    return await _decide(request, actor, services.reject, t("The application is rejected."))


async def _decide(request: Request, actor: Actor, act: Any, done: Any) -> Response:
    found = await services.get(actor, path_id(request))
    actor.require("applications.decide")
    form = await bind(request, ReasonsForm)
    if form.is_valid:
        decided = await act(actor, found.id, form.ok.version, form.ok.reasons)
        if decided.source == "self":
            slug = actor.place["slug"]
            after_commit(lambda: write_to(slug, decided, t("The bank has looked at your application.")))
        return redirect(request, address(actor, found), flash=done)
    return await show(request, actor, found, form=form, status=422)


async def approve(request: Request, actor: Actor) -> Response:
    """Approve: the institution is ready when this answers; what stands against it is said where one decides."""
    found = await services.get(actor, path_id(request))
    sent = await bind(request, VersionForm)
    try:
        tenant = await services.approve(actor, found.id, sent.ok.version)
    except Conflict as error:
        if error.code not in NOT_YET:
            raise
        form = Form.blank(ReasonsForm)
        form.fail("", error.message)
        return await show(request, actor, found, form=form, status=409)
    url = f"/bank/{actor.place['slug']}/tenants/{tenant.id}"
    return redirect(
        request, url, flash=t("{name} is ready. Its administrator has been invited.", name=tenant.short_name)
    )


WRITE, DECIDE, READ = "applications.write", "applications.decide", "bank.read"
ONE = "/applications/{id}"
ROUTES: list[BaseRoute] = [
    *console.ROUTES,
    *paper_pages.ROUTES,
    *people_pages.ROUTES,
    *proof_pages.ROUTES,
    *gate_pages.ROUTES,
    *apply_pages.ROUTES,
    bank_route("/applications", applications, permission=READ),
    bank_route("/applications/new", new_application, permission=WRITE),
    bank_route("/applications", open_application, permission=WRITE, methods=WRITES),
    bank_route(ONE, show_application, permission=READ),
    bank_route(ONE + "/edit", edit_application, permission=WRITE),
    bank_route(ONE, change_application, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/submission", submit, permission=WRITE, methods=WRITES, is_transactional=False),
    bank_route(ONE + "/checks", check, permission=READ, methods=WRITES, is_transactional=False),
    bank_route(ONE + "/withdrawal", withdraw, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/return", send_back, permission=DECIDE, methods=WRITES),
    bank_route(ONE + "/rejection", reject, permission=DECIDE, methods=WRITES),
    bank_route(ONE + "/approval", approve, permission=DECIDE, methods=WRITES),
]
