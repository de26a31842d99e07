"""What answers mean to the statements of other pieces, as SQL about bill ``b``."""

IS_DISPUTED = """exists (select 1 from billing_answer d where d.tenant_id = b.tenant_id and d.bill_id = b.id
    and d.kind = 'dispute' and d.closed_at is null)"""
"""Its late fee stands still, nobody is reminded of it, and credit leaves it alone."""


def is_promised(today: str) -> str:
    """Return the condition that somebody has promised to pay it by ``today`` (an SQL expression) or later."""
    return (
        "exists (select 1 from billing_answer d where d.tenant_id = b.tenant_id and d.bill_id = b.id"
        f" and d.kind = 'promise' and d.closed_at is null and d.promised_on >= {today})"
    )
