"""Instalments that a mandate takes: which are announced, which day each is taken, and what is taken on that day.

An instalment is a debit of its own, with its own notice, ceiling and tries; a plan's go in their order, so that one
that is tried again holds back those behind it. What is paid by hand meanwhile is not taken. A plan that is broken, or
whose bill is disputed, takes nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED
from billing.mandates.conditions import is_of
from billing.mandates.days import of_instalment
from billing.mandates.terms import MandateTerms
from billing.models import Debit, InstalmentPlan, Mandate
from billing.plans.service import parts_of
from billing.terms import terms_of
from tenants.days import today_at
from tenants.scope import execute, open_scope, rows, tenant_scope

_SOONEST = "($2::date + $3::int)"
_STANDING = f"""
  join billing_instalment_plan p on p.tenant_id = m.tenant_id and p.account_id = m.account_id
   and p.currency = m.currency and p.status = 'active'
  cross join lateral (
    select p.total_minor - least(sum(b.total_minor - b.paid_minor - b.adjusted_minor), p.total_minor) covered_minor,
           bool_or({IS_DISPUTED}) is_disputed, bool_and({is_of("m.person_id")}) is_own
      from billing_plan_bill k
      join billing_bill b on b.tenant_id = k.tenant_id and b.id = k.bill_id and b.status in ('issued', 'part_paid')
     where k.tenant_id = p.tenant_id and k.plan_id = p.id and k.is_live) stand
  cross join lateral (
    select i.position, i.due_on, count(*) over () count, least(i.amount_minor,
           sum(i.amount_minor) over (order by i.position) - stand.covered_minor)::bigint left_minor,
           {of_instalment("i.due_on", _SOONEST)} take_on
      from billing_instalment i where i.tenant_id = p.tenant_id and i.plan_id = p.id) i
"""
"""SQL: each mandate ``m`` with the instalments of its account's plans as they stand."""
ANNOUNCE = f"""
insert into billing_debit (tenant_id, mandate_id, account_id, plan_id, position, currency, amount_minor, due_on, status,
                           error)
select $1, m.id, m.account_id, p.id, i.position, p.currency, i.left_minor, i.take_on,
       case when i.left_minor > m.ceiling_minor then 'skipped' else 'announced' end,
       case when i.left_minor > m.ceiling_minor then 'over_ceiling' else '' end
  from billing_mandate m {_STANDING}
 where m.tenant_id = $1 and m.status = 'active' and m.channel = any ($4::text[])
   and not stand.is_disputed and stand.is_own and i.left_minor > 0 and i.take_on <= {_SOONEST}
   and not exists (select 1 from billing_debit x where x.tenant_id = $1 and x.plan_id = p.id
                      and x.position = i.position
                      and (x.mandate_id = m.id or x.status in ('announced', 'trying', 'waiting')))
 order by i.take_on, i.position limit 500
on conflict do nothing returning id
"""
"""Instalments are announced when their notice begins, not all of a plan's at once."""
_LET_GO = """
update billing_debit d set status = 'skipped', ended_at = now(),
       error = case when d.plan_id is null then 'in_plan' else 'plan_over' end
 where d.tenant_id = $1 and d.status in ('announced', 'waiting') and case when d.plan_id is null
   then exists (select 1 from billing_plan_bill k where k.tenant_id = $1 and k.bill_id = d.bill_id and k.is_live)
   else exists (select 1 from billing_instalment_plan p where p.tenant_id = $1 and p.id = d.plan_id
                   and p.status = 'broken') end
"""
_AGAIN = f"""
delete from billing_debit d
 where d.tenant_id = $1 and d.status = 'skipped' and case d.error
   when 'in_plan' then not exists (
     select 1 from billing_plan_bill k where k.tenant_id = $1 and k.bill_id = d.bill_id and k.is_live)
   when 'disputed' then not exists (
     select 1 from billing_bill b where b.tenant_id = $1 and {IS_DISPUTED} and (b.id = d.bill_id or b.id in (
       select k.bill_id from billing_plan_bill k where k.tenant_id = $1 and k.plan_id = d.plan_id and k.is_live)))
   else false end
"""


async def follow(tenant_id: UUID) -> None:
    """Bring debits in line with what was agreed since, in the open tenant scope.

    A bill that has come into a plan is no longer taken whole, one that has left it is again; so is what was disputed.
    """
    await execute(_LET_GO, tenant_id)
    await execute(_AGAIN, tenant_id)


@dataclass(frozen=True, slots=True)
class Takeable:
    """What a debit takes now: minor units by bill. ``why_not`` says why it takes nothing, ``later`` that it waits."""

    parts: dict[UUID, int]
    why_not: str = ""
    is_later: bool = False


_BILLS = f"""
select b.id, b.total_minor - b.paid_minor - b.adjusted_minor left_minor, {IS_DISPUTED} is_disputed,
       {is_of("$3")} is_own
  from billing_plan_bill k join billing_bill b on b.tenant_id = k.tenant_id and b.id = k.bill_id
 where k.tenant_id = $1 and k.plan_id = $2 and k.is_live and b.status in ('issued', 'part_paid')
 order by b.period, b.number
"""


