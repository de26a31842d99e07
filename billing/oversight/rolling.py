"""Keeping the roll-ups: an institution works its own last days out again soon after something happened there.

Each time it writes what those days come to, and hands its branch the difference: exact, safe to do again, and never a
row that a payment has to wait for. Many events within seconds are one piece of work.
"""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from billing.daily import every_day
from tenants.actor import Actor
from tenants.jobs import enqueue, job, listen
from tenants.scope import execute, open_scope, tenant_id, tenant_scope, value

ROLL_JOB, STAND_JOB = "billing.roll_up", "billing.stand"
SOON = timedelta(seconds=5)
BACK = 3
"""Days that are worked out again: what is late comes within them, and ``everything`` does the rest."""
MONEY_EVENTS = (
    *("payment.succeeded", "payment.failed", "payment.cancelled", "payment.expired"),
    *("refund.succeeded", "refund.failed", "payout.announced"),
)
STANDING_EVENTS = ("bills.issued",)

_IS_NEWS = (
    "not exists (select 1 from tenants_outbox where tenant_id = $1 and job = $3 and done_at is null"
    " and failed_at is null and due_at > now())"
)
_KEYS = "day, channel, currency"
_SUMS = ("paid_count", "paid_minor", "failed_count", "refund_count", "refund_minor")
_DAILY = (*_SUMS, "night_count", "round_count", "device_payers", "device_minor", "paid_out_minor")
"""What is kept for each institution; its branch gets the sums alone."""
_WATCHED = (*_SUMS, "paid_out_minor")
"""What makes a day worth writing again."""
_NONE = "0 device_payers, 0::bigint device_minor, 0::bigint paid_out_minor"
_ROLL = f"""
with place as (
  select t.id, t.bank_id, t.branch_id, coalesce(t.scenarios[1], '') scenario, t.timezone zone
    from tenants_tenant t where t.id = $1),
since as (
  select $2::date as first, ($2::date)::timestamp at time zone zone as moment from place),
happened as (
  select (succeeded_at at time zone zone)::date as day, channel, currency, count(*)::int paid_count,
         sum(amount_minor)::bigint paid_minor, 0 failed_count, 0 refund_count, 0::bigint refund_minor,
         (count(*) filter (where extract(hour from succeeded_at at time zone zone) in (23, 0, 1, 2, 3, 4)))::int
           night_count,
         (count(*) filter (where amount_minor % 10000 = 0))::int round_count, {_NONE}
    from billing_payment, place, since where tenant_id = $1 and succeeded_at >= moment group by 1, 2, 3
  union all
  select (ended_at at time zone zone)::date, channel, currency, 0, 0, count(*)::int, 0, 0, 0, 0, {_NONE}
    from billing_attempt, place, since where tenant_id = $1 and ended_at >= moment
     and status in ('failed', 'expired') group by 1, 2, 3
  union all
  select (r.succeeded_at at time zone zone)::date, p.channel, r.currency, 0, 0, 0, count(*)::int,
         sum(r.amount_minor)::bigint, 0, 0, {_NONE}
    from place, since, billing_refund r join billing_payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
   where r.tenant_id = $1 and r.succeeded_at >= moment and r.status = 'succeeded' group by 1, 2, 3
  union all
  select *, 0 from (
    select distinct on (1, 2, 3) (succeeded_at at time zone zone)::date, channel, currency, 0, 0, 0, 0, 0, 0, 0,
           count(distinct coalesce(person_id, link_bill_id))::int payers, sum(amount_minor)::bigint
      from billing_payment, place, since where tenant_id = $1 and succeeded_at >= moment and device_mark is not null
     group by 1, 2, 3, device_mark order by 1, 2, 3, payers desc) device
  union all
  select arrives_on, channel, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, sum(amount_minor)::bigint
    from billing_payout, since where tenant_id = $1 and arrives_on >= first group by 1, 2, 3),
fresh as (
  select {_KEYS}, {", ".join(f"sum({name}) {name}" for name in _DAILY)} from happened group by {_KEYS}),
old as (
  select f.* from billing_day_figure f, since where f.tenant_id = $1 and f.day >= first for update of f),
delta as (
  select {_KEYS}, {", ".join(f"coalesce(fresh.{name}, 0) {name}" for name in _DAILY)},
         {", ".join(f"coalesce(fresh.{name}, 0) - coalesce(old.{name}, 0) d_{name}" for name in _WATCHED)}
    from fresh full join old using ({_KEYS})),
kept as (
  insert into billing_day_figure (id, tenant_id, bank_id, branch_id, scenario, {_KEYS}, {", ".join(_DAILY)})
  select new_id(), place.id, bank_id, branch_id, scenario, {_KEYS}, {", ".join(_DAILY)} from delta, place
   where {" or ".join(f"d_{name} <> 0" for name in _WATCHED)}
  on conflict (tenant_id, {_KEYS}) do update
     set {", ".join(f"{name} = excluded.{name}" for name in _DAILY)} returning 1)
insert into billing_branch_figure as f (id, bank_id, branch_id, scenario, {_KEYS}, {", ".join(_SUMS)})
select new_id(), bank_id, branch_id, scenario, {_KEYS}, {", ".join(f"d_{name}" for name in _SUMS)} from delta, place
 where {" or ".join(f"d_{name} <> 0" for name in _SUMS)} order by {_KEYS}
on conflict (bank_id, branch_id, scenario, {_KEYS}) do update
   set {", ".join(f"{name} = f.{name} + excluded.{name}" for name in _SUMS)}
"""
_STOOD = ("accounts", "payers", "mandates", "breaks", "billed_minor", "collected_minor", "arrears_minor")
_STAND = f"""
with place as (
  select id, bank_id, branch_id, coalesce(scenarios[1], '') scenario, currency, day_in(timezone) as today
    from tenants_tenant where id = $1),
fresh as (
  select place.*,
   (select count(*) from tenants_account where tenant_id = $1 and is_active)::int accounts,
   (select count(distinct person_id) from billing_payment where tenant_id = $1 and person_id is not null
     and succeeded_at > now() - interval '90 days')::int payers,
   (select count(*) from billing_mandate where tenant_id = $1 and status = 'active')::int mandates,
   (select count(*) from billing_break where tenant_id = $1 and status in ('open', 'working'))::int breaks,
   billed.*
   from place, lateral (
     select coalesce(sum(total_minor - adjusted_minor)
              filter (where due_on > place.today - 90), 0)::bigint billed_minor,
            coalesce(sum(paid_minor) filter (where due_on > place.today - 90), 0)::bigint collected_minor,
            coalesce(sum(total_minor - adjusted_minor - paid_minor)
              filter (where due_on < place.today and status in ('issued', 'part_paid')), 0)::bigint arrears_minor
       from billing_bill where tenant_id = $1 and currency = place.currency
        and status in ('issued', 'part_paid', 'paid')) billed),
old as (select s.* from billing_standing s, place
  where s.tenant_id = $1 and s.currency = place.currency for update of s),
kept as (
  insert into billing_standing (id, tenant_id, bank_id, branch_id, scenario, currency, {", ".join(_STOOD)})
  select new_id(), id, bank_id, branch_id, scenario, currency, {", ".join(_STOOD)} from fresh
  on conflict (tenant_id, currency) do update set branch_id = excluded.branch_id, scenario = excluded.scenario,
    {", ".join(f"{name} = excluded.{name}" for name in _STOOD)}, updated_at = now() returning 1),
other as (
  select bank_id, branch_id, scenario, currency, {", ".join(_STOOD)} from fresh
  union all
  select bank_id, branch_id, scenario, currency, {", ".join(f"-{name}" for name in _STOOD)} from old)
insert into billing_branch_standing as s (id, bank_id, branch_id, scenario, currency, {", ".join(_STOOD)})
select new_id(), bank_id, branch_id, scenario, currency, {", ".join(f"sum({name}) {name}" for name in _STOOD)}
  from other group by bank_id, branch_id, scenario, currency order by branch_id, scenario
on conflict (bank_id, branch_id, scenario, currency) do update
   set {", ".join(f"{name} = s.{name} + excluded.{name}" for name in _STOOD)}
"""


