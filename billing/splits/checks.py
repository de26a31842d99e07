"""What must be true of shared proceeds, for ``verify_ledger``."""

SPLIT_CHECKS: dict[str, str] = {
    "what a receiver holds is not their shares less what came back": """
        select coalesce(e.ledger, l.ledger) || ' ' || coalesce(e.currency, l.currency) subject,
               coalesce(e.amount, 0)::bigint expected, coalesce(l.amount, 0)::bigint found
          from (select 'share:' || s.receiver_id ledger, s.currency,
                       sum(s.amount_minor - coalesce((select sum(b.amount_minor) from billing_share_return b
                            where b.tenant_id = s.tenant_id and b.share_id = s.id
                              and b.status in ('returned', 'undone')), 0)) amount
                  from billing_share s where s.tenant_id = $1 and s.status = 'paid' group by 1, 2) e
          full join (select ledger, currency, sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger like 'share:%' group by ledger, currency) l
            using (ledger, currency)
         where coalesce(e.amount, 0) <> coalesce(l.amount, 0)""",
    "more came back of a share than was paid": """
        select s.id::text subject, s.amount_minor expected, sum(b.amount_minor)::bigint found
          from billing_share s join billing_share_return b on b.tenant_id = s.tenant_id and b.share_id = s.id
         where s.tenant_id = $1 group by s.tenant_id, s.id, s.amount_minor
        having sum(b.amount_minor) > s.amount_minor""",
}
