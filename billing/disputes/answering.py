"""Answering a dispute: the text and files as they grow, handing them in once, or giving in.

What goes to the channel is committed first, as ``sending`` with a version; a job then asks, sends it where it has not
arrived, and does so again until the channel has answered.
"""

from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

import anyio.to_thread

from billing.channels.contract import ChannelRefused, ChannelSilent, Destination
from billing.disputes.channels import DISPUTES, PURPOSES, TEXT_MAX, Evidence, EvidenceFile
from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.disputes.states import ANSWERABLE
from billing.models import Attempt, Dispute, DisputeFile, Payment
from billing.payments.orders import order_of
from tenants import audit
from tenants.actor import Actor
from tenants.days import day_at
from tenants.file_kinds import Kind
from tenants.files import DirectoryStorage, FileLimits, Storage
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

SEND_JOB = "billing.send_dispute"
MOST_FILES = len(PURPOSES)
LIMITS = FileLimits(size=4_500_000, kinds=frozenset({Kind.PDF, Kind.PNG, Kind.JPEG}))
"""What channels take as evidence: Stripe up to 4.5 MB together for one answer, PDF, PNG or JPEG."""
FOLDER = "evidence"
ERROR_MAX = 500


def storage() -> Storage:
    """Return where evidence is kept."""
    return DirectoryStorage(runtime().data_dir / FOLDER)


async def locked(actor: Actor, dispute_id: UUID) -> tuple[Dispute, Payment]:
    """Return a dispute with its payment, both locked, in the open tenant scope.

    Raises:
        NotFound: there is none.
    """
    found = await Dispute.get_or_none(tenant_id=actor.tenant_id, id=dispute_id)
    if found is None:
        raise NotFound("dispute.not_found", t("There is no such dispute."))
    payment = await Payment.filter(tenant_id=actor.tenant_id, id=found.payment_id).select_for_update().get()
    dispute = await Dispute.filter(tenant_id=actor.tenant_id, id=dispute_id).select_for_update().get()
    return dispute, payment


def _must_be_answerable(dispute: Dispute) -> None:
    if dispute.status not in ANSWERABLE:
        text = t("This dispute has been answered or decided, so nothing can be changed any more.")
        raise Conflict("dispute.closed", text)
    if dispute.sending:
        raise Conflict("dispute.sending", t("The answer is on its way to the channel. Wait for its word."))
    if dispute.evidence_due_at and dispute.evidence_due_at < datetime.now(UTC):
        raise Conflict(
            "dispute.late", t("The day for the answer is over. The payer's bank decides without it.")
        )


async def save_text(actor: Actor, *, dispute_id: UUID, text: str) -> None:
    """Keep the answer's text without handing it in.

    Raises:
        Invalid: it is longer than channels take.
        Conflict: it is too late to change it.
    """
    actor.require("disputes.work")
    dispute, _ = await locked(actor, dispute_id)
    _must_be_answerable(dispute)
    dispute.evidence = dispute.evidence | {"text": _checked(text, is_needed=False)}
    await dispute.save(update_fields=["evidence"])


def _checked(text: str, *, is_needed: bool) -> str:
    kept = text.strip()
    if is_needed and not kept:
        words = t("Say in your own words why the payment was right.")
        raise Invalid("dispute.text", words, fields={"text": words})
    if len(kept) > TEXT_MAX:
        words = t("Channels take at most {n} characters. Put the rest into a file.", n=TEXT_MAX)
        raise Invalid("dispute.text", words, fields={"text": words})
    return kept


