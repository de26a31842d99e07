"""What must be true of credit notes and of balances brought over: bills, rows and the journal say the same."""

CREDIT_NOTES: dict[str, str] = {
    "credit note is not its parts": """
        select n.number subject, n.amount_minor expected, coalesce(p.amount, 0) found
          from billing_credit_note n left join (
            select source_id, sum(amount_minor)::bigint amount from billing_adjustment_part
             where tenant_id = $1 and cause = 'credit_note' group by source_id) p on p.source_id = n.id
         where n.tenant_id = $1 and coalesce(p.amount, 0) <> n.amount_minor""",
    "credit note is not what the journal says": """
        select n.number subject, n.amount_minor expected, coalesce(l.amount, 0)::bigint found
          from billing_credit_note n left join (
            select e.source_id, -sum(p.amount_minor) amount
              from billing_entry e join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
             where e.tenant_id = $1 and e.kind = 'credit_note.written' and p.ledger = 'receivable'
             group by e.source_id) l on l.source_id = n.id
         where n.tenant_id = $1 and coalesce(l.amount, 0) <> n.amount_minor""",
    "credit note's excess is not the credit it gave": """
        select n.number subject, n.excess_minor expected, coalesce(c.amount, 0)::bigint found
          from billing_credit_note n left join (
            select source_id, sum(amount_minor) amount from billing_credit
             where tenant_id = $1 and source = 'credit_note' group by source_id) c on c.source_id = n.id
         where n.tenant_id = $1 and coalesce(c.amount, 0) <> n.excess_minor""",
    "balance brought over is not its entry": """
        select b.number subject, b.total_minor expected, coalesce(l.amount, 0)::bigint found
          from billing_bill b left join (
            select e.source_id, sum(p.amount_minor) amount
              from billing_entry e join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
             where e.tenant_id = $1 and e.kind = 'opening.recorded' and p.ledger = 'receivable'
             group by e.source_id) l on l.source_id = b.id
         where b.tenant_id = $1 and b.kind = 'opening' and coalesce(l.amount, 0) <> b.total_minor""",
}
