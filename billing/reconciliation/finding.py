"""Finding what differs: set-based statements that raise typed breaks, and that clear those whose cause has gone.

Each break is raised once for its kind and subject; one that a person has resolved is not raised again. They run after
every arrival, over what is loose and over the span that the new statement covers.
"""

from datetime import datetime
from uuid import UUID

from billing.reconciliation.matching import FEE_IS_RIGHT, LATE, OURS
from tenants.scope import execute

CUT_OFF = "interval '2 hours'"
"""How close to the end of a statement something may be missing without being wrong yet."""
_BREAK = (
    "insert into billing_break (tenant_id, settlement_account_id, channel, kind, subject_kind, subject_id, line_id,"
    " day, currency, expected_minor, found_minor, facts)"
)
_NEW = (
    " where not exists (select 1 from billing_break b where b.tenant_id = $1 and b.kind = f.kind"
    " and b.subject_id = f.subject_id and b.status <> 'cleared')"
    " on conflict (tenant_id, kind, subject_id) where status in ('open', 'working') do nothing"
)
_LINES = "l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = $3"
THEIRS = f"""
{_BREAK}
select $1, $2, $3, f.* from (
  select case when a.status = 'succeeded' or r.status = 'succeeded' then 'duplicate'
              when a.status in ('created', 'pending', 'processing', 'unknown')
               and l.occurred_at >= s.covers_until - {CUT_OFF} then 'cut_off'
              else 'theirs_only' end kind, 'line', l.id subject_id, l.id line_id, l.day, l.currency,
         null::bigint, l.amount_minor, jsonb_build_object('attempt', a.id, 'state', a.status)
    from (select l.*, {OURS} ours from billing_statement_line l where {_LINES} and l.status = 'open'
            and l.kind not in ('payout', 'fee')) l
    join billing_statement s on s.tenant_id = $1 and s.id = l.statement_id
    left join billing_attempt a on a.tenant_id = $1 and a.id = l.ours and l.kind = 'payment'
    left join billing_refund r on r.tenant_id = $1 and r.id = l.ours and l.kind = 'refund') f
{_NEW}
"""
CREDITS = f"""
{_BREAK}
select $1, $2, $3, f.* from (
  select case when exists (select 1 from billing_statement_line x where x.tenant_id = $1
                and x.settlement_account_id = $2 and x.channel = $3 and x.status = 'matched' and x.id <> l.id
                and x.reference = l.reference and x.reference <> '' and x.amount_minor = l.amount_minor
                and x.day between l.day - 10 and l.day + 10)
                or exists (select 1 from billing_payout p where p.tenant_id = $1 and p.settlement_account_id = $2
                and p.status = 'received' and length(p.reference) >= 6
                and (p.reference in (l.reference, l.channel_reference) or position(p.reference in l.text) > 0))
         then 'duplicate' else 'theirs_only' end kind, 'line', l.id subject_id, l.id line_id, l.day, l.currency,
         null::bigint, l.amount_minor, '{{}}'::jsonb
    from billing_statement_line l where {_LINES} and l.status = 'open') f
{_NEW}
"""
DIFFERENT = f"""
{_BREAK}
select $1, $2, $3, f.* from (
  select k.kind, 'line', l.id subject_id, l.id line_id, l.day, l.currency, k.expected, k.found, k.facts
    from (select * from billing_statement_line l where {_LINES} and l.status = 'differs'
             and (l.attempt_id is not null or l.refund_id is not null)) l
    left join billing_attempt a on a.tenant_id = $1 and a.id = l.attempt_id
    left join billing_refund r on r.tenant_id = $1 and r.id = l.refund_id
    left join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
   cross join lateral (select coalesce(p.amount_minor, -r.amount_minor) amount,
                              coalesce(p.currency, r.currency) currency, coalesce(a.ended_at, r.succeeded_at) at) o
   cross join lateral (values
     ('currency', l.currency <> o.currency, o.amount, l.amount_minor, jsonb_build_object('currency', o.currency)),
     ('amount', l.currency = o.currency and l.amount_minor <> o.amount, o.amount, l.amount_minor, '{{}}'),
     ('fee', l.currency = o.currency and l.amount_minor = o.amount and a.id is not null and not {FEE_IS_RIGHT},
      (l.amount_minor * $4 + 5000) / 10000 + $5, l.fee_minor, '{{}}'),
     ('late', l.occurred_at > o.at + {LATE}, o.amount, l.amount_minor, jsonb_build_object('since', o.at))
   ) k (kind, is_so, expected, found, facts) where k.is_so) f
{_NEW}
"""
DIFFERENT_CREDITS = f"""
{_BREAK}
select $1, $2, $3, f.* from (
  select case when l.currency <> p.currency then 'currency' else 'amount' end kind, 'line', l.id subject_id,
         l.id line_id, l.day, l.currency, p.amount_minor, l.amount_minor,
         jsonb_build_object('payout', p.reference, 'currency', p.currency)
    from billing_statement_line l join billing_payout p on p.tenant_id = $1 and p.id = l.payout_id
   where {_LINES} and l.status = 'differs') f
{_NEW}
"""
_TABLE = """
create temporary table if not exists missing (
  id uuid, subject_kind text, at timestamptz, currency text, amount_minor bigint, facts jsonb) on commit drop
"""
_MISSING = """
insert into missing
select a.id, 'payment' subject_kind, a.ended_at at, p.currency, p.amount_minor,
       jsonb_build_object('payment', p.number, 'payment_id', p.id) facts
  from (select a.id, a.ended_at, a.payment_id from billing_attempt a
         where a.tenant_id = $1 and a.channel = $3 and a.status = 'succeeded' and a.ended_at >= $4 and a.ended_at < $5
           and not exists (select 1 from arriving r where r.ours = a.id) offset 0) a
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id and p.settlement_account_id = $2
union all
select r.id, 'refund', r.succeeded_at, r.currency, -r.amount_minor,
       jsonb_build_object('refund', r.number, 'payment', p.number, 'payment_id', p.id)
  from billing_refund r join billing_payment p on p.tenant_id = $1 and p.id = r.payment_id
 where r.tenant_id = $1 and p.channel = $3 and r.status = 'succeeded' and r.way = 'channel' and r.succeeded_at >= $4
   and r.succeeded_at < $5 and p.settlement_account_id = $2
   and not exists (select 1 from arriving x where x.ours = r.id)
"""
OURS_ONLY = f"""
{_BREAK}
select $1, $2, $3, f.* from (
  select case when m.at >= $4::timestamptz - {CUT_OFF} then 'cut_off' else 'ours_only' end kind, m.subject_kind,
         m.id subject_id, null::uuid, (m.at at time zone $5)::date, m.currency, m.amount_minor, null::bigint, m.facts
    from missing m
   where not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.attempt_id = m.id)
     and not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.refund_id = m.id)) f
{_NEW}
"""
TURNED = """
update billing_break b set kind = 'ours_only'
 where b.tenant_id = $1 and b.settlement_account_id = $2 and b.channel = $3 and b.kind = 'cut_off'
   and b.status in ('open', 'working') and b.subject_kind in ('payment', 'refund')
   and coalesce((select a.ended_at from billing_attempt a where a.tenant_id = $1 and a.id = b.subject_id),
                (select r.succeeded_at from billing_refund r where r.tenant_id = $1 and r.id = b.subject_id))
       < least($4::timestamptz, $5::timestamptz - interval '2 hours')
"""
_CLEARED = """
update billing_break b set status = 'cleared', closed_at = now(), closed_by_name = 'Scenario Cloud'
 where b.tenant_id = $1 and b.settlement_account_id = $2 and b.status in ('open', 'working') and (
   (b.subject_kind = 'payment' and exists (select 1 from billing_statement_line l
     where l.tenant_id = $1 and l.attempt_id = b.subject_id offset 0))
   or (b.subject_kind = 'refund' and exists (select 1 from billing_statement_line l
     where l.tenant_id = $1 and l.refund_id = b.subject_id offset 0))
   or (b.subject_kind = 'line' and b.kind in ('theirs_only', 'cut_off', 'duplicate') and exists (
     select 1 from billing_statement_line l where l.tenant_id = $1 and l.id = b.subject_id
        and l.status <> 'open' offset 0))
   or (b.subject_kind = 'line' and b.kind in ('amount', 'currency', 'fee', 'late') and exists (
     select 1 from billing_statement_line l where l.tenant_id = $1 and l.id = b.subject_id
        and l.status <> 'differs' offset 0))
   or (b.subject_kind = 'payout' and b.kind = 'late' and exists (
     select 1 from billing_payout p where p.tenant_id = $1 and p.id = b.subject_id and p.status <> 'on_the_way')))
"""
_OVERDUE = f"""
{_BREAK}
select $1, $2, f.* from (
  select p.channel, 'late' kind, 'payout', p.id subject_id, null::uuid, p.arrives_on, p.currency, p.amount_minor,
         null::bigint, jsonb_build_object('payout', p.reference)
    from billing_payout p
   where p.tenant_id = $1 and p.settlement_account_id = $2 and p.status = 'on_the_way' and p.channel <> 'counter'
     and p.arrives_on <= (select max(day_until) from billing_statement s where s.tenant_id = $1
       and s.settlement_account_id = $2 and s.channel = 'account' and not s.is_provisional)) f
{_NEW}
"""
_SUMS = f"""
{_BREAK}
select $1, $2, f.* from (
  select p.channel, case when m.lines = 0 then 'theirs_only' else 'amount' end kind, 'payout', p.id subject_id,
         null::uuid, p.day_until, p.currency, m.net, p.amount_minor,
         jsonb_build_object('payout', p.reference, 'lines', m.lines)
    from billing_payout p cross join lateral (
      select coalesce(sum(net), 0)::bigint net, coalesce(sum(lines), 0)::int lines from (
        select sum(l.amount_minor - l.fee_minor) net, count(*) lines from billing_statement_line l
         where l.tenant_id = $1 and l.payout_id = p.id and l.channel = p.channel and l.currency = p.currency
           and l.kind <> 'payout'
        union all
        select sum(s.in_minor - s.out_minor - s.fee_minor), sum(s.line_count) from billing_statement s
         where s.tenant_id = $1 and s.payout_id = p.id) both_ways) m
   where p.tenant_id = $1 and p.settlement_account_id = $2 and p.id = any ($3::uuid[]) and m.net <> p.amount_minor) f
{_NEW}
"""