async def add_file(
    actor: Actor, *, dispute_id: UUID, purpose: str, content: IO[bytes], filename: str, content_type: str
) -> UUID:
    """Keep a file of the evidence; another one for the same purpose takes its place.

    Raises:
        Invalid: it is no PDF, PNG or JPEG, or all files together are too large.
        Conflict: it is too late to add one.
    """
    actor.require("disputes.work")
    dispute, _ = await locked(actor, dispute_id)
    _must_be_answerable(dispute)
    if purpose not in PURPOSES:
        words = t("Choose what the file shows.")
        raise Invalid("dispute.purpose", words, fields={"purpose": words})
    kept = await anyio.to_thread.run_sync(
        lambda: storage().save(
            content,
            owner_key=str(dispute.tenant_id),
            filename=filename,
            declared_type=content_type,
            limits=LIMITS,
        )
    )
    others = DisputeFile.filter(tenant_id=dispute.tenant_id, dispute_id=dispute.id)
    await others.filter(purpose=purpose).delete()
    if sum([each.size for each in await others]) + kept.size > LIMITS.size:
        await anyio.to_thread.run_sync(storage().delete, kept.key)
        words = t("All files together may have at most {n} MB.", n="4.5")
        raise Invalid("dispute.size", words, fields={"file": words})
    made = await DisputeFile.create(
        id=new_id(),
        tenant_id=dispute.tenant_id,
        dispute_id=dispute.id,
        purpose=purpose,
        filename=kept.filename,
        content_type=kept.content_type,
        size=kept.size,
        storage_key=kept.key,
        added_by_name=actor.name[:100],
    )
    await record(actor, dispute, "dispute.file_added", {"file": kept.filename, "purpose": purpose})
    return made.id


async def submit(actor: Actor, *, dispute_id: UUID, text: str) -> None:
    """Have the answer handed in: it counts once and cannot be changed, as with most payers' banks.

    Raises:
        Invalid: there is no text.
        Conflict: it has been handed in, decided, or the day is over.
    """
    await _send(actor, dispute_id, "evidence", {"text": _checked(text, is_needed=True)})


async def accept(actor: Actor, *, dispute_id: UUID) -> None:
    """Give in: the payer keeps the money, and nobody spends time on it.

    Raises:
        Conflict: it has been answered, decided, or the channel has taken no money yet.
    """
    dispute, _ = await locked(actor, dispute_id)
    if not dispute.is_withdrawn:
        words = t("The payer's bank only asks so far and has taken no money. Refund the payment instead.")
        raise Conflict("dispute.inquiry", words)
    await _send(actor, dispute_id, "acceptance", {})


async def _send(actor: Actor, dispute_id: UUID, what: str, evidence: dict[str, str]) -> None:
    actor.require("disputes.work")
    actor.require_fresh()
    dispute, _ = await locked(actor, dispute_id)
    _must_be_answerable(dispute)
    dispute.evidence = dispute.evidence | evidence
    dispute.sending, dispute.version, dispute.error = what, dispute.version + 1, ""
    dispute.sent_by_name = actor.name[:100]
    await dispute.save(update_fields=["evidence", "sending", "version", "error", "sent_by_name"])
    await record(actor, dispute, f"dispute.{what}_sent", {})
    await enqueue(SEND_JOB, {"dispute_id": str(dispute.id), "version": dispute.version})


async def send(actor: Actor, dispute_id: UUID, version: int) -> None:
    """Send what was committed to the channel, once for each version. Opens its own scopes.

    Raises:
        ChannelSilent: the job is to be run again, and asks before it sends.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        dispute = await Dispute.get(tenant_id=actor.tenant_id, id=dispute_id)
        if not dispute.sending or dispute.version != version:
            return
        to = (await order_of(actor.tenant_id, dispute.attempt_id)).destination
    try:
        news = await _deliver(actor, dispute, to)
    except ChannelRefused as error:
        await _refused(actor, dispute_id, str(error))
        return
    await hear(actor, dispute, news)


async def _deliver(actor: Actor, dispute: Dispute, to: Destination) -> News:
    """Ask first: what was sent before without an answer may be there already."""
    channel = DISPUTES[dispute.channel]
    known = await channel.query(to, dispute.reference)
    if known.state not in ANSWERABLE or (known.is_answered and dispute.sending == "evidence"):
        return known
    if dispute.sending == "acceptance":
        return await channel.accept(to, dispute.reference)
    files = [await _uploaded(dispute, to, file) for file in await files_of(actor, dispute.id)]
    text, facts = str(dispute.evidence.get("text", "")), await facts_of(actor, dispute)
    return await channel.submit(to, dispute.reference, Evidence(text, facts, files))


async def files_of(actor: Actor, dispute_id: UUID) -> list[DisputeFile]:
    """Return the evidence's files in the order of their purposes. Opens the tenant's scope."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await DisputeFile.filter(tenant_id=actor.tenant_id, dispute_id=dispute_id)
    return sorted(found, key=lambda file: list(PURPOSES).index(file.purpose))


