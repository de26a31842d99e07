"""Offering, accepting, enrolling: places are counted under the round's lock, and money goes by a hold."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.holds import ending
from billing.holds.kinds import HoldKind, register_hold
from billing.holds.service import place
from billing.models import Hold, Payment
from billing.plans.single import Charge
from scenarios.education.enrolment.rounds import round_of
from scenarios.education.enrolment.states import APPLICANT, TAKES
from scenarios.education.enrolment.telling import tell_family
from scenarios.education.importing import added
from scenarios.education.kinds import SCENARIO_KEY
from scenarios.education.models import SchoolApplicant, SchoolRound, SchoolUser
from tenants import audit
from tenants.actor import Actor, system_actor
from tenants.files import storage
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.models import Account, Holder
from tenants.scope import execute, open_scope, row, tenant_scope, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

KIND, LAPSE_JOB = "education.enrolment", "education.lapse_offer"


async def applicant_of(tenant_id: UUID, applicant_id: UUID, *, lock: bool = False) -> SchoolApplicant:
    """Return an application of the open tenant scope; ``NotFound`` when there is none."""
    query = SchoolApplicant.filter(tenant_id=tenant_id, id=applicant_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("applicant.not_found", t("There is no such application, or it is not yours to see."))
    return found


async def decide(actor: Actor, applicant_id: UUID, edge: str, *, reason: str = "") -> SchoolApplicant:
    """Offer a place, put somebody on the waiting list, or refuse with a reason.

    Raises:
        Conflict: it has been decided, or every place is taken.
        Invalid: refused without a reason.
    """
    actor.require("enrolment.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    known = await applicant_of(actor.tenant_id, applicant_id)
    found_round = await round_of(actor.tenant_id, known.round_id, lock=True)
    found = await applicant_of(actor.tenant_id, applicant_id, lock=True)
    if edge not in {"offer", "wait", "reject"} or not APPLICANT.can(found.status, edge):
        raise Conflict("applicant.decided", t("This has been decided already."))
    if edge == "reject" and not reason.strip():
        text = t("Say why; the family reads it.")
        raise Invalid("applicant.no_reason", text, fields={"reason": text})
    if edge == "offer" and await taken(found_round) >= found_round.places:
        raise Conflict(
            "round.full", t("Every place of this round is taken. Put the child on the waiting list.")
        )
    found.status, found.reason = APPLICANT.after(found.status, edge), reason.strip()[:1000]
    found.decided_by_name = actor.name[:100]
    if edge == "offer":
        found.answer_by = datetime.now(UTC) + timedelta(days=found_round.answer_days)
        await enqueue(
            LAPSE_JOB, {"applicant_id": str(found.id)}, delay=timedelta(days=found_round.answer_days)
        )
    await found.save()
    await _record(actor, found)
    await tell_family(actor, found)
    return found


async def taken(found: SchoolRound) -> int:
    """Return how many places of a round are offered, accepted or filled."""
    count: int = await value(
        "select count(*) from education_applicant where tenant_id = $1 and round_id = $2 and status = any ($3::text[])",
        found.tenant_id,
        found.id,
        list(TAKES),
    )
    return count


@job(LAPSE_JOB)
async def lapse(actor: Actor, payload: dict[str, Any]) -> None:
    """Take back an offer that nobody has answered in time; one whose deposit is being paid waits for that."""
    assert actor.tenant_id is not None  # noqa: S101 - a job has a tenant
    found = await applicant_of(actor.tenant_id, UUID(payload["applicant_id"]), lock=True)
    if found.status != "offered" or (found.answer_by and found.answer_by > datetime.now(UTC)):
        return
    if found.hold_id and (await Hold.get(tenant_id=found.tenant_id, id=found.hold_id)).status == "held":
        return  # the hold's own end decides
    await _lapse(actor, found)


async def _lapse(actor: Actor, found: SchoolApplicant) -> None:
    found.status = APPLICANT.after(found.status, "lapse")
    await found.save(update_fields=["status"])
    await tell_family(actor, found)


async def accept(actor: Actor, applicant: SchoolApplicant, *, key: str) -> SchoolApplicant:
    """Take an offered place, in the open tenant scope: at once, or by paying its deposit (``hold_id``).

    Raises:
        Conflict: it is no longer offered.
    """
    found_round = await round_of(applicant.tenant_id, applicant.round_id)
    found = await applicant_of(applicant.tenant_id, applicant.id, lock=True)
    now = datetime.now(UTC)
    if found.status != "offered" or (found.answer_by and found.answer_by <= now):
        raise Conflict("applicant.not_offered", t("This place is no longer offered."))
    found.account_id = found.account_id or await _account(found, found_round)
    if not found_round.deposit_minor:
        found.status = APPLICANT.after(found.status, "accept")
        await found.save()
        await _record(actor.within(found.tenant_id), found)
        return found
    await found.save()
    if found.hold_id and (await Hold.get(tenant_id=found.tenant_id, id=found.hold_id)).status == "held":
        return found
    held = await place(
        actor.within(found.tenant_id),
        kind=KIND,
        subject_id=found.id,
        account_id=found.account_id,
        charges=[
            Charge(
                int(found_round.deposit_minor),
                names={"en": "Enrolment deposit", "zh_CN": "入学定金"},
                fee_item_id=found_round.fee_item_id,
            )
        ],
        until=max(found.answer_by or now, now + timedelta(minutes=30)),
        reference=found.number,
        key=key,
    )
    found.hold_id = held.id
    await found.save(update_fields=["hold_id"])
    return await applicant_of(found.tenant_id, found.id)


async def _account(found: SchoolApplicant, found_round: SchoolRound) -> UUID:
    """Open the account that owes the deposit: an applicant's, whom no fee for pupils reaches, held by the family."""
    account = await Account.create(
        id=new_id(),
        tenant_id=found.tenant_id,
        scenario=SCENARIO_KEY,
        kind="applicant",
        number=found.number,
        name=found.child_name,
        place="",
        sort_key=f"99 {found.number.lower()}",
        attributes={"grade": found_round.grade},
    )
    await Holder.create(
        id=new_id(),
        tenant_id=found.tenant_id,
        account_id=account.id,
        person_id=found.person_id,
        relation="parent",
        name=found.person_name,
        email=found.email,
        phone=found.phone,
        confirmed_at=datetime.now(UTC),
    )
    return account.id


