"""Shares of a child's bills: proposed by one guardian, agreed by all, changed by another agreement, ended by any.

A share is between guardians alone: a bill stays one bill, both see all of it, and whoever pays more than their part has
paid it. What each still has to pay of their part is worked out from what they have paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.plans.conditions import later_minor
from billing.splits.core import Claim, split
from scenarios.education.family.children import Child, must_sign
from scenarios.education.family.states import SHARING
from scenarios.education.family.telling import tell_guardians
from scenarios.education.kinds import FAMILY
from scenarios.education.models import SchoolSharing, SchoolSharingPart
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Holder
from tenants.runtime import runtime
from tenants.scope import execute, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t

WHOLE = 100
_PER_CENT = 100
"""Hundredths of a per cent, in which ``billing.splits.core`` counts."""


@dataclass(frozen=True, slots=True)
class Guardian:
    """Somebody who may take part: a guardian or parent who has confirmed themselves."""

    person_id: UUID
    name: str


async def guardians_of(child: Child) -> list[Guardian]:
    """Return who may share a child's bills, in the open tenant scope, who came first first."""
    found = await Holder.filter(
        tenant_id=child.tenant_id, account_id=child.account_id, until=None, relation__in=list(FAMILY)
    ).order_by("created_at", "id")
    known = {one.person_id: one.name for one in reversed(found) if one.person_id and one.confirmed_at}
    return [Guardian(person_id, name) for person_id, name in reversed(known.items())]


def shares_of(net_minor: int, percents: Sequence[int]) -> list[int]:
    """Return each part of an amount in minor units: whole, and together the amount, the largest remainders up."""
    return split(net_minor, 0, [Claim(rate=percent * _PER_CENT) for percent in percents])


async def propose(actor: Actor, child: Child, percents: Mapping[UUID, int]) -> SchoolSharing:
    """Propose who pays how much in the open tenant scope; the proposer has agreed with it. The last proposal counts.

    Raises:
        Forbidden: the actor is no guardian of the child.
        Invalid: the parts are not those of all guardians, or not a hundred per cent together.
    """
    must_sign(child)
    guardians = await guardians_of(child)
    _check(guardians, percents)
    await _lock(child)
    waiting = await SchoolSharing.get_or_none(
        tenant_id=child.tenant_id, account_id=child.account_id, status="proposed"
    )
    if waiting is not None:
        await _turn(actor, waiting, "take_back")
    made = await SchoolSharing.create(
        id=new_id(),
        tenant_id=child.tenant_id,
        account_id=child.account_id,
        proposed_by=actor.person_id,
        proposed_by_name=actor.name[:100],
        status=SHARING.start,
    )
    await SchoolSharingPart.bulk_create([_part(made, n, one, percents) for n, one in enumerate(guardians)])
    await _record(actor, child, made, "sharing.proposed")
    await _agreed(actor, child, made)
    if made.status == "proposed":
        await _tell(actor, child, t("{name} proposes how to share the bills", name=actor.name))
    return made


def _part(made: SchoolSharing, n: int, one: Guardian, percents: Mapping[UUID, int]) -> SchoolSharingPart:
    return SchoolSharingPart(
        id=new_id(),
        tenant_id=made.tenant_id,
        sharing_id=made.id,
        person_id=one.person_id,
        name=one.name[:100],
        percent=percents[one.person_id],
        position=n,
        agreed_at=datetime.now(UTC) if one.person_id == made.proposed_by else None,
    )


def _check(guardians: Sequence[Guardian], percents: Mapping[UUID, int]) -> None:
    if len(guardians) < 2:  # noqa: PLR2004 - it takes two to share
        text = t("There is no other guardian here yet. They first confirm themselves with their own code.")
        raise Invalid("sharing.alone", text)
    wrong: dict[str, Text] = {}
    for one in guardians:
        if not 0 <= percents.get(one.person_id, -1) <= WHOLE:
            wrong[f"percent-{one.person_id}"] = t("Enter a whole number from 0 to 100.")
    if not wrong and sum(percents[one.person_id] for one in guardians) != WHOLE:
        wrong[f"percent-{guardians[0].person_id}"] = t("Together it has to be 100 per cent.")
    if wrong:
        raise Invalid("sharing.wrong", next(iter(wrong.values())), fields=wrong)


