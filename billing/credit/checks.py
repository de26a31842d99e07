"""What must be true of credit, as statements that find what is not (see ``billing.ledger.checks``)."""

CREDIT_CHECKS: dict[str, str] = {
    "credit left is not what was given less used, refunded and lost": """
        select c.id::text subject, c.left_minor expected,
               (c.amount_minor - c.refunded_minor - c.lost_minor - coalesce(u.amount, 0))::bigint found
          from billing_credit c left join (
            select credit_id, sum(amount_minor) amount from billing_credit_use
             where tenant_id = $1 group by credit_id) u on u.credit_id = c.id
         where c.tenant_id = $1 and c.left_minor <> c.amount_minor - c.refunded_minor - c.lost_minor
           - coalesce(u.amount, 0)""",
    "credit used is not its allocations": """
        select c.id::text subject, coalesce(u.amount, 0)::bigint expected, coalesce(a.amount, 0)::bigint found
          from billing_credit c
          left join (select credit_id, sum(amount_minor) amount from billing_credit_use
                      where tenant_id = $1 group by credit_id) u on u.credit_id = c.id
          left join (select credit_id, sum(amount_minor) amount from billing_allocation
                      where tenant_id = $1 and credit_id is not null and amount_minor > 0 group by credit_id) a
            on a.credit_id = c.id
         where c.tenant_id = $1 and coalesce(u.amount, 0) <> coalesce(a.amount, 0)""",
    "account's credit in the journal is not what is left": """
        select coalesce(c.account_id, p.account_id)::text || ' ' || coalesce(c.currency, p.currency) subject,
               coalesce(c.amount, 0)::bigint expected, coalesce(p.amount, 0)::bigint found
          from (select account_id, currency, sum(left_minor) amount from billing_credit
                 where tenant_id = $1 group by account_id, currency) c
          full join (select account_id, currency, -sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger = 'credit' group by account_id, currency) p
            on p.account_id = c.account_id and p.currency = c.currency
         where coalesce(c.amount, 0) <> coalesce(p.amount, 0)""",
}