_DEPOSIT = """
select b.total_minor, b.paid_minor from billing_hold h
  join billing_bill b on b.tenant_id = h.tenant_id and b.id = h.bill_id
 where h.tenant_id = $1 and h.id = $2
"""


async def deposit_of(applicant: SchoolApplicant) -> Any:
    """Return what is asked and what has been paid as an applicant's deposit, or nothing where none was asked."""
    return await row(_DEPOSIT, applicant.tenant_id, applicant.hold_id) if applicant.hold_id else None


async def kept(hold: Hold) -> None:
    """Accept the place, in the transaction that takes the deposit."""
    found = await applicant_of(hold.tenant_id, hold.subject_id, lock=True)
    if found.status == "offered":
        found.status, found.hold_id = APPLICANT.after(found.status, "accept"), hold.id
        await found.save()


async def let_go(hold: Hold, why: str) -> None:
    """End the offer with its time; a deposit that was cancelled leaves it as it was."""
    found = await applicant_of(hold.tenant_id, hold.subject_id, lock=True)
    if found.status == "offered" and why == "expired":
        await _lapse(system_actor(hold.tenant_id), found)


async def came_late(hold: Hold, payment: Payment) -> bool:
    """Refuse money for an offer that has ended: it goes back by itself."""
    del payment
    found = await applicant_of(hold.tenant_id, hold.subject_id, lock=True)
    return found.status == "offered"


