"""Working a complaint: who has it, what is asked and said, how it ends. Each in the actor's own open scope.

Payers act inside the institution, once their own scope has shown that the complaint is theirs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.complaints.filing import check_text, note, write
from billing.complaints.states import COMPLAINT, OPEN, OUTCOMES
from billing.complaints.telling import tell_bank, tell_complainant, tell_institution
from billing.complaints.terms import terms_of
from billing.models import Complaint
from billing.payments.refunds import refundable_minor, request_refund
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.models import BankMembership
from tenants.permissions import bank_permissions
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.formats import money
from ui.i18n import t


async def get(actor: Actor, complaint_id: UUID, *, is_locked: bool = False) -> Complaint:
    """Return a complaint that the actor may see: of their branches, of their institution, or their own.

    Raises:
        NotFound: there is none.
    """
    query = Complaint.filter(id=complaint_id, **_whose(actor))
    found = await (query.select_for_update() if is_locked else query).get_or_none()
    if found is None or (actor.kind == "bank" and not await _sees(actor, found)):
        raise NotFound("complaint.not_found", t("There is no such complaint."))
    return found


async def _sees(actor: Actor, found: Complaint) -> bool:
    """Tell whether it came in at one of the actor's branches, or one of them works it."""
    return await sees_branch(actor, found.branch_id) or await sees_branch(actor, found.desk_id)


def _whose(actor: Actor) -> dict[str, Any]:
    if actor.kind == "bank":
        return {"bank_id": bank_of(actor)}
    if actor.kind == "payer":
        return {"person_id": actor.person_id, "by": "payer"}
    return {"tenant_id": actor.tenant_id}


async def colleagues(actor: Actor, found: Complaint) -> list[BankMembership]:
    """Return who of the bank can be given it: those who may work complaints at its desk's branch or above."""
    members = await BankMembership.filter(bank_id=bank_of(actor), ended_at=None).order_by("name")
    able = [one for one in members if "complaints.work" in bank_permissions([one.role])]
    return [one for one in able if await _reaches(one, found)]


async def _reaches(member: BankMembership, found: Complaint) -> bool:
    if member.branch_id is None:
        return True
    probe = Actor(kind="bank", name=member.name, bank_id=member.bank_id, branches=(member.branch_id,))
    return await sees_branch(probe, found.desk_id)


async def assign(actor: Actor, complaint_id: UUID, *, to: UUID) -> Complaint:
    """Give a complaint to somebody of the bank, or take it oneself.

    Raises:
        Invalid: they do not work complaints of this branch.
    """
    _must_work(actor, "bank")
    found = await _open(actor, complaint_id)
    able = {one.person_id: one.name for one in await colleagues(actor, found)}
    if to not in able:
        text = t("Choose somebody who works complaints of this branch.")
        raise Invalid("complaint.assignee", text, fields={"to": text})
    found.assigned_to, found.assigned_to_name = to, able[to]
    found.status = COMPLAINT.after(found.status, "take") if found.status == "received" else found.status
    await found.save()
    await note(actor, found, "assigned", {"to": able[to]})
    return found


async def say(
    actor: Actor,
    complaint_id: UUID,
    *,
    text: str,
    files: Sequence[dict[str, Any]] = (),
    is_question: bool = False,
    is_internal: bool = False,
) -> Complaint:
    """Write something: for all to read, as a question that whoever complains has to answer, or for the bank alone."""
    found = await _open(actor, complaint_id)
    is_own = _is_complainant(actor, found)
    if not is_own:
        _must_work(actor, "bank", "staff")
    if is_internal and actor.kind != "bank":
        raise Forbidden("complaint.internal", t("Only the bank keeps notes for itself."))
    await write(actor, found, text, files, is_internal=is_internal)
    if is_own and found.status == "waiting":
        found.status = COMPLAINT.after(found.status, "tell")
    elif is_question and not is_own and COMPLAINT.can(found.status, "ask"):
        found.status = COMPLAINT.after(found.status, "ask")
    await found.save(update_fields=["status"])
    if not is_internal and not is_own:
        await tell_complainant(actor, found)
    return found


async def answer(
    actor: Actor, complaint_id: UUID, *, outcome: str, text: str, refund_minor: int | None = None
) -> Complaint:
    """Decide a complaint, with the reason and with money back where it is due.

    An institution may decide what its payers complain about, as long as it has not gone up to the bank. Money that
    the bank decides on is asked for by the institution's own staff; where an institution decides, at once.

    Raises:
        Invalid: no outcome, no reason, or more money than was named.
    """
    found = await _open(actor, complaint_id)
    if not await may_answer(actor, found):
        raise Forbidden("complaint.of_bank", t("It has gone up: others decide on this one."))
    if outcome not in OUTCOMES:
        choose = t("Choose what you have decided.")
        raise Invalid("complaint.outcome", choose, fields={"outcome": choose})
    _check_refund(found, outcome, refund_minor)
    await write(actor, found, check_text(text))
    found.status, found.outcome = COMPLAINT.after(found.status, "answer"), outcome
    found.answered_at, found.answered_by_name = datetime.now(UTC), actor.name[:100]
    found.refund_minor = refund_minor
    await found.save()
    facts = {"outcome": outcome, "refund_minor": refund_minor, "currency": found.currency}
    await note(actor, found, "answered", {k: v for k, v in facts.items() if v})
    await tell_complainant(actor, found)
    if refund_minor and actor.kind == "staff":
        return await ask_refund(actor, found.id)
    if refund_minor:
        await tell_institution(actor, found)
    return found


