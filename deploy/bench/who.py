"""Who does what is measured."""

from datetime import UTC, datetime

from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.permissions import TENANT_PERMISSIONS


def manager(of: Tenant) -> Actor:
    """Return somebody who may do everything in an institution, just signed in."""
    return Actor(
        kind="staff",
        name="Bench",
        person_id=new_id(),
        tenant_id=of.id,
        permissions=frozenset(TENANT_PERMISSIONS),
        level=3,
        auth_time=datetime.now(UTC),
        place={"slug": of.slug, "scenarios": of.scenarios},
    )
