"""An application's documents: added, opened, removed, asked for again."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.files import storage
from tenants.http import WRITES, bank_route, path_id
from tenants.models import ApplicationDocument
from tenants.onboarding import papers, services
from tenants.onboarding.paper_forms import AskForm, DocumentForm
from tenants.onboarding.view import address, show
from ui.errors import Invalid
from ui.forms import bind
from ui.i18n import t
from ui.render import redirect


async def add_document(request: Request, actor: Actor) -> Response:
    """Keep an uploaded document."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, DocumentForm)
    if form.is_valid:
        try:
            await take(actor, found.id, form.ok)
        except Invalid as error:
            form.fail("file", error.message)
        else:
            return redirect(request, address(actor, found), flash=t("The document is kept."))
    return await show(request, actor, found, upload=form, status=422)


async def take(actor: Actor, application_id: UUID, given: DocumentForm) -> ApplicationDocument:
    """Keep the file of a form that was filled in rightly."""
    return await papers.add_document(
        actor,
        application_id,
        kind=given.kind,
        filename=given.file.filename or "",
        content_type=given.file.content_type or "",
        content=given.file.file,
        expires_on=given.expires_on,
    )


async def show_document(request: Request, actor: Actor) -> Response:
    """Send a document as a download: it was made by somebody else and is never shown inside our pages."""
    found = await services.document(actor, path_id(request), path_id(request, "document"))
    return download(found)


def download(found: ApplicationDocument) -> Response:
    """Answer with a document's file."""
    content = storage().open(found.storage_key)
    name = found.filename.encode("ascii", "replace").decode().replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=found.content_type, headers=headers)


async def remove_document(request: Request, actor: Actor) -> Response:
    """Take a document off."""
    found = await services.get(actor, path_id(request))
    await papers.remove_document(actor, found.id, path_id(request, "document"))
    return redirect(request, address(actor, found), flash=t("The document is removed."))


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for a document again."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, AskForm)
    if form.is_valid:
        try:
            await papers.ask_again(actor, found.id, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, address(actor, found), flash=t("The document is asked for."))
    return await show(request, actor, found, ask=form, status=422)


ONE, WRITE, READ = "/applications/{id}", "applications.write", "bank.read"
ROUTES: list[BaseRoute] = [
    bank_route(ONE + "/documents", add_document, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/documents/{document}", show_document, permission=READ),
    bank_route(ONE + "/documents/{document}/removal", remove_document, permission=WRITE, methods=WRITES),
    bank_route(ONE + "/requests", ask, permission=READ, methods=WRITES, name="document_ask"),
]
