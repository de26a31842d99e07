"""How a bank is put together changes: institutions move, branches merge, people leave and stand in for each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.exceptions import IntegrityError

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.days import bank_zone, today_at_bank
from tenants.ids import new_id
from tenants.models import Application, Bank, BankMembership, Branch, Tenant, TenantMove
from tenants.onboarding.gate import tenant_of
from tenants.scope import bank_scope, execute, open_scope
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
HandOver = Callable[[BankMembership, BankMembership], Awaitable[int]]
_followers: list[Follow] = []
_heirs: list[HandOver] = []


def after_moving(follow: Follow) -> None:
    """Have ``follow(move)`` called when an institution moves or a branch ends, for work that rooms above keep."""
    if follow not in _followers:
        _followers.append(follow)


def when_leaving(hand_over: HandOver) -> None:
    """Have ``hand_over(leaver, heir)`` called when somebody leaves; it says how much work of its room went over."""
    if hand_over not in _heirs:
        _heirs.append(hand_over)


async def branch_of(actor: Actor, branch_id: UUID) -> Branch:
    """Return an open branch that the actor works in or above."""
    found = await Branch.get_or_none(bank_id=bank_of(actor), id=branch_id, closed_at=None)
    if found is None or not await sees_branch(actor, found.id):
        raise NotFound("branch.not_found", t("There is no such branch."))
    return found


async def move_tenant(actor: Actor, tenant_id: UUID, *, to_branch: UUID, reason: str) -> Tenant:
    """Move an institution to another branch from today on; what came before stays with the old one."""
    actor.require("staff.write")
    tenant, target = await tenant_of(actor, tenant_id), await branch_of(actor, to_branch)
    if tenant.branch_id == target.id:
        raise _wrong("to_branch", t("The institution is with this branch already."))
    await _note_move(actor, tenant, target.id, reason)
    before = str(tenant.branch_id)
    tenant.branch_id = target.id
    await tenant.save(update_fields=["branch_id"])
    for follow in _followers:
        await follow(Move(tenant.bank_id, UUID(before), target.id, tenant.id))
    await audit.record(
        actor,
        "tenant.moved",
        subject_kind="tenant",
        subject_id=tenant.id,
        subject_label=tenant.name,
        before={"branch_id": before},
        after={"branch": target.name, "reason": reason},
        tenant_id=tenant.id,
    )
    return tenant


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


async def member(actor: Actor, membership_id: UUID) -> BankMembership:
    """Return somebody's role that the actor may change."""
    found = await BankMembership.get_or_none(bank_id=bank_of(actor), id=membership_id, ended_at=None)
    if found is None or (found.branch_id and not await sees_branch(actor, found.branch_id)):
        raise NotFound("staff.not_found", t("There is no such member of staff."))
    return found


async def hand_over(actor: Actor, membership_id: UUID, *, to: UUID) -> tuple[int, int, int]:
    """Give a leaver's institutions, open applications and other work to a colleague; return how many of each.

    The applications keep who opened them in their story; the colleague may not decide on them either.
    """
    actor.require("staff.write")
    actor.require_fresh()
    leaver, heir = await member(actor, membership_id), await member(actor, to)
    if leaver.person_id == heir.person_id:
        raise _wrong("to", t("Choose a colleague."))
    named = {"manager_id": heir.person_id, "manager_name": heir.name}
    tenants = await Tenant.filter(bank_id=leaver.bank_id, manager_id=leaver.person_id).update(**named)
    open_ones = Application.filter(
        bank_id=leaver.bank_id, created_by=leaver.person_id, status__in=("draft", "submitted", "returned")
    )
    applications = await open_ones.update(created_by=heir.person_id, created_by_name=heir.name)
    others = sum([await give(leaver, heir) for give in _heirs])
    await audit.record(
        actor,
        "bank_membership.handed_over",
        subject_kind="bank_membership",
        subject_id=leaver.id,
        subject_label=leaver.name,
        after={"to": heir.name, "institutions": tenants, "applications": applications, "other_work": others},
    )
    return tenants, applications, others


async def stand_in(
    actor: Actor, membership_id: UUID, *, deputy: UUID, first: date, last: date
) -> BankMembership:
    """Let a colleague hold somebody's role too, from the first day to the last; it ends by itself.

    Raises:
        Invalid: days that are over or the wrong way round, or a deputy who has the role already.
    """
    actor.require("staff.write")
    actor.require_fresh()
    absent, other = await member(actor, membership_id), await member(actor, deputy)
    if other.person_id == absent.person_id:
        raise _wrong("deputy", t("Choose a colleague."))
    zone = await zone_of(absent.bank_id)
    if last < first or last < await today_at_bank(absent.bank_id):
        raise _wrong("last", t("The last day must not be before the first, nor over."))
    try:
        async with open_scope(bank_scope(absent.bank_id)):
            made = await BankMembership.create(
                id=new_id(),
                bank_id=absent.bank_id,
                branch_id=absent.branch_id,
                person_id=other.person_id,
                role=absent.role,
                name=other.name,
                email=other.email,
                since=datetime.combine(first, time(), zone),
                until=datetime.combine(last, time.max, zone),
                stands_in_for=absent.name,
            )
    except IntegrityError:
        raise _wrong("deputy", t("This person has the role already.")) from None
    await audit.record(
        actor,
        "bank_membership.deputised",
        subject_kind="bank_membership",
        subject_id=made.id,
        subject_label=other.name,
        after={
            "role": absent.role,
            "for": absent.name,
            "since": first.isoformat(),
            "until": last.isoformat(),
        },
    )
    return made


async def zone_of(bank_id: UUID) -> ZoneInfo:
    """Return the zone in which a bank's days begin and end."""
    return ZoneInfo(bank_zone((await Bank.get(id=bank_id)).country))


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