async def _uploaded(dispute: Dispute, to: Destination, kept: DisputeFile) -> EvidenceFile:
    """Return the file as the channel has it, handing it in where that has not been done."""
    content = await anyio.to_thread.run_sync(lambda: storage().open(kept.storage_key).read())
    file = EvidenceFile(kept.purpose, kept.filename, kept.content_type, content, kept.channel_file)
    if kept.channel_file:
        return file
    reference = await DISPUTES[dispute.channel].upload(to, file)
    async with open_scope(tenant_scope(kept.tenant_id)):
        await DisputeFile.filter(tenant_id=kept.tenant_id, id=kept.id).update(channel_file=reference)
    return EvidenceFile(kept.purpose, kept.filename, kept.content_type, content, reference)


async def facts_of(actor: Actor, dispute: Dispute) -> dict[str, str]:
    """Return what the channel is told of the payment besides: who paid, when, for what."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        tenant = await Tenant.get(id=actor.tenant_id)
        payment = await Payment.get(tenant_id=actor.tenant_id, id=dispute.payment_id)
        attempt = await Attempt.get(tenant_id=actor.tenant_id, id=dispute.attempt_id)
    paid_on = day_at(payment.succeeded_at, tenant.timezone).isoformat() if payment.succeeded_at else ""
    facts = {
        "customer_name": payment.payer_name,
        "customer_email_address": payment.payer_email,
        "service_date": paid_on,
        "product_description": "; ".join(item["name"] for item in attempt.request["items"])[:2000],
    }
    return {name: text for name, text in facts.items() if text}


async def hear(actor: Actor, dispute: Dispute, news: News) -> None:
    """Take the channel's answer down; what was sent has arrived. Opens the tenant's scope."""
    async with open_scope(tenant_scope(dispute.tenant_id)):
        await take_news(actor, dispute.attempt_id, news)
        await Dispute.filter(tenant_id=dispute.tenant_id, id=dispute.id, version=dispute.version).update(
            sending="", error=""
        )


async def _refused(actor: Actor, dispute_id: UUID, error: str) -> None:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        dispute, _ = await locked(actor, dispute_id)
        dispute.sending, dispute.error = "", error[:ERROR_MAX]
        await dispute.save(update_fields=["sending", "error"])
        await record(actor, dispute, "dispute.refused", {"error": error[:ERROR_MAX]})


async def ask(actor: Actor, dispute_id: UUID) -> None:
    """Ask the channel how the dispute stands; silence changes nothing. Opens its own scopes."""
    assert actor.tenant_id is not None  # noqa: S101 - callers are inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        dispute = await Dispute.get(tenant_id=actor.tenant_id, id=dispute_id)
        to = (await order_of(actor.tenant_id, dispute.attempt_id)).destination
    try:
        news = await DISPUTES[dispute.channel].query(to, dispute.reference)
    except (ChannelSilent, ChannelRefused):
        return
    async with open_scope(tenant_scope(actor.tenant_id)):
        await take_news(actor, dispute.attempt_id, news)


async def record(actor: Actor, dispute: Dispute, act: str, after: dict[str, Any]) -> None:
    """Write an act on a dispute into the audit trail."""
    await audit.record(
        actor,
        act,
        subject_kind="dispute",
        subject_id=dispute.id,
        subject_label=dispute.number,
        after={"amount_minor": dispute.amount_minor, "currency": dispute.currency, **after},
    )
