"""What a cashier reads: accounts by number or holder, what they owe, and the days that were closed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.payments.staff_queries import like
from tenants.actor import Actor
from tenants.scope import row, rows

MOST = 20
_FIND = f"""
select a.id, a.number, a.name, a.place, lower(a.number) = lower($2) or exact.is_bill is_exact,
       (select string_agg(distinct h.name, ', ') from tenants_holder h where h.tenant_id = $1 and h.account_id = a.id
         and lasts(h.until, day_of(h.tenant_id))) holders,
       coalesce((select sum(b.total_minor - b.paid_minor - b.adjusted_minor) from billing_bill b where b.tenant_id = $1
         and b.account_id = a.id and b.currency = $4 and b.status in ('issued', 'part_paid')), 0)::bigint left_minor
  from tenants_account a
  cross join lateral (select exists (select 1 from billing_bill b where b.tenant_id = $1 and b.account_id = a.id
         and b.number = $2) is_bill) exact
 where a.tenant_id = $1 and (a.number ilike $3 or a.name ilike $3 or exact.is_bill or exists (select 1
   from tenants_holder h where h.tenant_id = $1 and h.account_id = a.id and h.name ilike $3))
 order by is_exact desc, a.sort_key, a.number limit {MOST + 1}
"""


async def find_accounts(actor: Actor, words: str) -> Sequence[Any]:
    """Return accounts by number, name, holder or bill number; an exact number comes first."""
    return await rows(_FIND, actor.tenant_id, words, like(words), actor.place["currency"]) if words else []


async def account(actor: Actor, account_id: UUID) -> Any:
    """Return an account with its current holders' names, or nothing."""
    return await row(
        "select a.id, a.number, a.name, a.place, (select string_agg(distinct h.name, ', ') from tenants_holder h"
        " where h.tenant_id = $1 and h.account_id = a.id and lasts(h.until, day_of($1))) holders"
        " from tenants_account a where a.tenant_id = $1 and a.id = $2",
        actor.tenant_id,
        account_id,
    )


_OPEN = """
select b.id, b.number, b.period, b.due_on, b.currency, b.total_minor, b.paid_minor,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor, b.due_on < day_in($3) is_overdue,
       exists (select 1 from billing_payment_part p where p.tenant_id = $1 and p.bill_id = b.id and p.is_live) is_held
  from billing_bill b
 where b.tenant_id = $1 and b.account_id = $2 and b.currency = $4 and b.status in ('issued', 'part_paid')
 order by b.due_on, b.number limit 60
"""


async def open_bills(actor: Actor, account_id: UUID) -> Sequence[Any]:
    """Return what the account owes in the institution's currency, oldest first."""
    return await rows(_OPEN, actor.tenant_id, account_id, actor.place["timezone"], actor.place["currency"])


_CLOSES = """
select id, day, cashier_id, cashier_name, currency, expected, counted, difference_minor, payment_count, note,
       created_at,
       (select coalesce(sum(value::bigint), 0)::bigint from jsonb_each_text(expected)) expected_minor
  from billing_day_close where tenant_id = $1 and ($2::uuid is null or cashier_id = $2)
"""


def whose(actor: Actor) -> UUID | None:
    """Return whose days the actor sees: their own, or everybody's for those who read reports."""
    return None if actor.may("reports.read") else actor.person_id


async def list_closes(actor: Actor, *, limit: int, offset: int) -> tuple[Sequence[Any], int]:
    """Return closed days, newest first, and how many there are."""
    total = await row(f"select count(*) n from ({_CLOSES}) found", actor.tenant_id, whose(actor))
    found = await rows(
        f"{_CLOSES} order by day desc, created_at desc limit {limit:d} offset {offset:d}",
        actor.tenant_id,
        whose(actor),
    )
    return found, total["n"] if total else 0


_TAKEN_IN = """
select p.id, p.number, p.succeeded_at, p.counter_method, p.counter_reference, p.currency, p.amount_minor,
       (select string_agg(distinct b.account_number, ', ') from billing_payment_part part join billing_bill b
          on b.tenant_id = $1 and b.id = part.bill_id where part.tenant_id = $1 and part.payment_id = p.id) accounts
  from billing_payment p where p.tenant_id = $1 and p.day_close_id = $2 order by p.succeeded_at, p.number limit 2000
"""
_TAKEN_SINCE = """
select p.id, p.number, p.succeeded_at, p.counter_method, p.currency, p.amount_minor,
       (select string_agg(distinct b.account_number, ', ') from billing_payment_part part join billing_bill b
          on b.tenant_id = $1 and b.id = part.bill_id where part.tenant_id = $1 and part.payment_id = p.id) accounts
  from billing_payment p where p.tenant_id = $1 and p.taken_by = $2 and p.day_close_id is null
   and p.channel = 'counter' order by p.created_at desc limit 8
"""
_HANDED_OUT_IN = """
select number, amount_minor, currency, succeeded_at from billing_refund
 where tenant_id = $1 and day_close_id = $2 order by succeeded_at limit 2000
"""


async def taken_in(tenant_id: UUID, close_id: UUID) -> Sequence[Any]:
    """Return the payments of a closed day."""
    return await rows(_TAKEN_IN, tenant_id, close_id)


async def handed_out_in(tenant_id: UUID, close_id: UUID) -> Sequence[Any]:
    """Return the cash refunds of a closed day."""
    return await rows(_HANDED_OUT_IN, tenant_id, close_id)


async def taken_since(actor: Actor) -> Sequence[Any]:
    """Return the last payments that the actor took and has not closed yet."""
    return await rows(_TAKEN_SINCE, actor.tenant_id, actor.person_id)
