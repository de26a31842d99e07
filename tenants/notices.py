"""Messages to people: written down in the transaction they belong to, sent once it has committed."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.banks.logo import read_logo
from tenants.jobs import LATER, SOON, enqueue, job
from tenants.messages import Letterhead, NotSent, send
from tenants.models import Bank, Notice, Person, Tenant
from tenants.scope import open_scope, person_scope, tenant_id, tenant_scope
from ui.errors import Unavailable
from ui.i18n import Text, t, use_locale

IN_APP = "in_app"
LONGEST_SUBJECT = 200
TO_ONE, TO_MANY = "notices.deliver", "notices.deliver_to_many"
"""The jobs that send a notice: a code that one person waits for goes before what a whole school is told."""


async def notify(
    actor: Actor,
    *,
    template: str,
    channel: str,
    recipient: str,
    subject: Text,
    body: Text,
    locale: str = "",
    person_id: UUID | None = None,
    account_id: UUID | None = None,
) -> Notice:
    """Write a notice in the open tenant scope and have it sent after the commit.

    ``channel`` is ``email``, ``sms`` (``body`` alone) or ``in_app`` (shown, never sent). The words are fixed now: in
    ``locale``, else in the language that the person reads, else in the institution's. ``template`` says what it is
    about.
    """
    del actor
    tenant = tenant_id()
    locale = locale or await language_of(person_id) or (await Tenant.get(id=tenant)).locale
    with use_locale(locale):
        text, heading = str(body), str(subject)[:LONGEST_SUBJECT]
    notice = await Notice.create(
        tenant_id=tenant,
        channel=channel,
        template=template,
        recipient=recipient,
        person_id=person_id,
        account_id=account_id,
        status="shown" if channel == IN_APP else "waiting",
        subject=heading,
        body=text,
    )
    if channel != IN_APP:
        await enqueue(TO_ONE, {"notice_id": str(notice.id)})
    return notice


async def language_of(person_id: UUID | None) -> str:
    """Return the language in which somebody has last signed in; nothing where nobody knows."""
    if person_id is None:
        return ""
    async with open_scope(person_scope(person_id)):
        found = await Person.get_or_none(id=person_id)
    return found.locale if found else ""


async def send_now(channel: str, recipient: str, subject: Text, body: Text) -> None:
    """Send without writing anything down, for what must not be kept (a one-time code).

    Raises:
        Unavailable: when it was not taken.
    """
    try:
        await send(channel, recipient, str(subject), str(body))
    except NotSent as error:
        message = t("We could not send the message right now.")
        advice = t("Check the address, then try again in a few minutes.")
        raise Unavailable("notice.not_sent", message, advice=advice) from error


@job(TO_MANY, is_transactional=False, patience=LATER)
@job(TO_ONE, is_transactional=False, patience=SOON)
async def deliver(actor: Actor, payload: dict[str, Any]) -> None:
    """Send one notice, unless that has been done. A refusal for good ends it; anything else is tried again."""
    tenant, notice_id = actor.tenant_id, UUID(payload["notice_id"])
    assert tenant is not None  # noqa: S101 - jobs always have a tenant
    async with open_scope(tenant_scope(tenant)):
        notice = await Notice.get_or_none(tenant_id=tenant, id=notice_id)
        letterhead = await _letterhead(tenant)
    if notice is None or notice.status == "sent":
        return
    try:
        await send(notice.channel, notice.recipient, notice.subject, notice.body, letterhead)
    except NotSent as error:
        await _settle(notice, status="failed", error=str(error))
        if not error.is_final:
            raise Unavailable(
                "notice.not_sent", t("The message was not taken and will be sent again.")
            ) from error
    else:
        await _settle(notice, status="sent", error="", sent_at=datetime.now(UTC))


async def _letterhead(tenant: UUID) -> Letterhead | None:
    """Return what stands over an institution's letters: its bank's logo, where the bank has one."""
    of = await Tenant.get(id=tenant)
    bank = await Bank.get(id=of.bank_id)
    if not bank.logo_key:
        return None
    name = bank.name if of.locale == "zh_CN" else bank.name_en
    return Letterhead(name, await asyncio.to_thread(read_logo, bank.logo_key))


async def _settle(notice: Notice, **facts: Any) -> None:
    async with open_scope(tenant_scope(notice.tenant_id)):
        await Notice.filter(tenant_id=notice.tenant_id, id=notice.id).update(**facts)
