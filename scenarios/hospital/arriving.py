"""Arriving and being called. The place in the queue is given on arrival: by the number's time, or behind, when late."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.terms import terms_of
from scenarios.hospital import pricing
from scenarios.hospital.booking import record
from scenarios.hospital.models import Appointment, ClinicSession
from scenarios.hospital.moving import locked, move
from scenarios.hospital.terms import BookingTerms
from tenants.actor import Actor
from tenants.codes import normalise_code
from tenants.days import today
from tenants.scope import rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

_WAITING = """
select id, queued_at from hospital_appointment
 where tenant_id = $1 and session_id = $2 and status = 'arrived' and id <> $3 order by queued_at, id
"""
_NEXT = """
select id from hospital_appointment where tenant_id = $1 and session_id = $2 and status = 'arrived'
 order by queued_at, id limit 1 for update skip locked
"""
_BEFORE = """
select count(*) from hospital_appointment
 where tenant_id = $1 and session_id = $2 and status = 'arrived' and (queued_at, id) < ($3, $4)
"""


async def check_in(actor: Actor, code: str) -> Appointment:
    """Note that the patient who shows this code is here, in the hospital's scope; again it changes nothing.

    Raises:
        Invalid: no appointment of today has this code.
        Conflict: it is not for today, or has ended.
    """
    found_id = await of_code(actor, code)
    if found_id is None:
        text = t("No appointment has this code. Check it, or look the patient up by name.")
        raise Invalid("visit.code", text, fields={"code": text})
    return await arrive(actor, found_id)


async def of_code(actor: Actor, code: str) -> UUID | None:
    """Return the appointment that has this code."""
    found: UUID | None = await value(
        "select id from hospital_appointment where tenant_id = $1 and code = $2",
        actor.tenant_id,
        normalise_code(code),
    )
    return found


async def arrive(actor: Actor, appointment_id: UUID) -> Appointment:
    """Give an appointment its place in the queue.

    Raises:
        Conflict: it is not for today, or has ended.
    """
    found = await locked(actor, appointment_id)
    if found.status in {"arrived", "called"}:
        return found
    if found.day != today(await pricing.tenant_zone(found.tenant_id)):
        raise Conflict("visit.other_day", t("This appointment is on {day}.", day=found.day.isoformat()))
    now = datetime.now(UTC)
    await move(found, "arrive", arrived_at=now, queued_at=found.starts_at if now <= found.ends_at else now)
    await record(actor, found, "visit.arrived")
    return found


async def before(found: Appointment) -> int:
    """Return how many will be called before this patient."""
    if found.status != "arrived":
        return 0
    return int(await value(_BEFORE, found.tenant_id, found.session_id, found.queued_at, found.id))


async def call_next(actor: Actor, session_id: UUID) -> Appointment | None:
    """Call the next who waits; nobody is called twice by two who press at once. ``None`` when nobody waits."""
    await _called_session(actor, session_id)
    found_id = await value(_NEXT, actor.tenant_id, session_id)
    return await call(actor, found_id) if found_id else None


async def call(actor: Actor, appointment_id: UUID) -> Appointment:
    """Call one patient, whatever their place."""
    found = await locked(actor, appointment_id)
    await _called_session(actor, found.session_id)
    await move(found, "call", called_at=datetime.now(UTC), calls=found.calls + 1)
    await record(actor, found, "visit.called")
    return found


async def miss(actor: Actor, appointment_id: UUID) -> Appointment:
    """Put a patient who did not come when called back into the queue, behind as many as the rule says."""
    found = await locked(actor, appointment_id)
    await _called_session(actor, found.session_id)
    behind = (await terms_of(found.tenant_id, BookingTerms)).late_behind
    waiting = await rows(_WAITING, found.tenant_id, found.session_id, found.id)
    last = waiting[min(behind, len(waiting)) - 1]["queued_at"] if waiting else datetime.now(UTC)
    await move(found, "miss", queued_at=last + timedelta(microseconds=1))
    await record(actor, found, "visit.missed")
    return found


async def fulfil(actor: Actor, appointment_id: UUID) -> Appointment:
    """Note that the patient has been seen."""
    found = await locked(actor, appointment_id)
    await _called_session(actor, found.session_id)
    await move(found, "fulfil")
    await record(actor, found, "visit.seen")
    return found


async def _called_session(actor: Actor, session_id: UUID) -> None:
    """A doctor calls into their own sessions; whoever keeps the register may call for all."""
    session = await ClinicSession.get_or_none(tenant_id=actor.tenant_id, id=session_id)
    if session is None or not await may_call(actor, session):
        raise NotFound("session.not_found", t("There is no such session."))


async def may_call(actor: Actor, session: Any) -> bool:
    """Tell whether the actor calls patients into this session."""
    if actor.may("visits.read"):
        return True
    own = "select exists (select 1 from hospital_doctor where tenant_id = $1 and id = $2 and person_id = $3)"
    return bool(await value(own, actor.tenant_id, session.doctor_id, actor.person_id))
