"""A file that has been made: what it is, until when it is kept, and fetching it."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute

from billing.bulk import files, receipt_pages
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import NotFound
from ui.i18n import t
from ui.render import respond

_TYPES = {"pdf": "application/pdf", "zip": "application/zip", "csv": "text/csv; charset=utf-8"}


async def show(request: Request, actor: Actor) -> Response:
    """Show the file with the button that fetches it, or say that its time is over."""
    task, path = await files.made(actor, path_id(request))
    result = task.result or {}
    context = {
        "label": files.maker_of(task).label,
        "hint": files.maker_of(task).hint,
        "name": result["name"],
        "size": result["size"],
        "until": datetime.fromisoformat(result["until"]),
        "is_kept": path is not None,
        "content": f"{request.url.path}/content",
    }
    return await respond(request, "billing/bulk/file.html", context)


async def content(request: Request, actor: Actor) -> Response:
    """Send the file."""
    task, path = await files.made(actor, path_id(request))
    if path is None:
        raise NotFound("file.expired", t("This file is no longer kept. Have it made again."))
    name = (task.result or {})["name"]
    media = _TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream")
    return FileResponse(path, media_type=media, filename=name, headers={"Cache-Control": "no-store"})


ROUTES: list[BaseRoute] = [
    tenant_route(
        "/payments/receipts/files", receipt_pages.ask, permission="payments.read", name="receipt_files"
    ),
    tenant_route(
        "/payments/receipts/files",
        receipt_pages.make,
        permission="payments.read",
        methods=WRITES,
        name="make_receipt_file",
    ),
    tenant_route("/files/{id}", show, permission="dashboard.read", name="made_file"),
    tenant_route("/files/{id}/content", content, permission="dashboard.read", name="made_file_content"),
]
