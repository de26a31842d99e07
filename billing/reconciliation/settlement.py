"""What the channels settled: gross, refunds, fees and net by day and by payout, down to each bill."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from billing.models import Payout
from billing.reconciliation.arriving import LINES_OF
from tenants.actor import Actor
from tenants.scope import row, rows
from ui.errors import NotFound
from ui.i18n import t

MOST = 100_000
_MADE_OF = """
cross join lateral (
  select coalesce(sum(gross), 0)::bigint gross_minor, coalesce(sum(refunds), 0)::bigint refund_minor,
         coalesce(sum(fees), 0)::bigint fee_minor, coalesce(sum(other), 0)::bigint other_minor,
         coalesce(sum(n), 0)::int line_count
    from (select sum(l.amount_minor) filter (where l.kind = 'payment') gross,
                 -sum(l.amount_minor) filter (where l.kind = 'refund') refunds, sum(l.fee_minor) fees,
                 sum(l.amount_minor) filter (where l.kind not in ('payment', 'refund')) other, count(*) n
            from billing_statement_line l where l.tenant_id = $1 and l.payout_id = p.id and l.channel = p.channel
             and l.kind <> 'payout' and l.currency = p.currency
          union all
          select s.in_minor, s.out_minor, s.fee_minor, 0, s.line_count from billing_statement s
           where s.tenant_id = $1 and s.payout_id = p.id) parts) m
"""
_PAYOUTS = f"""
select p.id, p.reference, p.channel, p.currency, p.day_from, p.day_until, p.arrives_on, p.received_on, p.status,
       p.amount_minor, m.* from billing_payout p {_MADE_OF}
 where p.tenant_id = $1 and p.settlement_account_id = $2 and p.day_until between $3 and $4
 order by p.day_until desc, p.channel, p.reference limit {MOST}
"""
_DAYS = f"""
select x.day, s.channel, s.currency, sum(x.gross)::bigint gross_minor, sum(x.refunds)::bigint refund_minor,
       sum(x.fees)::bigint fee_minor, sum(x.net)::bigint net_minor, sum(x.n)::int line_count
  from billing_statement s cross join lateral (
    select s.day_until as day, s.in_minor gross, s.out_minor refunds, s.fee_minor fees,
           s.in_minor - s.out_minor - s.fee_minor net, s.line_count n where s.day_from = s.day_until
    union all
    select l.day, coalesce(sum(l.amount_minor) filter (where l.amount_minor > 0), 0),
           coalesce(-sum(l.amount_minor) filter (where l.amount_minor < 0), 0), sum(l.fee_minor),
           sum(l.amount_minor - l.fee_minor), count(*) from billing_statement_line l
     where l.tenant_id = $1 and {LINES_OF.format(s="s.id")} and s.day_from < s.day_until and l.kind <> 'payout'
       and l.currency = s.currency group by l.day) x
 where s.tenant_id = $1 and s.settlement_account_id = $2 and s.channel in ('stripe', 'bank') and not s.is_provisional
   and s.source <> 'rail_fund' and x.n > 0 and x.day between $3 and $4
 group by x.day, s.channel, s.currency order by 1 desc, 2
"""
_BILLS = f"""
select l.id line_id, l.kind, l.occurred_at, l.currency, l.amount_minor line_minor, p.number payment_number,
       p.id payment_id,
       b.number bill_number, b.id bill_id, b.account_number, b.account_name, l.text,
       coalesce(al.amount, l.amount_minor)::bigint amount_minor,
       case when row_number() over (partition by l.id order by b.number) = 1 then l.fee_minor else 0 end fee_minor
  from (select l.* from billing_statement_line l where l.tenant_id = $1 and l.payout_id = $2 and l.channel = $3
        union all
        select l.* from billing_statement s join billing_statement_line l on l.tenant_id = $1
           and {LINES_OF.format(s="s.id")}
         where s.tenant_id = $1 and s.payout_id = $2) l
  left join billing_refund r on r.tenant_id = $1 and r.id = l.refund_id
  left join billing_attempt a on a.tenant_id = $1 and a.id = l.attempt_id
  left join billing_payment p on p.tenant_id = $1 and p.id = coalesce(a.payment_id, r.payment_id)
  left join lateral (select x.bill_id, sum(x.amount_minor) amount from billing_allocation x
     where x.tenant_id = $1 and x.payment_id = p.id and x.refund_id is not distinct from l.refund_id
     group by x.bill_id) al on true
  left join billing_bill b on b.tenant_id = $1 and b.id = al.bill_id
 where l.kind <> 'payout'
"""


async def payouts(actor: Actor, account_id: UUID, first: date, last: date) -> Sequence[Any]:
    """Return the payouts of a span with what they are made of, the newest first."""
    actor.require("reconciliation.read")
    return await rows(_PAYOUTS, actor.tenant_id, account_id, first, last)


async def days(actor: Actor, account_id: UUID, first: date, last: date) -> Sequence[Any]:
    """Return gross, refunds, fees and net of each day and channel, the newest first."""
    actor.require("reconciliation.read")
    return await rows(_DAYS, actor.tenant_id, account_id, first, last)


async def payout(actor: Actor, payout_id: UUID) -> Any:
    """Return one payout with what it is made of; ``NotFound`` for any other tenant's."""
    actor.require("reconciliation.read")
    known = await Payout.get_or_none(tenant_id=actor.tenant_id, id=payout_id)
    found = known and await row(
        f"select p.*, m.* from billing_payout p {_MADE_OF} where p.tenant_id = $1 and p.id = $2",
        actor.tenant_id,
        payout_id,
    )
    if found is None:
        raise NotFound("payout.not_found", t("There is no such payout."))
    return found


async def bills(actor: Actor, found: Any, *, limit: int, offset: int) -> tuple[Sequence[Any], int]:
    """Return what a payout pays, bill by bill in the channel's order, and how many rows there are."""
    of = (actor.tenant_id, found["id"], found["channel"])
    total = await row(f"select count(*)::int n from ({_BILLS}) found", *of)
    told = await rows(
        f"{_BILLS} order by l.statement_id, l.position, b.number limit {limit:d} offset {offset:d}", *of
    )
    return told, total["n"] if total else 0
