"""Checks of what channels keep and pay out: clearing accounts drain by exactly that, and the bank has it."""

from billing.payments.states import RECEIVED_SQL

RECONCILIATION: dict[str, str] = {
    "clearing is not the payments less refunds, fees and payouts": f"""
        select coalesce(e.channel, l.channel) || ' ' || coalesce(e.currency, l.currency) subject,
               coalesce(e.amount, 0)::bigint expected, coalesce(l.amount, 0)::bigint found
          from (select channel, currency, sum(amount) amount from (
                  select channel, currency, amount_minor - refunded_minor amount from billing_payment
                   where tenant_id = $1 and channel <> 'wallet'
                     and status in {RECEIVED_SQL}
                  union all
                  select p.channel, r.currency, r.amount_minor from billing_refund r
                    join billing_payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
                   where r.tenant_id = $1 and r.way = 'transfer' and r.status = 'succeeded'
                  union all
                  select channel, currency, -amount_minor from billing_dispute
                   where tenant_id = $1 and is_withdrawn and status <> 'won'
                  union all
                  select 'bank', currency, -amount_minor from billing_share
                   where tenant_id = $1 and status = 'paid'
                  union all
                  select 'bank', s.currency, b.amount_minor from billing_share_return b
                    join billing_share s on s.tenant_id = b.tenant_id and s.id = b.share_id
                   where b.tenant_id = $1 and b.status in ('returned', 'undone')
                  union all
                  select channel, currency, -fee_minor from billing_statement
                   where tenant_id = $1 and channel <> 'account' and not is_provisional
                  union all
                  select channel, currency, -amount_minor from billing_payout
                   where tenant_id = $1 and status = 'received') moved
                 group by channel, currency) e
          full join (select substr(ledger, 10) channel, currency, sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger like 'clearing:%' and ledger <> 'clearing:wallet'
                      group by ledger, currency) l
            using (channel, currency)
         where coalesce(e.amount, 0) <> coalesce(l.amount, 0)""",
    "settlement is not the payouts received less the bank's charges": """
        select currency subject, sum(expected)::bigint expected, sum(found)::bigint found
          from (select currency, amount_minor expected, 0 found from billing_payout
                 where tenant_id = $1 and status = 'received'
                union all
                select currency, amount_minor, 0 from billing_statement_line
                 where tenant_id = $1 and matched_by = 'charge'
                union all
                select currency, -amount_minor, 0 from billing_refund
                 where tenant_id = $1 and way = 'transfer' and status = 'succeeded'
                union all
                select currency, 0, amount_minor from billing_posting
                 where tenant_id = $1 and ledger = 'settlement') both_sides
         group by currency having sum(expected) <> sum(found)""",
}
"""The first takes the place of a plain check of clearing accounts against payments."""
