"""Papers that apps add to bills (an invoice), for whoever pays them and for the institution."""

import asyncio
from typing import IO, Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute

from integrations.apps.api.entry import Caller
from integrations.apps.resources import RESOURCES
from integrations.apps.tenant_models import AppDocument
from tenants.actor import Actor
from tenants.file_kinds import Kind
from tenants.files import FileLimits, StoredFile, storage
from tenants.http import path_id, person_route, tenant_route
from tenants.ids import new_id
from tenants.papers import Paper, add_papers, send_paper
from ui.errors import Invalid, NotFound
from ui.i18n import t

LIMITS = FileLimits(size=5 * 1024 * 1024, kinds=frozenset({Kind.PDF}))
LENGTHS = {"kind": 40, "number": 60, "title": 200}
CREATED = 201


async def add(request: Request, caller: Caller) -> Response:
    """Keep a paper about a bill; the same number of the same kind again is answered with what there is."""
    bill_id = path_id(request)
    if await RESOURCES["bills"].one(bill_id, caller.sector) is None:
        raise NotFound("api.not_found", t("There is nothing with this id."))
    form = await request.form(max_files=1, max_fields=5, max_part_size=LIMITS.size)
    named = {name: str(form.get(name) or "").strip()[:length] for name, length in LENGTHS.items()}
    file = form.get("file")
    if not all(named.values()) or not isinstance(file, UploadFile):
        raise Invalid("api.document", t("A paper needs its kind, number, title and file."))
    there = await AppDocument.get_or_none(
        tenant_id=caller.granted.tenant_id,
        installation_id=caller.granted.installation_id,
        kind=named["kind"],
        number=named["number"],
    )
    if there is not None:
        return JSONResponse({"id": str(there.id)}, headers={"Cache-Control": "no-store"})
    stored = await _stored(caller.granted.tenant_id, file.file, file.filename or "paper.pdf")
    made = await _keep(caller, bill_id, named, stored)
    return JSONResponse({"id": str(made.id)}, CREATED, {"Cache-Control": "no-store"})


async def _stored(tenant_id: UUID, content: IO[bytes], filename: str) -> StoredFile:
    return await asyncio.to_thread(
        storage().save,
        content,
        owner_key=tenant_id.hex,
        filename=filename,
        declared_type=Kind.PDF.content_type,
        limits=LIMITS,
    )


async def _keep(caller: Caller, bill_id: UUID, named: dict[str, Any], stored: StoredFile) -> AppDocument:
    return await AppDocument.create(
        id=new_id(),
        tenant_id=caller.granted.tenant_id,
        installation_id=caller.granted.installation_id,
        vendor_id=caller.granted.vendor_id,
        subject_kind="bill",
        subject_id=bill_id,
        filename=stored.filename,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        storage_key=stored.key,
        **named,
    )


async def papers_of(actor: Actor, kind: str, subject_id: UUID) -> list[Paper]:
    """Return the papers about something, where this person downloads them; the open scope decides what there is."""
    found = await AppDocument.filter(subject_kind=kind, subject_id=subject_id).order_by("created_at")
    root = f"/t/{actor.place['slug']}/papers" if actor.kind == "staff" else "/my/papers"
    return [Paper(one.id, one.title, one.number, f"{root}/{one.id}", one.created_at) for one in found]


async def send(paper_id: UUID) -> Response | None:
    """Send a paper that the open scope sees; ``None`` where there is no such one."""
    found = await AppDocument.get_or_none(id=paper_id)
    if found is None:
        return None
    content = storage().open(found.storage_key)
    name = found.filename.encode("ascii", "replace").decode().replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=found.content_type, headers=headers)


async def of_tenant(request: Request, actor: Actor) -> Response:
    """Send a paper to the institution's staff."""
    del actor
    return await send_paper(path_id(request))


async def of_payer(request: Request, actor: Actor) -> Response:
    """Send a paper to somebody who sees what it is about."""
    del actor
    return await send_paper(path_id(request))


add_papers(papers_of, send)
ROUTES: list[BaseRoute] = [
    tenant_route("/papers/{id}", of_tenant, permission="bills.read", name="paper"),
    person_route("/my/papers/{id}", of_payer, name="my_paper"),
]
