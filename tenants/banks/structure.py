"""How a bank is put together changes: institutions move, branches merge, and what the bank looks like."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.models import Application, Bank, BankMembership, Branch, Tenant, TenantMove
from tenants.onboarding.gate import tenant_of
from tenants.permissions import BANK_ROLES
from tenants.scope import execute
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t


@dataclass(frozen=True, slots=True)
class Move:
    """Work goes from one branch to another: of one institution, or of all where ``tenant_id`` is none."""

    bank_id: UUID
    from_branch: UUID
    to_branch: UUID
    tenant_id: UUID | None = None


Follow = Callable[[Move], Awaitable[None]]
_followers: list[Follow] = []


def after_moving(follow: Follow) -> None:
    """Have ``follow(move)`` called when an institution moves or a branch ends, for work that rooms above keep."""
    if follow not in _followers:
        _followers.append(follow)


async def branch_of(actor: Actor, branch_id: UUID) -> Branch:
    """Return an open branch that the actor works in or above."""
    found = await Branch.get_or_none(bank_id=bank_of(actor), id=branch_id, closed_at=None)
    if found is None or not await sees_branch(actor, found.id):
        raise NotFound("branch.not_found", t("There is no such branch."))
    return found


async def move_tenant(
    actor: Actor, tenant_id: UUID, *, to_branch: UUID, manager: UUID | None, reason: str
) -> Tenant:
    """Move an institution to another branch from today on, into the care of whose membership ``manager`` is.

    What came before stays with the old branch. Nobody looks after it where ``manager`` is none; that is then said
    among what to do next. In the branch where it is, it only goes into other hands.

    Raises:
        Invalid: nothing would change, or whoever shall look after it does not see the branch.
    """
    actor.require("staff.write")
    tenant, target = await tenant_of(actor, tenant_id), await branch_of(actor, to_branch)
    keeper = await _keeper(actor, target, manager) if manager else None
    old_branch, old_name = tenant.branch_id, tenant.manager_name
    if old_branch == target.id and tenant.manager_id == (keeper.person_id if keeper else None):
        raise _wrong("to_branch", t("The institution is with this branch and in these hands already."))
    if old_branch != target.id:
        await _note_move(actor, tenant, target.id, reason)
    tenant.branch_id = target.id
    tenant.manager_id, tenant.manager_name = (keeper.person_id, keeper.name) if keeper else (None, "")
    await tenant.save(update_fields=["branch_id", "manager_id", "manager_name"])
    for follow in _followers if old_branch != target.id else ():
        await follow(Move(tenant.bank_id, old_branch, target.id, tenant.id))
    await audit.record(
        actor,
        "tenant.moved",
        subject_kind="tenant",
        subject_id=tenant.id,
        subject_label=tenant.name,
        before={"branch_id": str(old_branch), "manager": old_name},
        after={"branch": target.name, "manager": tenant.manager_name, "reason": reason},
        tenant_id=tenant.id,
    )
    return tenant


async def keepers(actor: Actor) -> list[BankMembership]:
    """Return who can look after institutions: those who bring them in, wherever in the bank they work."""
    roles = [key for key, role in BANK_ROLES.items() if "applications.write" in role.permissions]
    of_bank = BankMembership.filter(bank_id=bank_of(actor), role__in=roles, ended_at=None, until=None)
    found = {one.person_id: one for one in await of_bank.order_by("name", "id")}
    return list(found.values())


async def _keeper(actor: Actor, target: Branch, membership_id: UUID) -> BankMembership:
    found = next((one for one in await keepers(actor) if one.id == membership_id), None)
    if found is None or not await _works_in(found, target):
        raise _wrong("manager", t("This person does not work in the branch. Choose somebody who does."))
    return found


async def _works_in(one: BankMembership, branch: Branch) -> bool:
    """Tell whether somebody's role is for a branch: for the whole bank, for it, or for one above it."""
    own = (one.branch_id,) if one.branch_id else ()
    return await sees_branch(Actor(kind="bank", name="", bank_id=one.bank_id, branches=own), branch.id)


