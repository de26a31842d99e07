"""The file that shows why something was let off: kept outside the web root, opened by staff alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from tenants.actor import Actor
from tenants.files import storage
from ui.errors import NotFound
from ui.i18n import t

ENDINGS = (".pdf", ".png", ".jpg", ".jpeg", ".webp")


async def keep(actor: Actor, upload: UploadFile | None) -> dict[str, Any]:
    """Check and keep a file, and return what the record says of it; nothing for no file.

    Raises:
        FileRefused: too large, of another kind than it says, or able to act when opened.
    """
    if upload is None or actor.tenant_id is None:
        return {}
    stored = await asyncio.to_thread(
        storage().save,
        upload.file,
        owner_key=actor.tenant_id.hex,
        filename=upload.filename or "",
        declared_type=upload.content_type or "",
    )
    return asdict(stored)


def send(evidence: Mapping[str, Any]) -> Response:
    """Answer with the file as a download: somebody else made it, so it is never shown inside our pages.

    Raises:
        NotFound: no file was given.
    """
    if not evidence.get("key"):
        raise NotFound("evidence.not_found", t("No file was given."))
    content: IO[bytes] = storage().open(evidence["key"])
    name = str(evidence["filename"]).encode("ascii", "replace").decode().replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=evidence["content_type"], headers=headers)
