"""Opening, seeing and ending support accesses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants import audit, notices
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.ids import new_id
from tenants.models import Bank, BankMembership, SupportAccess
from tenants.onboarding.gate import tenant_of
from tenants.scope import open_scope, rows, tenant_id, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

MOST_HOURS = 8
UNION_ROLES = ("union_supervisor", "operations", "auditor")
LEVELS: Mapping[str, str] = {"read": N_("Look only"), "write": N_("Look and set up")}


@dataclass(frozen=True, slots=True)
class Looker:
    """Who is going to look in."""

    person_id: UUID
    name: str


async def of_union(actor: Actor) -> list[BankMembership]:
    """Return those of the bank's union for whom an access can be opened: its supervisors, officers and auditors."""
    union_id = (await Bank.get(id=bank_of(actor))).union_id
    if union_id is None:
        return []
    now = datetime.now(UTC)
    found = await BankMembership.filter(bank_id=union_id, ended_at=None, role__in=UNION_ROLES).order_by(
        "name"
    )
    return [one for one in found if (one.since or now) <= now <= (one.until or now)]


async def _looker(actor: Actor, who: str) -> Looker:
    """Return the actor, or whoever of the union was chosen.

    Raises:
        Invalid: it is nobody for whom an access can be opened.
    """
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    if not who:
        return Looker(actor.person_id, actor.name)
    found = next((one for one in await of_union(actor) if str(one.id) == who), None)
    if found is None:
        text = t("Choose from the list.")
        raise Invalid("support.who", text, fields={"who": text})
    union = await Bank.get(id=found.bank_id)
    return Looker(found.person_id, f"{found.name} ({union.name_en})")


async def open_access(
    actor: Actor, of_tenant: UUID, *, reason: str, hours: int, level: str, who: str = ""
) -> SupportAccess:
    """Open an access for the actor, or for one colleague of the union, to look only; the institution is told at once.

    Raises:
        Invalid: a level, a duration or a colleague that there is not.
        Conflict: whoever is to look has one open there already.
    """
    actor.require("support.open")
    actor.require_fresh()
    if level not in LEVELS or not 1 <= hours <= MOST_HOURS:
        raise Invalid("support.terms", t("Choose one to {n} hours.", n=MOST_HOURS))
    if who and level != "read":
        raise Invalid("support.union", t("Somebody of the union looks only."))
    tenant, looker = await tenant_of(actor, of_tenant), await _looker(actor, who)
    now = datetime.now(UTC)
    is_open = SupportAccess.filter(
        tenant_id=tenant.id, person_id=looker.person_id, ended_at=None, until__gt=now
    )
    if await is_open.exists():
        raise Conflict("support.open", t("You have an access here already. End it before you open another."))
    made = await SupportAccess.create(
        id=new_id(),
        bank_id=tenant.bank_id,
        tenant_id=tenant.id,
        person_id=looker.person_id,
        person_name=looker.name[:100],
        reason=reason,
        level=level,
        until=now + timedelta(hours=hours),
    )
    await _record(actor, made, "support.opened")
    async with open_scope(tenant_scope(tenant.id)):
        await notices.notify(
            actor,
            template="support",
            channel="email",
            recipient=tenant.contact_email,
            subject=t("The bank looks into {name}", name=tenant.short_name),
            body=t(
                "{who} of the bank has opened an access for {hours} h. The reason: {reason}\n\n"
                "What is looked at is listed under Support access in your console, where you can end it at once.",
                who=looker.name,
                hours=hours,
                reason=reason,
            ),
        )
    return made


async def end_access(actor: Actor, access_id: UUID) -> SupportAccess:
    """End an access at once: by the institution, or by the bank's people."""
    found = await _of(actor, access_id)
    if found.ended_at is None:
        found.ended_at, found.ended_by_name = datetime.now(UTC), actor.name[:100]
        await found.save(update_fields=["ended_at", "ended_by_name"])
        await _record(actor, found, "support.ended")
    return found


async def _of(actor: Actor, access_id: UUID) -> SupportAccess:
    where = {"bank_id": actor.bank_id} if actor.kind == "bank" else {"tenant_id": actor.tenant_id}
    found = await SupportAccess.select_for_update().get_or_none(id=access_id, **where)
    if found is None:
        raise NotFound("support.not_found", t("There is no such access."))
    if actor.kind == "bank":
        await tenant_of(actor, found.tenant_id)
    return found


async def accesses() -> list[SupportAccess]:
    """Return the institution's accesses in its open scope, newest first."""
    return await SupportAccess.filter(tenant_id=tenant_id()).order_by("-id").limit(100)


async def looked_at(access_id: UUID) -> list[tuple[datetime, str]]:
    """Return what was opened through an access, newest first: when and which address."""
    found = await rows(
        "select created_at, subject_label from tenants_audit where tenant_id = $1 and act = 'support.looked'"
        " and subject_id = $2 order by created_at desc limit 500",
        tenant_id(),
        access_id,
    )
    return [(each["created_at"], each["subject_label"]) for each in found]


async def _record(actor: Actor, found: SupportAccess, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="support_access",
        subject_id=found.id,
        subject_label=found.person_name,
        after={"reason": found.reason, "level": found.level, "until": found.until.isoformat()},
        tenant_id=found.tenant_id,
    )
