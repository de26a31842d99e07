"""Which bills get a reminder now: one statement claims a batch, so that each goes out once however many ask.

Bills are gone through in the order of an index (state, due day, id), and each batch begins behind the one before: a
million that are due on one day are read once, and not again for every five hundred of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from billing.answers.conditions import IS_DISPUTED, is_promised
from billing.charges.states import OPEN_BILLS
from billing.mandates.conditions import IS_AUTOPAID
from billing.plans.conditions import IS_IN_PLAN, later_minor
from tenants.planning import by_stretch
from tenants.scope import rows

BATCH = 500
CATCH_UP_DAYS = 3
"""A step missed by a worker that was down is made up for this long; after that it is left out."""
TODAY = "$2::date"
Place = tuple[date, UUID]
"""How far a state's bills have been gone through: the due day and id of the last one."""
BEGIN: Place = (date(1, 1, 1), UUID(int=0))

HOLDER = f"""
join lateral (
  select h.id holder_id, h.name holder, h.email, h.phone, h.person_id from tenants_holder h
   where h.tenant_id = b.tenant_id and h.account_id = b.account_id
     and lasts(h.until, {TODAY}) and h.sees is null
     and (h.email <> '' or h.phone <> '' or h.confirmed_at is not null)
   order by h.is_default_payer desc, h.relation = 'owner' desc, h.created_at limit 1
) h on true
"""
"""The one holder who is reminded: who pays by default, else an owner, else who came first."""

MAY = f"""
   b.status in ('issued', 'part_paid') and b.total_minor > b.paid_minor + b.adjusted_minor
   and b.held_until is null and not {IS_DISPUTED} and not {is_promised(TODAY)} and not {IS_AUTOPAID}
   and (select takes_payments from tenants_tenant where id = $1)
"""
"""Nobody is reminded of what is held for them, disputed, promised, under autopay, needs no money or cannot be paid."""
REACH = "(h.person_id is not null or {has_email} and h.email <> '' or {has_sms} and h.phone <> '')"
"""Whom no way leads to is not chosen, or 500 of them would keep everybody behind them from being reminded."""
WANTS = """not exists (select 1 from billing_reminder_stop s
    where s.tenant_id = b.tenant_id and s.holder_id = h.holder_id)"""

OF_INSTALMENT = f"(case when {IS_IN_PLAN} then ' ' || b.due_on else '' end)"
"""SQL: what a step's name ends with, since of a bill in a plan each instalment is reminded of, step by step."""
_CLAIM = """
with chosen as materialized (
  select b.id bill_id, b.account_id, {of} of_instalment, h.* from billing_bill b {holder}
   where {where} and b.status = {status} and (b.due_on, b.id) > ({due_on}, {bill}) and {may} and {wants} and {reach}
     and not exists (select 1 from billing_reminder r
                      where r.bill_id = b.id and r.step = {step} || {of} offset 0)
   order by b.status, b.due_on, b.id limit {limit} for update of b skip locked
), reminded as (
  insert into billing_reminder (tenant_id, bill_id, account_id, holder_id, step, offset_days, is_final, channels,
                                recipient, sent_by_name)
  select $1, bill_id, account_id, holder_id, {step} || of_instalment, {offset}, {is_final},
         concat_ws(',', case when person_id is not null then 'in_app' end,
                   case when {has_email} and email <> '' then 'email' when {has_sms} and phone <> '' then 'sms' end),
         case when {has_email} and email <> '' then email when {has_sms} and phone <> '' then phone else '' end, {by}
    from chosen
  on conflict (tenant_id, bill_id, step) do nothing
  returning bill_id, channels, recipient
), marked as (
  update billing_bill b set reminded_at = now() from reminded where b.tenant_id = $1 and b.id = reminded.bill_id
)
select b.id, b.account_id, b.number, b.account_number, b.period, b.due_on, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor
         - case when c.of_instalment <> '' then {later} else 0 end left_minor, c.holder, c.holder_id, c.person_id,
       reminded.channels, reminded.recipient
  from reminded join billing_bill b on b.tenant_id = $1 and b.id = reminded.bill_id
  join chosen c on c.bill_id = reminded.bill_id
"""


async def claim(
    where: str,
    args: list[Any],
    *,
    step: str,
    offset_days: int,
    is_final: bool,
    has_email: bool,
    has_sms: bool,
    by: str,
    limit: int = BATCH,
    status: str = OPEN_BILLS[0],
    after: Place = BEGIN,
) -> list[Any]:
    """Claim up to ``limit`` bills for a step in the open tenant scope and return what their messages say.

    ``where`` is about bill ``b`` with ``$1`` the tenant and ``$2`` today there; ``args`` begin with these two. The
    bills are the next ones of one ``status`` behind the place ``after``.
    """
    given = {
        "step": (step, "text"),
        "offset": (offset_days, "int"),
        "is_final": (is_final, "boolean"),
        "has_email": (has_email, "boolean"),
        "has_sms": (has_sms, "boolean"),
        "by": (by, "text"),
        "status": (status, "text"),
        "due_on": (after[0], "date"),
        "bill": (after[1], "uuid"),
    }
    named = {name: f"${n}::{given[name][1]}" for n, name in enumerate(given, start=len(args) + 1)}
    sql = _CLAIM.format(
        **named,
        of=OF_INSTALMENT if step.startswith("day") else "''",
        later=later_minor(TODAY),
        holder=HOLDER,
        where=where,
        may=MAY,
        wants="true" if is_final else WANTS,
        reach=REACH.format(**named),
        limit=int(limit),
    )
    async with by_stretch():
        return await rows(sql, *args, *(value for value, _ in given.values()))


Claim = Callable[[str, Place], Awaitable[Sequence[Any]]]


async def claim_all(claim_next: Claim) -> None:
    """Have ``claim_next(status, after)`` claim batch after batch of each state, until it finds nothing more.

    A bill that somebody pays at this moment is passed over. It is not waited for, and not come back to.
    """
    for status in OPEN_BILLS:
        after = BEGIN
        while claimed := await claim_next(status, after):
            after = _last_of(claimed)


def _last_of(claimed: Iterable[Any]) -> Place:
    return max((bill["due_on"], bill["id"]) for bill in claimed)
