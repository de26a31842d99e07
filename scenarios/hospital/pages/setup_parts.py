"""What the pages share on which a hospital is set up."""

from typing import Any

from billing.names import localized
from scenarios.hospital.models import ClinicService, Department
from tenants.actor import Actor
from ui.tables import TableQuery

MOST = 5000


def in_order(found: list[dict[str, Any]], query: TableQuery) -> list[dict[str, Any]]:
    """Return rows in the order that a list was asked for."""
    key = query.sort.removeprefix("-")
    return sorted(found, key=lambda one: (one[key], str(one["id"])), reverse=query.sort.startswith("-"))


async def services_of(actor: Actor) -> list[tuple[str, str]]:
    """Return the services of all departments with their names, for a choice."""
    departments = {one.id: one for one in await Department.filter(tenant_id=actor.tenant_id)}
    found = await ClinicService.filter(tenant_id=actor.tenant_id, is_active=True)
    named = [
        (str(one.id), f"{localized(departments[one.department_id].names)} · {localized(one.names)}")
        for one in found
    ]
    return sorted(named, key=lambda one: one[1])
