"""Who gets new work: of those whose shift it is, who has least to do; else who the category names; else nobody yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from scenarios.community.service.models import WorkCategory, WorkShift
from scenarios.community.service.states import OPEN
from tenants.models import Membership, Tenant
from tenants.scope import rows

_BUSY = """
select assignee_id, count(*) n from community_work_order
 where tenant_id = $1 and status = any ($2::text[]) and assignee_id is not null group by assignee_id
"""


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who can be given work."""

    person_id: UUID
    name: str


def is_on(shift: WorkShift, category: UUID, local: datetime) -> bool:
    """Tell whether a shift is running at a moment of the institution's own clock, and takes the category."""
    takes = not shift.categories or str(category) in shift.categories
    return takes and local.isoweekday() in shift.weekdays and shift.from_hour <= local.hour < shift.until_hour


def choose(on: Sequence[WorkShift], busy: dict[UUID, int]) -> WorkShift | None:
    """Return the shift of who has least to do; of equals, the one that was written down first."""
    return min(on, key=lambda shift: busy.get(shift.person_id, 0), default=None)


async def worker_for(tenant: Tenant, category: WorkCategory, at: datetime) -> Worker | None:
    """Return who is to do new work of a category."""
    local = at.astimezone(ZoneInfo(tenant.timezone))
    shifts = await WorkShift.filter(tenant_id=tenant.id).order_by("created_at", "id")
    on = [shift for shift in shifts if is_on(shift, category.id, local)]
    busy = {one["assignee_id"]: one["n"] for one in await rows(_BUSY, tenant.id, list(OPEN))}
    if (found := choose(on, busy)) is not None:
        return Worker(found.person_id, found.person_name)
    if category.assignee_id:
        return Worker(category.assignee_id, category.assignee_name)
    return None


async def workers(tenant_id: UUID) -> list[Worker]:
    """Return the institution's staff, by name."""
    found = await Membership.filter(tenant_id=tenant_id, ended_at__isnull=True).order_by("name")
    known = {one.person_id: one.name for one in found}
    return [Worker(person_id, name) for person_id, name in known.items()]
