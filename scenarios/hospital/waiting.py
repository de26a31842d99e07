"""The wait-list of a full session: what becomes free is offered to one after the other, each for a while."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.terms import terms_of
from scenarios.hospital import calendar
from scenarios.hospital.kinds import VISITS
from scenarios.hospital.models import ClinicWaiting
from scenarios.hospital.terms import BookingTerms
from scenarios.hospital.words import tell
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.scope import execute, row, value
from ui.errors import Conflict
from ui.i18n import t

OFFER_JOB = "hospital.offer_number"
_JOIN = """
insert into hospital_waiting (tenant_id, id, session_id, account_id, visit, person_id) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_FIRST = """
select id from hospital_waiting where tenant_id = $1 and session_id = $2 and status = 'waiting' and visit = $3
 order by created_at, id limit 1 for update skip locked
"""
_OFFERED = """
select count(*) from hospital_waiting where tenant_id = $1 and session_id = $2 and status = 'offered'
   and offered_until > now() and visit = $3 and account_id is distinct from $4
"""
_LOCK = "select id from hospital_session where tenant_id = $1 and id = $2 for update"
_RUN_OUT = """
update hospital_waiting set status = 'passed', ended_at = now()
 where tenant_id = $1 and session_id = $2 and status = 'offered' and offered_until <= now()
"""


async def wait(actor: Actor, *, session_id: UUID, account_id: UUID, visit: str) -> None:
    """Put a patient on a session's wait-list, in the hospital's scope; again it changes nothing.

    Raises:
        Conflict: the session has numbers left, or does not take place.
    """
    session = await calendar.session_seen(_tenant(actor), session_id)
    if session is None or not calendar.is_open(session):
        raise Conflict("session.closed", t("The numbers of this session are not open."))
    if await free_count(_tenant(actor), session_id, visit) > 0:
        raise Conflict("session.has_numbers", t("There are numbers left: book one."))
    await execute(_JOIN, actor.tenant_id, new_id(), session_id, account_id, visit, actor.person_id)


async def leave(actor: Actor, *, waiting_id: UUID) -> None:
    """Take somebody off the wait-list; what was offered to them goes to the next."""
    found = await ClinicWaiting.filter(tenant_id=actor.tenant_id, id=waiting_id).select_for_update().get()
    if found.status in {"waiting", "offered"}:
        found.status, found.ended_at = "left", datetime.now(UTC)
        await found.save(update_fields=["status", "ended_at"])
        await offer_next(actor, found.session_id)


async def free_count(tenant_id: UUID, session_id: UUID, visit: str, *, account_id: UUID | None = None) -> int:
    """Return how many numbers of a kind of visit can be had that are not offered to somebody else who waits."""
    free = len(await calendar.free_slots(tenant_id, session_id, (visit,)))
    return free - int(await value(_OFFERED, tenant_id, session_id, visit, account_id))


async def must_not_be_offered(tenant_id: UUID, session_id: UUID, visit: str, account_id: UUID) -> None:
    """Refuse a number that is kept for somebody who waits; those who are quick then come one after the other.

    Raises:
        Conflict: every free number is offered to others.
    """
    if not await value(_OFFERED, tenant_id, session_id, visit, account_id):
        return
    await value(_LOCK, tenant_id, session_id)
    if await free_count(tenant_id, session_id, visit, account_id=account_id) <= 0:
        raise full()


def full() -> Conflict:
    """Return what is said where no number is left."""
    text = t("All numbers of this session are taken. Choose another one, or wait for one.")
    return Conflict("session.full", text)


async def offer_next(actor: Actor, session_id: UUID) -> None:
    """Offer each number that is free to the next who waits for its kind, and tell them; in the open scope."""
    tenant_id = _tenant(actor)
    await execute(_RUN_OUT, tenant_id, session_id)
    for visit in VISITS:
        while await free_count(tenant_id, session_id, visit) > 0:
            first = await value(_FIRST, tenant_id, session_id, visit)
            if first is None:
                break
            await _offer(actor, first)


async def _offer(actor: Actor, waiting_id: UUID) -> None:
    minutes = (await terms_of(_tenant(actor), BookingTerms)).offer_minutes
    found = await ClinicWaiting.get(tenant_id=actor.tenant_id, id=waiting_id)
    found.status, found.offered_until = "offered", datetime.now(UTC) + timedelta(minutes=minutes)
    await found.save(update_fields=["status", "offered_until"])
    subject = t("A number has become free")
    body = t(
        "A number that you wait for has become free. It is kept for you for {minutes} minutes: open My visits to book"
        " it.",
        minutes=minutes,
    )
    await tell(actor, found.account_id, "visit.offered", subject, body)
    await enqueue(
        OFFER_JOB, {"session_id": str(found.session_id)}, delay=timedelta(minutes=minutes, seconds=1)
    )


async def offered_to(tenant_id: UUID, session_id: UUID, account_id: UUID) -> Any | None:
    """Return the patient's live place on a session's wait-list."""
    return await row(
        "select id, status, offered_until from hospital_waiting where tenant_id = $1 and session_id = $2"
        " and account_id = $3 and status in ('waiting', 'offered')",
        tenant_id,
        session_id,
        account_id,
    )


async def booked(tenant_id: UUID, session_id: UUID, account_id: UUID) -> None:
    """Note that somebody who waited has a number now."""
    await execute(
        "update hospital_waiting set status = 'booked', ended_at = now() where tenant_id = $1 and session_id = $2"
        " and account_id = $3 and status in ('waiting', 'offered')",
        tenant_id,
        session_id,
        account_id,
    )


def _tenant(actor: Actor) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has opened the hospital's scope
    return actor.tenant_id
