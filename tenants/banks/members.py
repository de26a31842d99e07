"""A bank's people leave and stand in for each other: their work goes to a colleague, their roles end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.days import bank_zone, today_at_bank
from tenants.ids import new_id
from tenants.models import Application, Bank, BankMembership, Tenant
from tenants.scope import bank_scope, open_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t

KEEPS_THE_KEYS = "administrator"
UNDER_WAY = ("draft", "submitted", "returned")
"""Applications that whoever opened them still works on."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a room above keeps for the bank's people: how much somebody has, and how it goes to a colleague."""

    count: Callable[[BankMembership], Awaitable[int]]
    give: Callable[[BankMembership, BankMembership], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Load:
    """How much somebody looks after."""

    institutions: int
    applications: int
    others: int

    @property
    def is_none(self) -> bool:
        """Tell whether nothing is left to hand over."""
        return not (self.institutions or self.applications or self.others)


_works: list[Work] = []


def when_leaving(work: Work) -> None:
    """Have work of a room above counted and handed over when somebody leaves."""
    if work not in _works:
        _works.append(work)


async def member(actor: Actor, membership_id: UUID) -> BankMembership:
    """Return somebody's role that the actor may change."""
    found = await BankMembership.get_or_none(bank_id=bank_of(actor), id=membership_id, ended_at=None)
    if found is None or (found.branch_id and not await sees_branch(actor, found.branch_id)):
        raise _gone()
    return found


async def roles_of(actor: Actor, one: BankMembership) -> list[BankMembership]:
    """Return the roles that the same person has in the bank, as far as the actor may change them."""
    found = await BankMembership.filter(bank_id=one.bank_id, person_id=one.person_id, ended_at=None).order_by(
        "role", "id"
    )
    return [each for each in found if each.branch_id is None or await sees_branch(actor, each.branch_id)]


def _institutions(one: BankMembership) -> QuerySet[Tenant]:
    return Tenant.filter(bank_id=one.bank_id, manager_id=one.person_id)


def _applications(one: BankMembership) -> QuerySet[Application]:
    return Application.filter(bank_id=one.bank_id, created_by=one.person_id, status__in=UNDER_WAY)


async def load_of(one: BankMembership) -> Load:
    """Return how much somebody looks after, here and in the rooms above."""
    others = sum([await work.count(one) for work in _works])
    return Load(await _institutions(one).count(), await _applications(one).count(), others)


async def hand_over(actor: Actor, membership_id: UUID, *, to: UUID) -> Load:
    """Give a leaver's institutions, open applications and other work to a colleague; return how many of each.

    The applications keep who opened them in their story; the colleague may not decide on them either.
    """
    actor.require("staff.write")
    actor.require_fresh()
    leaver, heir = await member(actor, membership_id), await member(actor, to)
    if leaver.person_id == heir.person_id:
        raise _wrong("to", t("Choose a colleague."))
    given = Load(
        await _institutions(leaver).update(manager_id=heir.person_id, manager_name=heir.name),
        await _applications(leaver).update(created_by=heir.person_id, created_by_name=heir.name),
        sum([await work.give(leaver, heir) for work in _works]),
    )
    await audit.record(
        actor,
        "bank_membership.handed_over",
        subject_kind="bank_membership",
        subject_id=leaver.id,
        subject_label=leaver.name,
        after={
            "to": heir.name,
            "institutions": given.institutions,
            "applications": given.applications,
            "other_work": given.others,
        },
    )
    return given


async def end_role(actor: Actor, membership_id: UUID) -> BankMembership:
    """Take a role from somebody at once; the bank's last administrator stays, who only stands in does not count."""
    actor.require("staff.write")
    actor.require_fresh()
    keepers = await BankMembership.filter(
        bank_id=bank_of(actor), role=KEEPS_THE_KEYS, ended_at=None, until=None
    ).select_for_update()
    found = await member(actor, membership_id)
    if [keeper.id for keeper in keepers] == [found.id]:
        raise Conflict(
            "staff.last_administrator",
            t("This is the last person who can add others. Make somebody else administrator first."),
        )
    still = BankMembership.filter(bank_id=found.bank_id, id=found.id, ended_at=None)
    if not await still.update(ended_at=datetime.now(UTC)):
        raise _gone()
    await audit.record(
        actor,
        "bank_membership.ended",
        subject_kind="bank_membership",
        subject_id=found.id,
        subject_label=found.name,
        before={"role": found.role},
    )
    return found


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


def _gone() -> NotFound:
    return NotFound("staff.not_found", t("There is no such member of staff."))


def _wrong(field: str, text: Text) -> Invalid:
    return Invalid(f"structure.{field}", text, fields={field: text})
