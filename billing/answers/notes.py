"""The conversation of an answer: what each side wrote, with files that are kept privately."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile

from billing.models import AnswerNote
from tenants.actor import Actor
from tenants.file_kinds import FileRefused
from tenants.files import FileLimits, StoredFile, storage
from ui.errors import Invalid
from ui.i18n import t

TEXT_MAX, FILES_MAX = 2000, 5


async def keep_files(tenant_id: UUID, files: Sequence[UploadFile]) -> list[dict[str, Any]]:
    """Check and keep uploaded files for a tenant; return what a note says of them.

    Raises:
        Invalid: too many, or one of them is not what may be kept; it says which and why.
    """
    given = [each for each in files if each.filename]
    if len(given) > FILES_MAX:
        text = t("Send at most {n} files at once.", n=FILES_MAX)
        raise Invalid("answer.files", text, fields={"files": text})
    return [_facts(await _keep(tenant_id, each)) for each in given]


async def _keep(tenant_id: UUID, file: UploadFile) -> StoredFile:
    def save() -> StoredFile:
        return storage().save(
            file.file,
            owner_key=str(tenant_id),
            filename=file.filename or "",
            declared_type=file.content_type or "",
            limits=FileLimits(),
        )

    try:
        return await asyncio.to_thread(save)
    except FileRefused as refused:
        text = t("{name}: {reason}", name=file.filename, reason=refused.message)
        raise Invalid("answer.file", text, fields={"files": text}) from refused


def _facts(kept: StoredFile) -> dict[str, Any]:
    return {
        "key": kept.key,
        "filename": kept.filename,
        "content_type": kept.content_type,
        "size": kept.size,
    }


async def write(
    actor: Actor, *, tenant_id: UUID, answer_id: UUID, text: str, files: Sequence[dict[str, Any]] = ()
) -> AnswerNote:
    """Add a message to an answer, in the open tenant scope.

    Raises:
        Invalid: nothing, or too much, was written.
    """
    words = text.strip()
    if not 0 < len(words) <= TEXT_MAX:
        error = t("Write something, in at most {n} characters.", n=TEXT_MAX)
        raise Invalid("answer.text", error, fields={"text": error})
    return await AnswerNote.create(
        tenant_id=tenant_id,
        answer_id=answer_id,
        is_staff=actor.kind == "staff",
        name=actor.name[:100],
        text=words,
        files=list(files),
    )
