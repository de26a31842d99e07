"""What answers mean to the statements of other pieces, as SQL about bill ``b``."""

PUT_RIGHT = ("void", "credit_note", "adjustment")
"""Outcomes of an accepted dispute that somebody still has to do on the bill."""
IS_TO_RIGHT = f"""d.status = 'accepted' and d.outcome in {PUT_RIGHT!r}
    and not exists (select 1 from billing_adjustment_part x where x.tenant_id = d.tenant_id and x.bill_id = d.bill_id
      and x.cause in ('adjustment', 'credit_note') and x.amount_minor > 0 and x.created_at >= d.closed_at)"""
"""Of a dispute ``d``: the payer was right, and what that leads to has not been done; a void bill is owed no more."""
IS_DISPUTED = f"""exists (select 1 from billing_answer d where d.tenant_id = b.tenant_id and d.bill_id = b.id
    and d.kind = 'dispute' and (d.closed_at is null or {IS_TO_RIGHT}))"""
"""Its late fee stands still, nobody is reminded of it, no mandate takes it, and credit leaves it alone."""


def is_promised(today: str) -> str:
    """Return the condition that somebody has promised to pay it by ``today`` (an SQL expression) or later."""
    return (
        "exists (select 1 from billing_answer d where d.tenant_id = b.tenant_id and d.bill_id = b.id"
        f" and d.kind = 'promise' and d.closed_at is null and d.promised_on >= {today})"
    )