async def bills_of(debit: Debit, mandate: Mandate) -> list[UUID]:
    """Return the open bills of which a debit takes an instalment, the oldest first."""
    return [bill["id"] for bill in await rows(_BILLS, debit.tenant_id, debit.plan_id, mandate.person_id)]


_EARLIER = """
select 1 from billing_debit where tenant_id = $1 and plan_id = $2 and position < $3 and status in
  ('announced', 'trying', 'waiting') limit 1
"""


async def takeable(debit: Debit, mandate: Mandate) -> Takeable:
    """Return what is taken for an instalment now, in the open tenant scope: the plan's oldest bills first."""
    plan = await InstalmentPlan.get(tenant_id=debit.tenant_id, id=debit.plan_id)
    if plan.status == "broken":
        return Takeable({}, "plan_over")
    bills = await rows(_BILLS, debit.tenant_id, plan.id, mandate.person_id)
    if any(bill["is_disputed"] for bill in bills):
        return Takeable({}, "disputed")
    if not all(bill["is_own"] for bill in bills):
        return Takeable({}, "not_theirs")
    if await rows(_EARLIER, debit.tenant_id, plan.id, debit.position):
        return Takeable({}, is_later=True)
    return Takeable(spread(bills, min(await _due(plan, debit.position or 0), debit.amount_minor)))


async def _due(plan: InstalmentPlan, position: int) -> int:
    """Return what is left of the plan until an instalment; nothing where the instalment was called off."""
    parts = [part for part in await parts_of(plan) if part.position <= position]
    return sum(part.left_minor for part in parts) if parts and parts[-1].position == position else 0


def spread(bills: Sequence[Any], amount_minor: int) -> dict[UUID, int]:
    """Return an amount by bill, the first ones first, as far as it goes; as the plan's page does it."""
    found: dict[UUID, int] = {}
    for bill in bills:
        part = min(amount_minor, bill["left_minor"])
        if part > 0:
            found[bill["id"]] = part
            amount_minor -= part
    return found


_NEXT = """
select id from billing_debit where tenant_id = $1 and plan_id = $2 and status in ('announced', 'waiting')
   and due_on <= $3::date order by position limit 1
"""


async def next_due(debit: Debit, today: date) -> UUID | None:
    """Return the plan's next debit whose day has come, once the one before it has ended."""
    found = await rows(_NEXT, debit.tenant_id, debit.plan_id, today) if debit.plan_id else []
    return found[0]["id"] if found else None


@dataclass(frozen=True, slots=True)
class Taking:
    """What autopay does with one instalment: ``status`` and ``error`` of its debit, empty before it is announced."""

    plan_id: UUID
    number: str
    position: int
    count: int
    due_on: date
    take_on: date
    left_minor: int
    currency: str
    mask: str
    status: str
    error: str
    is_announced: bool

    @property
    def is_coming(self) -> bool:
        """Whether it is going to be taken by itself."""
        return self.status in {"", "announced", "trying", "waiting"} and self.left_minor > 0


_TAKINGS = f"""
select p.id plan_id, p.number, i.position, i.count, i.due_on,
       case when d.status in ('announced', 'trying', 'waiting') then d.due_on else i.take_on end take_on,
       greatest(0, i.left_minor) left_minor, p.currency, m.mask,
       coalesce(d.status, case when why.error <> '' then 'skipped' else '' end) status,
       coalesce(d.error, why.error) error,
       d.id is not null is_announced
  from billing_mandate m {_STANDING}
  left join billing_debit d on d.tenant_id = m.tenant_id and d.mandate_id = m.id and d.plan_id = p.id
   and d.position = i.position
  cross join lateral (select case when i.left_minor > m.ceiling_minor then 'over_ceiling'
                                  when stand.is_disputed then 'disputed'
                                  when not stand.is_own then 'not_theirs' else '' end error) why
 where m.tenant_id = $1 and m.account_id = $4 and m.status = 'active' order by p.created_at, p.id, i.position
"""


async def takings_of(tenant_id: UUID, account_id: UUID) -> list[Taking]:
    """Return what the account's mandate does with each instalment of its plans, where the open scope sees the mandate.

    Whose bills they are only the institution knows: of two who hold an account, neither sees how the other does.
    """
    if not await Mandate.exists(tenant_id=tenant_id, account_id=account_id, status="active"):
        return []
    async with open_scope(tenant_scope(tenant_id)):
        notice = (await terms_of(tenant_id, MandateTerms)).notice_days
        found = await rows(_TAKINGS, tenant_id, await today_at(tenant_id), notice, account_id)
    return [Taking(**dict(each)) for each in found]


async def unannounced(tenant_id: UUID, account_id: UUID) -> list[Taking]:
    """Return the instalments that are still to be paid and of which their payer has not been told yet."""
    return [one for one in await takings_of(tenant_id, account_id) if one.left_minor and not one.is_announced]
