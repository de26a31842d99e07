"""Taking an appointment along one edge of its life, under its lock."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scenarios.hospital import live
from scenarios.hospital.models import Appointment
from scenarios.hospital.states import APPOINTMENT, WORDS
from tenants.actor import Actor
from ui.errors import Conflict, NotFound
from ui.i18n import t

ENDS = ("lapse", "cancel", "stop", "move", "no_show", "fulfil")


async def locked(actor: Actor, appointment_id: UUID) -> Appointment:
    """Return an appointment of the hospital, locked.

    Raises:
        NotFound: there is none.
    """
    found = (
        await Appointment.filter(tenant_id=actor.tenant_id, id=appointment_id)
        .select_for_update()
        .get_or_none()
    )
    if found is None:
        raise NotFound("visit.not_found", t("There is no such appointment, or it is not yours to see."))
    return found


def require(found: Appointment, edge: str) -> None:
    """Refuse a move that the appointment's state does not have.

    Raises:
        Conflict: it has moved on; the sentence says to where.
    """
    if not APPOINTMENT.can(found.status, edge):
        raise Conflict("visit.moved_on", t("This appointment is: {state}.", state=t(WORDS[found.status])))


async def move(found: Appointment, edge: str, **facts: Any) -> None:
    """Take a locked appointment along an edge and keep what goes with it.

    Raises:
        Conflict: the edge does not leave its state.
    """
    require(found, edge)
    found.status = APPOINTMENT.after(found.status, edge)
    found.version += 1
    if edge in ENDS:
        facts.setdefault("ended_at", datetime.now(UTC))
    found.update_from_dict(facts)
    await found.save(update_fields=["status", "version", *facts])
    live.announce(found)
