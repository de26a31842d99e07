"""What the bank asks an institution for, on the institution's own page."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.life import papers
from tenants.models import DocumentRequest, Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.onboarding.checklist import DOCUMENT_KINDS, EXPIRING
from tenants.onboarding.papers import reason_of
from ui.errors import AppError, Invalid, NotFound
from ui.fields import Day, Upload
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

add_tenant_places(Place(N_("Papers for the bank"), "/papers", "settings.write", "file", 92))


class PaperForm(BaseModel):
    """One file, and its last day where it has one."""

    file: Annotated[UploadFile, Upload(endings=(".pdf", ".png", ".jpg", ".jpeg", ".webp"))] = Field(
        title=N_("File")
    )
    expires_on: Day | None = Field(None, title=N_("Runs out on"))


async def listed(request: Request, actor: Actor) -> Response:
    """Show what is asked for."""
    return await _page(request, actor)


async def _page(
    request: Request, actor: Actor, sent: dict[UUID, Form[Any]] | None = None, status: int = 200
) -> Response:
    tenant = await Tenant.get(id=actor.tenant_id)
    forms = sent or {}
    context = {
        "asked": [
            {
                "request": one,
                "reason": reason_of(one),
                "kind": gettext(DOCUMENT_KINDS[one.kind]),
                "expires": one.kind in EXPIRING,
                "is_late": await papers.is_late(one),
                "form": forms.get(one.id) or Form.blank(PaperForm),
            }
            for one in await papers.asked_of(tenant)
        ],
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "tenants/life/papers.html", context, status=status)


async def bring(request: Request, actor: Actor) -> Response:
    """Keep a paper that was asked for."""
    asked = await DocumentRequest.get_or_none(tenant_id=actor.tenant_id, id=path_id(request), met_at=None)
    if asked is None:
        raise NotFound("paper.not_asked", t("This document is not asked for any more."))
    sent = await bind(request, PaperForm)
    if sent.is_valid:
        file, tenant = sent.ok.file, await Tenant.get(id=actor.tenant_id)
        try:
            await papers.bring(
                actor, tenant, asked=asked, filename=file.filename or "",
                content_type=file.content_type or "", content=file.file, expires_on=sent.ok.expires_on,
            )  # fmt: skip
        except Invalid as error:
            sent.fail_with(error)
        except AppError as error:
            sent.fail("file", error.message)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/papers", flash=t("The bank has it now."))
    return await _page(request, actor, {asked.id: sent}, 422)


RIGHT = "settings.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/papers", listed, permission=RIGHT, name="papers_for_bank"),
    tenant_route("/papers/{id}", bring, permission=RIGHT, methods=WRITES, name="paper_for_bank"),
]
