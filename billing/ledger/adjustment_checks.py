"""What must be true of what was let off: bills and lines, adjustments and the journal say the same."""

ADJUSTMENTS: dict[str, str] = {
    "line's adjusted amount is not its adjustments": """
        select l.id::text subject, l.adjusted_minor expected, coalesce(a.amount, 0) found
          from billing_bill_line l left join (
            select bill_line_id, sum(amount_minor)::bigint amount from billing_adjustment_part
             where tenant_id = $1 group by bill_line_id) a on a.bill_line_id = l.id
         where l.tenant_id = $1 and l.adjusted_minor <> coalesce(a.amount, 0)""",
    "bill's adjusted amount is not its lines'": """
        select b.number subject, b.adjusted_minor expected, coalesce(sum(l.adjusted_minor), 0)::bigint found
          from billing_bill b left join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
         where b.tenant_id = $1 group by b.tenant_id, b.id, b.number, b.adjusted_minor
        having b.adjusted_minor <> coalesce(sum(l.adjusted_minor), 0)""",
    "adjustment is not its parts": """
        select a.number subject, case when a.status = 'applied' then a.amount_minor else 0 end expected,
               coalesce(p.amount, 0) found
          from billing_adjustment a left join (
            select source_id, sum(amount_minor)::bigint amount from billing_adjustment_part
             where tenant_id = $1 and cause = 'adjustment' group by source_id) p on p.source_id = a.id
         where a.tenant_id = $1
           and coalesce(p.amount, 0) <> case when a.status = 'applied' then a.amount_minor else 0 end""",
    "adjustments are not what the journal says": """
        select coalesce(a.kind, l.kind) || ' ' || coalesce(a.currency, l.currency) subject,
               coalesce(a.amount, 0)::bigint expected, coalesce(l.amount, 0)::bigint found
          from (select a.kind, a.currency, sum(a.amount_minor) amount from billing_adjustment a
                  join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id and b.status <> 'void'
                 where a.tenant_id = $1 and a.status = 'applied' group by a.kind, a.currency) a
          full join (select substr(ledger, 12) kind, currency, sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger like 'adjustment:%' group by ledger, currency) l
            using (kind, currency)
         where coalesce(a.amount, 0) <> coalesce(l.amount, 0)""",
}
