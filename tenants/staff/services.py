"""A tenant's people and what they may do; background work that failed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.jobs import publish
from tenants.models import Membership, Outbox, Role, Tenant
from tenants.permissions import permissions_of
from tenants.scope import rows, tenant_id
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

ADMINISTERS = "people.write"
MOST_MEMBERS = 2000


async def members(actor: Actor) -> list[Any]:
    """Return everybody who works here, with each role they hold."""
    actor.require("people.read")
    return await rows(
        "select m.id, m.person_id, m.name, m.email, m.created_at, r.name role, r.key role_key"
        " from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id"
        " where m.tenant_id = $1 and m.ended_at is null order by m.name, r.name limit $2",
        tenant_id(),
        MOST_MEMBERS,
    )


async def roles() -> list[Role]:
    """Return the tenant's roles by name."""
    return await Role.filter(tenant_id=tenant_id()).order_by("created_at", "id")


async def end_membership(actor: Actor, membership_id: UUID) -> Membership:
    """Take a role from somebody at once; the last administrator stays, or nobody could let anybody in."""
    actor.require("people.write")
    actor.require_fresh()
    found = await Membership.select_for_update().get_or_none(
        tenant_id=tenant_id(), id=membership_id, ended_at=None
    )
    if found is None:
        raise NotFound("membership.not_found", t("There is no such member of staff."))
    await _keep_an_administrator(found)
    found.ended_at = datetime.now(UTC)
    await found.save(update_fields=["ended_at"])
    role = await Role.get(tenant_id=found.tenant_id, id=found.role_id)
    await audit.record(
        actor,
        "membership.ended",
        subject_kind="membership",
        subject_id=found.id,
        subject_label=found.name,
        before={"role": role.name},
    )
    await publish("membership.ended", {"membership_id": str(found.id), "person_id": str(found.person_id)})
    return found


async def _keep_an_administrator(leaving: Membership) -> None:
    others = await rows(
        "select m.id from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id"
        " where m.tenant_id = $1 and m.ended_at is null and m.id <> $2 and $3 = any (r.permissions) for update of m",
        leaving.tenant_id,
        leaving.id,
        ADMINISTERS,
    )
    if not others:
        raise Conflict(
            "membership.last_administrator",
            t("This is the last person who can invite others. Make somebody else administrator first."),
        )


async def role(role_id: UUID) -> Role:
    """Return one role of the tenant."""
    found = await Role.get_or_none(tenant_id=tenant_id(), id=role_id)
    if found is None:
        raise NotFound("role.not_found", t("There is no such role."))
    return found


async def change_role(
    actor: Actor,
    role_id: UUID,
    *,
    permissions: set[str],
    refund_limit_minor: int,
    adjustment_limit_minor: int,
) -> Role:
    """Set what a role may do, and up to what amounts its holders refund and let off alone."""
    actor.require("people.write")
    actor.require_fresh()
    found = await role(role_id)
    scenarios = (await Tenant.get(id=tenant_id())).scenarios
    unknown = permissions - set(permissions_of(scenarios))
    if unknown:
        raise Invalid("role.permission", t("Choose from the permissions listed."))
    if found.key == "administrator" and not {"people.read", ADMINISTERS} <= permissions:
        text = t("Administrators must be able to see and invite staff, or nobody could.")
        raise Invalid("role.administrator", text, fields={"permissions": text})
    before = _may(found)
    found.permissions, found.refund_limit_minor = sorted(permissions), refund_limit_minor
    found.adjustment_limit_minor = adjustment_limit_minor
    await found.save(update_fields=["permissions", "refund_limit_minor", "adjustment_limit_minor"])
    await audit.record(
        actor,
        "role.changed",
        subject_kind="role",
        subject_id=found.id,
        subject_label=found.name,
        before=before,
        after=_may(found),
    )
    return found


def _may(role: Role) -> dict[str, Any]:
    return {
        "permissions": sorted(role.permissions),
        "refund_limit_minor": role.refund_limit_minor,
        "adjustment_limit_minor": role.adjustment_limit_minor,
    }


async def stuck_work(actor: Actor) -> list[Outbox]:
    """Return background work that failed for good or fails at the moment, newest first."""
    actor.require("operations.read")
    return (
        await Outbox.filter(tenant_id=tenant_id(), tries__gt=0, done_at=None)
        .order_by("-created_at")
        .limit(500)
    )


async def run_again(actor: Actor, outbox_id: UUID) -> None:
    """Have failed work tried again from the start, soon."""
    actor.require("operations.write")
    found = await Outbox.select_for_update().get_or_none(tenant_id=tenant_id(), id=outbox_id, done_at=None)
    if found is None:
        raise NotFound("outbox.not_found", t("There is no such work waiting."))
    found.failed_at, found.tries, found.due_at = None, 0, datetime.now(UTC)
    await found.save(update_fields=["failed_at", "tries", "due_at"])
    await audit.record(
        actor, "work.run_again", subject_kind="outbox", subject_id=found.id, subject_label=found.job
    )
