"""The documents behind an application: kept, watched for their last day, and asked for again."""

import asyncio
from datetime import UTC, date, datetime
from typing import IO
from uuid import UUID

from tenants.actor import Actor
from tenants.days import today_at_bank
from tenants.files import storage
from tenants.ids import new_id
from tenants.models import Application, ApplicationDocument, DocumentRequest
from tenants.onboarding import services
from tenants.onboarding.checklist import DOCUMENT_KINDS, EXPIRING
from tenants.texts import Day
from ui.errors import Conflict, Invalid
from ui.i18n import Text, t

MOST_DOCUMENTS = 30


async def add_document(
    actor: Actor,
    application_id: UUID,
    *,
    kind: str,
    filename: str,
    content_type: str,
    content: IO[bytes],
    expires_on: date | None = None,
) -> ApplicationDocument:
    """Check a file, keep it outside the web root, and add it; it replaces one of its kind that has run out."""
    found = await _takes_papers(actor, application_id, kind)
    _check(kind, expires_on, await today_at_bank(found.bank_id))
    there = ApplicationDocument.filter(bank_id=found.bank_id, application_id=found.id)
    if await there.count() >= MOST_DOCUMENTS:
        raise Invalid("document.too_many", t("There are already {n} documents.", n=MOST_DOCUMENTS))
    stored = await asyncio.to_thread(
        storage().save,
        content,
        owner_key=found.id.hex,
        filename=filename,
        declared_type=content_type,
    )
    made = await ApplicationDocument.create(
        id=new_id(),
        bank_id=found.bank_id,
        application_id=found.id,
        kind=kind,
        filename=stored.filename,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        storage_key=stored.key,
        uploaded_by_name=actor.name,
        expires_on=expires_on,
        tenant_id=found.approved_tenant_id,
    )
    await _replace(made)
    after = {"file": made.filename, "sha256": made.sha256, "expires_on": str(expires_on or "")}
    await services.record(actor, found, "application.document_added", after=after)
    return made


async def _takes_papers(actor: Actor, application_id: UUID, kind: str) -> Application:
    """Return an application that takes documents: an open one, or one whose document was asked for again."""
    actor.require("applications.write")
    found = await services.get(actor, application_id)
    is_asked = await DocumentRequest.exists(
        bank_id=found.bank_id, application_id=found.id, kind=kind, met_at=None
    )
    if found.status not in services.OPEN and not is_asked:
        raise Conflict("application.closed", t("This application can no longer be changed."))
    return found


def _check(kind: str, expires_on: date | None, now: date) -> None:
    if kind not in DOCUMENT_KINDS:
        raise Invalid("document.kind", t("Choose what kind of document it is."))
    if expires_on is None:
        return
    if kind not in EXPIRING:
        raise Invalid("document.expiry", t("This kind of document does not run out. Leave the day blank."))
    if expires_on < now:
        raise Invalid("document.expired", t("This document has run out already. Ask for the new one."))


async def _replace(made: ApplicationDocument) -> None:
    """Let a newer document stand for those of its kind that run out, and meet whoever has asked for it."""
    now, where = datetime.now(UTC), {"bank_id": made.bank_id, "application_id": made.application_id}
    asked = await DocumentRequest.filter(**where, kind=made.kind, met_at=None).update(
        met_at=now, document_id=made.id
    )
    older = ApplicationDocument.filter(**where, kind=made.kind, replaced_at=None).exclude(id=made.id)
    if not asked:
        older = older.filter(expires_on__not_isnull=True)
    await older.update(replaced_at=now)


async def remove_document(actor: Actor, application_id: UUID, document_id: UUID) -> None:
    """Take a document off an open application; the audit trail keeps its name and hash."""
    found = await services.editable(actor, application_id)
    made = await services.document(actor, application_id, document_id)
    await made.delete()
    before = {"file": made.filename, "sha256": made.sha256}
    await services.record(actor, found, "application.document_removed", before=before)


async def ask_again(
    actor: Actor, application_id: UUID, *, kind: str, reason: str, due_on: date
) -> DocumentRequest:
    """Ask for a document anew, also after approval; whoever applied sees it with its reason and its day."""
    if not (actor.may("applications.write") or actor.may("applications.decide")):
        actor.require("applications.write")
    found = await services.get(actor, application_id)
    now = await today_at_bank(found.bank_id)
    _check(kind, None, now)
    if due_on < now:
        text = t("Choose a day that is not over.")
        raise Invalid("document.due", text, fields={"due_on": text})
    made = await DocumentRequest.create(
        id=new_id(),
        bank_id=found.bank_id,
        application_id=found.id,
        tenant_id=found.approved_tenant_id,
        kind=kind,
        reason=reason,
        due_on=due_on,
        asked_by_name=actor.name[:100],
    )
    after = {"file": kind, "reason": reason, "due_on": due_on.isoformat()}
    await services.record(actor, found, "application.document_asked", after=after)
    return made


def reason_of(asked: DocumentRequest) -> Text | str:
    """Return why a paper is asked for: somebody's words, or that the one there is runs out, as the reader says it."""
    return asked.reason or t("The one we have runs out on {day}.", day=Day(asked.due_on))


async def open_requests(found: Application) -> list[DocumentRequest]:
    """Return what is asked for and has not come yet, the most urgent first."""
    return await DocumentRequest.filter(bank_id=found.bank_id, application_id=found.id, met_at=None).order_by(
        "due_on"
    )
