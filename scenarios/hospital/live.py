"""What open pages of the hospital listen to: the queue of a session, and all queues of a department."""

from uuid import UUID

from scenarios.hospital.models import Appointment
from tenants import live


def of_session(tenant_id: UUID, session_id: UUID) -> str:
    """Return the topic of a session's queue."""
    return live.topic(tenant_id, "hospital.session", session_id)


def of_department(tenant_id: UUID, department_id: UUID) -> str:
    """Return the topic of a department's waiting room."""
    return live.topic(tenant_id, "hospital.department", department_id)


def announce(found: Appointment) -> None:
    """Have pages look again that show the queue of this appointment's session."""
    live.announce(
        of_session(found.tenant_id, found.session_id), of_department(found.tenant_id, found.department_id)
    )
