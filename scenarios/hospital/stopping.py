"""A session that does not take place, or that another doctor takes: everybody told once, rebooked or refunded whole.

The session is stopped first, so that nobody books it any more. Each appointment is then worked by a job of its own:
one that fails is tried again, and none is worked twice, because its state has moved on.
"""

from uuid import UUID

from billing.holds.ending import cancel as let_go
from billing.reasons import standard
from scenarios.hospital import calendar, pricing
from scenarios.hospital.booking import locked_patient, record
from scenarios.hospital.cancelling import refund, replace
from scenarios.hospital.models import Appointment, ClinicSession, Doctor
from scenarios.hospital.moving import locked, move
from scenarios.hospital.rights import STOP
from scenarios.hospital.states import APPOINTMENT
from scenarios.hospital.words import tell
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

STOPPED = standard(N_("Appointment cancelled by the hospital"))
CLEAR_JOB = "hospital.clear_appointment"
REASON_MAX = 200
_AFFECTED = """
select id from hospital_appointment where tenant_id = $1 and session_id = $2
   and status in ('pending', 'booked', 'arrived')
 order by starts_at, id
"""
_END_WAITING = """
update hospital_waiting set status = 'passed', ended_at = now()
 where tenant_id = $1 and session_id = $2 and status in ('waiting', 'offered')
"""


async def stop(actor: Actor, *, session_id: UUID, reason: str, instead_id: UUID | None = None) -> int:
    """Stop a session and have everybody in it told and rebooked into ``instead_id`` or refunded; return how many.

    Raises:
        Invalid: no reason was given.
        Conflict: it is stopped already.
    """
    actor.require(STOP)
    if not 0 < len(reason.strip()) <= REASON_MAX:
        text = t("Say why, in at most {n} characters; patients do not see it.", n=REASON_MAX)
        raise Invalid("session.reason", text, fields={"reason": text})
    session = await _session(actor, session_id)
    if session.status != "planned":
        raise Conflict("session.stopped", t("This session is stopped already."))
    return await close(actor, session, reason.strip(), instead_id)


async def close(actor: Actor, session: ClinicSession, reason: str, instead_id: UUID | None = None) -> int:
    """Stop a locked session for whoever has the right to; return how many are told."""
    session.status, session.stop_reason = "stopped", reason
    await session.save(update_fields=["status", "stop_reason"])
    affected = [one["id"] for one in await rows(_AFFECTED, session.tenant_id, session.id)]
    for appointment_id in affected:
        payload = {"appointment_id": str(appointment_id), "instead_id": str(instead_id or "")}
        await enqueue(CLEAR_JOB, payload)
    await execute(_END_WAITING, session.tenant_id, session.id)
    await _record(actor, session, "session.stopped", {"reason": reason, "affected": len(affected)})
    return len(affected)


async def substitute(actor: Actor, *, session_id: UUID, doctor_id: UUID) -> int:
    """Have another doctor take a session; everybody in it is told once and keeps their number.

    Raises:
        Invalid: it is the same doctor, or none of the hospital's.
        Conflict: the session is stopped.
    """
    actor.require(STOP)
    session = await _session(actor, session_id)
    doctor = await Doctor.get_or_none(tenant_id=actor.tenant_id, id=doctor_id, is_active=True)
    if doctor is None or doctor.id == session.doctor_id:
        text = t("Choose another doctor.")
        raise Invalid("session.doctor", text, fields={"doctor_id": text})
    if session.status != "planned":
        raise Conflict("session.stopped", t("This session is stopped already."))
    session.doctor_id = doctor.id
    await session.save(update_fields=["doctor_id"])
    affected = await rows(_AFFECTED, session.tenant_id, session.id)
    await Appointment.filter(tenant_id=session.tenant_id, id__in=[one["id"] for one in affected]).update(
        has_full_refund=True
    )
    for one in affected:
        found = await Appointment.get(tenant_id=session.tenant_id, id=one["id"])
        subject = t("Your appointment has changed")
        body = t(
            "Another doctor sees you at your appointment {reference}. Time and number stay. Open My visits to look;"
            " you can cancel there and get everything back.",
            reference=found.reference,
        )
        await tell(actor, found.account_id, "visit.substituted", subject, body)
    await _record(actor, session, "session.substituted", {"affected": len(affected)})
    return len(affected)


async def _session(actor: Actor, session_id: UUID) -> ClinicSession:
    found = (
        await ClinicSession.filter(tenant_id=actor.tenant_id, id=session_id).select_for_update().get_or_none()
    )
    if found is None:
        raise NotFound("session.not_found", t("There is no such session."))
    return found


async def _record(actor: Actor, session: ClinicSession, act: str, after: dict[str, object]) -> None:
    label = f"{session.day.isoformat()} {session.place}"
    await audit.record(
        actor, act, subject_kind="session", subject_id=session.id, subject_label=label, after=after
    )


async def clear(actor: Actor, *, appointment_id: UUID, instead_id: UUID | None) -> None:
    """Rebook or refund one appointment of a stopped session and tell its patient; worked already, it does nothing.

    It opens its own scopes: a payment that is under way for the number is asked about first.

    Raises:
        Conflict: that payment has no known end yet; to be tried again.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await Appointment.get(tenant_id=actor.tenant_id, id=appointment_id)
    if found.status == "pending" and found.hold_id is not None:
        await _let_go(actor, found.hold_id)
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await Appointment.get(tenant_id=actor.tenant_id, id=appointment_id)
        if not APPOINTMENT.can(found.status, "stop"):
            return
        if instead_id is None or found.status != "booked" or not await _rebook(actor, found, instead_id):
            await _end(actor, found)


async def _let_go(actor: Actor, hold_id: UUID) -> None:
    try:
        await let_go(actor, hold_id)
    except Conflict as refused:
        if refused.code != "hold.kept":
            raise


async def _end(actor: Actor, found: Appointment) -> None:
    if found.status != "lapsed":
        await refund(actor, found, found.price_minor, why=STOPPED)
    found = await locked(actor, found.id)
    await move(found, "stop", end_reason="hospital")
    await record(actor, found, "visit.stopped")
    subject = t("Your appointment does not take place")
    body = t(
        "The hospital cannot hold your appointment {reference}. What you paid for it goes back in full to where it"
        " came from. Open My visits to choose another time.",
        reference=found.reference,
    )
    await tell(actor, found.account_id, "visit.stopped", subject, body)


async def _rebook(actor: Actor, found: Appointment, instead_id: UUID) -> bool:
    """Try to give the patient a number of the other session at the same price; tell them where it worked."""
    tenant, account = await locked_patient(actor, found.account_id)
    session = await calendar.session_seen(tenant.id, instead_id)
    if session is None or session["status"] != "planned":
        return False
    told = await pricing.price_of(account, session, visit=found.visit, zone=tenant.timezone)
    if told.amount_minor != found.price_minor:
        return False
    try:
        async with open_scope(tenant_scope(tenant.id)):
            made = await replace(actor, await locked(actor, found.id), account, session)
    except Conflict:
        return False
    await Appointment.filter(tenant_id=tenant.id, id=made).update(has_full_refund=True)
    other = await Appointment.get(tenant_id=tenant.id, id=made)
    subject = t("Your appointment has another time")
    body = t(
        "The hospital has moved your appointment {old} to another time; it is {reference} now. Open My visits to see"
        " when. If it does not suit you, cancel there and get everything back.",
        old=found.reference,
        reference=other.reference,
    )
    await tell(actor, found.account_id, "visit.moved", subject, body)
    return True
