"""A complaint comes in: from a payer, an institution, or somebody who calls the bank. In the open tenant scope.

The caller has proved, in the payer's own scope, that they see what the complaint is about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.complaints.states import KINDS, REPEATS_WITHIN
from billing.complaints.telling import tell_bank, tell_institution
from billing.complaints.terms import terms_of
from billing.models import Complaint, ComplaintMessage
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from ui.errors import Invalid
from ui.i18n import t

TEXT_MAX, SUMMARY_MAX = 4000, 150


@dataclass(frozen=True, slots=True)
class About:
    """What somebody complains about: an institution, or one bill or payment of it as they saw it."""

    tenant_id: UUID
    bill_id: UUID | None = None
    payment_id: UUID | None = None
    number: str = ""
    currency: str = ""
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Complainant:
    """Who complains, as they are known: a person who is signed in, or a name and an address given on the phone."""

    by: str
    name: str
    contact: str = ""
    person_id: UUID | None = None


async def file(
    actor: Actor,
    about: About,
    who: Complainant,
    *,
    kind: str,
    summary: str,
    text: str,
    files: Sequence[dict[str, Any]] = (),
) -> Complaint:
    """Take a complaint in; the branch of its institution gets it, with the days its kind allows.

    Raises:
        Invalid: no such kind, or nothing was written.
    """
    _check(who, kind, summary, text)
    tenant, now = await Tenant.get(id=about.tenant_id), datetime.now(UTC)
    made_id = new_id()
    made = await Complaint.create(
        id=made_id, tenant_id=tenant.id, bank_id=tenant.bank_id, branch_id=tenant.branch_id,
        desk_id=tenant.branch_id, number=f"C{now:%y%m}-{made_id.hex[-6:].upper()}", kind=kind, by=who.by,
        person_id=who.person_id, person_name=who.name[:100], contact=who.contact, summary=summary.strip(),
        bill_id=about.bill_id, payment_id=about.payment_id, number_about=about.number, currency=about.currency,
        amount_minor=about.amount_minor, due_at=now + timedelta(days=(await terms_of(tenant.bank_id)).days[kind]),
        repeat_of=await _same_lately(tenant.id, who, kind, now),
    )  # fmt: skip
    await write(actor, made, text, files)
    await note(actor, made, "filed", {"kind": kind, "due_at": made.due_at.isoformat()})
    await tell_bank(made, "filed")
    if who.by != "tenant":
        await tell_institution(actor, made)
    return made


def _check(who: Complainant, kind: str, summary: str, text: str) -> None:
    if kind not in KINDS or who.by not in KINDS[kind].by:
        choose = t("Choose from the list.")
        raise Invalid("complaint.kind", choose, fields={"kind": choose})
    if not 0 < len(summary.strip()) <= SUMMARY_MAX:
        short = t("Say it in one line of at most {n} characters.", n=SUMMARY_MAX)
        raise Invalid("complaint.summary", short, fields={"summary": short})
    check_text(text)


def check_text(text: str) -> str:
    """Return what was written without the blanks around it.

    Raises:
        Invalid: nothing, or too much, was written.
    """
    words = text.strip()
    if not 0 < len(words) <= TEXT_MAX:
        error = t("Write something, in at most {n} characters.", n=TEXT_MAX)
        raise Invalid("complaint.text", error, fields={"text": error})
    return words


async def _same_lately(tenant_id: UUID, who: Complainant, kind: str, now: datetime) -> UUID | None:
    """Return the latest complaint of the same person about the same, if there was one lately."""
    same: dict[str, Any] = {"person_id": who.person_id}
    if who.person_id is None or who.by == "tenant":
        same = {"person_name": who.name[:100]} if who.by == "caller" else {"by": who.by}
    since = now - timedelta(days=REPEATS_WITHIN)
    found = await Complaint.filter(tenant_id=tenant_id, kind=kind, created_at__gte=since, **same)
    return max((one.id for one in found if one.status != "withdrawn"), default=None)


async def write(
    actor: Actor,
    found: Complaint,
    text: str,
    files: Sequence[dict[str, Any]] = (),
    *,
    is_internal: bool = False,
) -> ComplaintMessage:
    """Add a message to a complaint, in the open scope."""
    side = {"bank": "bank", "staff": "tenant"}.get(actor.kind, "payer")
    return await ComplaintMessage.create(
        id=new_id(), tenant_id=found.tenant_id, bank_id=found.bank_id, complaint_id=found.id,
        person_id=found.person_id, side=side, name=actor.name[:100], text=check_text(text), files=list(files),
        is_internal=is_internal,
    )  # fmt: skip


async def note(actor: Actor, found: Complaint, act: str, after: dict[str, Any]) -> None:
    """Write an act on a complaint into the trail of the bank and of the institution."""
    await audit.record(
        actor,
        f"complaint.{act}",
        subject_kind="complaint",
        subject_id=found.id,
        subject_label=found.number,
        after=after,
        tenant_id=found.tenant_id,
        bank_id=found.bank_id,
    )