async def agree(actor: Actor, child: Child, sharing_id: UUID) -> SchoolSharing:
    """Agree to a proposal, in the open tenant scope; with the last one's word it holds. Twice is once.

    Raises:
        NotFound: there is no such proposal for this child, or the actor has no part in it.
        Conflict: it has been refused, taken back or ended.
    """
    found = await _locked(child, sharing_id)
    mine = await SchoolSharingPart.get_or_none(
        tenant_id=child.tenant_id, sharing_id=found.id, person_id=actor.person_id
    )
    if mine is None:
        raise _unknown()
    if found.status == "agreed":
        return found
    if not SHARING.can(found.status, "agree"):
        raise Conflict("sharing.over", t("This proposal is over. Look at the page again."))
    mine.agreed_at = mine.agreed_at or datetime.now(UTC)
    await mine.save(update_fields=["agreed_at"])
    await _record(actor, child, found, "sharing.agreed")
    await _agreed(actor, child, found)
    return found


async def _agreed(actor: Actor, child: Child, sharing: SchoolSharing) -> None:
    """Let a proposal hold, and end the one before, once nobody's word is missing."""
    if await SchoolSharingPart.exists(tenant_id=child.tenant_id, sharing_id=sharing.id, agreed_at=None):
        return
    before = await SchoolSharing.get_or_none(
        tenant_id=child.tenant_id, account_id=child.account_id, status="agreed"
    )
    if before is not None:
        await _turn(actor, before, "end")
    sharing.status, sharing.agreed_at = SHARING.after(sharing.status, "agree"), datetime.now(UTC)
    await sharing.save(update_fields=["status", "agreed_at"])
    await _tell(actor, child, t("Your agreement on the bills holds from now on"))


async def close(actor: Actor, child: Child, sharing_id: UUID) -> SchoolSharing:
    """End an agreement, refuse a proposal or take one's own back, in the open tenant scope; twice is once.

    Raises:
        NotFound: there is no such agreement of this child's guardians, or the actor has no part in it.
    """
    found = await _locked(child, sharing_id)
    if not await SchoolSharingPart.exists(
        tenant_id=child.tenant_id, sharing_id=found.id, person_id=actor.person_id
    ):
        raise _unknown()
    edges = ("end", "take_back" if found.proposed_by == actor.person_id else "refuse")
    edge = next((one for one in edges if SHARING.can(found.status, one)), None)
    if edge is not None:
        await _turn(actor, found, edge)
        await _record(actor, child, found, f"sharing.{found.status}")
        await _tell(actor, child, t("{name} has ended or refused how to share the bills", name=actor.name))
    return found


async def _turn(actor: Actor, sharing: SchoolSharing, edge: str) -> None:
    sharing.status = SHARING.after(sharing.status, edge)
    sharing.ended_at, sharing.ended_by_name = datetime.now(UTC), actor.name[:100]
    await sharing.save(update_fields=["status", "ended_at", "ended_by_name"])


async def _lock(child: Child) -> None:
    """Let one guardian of a child change things at a time."""
    key = f"sharing {child.tenant_id} {child.account_id}"
    await execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", key)


async def _locked(child: Child, sharing_id: UUID) -> SchoolSharing:
    must_sign(child)
    await _lock(child)
    found = await SchoolSharing.get_or_none(
        tenant_id=child.tenant_id, account_id=child.account_id, id=sharing_id
    )
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("sharing.not_found", t("There is no such agreement, or it is not yours to see."))


async def _tell(actor: Actor, child: Child, subject: Text) -> None:
    url = f"{runtime().public_url.rstrip('/')}/my/school/{child.account_id}/shares"
    body = t("It is about {name}. Look at it here:\n\n{url}", name=child.name, url=url)
    await tell_guardians(
        actor.within(child.tenant_id),
        child.tenant_id,
        child.account_id,
        template="school.sharing",
        subject=subject,
        body=body,
        but=actor.person_id,
    )


