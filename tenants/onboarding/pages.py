"""The bank's console: applications from first contact to a live institution."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from tenants import kinds
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Application, Branch
from tenants.onboarding import console, queries, services
from tenants.onboarding.checklist import (
    CURRENCIES,
    DOCUMENT_KINDS,
    INSTITUTION_KINDS,
    TIMEZONES,
    missing_documents,
)
from tenants.onboarding.columns import STATUS_WORDS, TONES, application_columns
from tenants.onboarding.forms import ApplicationForm, ReasonsForm
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import Upload
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery


class DocumentForm(BaseModel):
    """One file and what it is."""

    kind: str = Field(title=N_("What it is"))
    file: Annotated[UploadFile, Upload(endings=(".pdf", ".png", ".jpg", ".jpeg", ".webp"))] = Field(
        title=N_("File")
    )


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
            return redirect(request, _address(actor, made), flash=t("The application is open as a draft."))
    return await _form(request, actor, form, status=422)


async def edit_application(request: Request, actor: Actor) -> Response:
    """Show an open application for changing."""
    found = await services.get(actor, path_id(request))
    values = {name: getattr(found, name) for name in ApplicationForm.model_fields}
    form = Form.blank(ApplicationForm, values | {"branch_id": str(found.branch_id)})
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
            return redirect(request, _address(actor, found), flash=t("Your changes are saved."))
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
        "timezones": [(zone, zone) for zone in TIMEZONES],
        "locales": [("en", "English"), ("zh_CN", "中文")],
    }
    context = {"form": form, "options": options, "application": found, "root": f"/bank/{actor.place['slug']}"}
    return await respond(request, "tenants/onboarding/form.html", context, status=status)


async def show_application(request: Request, actor: Actor) -> Response:
    """Show one application: facts, documents, story, and what this person can do with it."""
    return await _show(request, actor, await services.get(actor, path_id(request)))


async def _show(
    request: Request,
    actor: Actor,
    found: Application,
    *,
    form: Form[ReasonsForm] | None = None,
    upload: Form[DocumentForm] | None = None,
    status: int = 200,
) -> Response:
    papers = await services.documents(found)
    branch = await Branch.get(bank_id=found.bank_id, id=found.branch_id)
    context = {
        "application": found,
        "branch": branch,
        "documents": [(paper, t(DOCUMENT_KINDS[paper.kind])) for paper in papers],
        "missing": [
            t(DOCUMENT_KINDS[kind]) for kind in missing_documents(found.kind, {p.kind for p in papers})
        ],
        "kind": t(INSTITUTION_KINDS[found.kind]),
        "scenario": t(kinds.SCENARIOS[found.scenario].name),
        "status_word": STATUS_WORDS[found.status],
        "tone": TONES.get(found.status, "neutral"),
        "story": await queries.story(found),
        "form": form or Form.blank(ReasonsForm),
        "upload": upload or Form.blank(DocumentForm),
        "document_kinds": [(key, gettext(name)) for key, name in DOCUMENT_KINDS.items()],
        "root": f"/bank/{actor.place['slug']}",
        "may_write": actor.may("applications.write") and found.status in services.OPEN,
        "may_decide": actor.may("applications.decide") and found.status == "submitted",
        "is_own": found.created_by == actor.person_id,
    }
    return await respond(request, "tenants/onboarding/application.html", context, status=status)


async def add_document(request: Request, actor: Actor) -> Response:
    """Keep an uploaded document."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, DocumentForm)
    if form.is_valid:
        given = form.ok
        try:
            await services.add_document(
                actor,
                found.id,
                kind=given.kind,
                filename=given.file.filename or "",
                content_type=given.file.content_type or "",
                content=given.file.file,
            )
        except Invalid as error:
            form.fail("file", error.message)
        else:
            return redirect(request, _address(actor, found), flash=t("The document is kept."))
    return await _show(request, actor, found, upload=form, status=422)


async def show_document(request: Request, actor: Actor) -> Response:
    """Send a document as a download: it was made by somebody else and is never shown inside our pages."""
    found = await services.document(actor, path_id(request), path_id(request, "document"))
    content = services.storage().open(found.storage_key)
    name = found.filename.encode("ascii", "replace").decode().replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=found.content_type, headers=headers)


async def remove_document(request: Request, actor: Actor) -> Response:
    """Take a document off."""
    found = await services.get(actor, path_id(request))
    await services.remove_document(actor, found.id, path_id(request, "document"))
    return redirect(request, _address(actor, found), flash=t("The document is removed."))


async def submit(request: Request, actor: Actor) -> Response:
    """Hand the application to the reviewers."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, VersionForm)
    try:
        await services.submit(actor, found.id, form.ok.version)
    except Invalid as error:
        return redirect(request, _address(actor, found), flash=error.message)
    return redirect(request, _address(actor, found), flash=t("A reviewer will decide on it."))


async def withdraw(request: Request, actor: Actor) -> Response:
    """End an application that goes no further."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, VersionForm)
    await services.withdraw(actor, found.id, form.ok.version)
    return redirect(request, _address(actor, found), flash=t("The application is withdrawn."))


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
        await act(actor, found.id, form.ok.version, form.ok.reasons)
        return redirect(request, _address(actor, found), flash=done)
    return await _show(request, actor, found, form=form, status=422)


async def approve(request: Request, actor: Actor) -> Response:
    """Approve: the institution is ready when this answers."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, VersionForm)
    tenant = await services.approve(actor, found.id, form.ok.version)
    url = f"/bank/{actor.place['slug']}/tenants/{tenant.id}"
    return redirect(
        request, url, flash=t("{name} is ready. Its administrator has been invited.", name=tenant.short_name)
    )


def _address(actor: Actor, found: Application) -> str:
    return f"/bank/{actor.place['slug']}/applications/{found.id}"


WRITE, DECIDE, READ = "applications.write", "applications.decide", "bank.read"
ONE = "/applications/{id}"
ROUTES: list[BaseRoute] = [
    *console.ROUTES,
    bank_route("/applications", applications, permission=READ),
    bank_route("/applications/new", new_application, permission=WRITE),
    bank_route("/applications", open_application, permission=WRITE, methods=WRITES),
    bank_route(ONE, show_application, permission=READ),
    bank_route(ONE + "/edit", edit_application, permission=WRITE),
    bank_route(ONE, change_application, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/documents", add_document, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/documents/{document}", show_document, permission=READ),
    bank_route(ONE + "/documents/{document}/removal", remove_document, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/submission", submit, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/withdrawal", withdraw, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/return", send_back, permission=DECIDE, methods=WRITES),
    bank_route(ONE + "/rejection", reject, permission=DECIDE, methods=WRITES),
    bank_route(ONE + "/approval", approve, permission=DECIDE, methods=WRITES),
]