_followers: list[Callable[[], Awaitable[None]]] = []


def after_rolling(follow: Callable[[], Awaitable[None]]) -> None:
    """Have ``follow()`` called in the institution's open scope whenever its days were worked out."""
    if follow not in _followers:
        _followers.append(follow)


async def _soon(name: str) -> None:
    await enqueue(name, {}, delay=SOON, where=_IS_NEWS)


async def mark_money() -> None:
    """Have the last days worked out again, soon; called within the transaction in which money moved."""
    await _soon(ROLL_JOB)


async def mark_standing() -> None:
    """Have the institution's standing looked at again, soon."""
    await _soon(STAND_JOB)


@job(ROLL_JOB)
async def roll_up(actor: Actor, payload: dict[str, Any]) -> None:
    """Work out the last days, or all since ``since``."""
    del actor
    since = payload.get("since")
    first = (
        date.fromisoformat(since) if since else await value("select day_of($1) - $2::int", tenant_id(), BACK)
    )
    await execute(_ROLL, tenant_id(), first)
    for follow in _followers:
        await follow()


@job(STAND_JOB)
async def stand(actor: Actor, payload: dict[str, Any]) -> None:
    """Look at how the institution stands."""
    del actor, payload
    await execute(_STAND, tenant_id())


async def everything(actor: Actor) -> None:
    """Work everything out again from the institution's first day, in its open scope: after a repair, or a history."""
    await roll_up(actor, {"since": "1970-01-01"})
    await stand(actor, {})


async def once_a_day(actor: Actor) -> None:
    """Look at an institution's last days and its standing in its morning."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await roll_up(actor, {})
        await stand(actor, {})


for _event in MONEY_EVENTS:
    listen(_event, mark_money)
for _event in STANDING_EVENTS:
    listen(_event, mark_standing)
every_day(once_a_day)
