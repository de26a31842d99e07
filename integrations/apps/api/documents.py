"""Papers that apps add to bills (an invoice), for whoever pays them and for the institution."""

import asyncio
from collections.abc import Mapping
from typing import IO
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
from tenants.scope import value
from ui.errors import Invalid, NotFound
from ui.i18n import t

LIMITS = FileLimits(size=5 * 1024 * 1024, kinds=frozenset({Kind.PDF}))
LENGTHS = {"kind": 40, "number": 60, "title": 200}
CREATED = 201
_THERE = """
select id from integrations_app_document where tenant_id = $1 and installation_id = $2 and kind = $3 and number = $4
"""
_KEEP = """
insert into integrations_app_document (tenant_id, id, installation_id, vendor_id, subject_kind, subject_id, kind,
  number, title, filename, content_type, size, sha256, storage_key)
values ($1, $2, $3, $4, 'bill', $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing returning id
"""


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
    there = await _there(caller, named)
    if there is not None:
        return _said(there)
    stored = await _stored(caller.granted.tenant_id, file.file, file.filename or "paper.pdf")
    made = await _keep(caller, bill_id, named, stored)
    return _said(made, CREATED) if made else _said(await _there(caller, named))


def _said(paper_id: UUID | None, status: int = 200) -> Response:
    return JSONResponse({"id": str(paper_id)}, status, {"Cache-Control": "no-store"})


async def _there(caller: Caller, named: Mapping[str, str]) -> UUID | None:
    """Return the paper of this kind and number, if the app has added it."""
    granted = caller.granted
    given = (granted.tenant_id, granted.installation_id, named["kind"], named["number"])
    found: UUID | None = await value(_THERE, *given)
    return found


async def _stored(tenant_id: UUID, content: IO[bytes], filename: str) -> StoredFile:
    return await asyncio.to_thread(
        storage().save,
        content,
        owner_key=tenant_id.hex,
        filename=filename,
        declared_type=Kind.PDF.content_type,
        limits=LIMITS,
    )


async def _keep(caller: Caller, bill_id: UUID, named: Mapping[str, str], stored: StoredFile) -> UUID | None:
    """Note the paper; ``None`` when the same one was added while its file was being stored."""
    granted = caller.granted
    whose = (granted.tenant_id, new_id(), granted.installation_id, granted.vendor_id, bill_id)
    file = (stored.filename, stored.content_type, stored.size, stored.sha256, stored.key)
    made: UUID | None = await value(_KEEP, *whose, named["kind"], named["number"], named["title"], *file)
    return made


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