async def _note_move(actor: Actor, tenant: Tenant, target: UUID, reason: str) -> None:
    await TenantMove.create(
        id=new_id(),
        bank_id=tenant.bank_id,
        tenant_id=tenant.id,
        from_branch_id=tenant.branch_id,
        to_branch_id=target,
        moved_on=await today_at_bank(tenant.bank_id),
        reason=reason,
        moved_by_name=actor.name[:100],
    )


_MERGE_MOVES = """
insert into tenants_tenant_move (id, bank_id, tenant_id, from_branch_id, to_branch_id, moved_on, reason, moved_by_name)
select new_id(), bank_id, id, branch_id, $3, bank_day_of($1), $4, $5 from tenants_tenant
 where bank_id = $1 and branch_id = $2
"""


async def merge(actor: Actor, branch_id: UUID, *, into: UUID, reason: str) -> int:
    """Close a branch and give everything it has to another one; return how many institutions moved.

    Raises:
        Invalid: into itself, or into a part of itself.
    """
    actor.require("staff.write")
    actor.require_fresh()
    gone, kept = await branch_of(actor, branch_id), await branch_of(actor, into)
    if await _is_within(kept, gone):
        raise _wrong("into", t("Choose another branch, and none below this one."))
    count = await execute(_MERGE_MOVES, gone.bank_id, gone.id, kept.id, reason, actor.name[:100])
    where = {"bank_id": gone.bank_id, "branch_id": gone.id}
    for model in (Tenant, Application, BankMembership):
        await model.filter(**where).update(branch_id=kept.id)
    await Branch.filter(bank_id=gone.bank_id, parent_id=gone.id).update(parent_id=kept.id)
    for follow in _followers:
        await follow(Move(gone.bank_id, gone.id, kept.id))
    gone.closed_at, gone.merged_into = datetime.now(UTC), kept.id
    await gone.save(update_fields=["closed_at", "merged_into"])
    kept.areas = sorted({*kept.areas, *gone.areas})
    await kept.save(update_fields=["areas"])
    await audit.record(
        actor,
        "branch.merged",
        subject_kind="branch",
        subject_id=gone.id,
        subject_label=f"{gone.code} {gone.name}",
        after={"branch": kept.name, "institutions": count, "reason": reason},
    )
    return count


async def _is_within(branch: Branch, above: Branch) -> bool:
    """Tell whether a branch is the other one or, however deep, below it."""
    probe = Actor(kind="bank", name="", bank_id=above.bank_id, branches=(above.id,))
    return await sees_branch(probe, branch.id)


async def set_areas(actor: Actor, branch_id: UUID, areas: str) -> Branch:
    """Set the beginnings of the postal codes a branch looks after, as typed with blanks between."""
    actor.require("staff.write")
    found = await branch_of(actor, branch_id)
    before, found.areas = found.areas, sorted({part.upper() for part in areas.replace(",", " ").split()})
    await found.save(update_fields=["areas"])
    await audit.record(
        actor,
        "branch.changed",
        subject_kind="branch",
        subject_id=found.id,
        subject_label=f"{found.code} {found.name}",
        before={"areas": before},
        after={"areas": found.areas},
    )
    return found


async def brand(actor: Actor, *, name: str, name_en: str, accent: str) -> None:
    """Set how the bank is called and its colour; the pages make every shade of it readable."""
    actor.require("policy.write")
    actor.require_fresh()
    found = await Bank.get(id=bank_of(actor))
    before = {"name": found.name, "name_en": found.name_en, "accent": found.accent}
    after = {"name": name, "name_en": name_en, "accent": accent}
    if not await Bank.filter(id=found.id).update(**after):
        raise Conflict("bank.gone", t("Nothing was changed."))
    await audit.record(
        actor,
        "bank.branded",
        subject_kind="bank",
        subject_id=found.id,
        subject_label=name_en,
        before=before,
        after=after,
    )


def _wrong(field: str, text: Text) -> Invalid:
    return Invalid(f"structure.{field}", text, fields={field: text})
