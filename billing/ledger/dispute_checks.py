"""What must be true of disputes: what is held, lost and borne, in the journal as in the disputes."""


def _agrees(name: str, amount: str, where: str) -> str:
    """Return a check that one ledger account holds exactly what the disputes say, in each currency."""
    return f"""
        select coalesce(d.currency, l.currency) subject, coalesce(d.amount, 0)::bigint expected,
               coalesce(l.amount, 0)::bigint found
          from (select currency, sum({amount}) amount from billing_dispute
                 where tenant_id = $1 and {where} group by currency) d
          full join (select currency, sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger = '{name}' group by currency) l using (currency)
         where coalesce(d.amount, 0) <> coalesce(l.amount, 0)"""


DISPUTES: dict[str, str] = {
    "held in disputes is not what open disputes have withdrawn": _agrees(
        "disputed", "amount_minor", "is_withdrawn and status in ('opened', 'evidence_due', 'submitted')"
    ),
    "lost and undecided is not what the disputes say": _agrees(
        "charged_back",
        "amount_minor - suspense_minor - credit_minor",
        "is_withdrawn and status in ('lost', 'accepted') and decision in ('', 'asked')",
    ),
    "losses are not what the disputes say": _agrees(
        "dispute_losses", "borne_minor", "status in ('lost', 'accepted')"
    ),
    "credit lost is not what disputes of its payment took": """
        select p.number subject, coalesce(d.amount, 0)::bigint expected, coalesce(c.amount, 0)::bigint found
          from billing_payment p
          left join (select payment_id, sum(credit_minor) amount from billing_dispute
                      where tenant_id = $1 group by payment_id) d on d.payment_id = p.id
          left join (select payment_id, sum(lost_minor) amount from billing_credit
                      where tenant_id = $1 group by payment_id) c on c.payment_id = p.id
         where p.tenant_id = $1 and coalesce(d.amount, 0) <> coalesce(c.amount, 0)""",
    "dispute's bills are not owed again by as much": """
        select d.number subject, d.reopened_minor expected, coalesce(-a.amount, 0)::bigint found
          from billing_dispute d left join (
            select dispute_id, sum(amount_minor) amount from billing_allocation
             where tenant_id = $1 and dispute_id is not null group by dispute_id) a on a.dispute_id = d.id
         where d.tenant_id = $1 and d.status in ('lost', 'accepted')
           and d.reopened_minor <> coalesce(-a.amount, 0)""",
}
