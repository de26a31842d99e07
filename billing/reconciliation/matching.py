"""Lines of a channel that are still open, held against our side: by reference, by the channel's, by amount and time.

Set-based, and only over what is loose, so that it costs little to run after every arrival. Unique indexes hold that an
attempt or refund is matched once; whoever matches holds the account's lock (``accounts.one_at_a_time``).
"""

from uuid import UUID

from tenants.scope import execute

OURS = "case when l.reference ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then l.reference::uuid end"
"""The id of ours that a line repeats, or nothing."""
LATE = "interval '24 hours'"
"""How much later than we a channel may say that it has the money."""
_LOOSE = (
    "billing_statement_line l where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = $3"
    " and l.status = 'open' and l.kind = '{kind}'"
)
_FREE = "not exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.{column} = {id})"
_NEAR = (
    "a.ended_at between (select min(occurred_at) from loose) - interval '3 days'"
    " and (select max(occurred_at) from loose) + interval '3 days'"
)
_SUCCEEDED = "a.tenant_id = $1 and a.channel = $3 and a.status = 'succeeded'"
_PAIRS = {
    "reference": f"""
        select l.id line_id, a.id ours_id from (select l.id, {OURS} ours from {_LOOSE.format(kind="payment")}) l
          cross join lateral (
            select a.id from billing_attempt a where {_SUCCEEDED} and a.id = l.ours offset 0) a
         where {_FREE.format(column="attempt_id", id="a.id")}""",
    "channel_reference": f"""
        with loose as (select l.* from {_LOOSE.format(kind="payment")} and l.channel_reference <> ''),
             near as (select a.id, a.channel_payment, a.channel_reference from billing_attempt a
                       where {_SUCCEEDED} and {_NEAR} and {_FREE.format(column="attempt_id", id="a.id")})
        select l.id line_id, a.id ours_id from loose l join near a on a.channel_payment = l.channel_reference
        union
        select l.id, a.id from loose l join near a on a.channel_reference = l.channel_reference""",
    "window": f"""
        with loose as (select l.* from {_LOOSE.format(kind="payment")} and l.reference = ''),
             pair as (select l.id line_id, a.id ours_id, count(*) over (partition by l.id) by_line,
                             count(*) over (partition by a.id) by_ours
                        from loose l join billing_attempt a on {_SUCCEEDED} and {_NEAR}
                         and a.amount_minor = l.amount_minor and a.currency = l.currency
                         and a.ended_at between l.occurred_at - interval '36 hours'
                                            and l.occurred_at + interval '36 hours'
                       where {_FREE.format(column="attempt_id", id="a.id")})
        select line_id, ours_id from pair where by_line = 1 and by_ours = 1""",
}
FEE_IS_RIGHT = "($4::int is null or l.fee_minor = (l.amount_minor * $4 + 5000) / 10000 + $5)"
"""Whether a line's fee is the agreed one: ``$4`` parts of ten thousand, half up, and ``$5`` minor units."""
_BIND = """
with pair as ({pairs}),
     once as (select distinct on (ours_id) line_id, ours_id from (
                select distinct on (line_id) line_id, ours_id from pair order by line_id, ours_id) p
               order by ours_id, line_id)
update billing_statement_line l
   set attempt_id = once.ours_id, matched_by = '{how}',
       status = case when l.amount_minor = p.amount_minor and l.currency = p.currency
                  and l.occurred_at <= a.ended_at + {late} and {fee} then 'matched' else 'differs' end
  from once join billing_attempt a on a.tenant_id = $1 and a.id = once.ours_id
  join billing_payment p on p.tenant_id = $1 and p.id = a.payment_id
 where l.tenant_id = $1 and l.id = once.line_id
"""
_REFUNDS = f"""
with pair as (
  select distinct on (r.id) l.id line_id, r.id refund_id, r.amount_minor, r.currency, r.succeeded_at
    from (select l.id, l.channel_reference, {OURS} ours from {_LOOSE.format(kind="refund")}) l
    join billing_refund r on r.tenant_id = $1 and r.status = 'succeeded'
     and (r.id = l.ours or (l.channel_reference <> '' and r.channel_reference = l.channel_reference))
   where {_FREE.format(column="refund_id", id="r.id")} order by r.id, l.id)
update billing_statement_line l
   set refund_id = pair.refund_id, matched_by = 'reference',
       status = case when -l.amount_minor = pair.amount_minor and l.currency = pair.currency
                  and l.occurred_at <= pair.succeeded_at + {LATE} then 'matched' else 'differs' end
  from pair where l.tenant_id = $1 and l.id = pair.line_id
"""
_DISPUTES = """
update billing_statement_line l set status = 'matched', matched_by = 'dispute'
 where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = $3 and l.status = 'open'
   and l.kind = 'dispute' and exists (select 1 from billing_dispute d where d.tenant_id = $1 and d.channel = $3::text
     and d.reference in (l.channel_reference, l.reference) and abs(l.amount_minor) = d.amount_minor
     and d.currency = l.currency)
"""
_SETTLED_AFTER_ALL = """
update billing_statement_line l set status = 'matched'
  from billing_attempt a join billing_payment p on p.tenant_id = a.tenant_id and p.id = a.payment_id
 where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = $3 and l.status = 'differs'
   and a.tenant_id = $1 and a.id = l.attempt_id and p.amount_minor = l.amount_minor and p.currency = l.currency
   and l.occurred_at <= a.ended_at + interval '24 hours'
   and ($4::int is null or l.fee_minor = (l.amount_minor * $4 + 5000) / 10000 + $5)
"""
_REPLACED = """
update billing_statement_line l set status = 'replaced'
 where l.tenant_id = $1 and l.settlement_account_id = $2 and l.channel = $3 and l.status = 'provisional'
   and exists (select 1 from billing_statement_line x where x.tenant_id = $1 and x.settlement_account_id = $2
     and x.line_key = l.line_key and x.line_key <> '' and x.status not in ('provisional', 'replaced'))
"""


async def rematch(
    tenant_id: UUID, account_id: UUID, channel: str, *, fee: tuple[int | None, int] = (None, 0)
) -> int:
    """Match what is open on one account and channel and return how many lines have found our side."""
    of = (tenant_id, account_id, channel)
    found = 0
    for how, pairs in _PAIRS.items():
        sql = _BIND.format(pairs=pairs, how=how, late=LATE, fee=FEE_IS_RIGHT)
        found += await execute(sql, *of, *fee)
    found += await execute(_REFUNDS, *of) + await execute(_DISPUTES, *of)
    await execute(_SETTLED_AFTER_ALL, *of, *fee)
    return found


async def replace_provisional(tenant_id: UUID, account_id: UUID, channel: str) -> int:
    """Let provisional lines go whose final ones have come, and return how many."""
    return await execute(_REPLACED, tenant_id, account_id, channel)
