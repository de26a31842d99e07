"""What autopay means to the statements of other pieces, as SQL about bill ``b``."""

from billing.plans.conditions import IS_IN_PLAN

IS_AUTOPAID = f"""(not {IS_IN_PLAN}
    and exists (select 1 from billing_mandate m where m.tenant_id = b.tenant_id and m.account_id = b.account_id
    and m.currency = b.currency and m.status = 'active'
    and not exists (select 1 from billing_debit x where x.tenant_id = b.tenant_id and x.bill_id = b.id
                       and x.status in ('failed', 'skipped', 'stopped'))))"""
"""SQL: bill ``b`` is going to be paid by itself, so nobody is reminded of it."""