async def may_answer(actor: Actor, found: Complaint) -> bool:
    """Tell whether the actor may decide on it: an institution not on its own, nor on what has gone up to the bank."""
    if actor.kind == "bank":
        return actor.may("complaints.work") and await sees_branch(actor, found.desk_id)
    is_theirs = found.by != "tenant" and not found.escalation
    return actor.kind == "staff" and actor.may("complaints.work") and is_theirs


def _check_refund(found: Complaint, outcome: str, refund_minor: int | None) -> None:
    if not refund_minor:
        return
    most = found.amount_minor if found.payment_id and outcome != "not_upheld" else 0
    if not 0 < refund_minor <= (most or 0):
        text = (
            t("At most {amount}, the payment it is about.", amount=money(most, found.currency))
            if most
            else t("Money can only go back where a payment is named and the complaint is right.")
        )
        raise Invalid("complaint.refund", text, fields={"refund_minor": text})


async def ask_refund(actor: Actor, complaint_id: UUID) -> Complaint:
    """Ask for the refund that was decided, as for any other: limits, approval and holds are the ordinary ones.

    Raises:
        Conflict: nothing was decided, or it is asked for already.
    """
    actor.require("refunds.request")
    found = await get(actor, complaint_id, is_locked=True)
    if found.payment_id is None or not found.refund_minor or found.refund_id is not None:
        raise Conflict("complaint.no_refund", t("There is no refund to ask for."))
    found.refund_id = await request_refund(
        actor,
        payment_id=found.payment_id,
        amount_minor=found.refund_minor,
        seen_refundable_minor=await refundable_minor(found.tenant_id, found.payment_id),
        reason=f"{found.number}: {found.summary}",
        key=f"complaint-{found.id}-{found.reopened}",
    )
    await found.save(update_fields=["refund_id"])
    facts = {"refund_minor": found.refund_minor, "currency": found.currency}
    await note(actor, found, "refund_asked", facts)
    return found


async def reopen(actor: Actor, complaint_id: UUID, *, text: str) -> Complaint:
    """Do not agree with the answer: the time to answer begins anew, and the bank decides.

    Raises:
        Conflict: it is too late for that.
    """
    found = await get(actor, complaint_id, is_locked=True)
    if not _is_complainant(actor, found) or not await can_reopen(found):
        raise Conflict("complaint.closed", t("It cannot be opened again. You can complain anew."))
    await write(actor, found, text)
    found.status = COMPLAINT.after(found.status, "reopen")
    found.reopened += 1
    days = (await terms_of(found.bank_id)).days[found.kind]
    found.due_at = datetime.now(UTC) + timedelta(days=days)
    found.escalation, found.escalated_at = max(found.escalation, 1), datetime.now(UTC)
    found.closed_at = None
    await found.save()
    await note(actor, found, "reopened", {"due_at": found.due_at.isoformat()})
    await tell_bank(found, "reopened")
    return found


async def can_reopen(found: Complaint) -> bool:
    """Tell whether whoever complains can still say that they do not agree."""
    if found.status not in {"answered", "closed"} or found.answered_at is None:
        return False
    days = (await terms_of(found.bank_id)).reopens_within
    return bool(found.answered_at > datetime.now(UTC) - timedelta(days=days))


async def end(actor: Actor, complaint_id: UUID, *, edge: str) -> Complaint:
    """Be content with the answer (``accept``), or take the complaint back (``withdraw``)."""
    found = await get(actor, complaint_id, is_locked=True)
    if edge not in {"accept", "withdraw"} or not _is_complainant(actor, found):
        raise Forbidden("complaint.not_own", t("Only whoever complains can do this."))
    if not COMPLAINT.can(found.status, edge):
        raise Conflict("complaint.state", t("This complaint is decided already."))
    found.status, found.closed_at = COMPLAINT.after(found.status, edge), datetime.now(UTC)
    await found.save(update_fields=["status", "closed_at"])
    await note(actor, found, "closed" if edge == "accept" else "withdrawn", {})
    return found


def _is_complainant(actor: Actor, found: Complaint) -> bool:
    """Tell whether the actor's side complains; for a caller, the bank speaks."""
    if found.by == "payer":
        return actor.kind == "payer" and actor.person_id == found.person_id
    if found.by == "tenant":
        return actor.kind == "staff" and actor.may("complaints.work")
    return actor.kind == "bank" and actor.may("complaints.work")


def _must_work(actor: Actor, *kinds: str) -> None:
    if actor.kind not in kinds:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    actor.require("complaints.work")


async def _open(actor: Actor, complaint_id: UUID) -> Complaint:
    found = await get(actor, complaint_id, is_locked=True)
    if found.status not in OPEN:
        raise Conflict("complaint.state", t("This complaint is decided already."))
    return found
