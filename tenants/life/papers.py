"""Papers that run out after an institution went live: asked for again in time, brought by the institution itself."""

from datetime import date, timedelta
from typing import IO

from tenants import audit, notices
from tenants.actor import Actor
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.models import Application, ApplicationDocument, DocumentRequest, Tenant
from tenants.onboarding import papers
from tenants.onboarding.checklist import DOCUMENT_KINDS
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, tenant_scope
from ui.errors import Forbidden, NotFound
from ui.i18n import gettext, t

AHEAD = timedelta(days=30)
"""How long before its last day a paper is asked for again."""
ASKS = "Scenario Cloud"


async def ask_for_expiring(tenant: Tenant, today: date) -> list[DocumentRequest]:
    """Ask for each paper that runs out within ``AHEAD``, once; the contact is told. Opens its own scopes."""
    async with open_scope(bank_scope(tenant.bank_id)):
        made = [await _ask(tenant, one) for one in await _running_out(tenant, today)]
    for one in made:
        await _tell(tenant, one)
    return made


async def _running_out(tenant: Tenant, today: date) -> list[ApplicationDocument]:
    """Return the papers that nobody has asked for yet, of all applications that the institution came of."""
    own = await Application.filter(bank_id=tenant.bank_id, approved_tenant_id=tenant.id).values_list(
        "id", flat=True
    )
    where = {"bank_id": tenant.bank_id, "application_id__in": list(own)}
    found = await ApplicationDocument.filter(
        **where, replaced_at=None, expires_on__lte=today + AHEAD
    ).order_by("expires_on")
    asked = {(one.application_id, one.kind) for one in await DocumentRequest.filter(**where, met_at=None)}
    return [one for one in found if (one.application_id, one.kind) not in asked]


async def _ask(tenant: Tenant, paper: ApplicationDocument) -> DocumentRequest:
    assert paper.expires_on is not None  # noqa: S101 - it was found by its last day
    made = await DocumentRequest.create(
        id=new_id(), bank_id=paper.bank_id, application_id=paper.application_id, tenant_id=tenant.id,
        kind=paper.kind, reason="", due_on=paper.expires_on, asked_by_name=ASKS,
    )  # fmt: skip
    await audit.record(
        Actor(kind="bank", name=ASKS, bank_id=paper.bank_id),
        "application.document_asked",
        subject_kind="application",
        subject_id=paper.application_id,
        subject_label=paper.filename,
        after={"file": paper.kind, "due_on": paper.expires_on.isoformat()},
        tenant_id=tenant.id,
    )
    return made


async def _tell(tenant: Tenant, asked: DocumentRequest) -> None:
    async with open_scope(tenant_scope(tenant.id)):
        await notices.notify(
            Actor(kind="system", name=ASKS, tenant_id=tenant.id),
            template="document_asked",
            channel="email",
            recipient=tenant.contact_email,
            subject=t("The bank needs a new document of {name}", name=tenant.name),
            body=t(
                "{kind}: {reason} Please send the new one here: {link}",
                kind=gettext(DOCUMENT_KINDS[asked.kind]),
                reason=papers.reason_of(asked),
                link=f"{runtime().public_url}/t/{tenant.slug}/papers",
            ),
        )


async def asked_of(tenant: Tenant) -> list[DocumentRequest]:
    """Return what the bank still waits for, the most urgent first, in the institution's or the bank's scope."""
    return await DocumentRequest.filter(tenant_id=tenant.id, met_at=None).order_by("due_on", "id")


async def bring(
    actor: Actor, tenant: Tenant, *, asked: DocumentRequest, filename: str, content_type: str,
    content: IO[bytes], expires_on: date | None,
) -> ApplicationDocument:  # fmt: skip
    """Keep a paper that the bank has asked the institution for; it stands for the one that runs out.

    Raises:
        NotFound: nobody asks for it any more.
    """
    if actor.tenant_id != tenant.id:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    actor.require("settings.write")
    bearer = Actor(
        kind="bank", name=actor.name, person_id=actor.person_id, bank_id=tenant.bank_id,
        permissions=frozenset({"applications.write"}), ip=actor.ip, request_id=actor.request_id,
    )  # fmt: skip
    async with open_scope(bank_scope(tenant.bank_id)):
        known = await DocumentRequest.get_or_none(
            bank_id=tenant.bank_id, tenant_id=tenant.id, id=asked.id, met_at=None
        )
        if known is None:
            raise NotFound("paper.not_asked", t("This document is not asked for any more."))
        await Application.get(bank_id=tenant.bank_id, id=known.application_id)
        return await papers.add_document(
            bearer, known.application_id, kind=known.kind, filename=filename, content_type=content_type,
            content=content, expires_on=expires_on,
        )  # fmt: skip


async def is_late(asked: DocumentRequest) -> bool:
    """Tell whether the day is over by which the paper was wanted."""
    return asked.due_on < await today_at_bank(asked.bank_id)