async def clear(tenant_id: UUID, account_id: UUID) -> int:
    """Clear the breaks whose other side has arrived and return how many."""
    return await execute(_CLEARED, tenant_id, account_id)


async def find_in_channel(
    tenant_id: UUID, account_id: UUID, channel: str, *, fee: tuple[int | None, int]
) -> int:
    """Raise a break for each loose line of a channel that has none, and return how many."""
    of = (tenant_id, account_id, channel)
    return await execute(THEIRS, *of) + await execute(DIFFERENT, *of, *fee)


async def find_missing(
    tenant_id: UUID, account_id: UUID, channel: str, *, span: tuple[datetime, datetime], zone: str
) -> int:
    """Raise a break for each payment and refund of ours in a span that a complete statement does not have.

    What was missing around the end of an earlier one and is missing still is no longer a matter of the day's end.
    """
    of = (tenant_id, account_id, channel)
    await execute(TURNED, *of, *span)
    await execute(_TABLE)
    await execute("truncate missing")
    await execute(_MISSING, *of, *span)
    await execute("analyze missing")
    return await execute(OURS_ONLY, *of, span[1], zone)


async def find_at_bank(tenant_id: UUID, account_id: UUID) -> int:
    """Raise a break for each loose line of the bank and each payout that should have come by now."""
    of = (tenant_id, account_id, "account")
    found = await execute(CREDITS, *of) + await execute(DIFFERENT_CREDITS, *of)
    return found + await execute(_OVERDUE, tenant_id, account_id)


async def check_payouts(tenant_id: UUID, account_id: UUID, payout_ids: list[UUID]) -> int:
    """Raise a break for each of these payouts that is not the sum of its lines, or has none."""
    return await execute(_SUMS, tenant_id, account_id, payout_ids)
