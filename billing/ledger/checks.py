"""What must be true of a tenant's books, as data: each statement finds what is not.

A statement gets the tenant as ``$1`` and returns a row for each fault: ``subject`` (what a person would look for),
``expected`` and ``found`` in minor units. A piece that moves money in a new way adds its checks here, or keeps them as
a dictionary beside its own code and names it in ``CHECKS``.
"""

from billing.credit.checks import CREDIT_CHECKS
from billing.holds.checks import HOLD_CHECKS
from billing.ledger.adjustment_checks import ADJUSTMENTS
from billing.ledger.credit_note_checks import CREDIT_NOTES
from billing.ledger.dispute_checks import DISPUTES
from billing.ledger.reconciliation_checks import RECONCILIATION
from billing.payments.states import RECEIVED_SQL
from billing.splits.checks import SPLIT_CHECKS
from billing.wallets.checks import WALLET_CHECKS

CHECKS: dict[str, str] = {
    "entry does not balance": """
        select entry_id::text || ' ' || currency subject, 0::bigint expected, sum(amount_minor)::bigint found
          from billing_posting where tenant_id = $1 group by entry_id, currency having sum(amount_minor) <> 0""",
    "receivable is not what the bill says is left": """
        select b.number subject, case when b.status in ('issued', 'part_paid', 'paid')
                 then b.total_minor - b.paid_minor - b.adjusted_minor else 0 end expected, coalesce(p.amount, 0) found
          from billing_bill b left join (
            select bill_id, sum(amount_minor)::bigint amount from billing_posting
             where tenant_id = $1 and ledger = 'receivable' group by bill_id) p on p.bill_id = b.id
         where b.tenant_id = $1 and coalesce(p.amount, 0) <> case when b.status in ('issued', 'part_paid', 'paid')
                 then b.total_minor - b.paid_minor - b.adjusted_minor else 0 end""",
    "line's paid amount is not its allocations": """
        select l.id::text subject, l.paid_minor expected, coalesce(a.amount, 0) found
          from billing_bill_line l left join (
            select bill_line_id, sum(amount_minor)::bigint amount from billing_allocation
             where tenant_id = $1 group by bill_line_id) a on a.bill_line_id = l.id
         where l.tenant_id = $1 and l.paid_minor <> coalesce(a.amount, 0)""",
    "bill's paid amount is not its lines'": """
        select b.number subject, b.paid_minor expected, coalesce(sum(l.paid_minor), 0)::bigint found
          from billing_bill b left join billing_bill_line l on l.tenant_id = b.tenant_id and l.bill_id = b.id
         where b.tenant_id = $1 group by b.tenant_id, b.id, b.number, b.paid_minor
        having b.paid_minor <> coalesce(sum(l.paid_minor), 0)""",
    "payment is not its allocations, credit, unassigned money and refunds": f"""
        select p.number subject, p.amount_minor - p.refunded_minor - coalesce(d.amount, 0)::bigint expected,
               (coalesce(a.amount, 0) + coalesce(s.amount, 0) + coalesce(c.amount, 0))::bigint found
          from billing_payment p
          left join (select payment_id, sum(amount_minor) amount from billing_allocation
                      where tenant_id = $1 group by payment_id) a on a.payment_id = p.id
          left join (select payment_id, sum(amount_minor) amount from billing_suspense
                      where tenant_id = $1 and status in ('open', 'refunding') group by payment_id) s
            on s.payment_id = p.id
          left join (select payment_id, sum(left_minor) amount from billing_credit
                      where tenant_id = $1 group by payment_id) c on c.payment_id = p.id
          left join (select payment_id, sum(suspense_minor + credit_minor + reopened_minor) amount from billing_dispute
                      where tenant_id = $1 group by payment_id) d on d.payment_id = p.id
         where p.tenant_id = $1 and p.status in {RECEIVED_SQL}
           and p.amount_minor - p.refunded_minor - coalesce(d.amount, 0)
               <> coalesce(a.amount, 0) + coalesce(s.amount, 0) + coalesce(c.amount, 0)""",
    **ADJUSTMENTS,
    **CREDIT_NOTES,
    **CREDIT_CHECKS,
    **DISPUTES,
    **HOLD_CHECKS,
    **RECONCILIATION,
    **SPLIT_CHECKS,
    **WALLET_CHECKS,
    "closed month's balance is not what it was": """
        with closed as (
          select ends_at, to_char(month, 'YYYY-MM') name, totals from billing_period
           where tenant_id = $1 and is_locked order by ends_at desc limit 1
        ), kept as (
          select t ->> 0 ledger, t ->> 1 currency, (t ->> 2)::bigint amount
            from closed, jsonb_array_elements(totals) t
        ), booked as (
          select p.ledger, p.currency, sum(p.amount_minor)::bigint amount
            from closed c join billing_entry e on e.tenant_id = $1 and e.occurred_at < c.ends_at
            join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
           group by p.ledger, p.currency
        )
        select (select name from closed) || ' ' || ledger || ' ' || currency subject,
               coalesce(k.amount, 0) expected, coalesce(b.amount, 0) found
          from kept k full join booked b using (ledger, currency)
         where coalesce(k.amount, 0) <> coalesce(b.amount, 0)""",
}