def page(hold: Hold) -> str:
    """Return where the family goes on after paying."""
    return f"/my/school/enrolments/{hold.subject_id}"


register_hold(HoldKind(KIND, kept, let_go, came_late, page))


async def withdraw(actor: Actor, applicant: SchoolApplicant) -> None:
    """Take an application back, and with it the word that what was written may be kept: it is deleted.

    Of a draft nothing stays. Call it outside of any scope.

    Raises:
        Conflict: it has ended, or its deposit is being paid.
    """
    if not APPLICANT.can(applicant.status, "withdraw"):
        raise Conflict("applicant.ended", t("This application has ended."))
    async with open_scope(tenant_scope(applicant.tenant_id)):
        hold = await Hold.get_or_none(tenant_id=applicant.tenant_id, id=applicant.hold_id)
    if hold is not None and hold.status == "held":
        await ending.cancel(actor.within(applicant.tenant_id), hold.id)
    async with open_scope(tenant_scope(applicant.tenant_id)):
        found = await applicant_of(applicant.tenant_id, applicant.id, lock=True)
        written = [str(one["key"]) for one in found.files]
        if found.status == APPLICANT.start:
            await found.delete()
        else:
            await _take_back(actor.within(found.tenant_id), found)
    for key in written:
        await asyncio.to_thread(storage().delete, key)


async def _take_back(actor: Actor, found: SchoolApplicant) -> None:
    """End an application; that there was one stays, what was written and sent with it does not."""
    if not APPLICANT.can(found.status, "withdraw"):
        raise Conflict("applicant.ended", t("This application has ended."))
    found.status = APPLICANT.after(found.status, "withdraw")
    found.answers, found.files, found.phone = {}, [], ""
    await found.save(update_fields=["status", "answers", "files", "phone"])
    await _record(actor, found)


_AS_PUPIL = """
update tenants_account set kind = 'student', number = $3, place = $4, updated_at = now()
 where tenant_id = $1 and id = $2
"""
_IS_TAKEN = (
    "select exists (select 1 from tenants_account where tenant_id = $1 and scenario = $2 and number = $3)"
)


async def enrol(actor: Actor, applicant_id: UUID, *, number: str, class_title: str) -> Account:
    """Make an accepted child a pupil with a number and a class; what was paid stays with the same account.

    Raises:
        Conflict: the place has not been accepted.
        Invalid: no number, or one that another pupil has; no class.
    """
    actor.require("enrolment.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    found = await applicant_of(actor.tenant_id, applicant_id, lock=True)
    if not APPLICANT.can(found.status, "enrol") or found.account_id is None:
        raise Conflict("applicant.not_accepted", t("The family has not accepted the place."))
    number, title = " ".join(number.split()), " ".join(class_title.split())
    wrong: dict[str, Any] = {}
    if not number or await value(_IS_TAKEN, actor.tenant_id, SCENARIO_KEY, number):
        wrong["number"] = t("Enter a number that no other pupil has.")
    if not title:
        wrong["class_title"] = t("Enter the class.")
    if wrong:
        raise Invalid("applicant.enrol", t("Something is missing."), fields=wrong)
    await execute(_AS_PUPIL, actor.tenant_id, found.account_id, number, title)
    account = await Account.get(tenant_id=actor.tenant_id, id=found.account_id)
    await added(account)
    await SchoolUser.filter(tenant_id=actor.tenant_id, account_id=account.id).update(born_on=found.born_on)
    found.status = APPLICANT.after(found.status, "enrol")
    await found.save(update_fields=["status"])
    await _record(actor, found)
    await tell_family(actor, found, place=title)
    return account


async def _record(actor: Actor, found: SchoolApplicant) -> None:
    await audit.record(
        actor,
        f"applicant.{found.status}",
        subject_kind="applicant",
        subject_id=found.id,
        subject_label=found.number,
        after={"reason": found.reason} if found.reason else {},
    )