async def _record(actor: Actor, child: Child, sharing: SchoolSharing, act: str) -> None:
    parts = await SchoolSharingPart.filter(tenant_id=child.tenant_id, sharing_id=sharing.id).order_by(
        "position"
    )
    account = await Account.get(tenant_id=child.tenant_id, id=child.account_id)
    await audit.record(
        actor.within(child.tenant_id),
        act,
        subject_kind="sharing",
        subject_id=sharing.id,
        subject_label=account.number,
        after={"shares": ", ".join(f"{one.name} {one.percent} %" for one in parts)},
    )


_STANDING = """
select s.id, s.status, s.proposed_by, s.proposed_by_name, s.agreed_at, p.person_id, p.name, p.percent, p.position,
       p.agreed_at part_agreed_at
  from education_sharing s
  join education_sharing_part p on p.tenant_id = s.tenant_id and p.sharing_id = s.id
 where s.tenant_id = $1 and s.account_id = $2 and s.status in ('agreed', 'proposed')
 order by s.status, s.id, p.position
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An agreement that holds, or waits for somebody's word."""

    id: UUID
    status: str
    proposed_by: UUID
    proposed_by_name: str
    parts: tuple[Any, ...]

    def part_of(self, person_id: UUID | None) -> Any:
        """Return somebody's part; ``None`` for whoever has none."""
        return next((one for one in self.parts if one["person_id"] == person_id), None)


async def standing(child: Child) -> dict[str, Standing]:
    """Return what is agreed and what is proposed, by state, in any scope that sees the child."""
    found = await rows(_STANDING, child.tenant_id, child.account_id)
    by_state: dict[str, list[Any]] = {}
    for one in found:
        by_state.setdefault(one["status"], []).append(one)
    return {
        state: Standing(
            parts[0]["id"], state, parts[0]["proposed_by"], parts[0]["proposed_by_name"], tuple(parts)
        )
        for state, parts in by_state.items()
    }


_BILLS = f"""
select b.id, b.number, b.period, b.due_on, b.currency, b.total_minor - b.adjusted_minor net_minor,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor,
       coalesce((select sum(a.amount_minor) from billing_allocation a
                   join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id and p.person_id = $3
                  where a.tenant_id = $1 and a.bill_id = b.id), 0)::bigint mine_minor,
       {later_minor("day_of(b.tenant_id)")} later_minor
  from billing_bill b
 where b.tenant_id = $1 and b.account_id = $2 and b.status in ('issued', 'part_paid') and b.held_until is null
 order by b.due_on, b.number limit 50
"""


@dataclass(frozen=True, slots=True)
class BillShare:
    """What a reader's part of one bill is, and what is left of it; minor units.

    Where the bill is paid in instalments ``due_minor`` is their part of what is due by now, less what they have paid.
    """

    bill: Any
    share_minor: int
    left_minor: int
    due_minor: int

    @property
    def later_minor(self) -> int:
        """What of their part is due only later."""
        return self.left_minor - self.due_minor


async def bills_of(child: Child, person_id: UUID, agreed: Standing) -> list[BillShare]:
    """Return the reader's part of each open bill, in the reader's own scope."""
    percents = [one["percent"] for one in agreed.parts]
    place = next(n for n, one in enumerate(agreed.parts) if one["person_id"] == person_id)
    return [
        _share(one, percents, place)
        for one in await rows(_BILLS, child.tenant_id, child.account_id, person_id)
    ]


def _share(bill: Any, percents: Sequence[int], place: int) -> BillShare:
    net, left, later = bill["net_minor"], bill["left_minor"], bill["later_minor"]
    share = shares_of(max(0, net), percents)[place]
    by_now = shares_of(max(0, net - later), percents)[place]
    left_minor = max(0, min(share - bill["mine_minor"], left))
    return BillShare(
        bill, share, left_minor, max(0, min(by_now - bill["mine_minor"], left - later, left_minor))
    )
