"""What autopay means to the statements of other pieces, as SQL about bill ``b``."""

from billing.plans.conditions import IS_IN_PLAN


def holds(of: str, person: str, more: str = "") -> str:
    """Return the condition that a person holds the account of row ``of`` today; ``more`` is asked of holder ``h``."""
    return f"""exists (select 1 from tenants_holder h where h.tenant_id = {of}.tenant_id
      and h.account_id = {of}.account_id and h.person_id = {person} and h.confirmed_at is not null
      and covers(h.since, h.until, day_of({of}.tenant_id)){more})"""


def is_of(person: str) -> str:
    """Return the condition that bill ``b`` is one of those that a holder of its account today sees as theirs.

    What was owed before they held it, or once they have left, is not theirs: nobody is charged for who lived there
    before or after them.
    """
    return holds(
        "b",
        person,
        """
      and (h.since is null or b.period >= date_trunc('month', h.since)::date)
      and (h.until is null or b.period <= h.until)""",
    )


_IS_INSTALMENT = """exists (select 1 from billing_plan_bill k join billing_instalment i
    on i.tenant_id = k.tenant_id and i.plan_id = k.plan_id and i.due_on = b.due_on
    where k.tenant_id = b.tenant_id and k.bill_id = b.id and k.is_live
      and x.plan_id = k.plan_id and x.position = i.position)"""
"""SQL: debit ``x`` is of the instalment that is due next of the bill."""
IS_AUTOPAID = f"""exists (select 1 from billing_mandate m where m.tenant_id = b.tenant_id
    and m.account_id = b.account_id and m.currency = b.currency and m.status = 'active'
    and {is_of("m.person_id")}
    and not exists (select 1 from billing_debit x where x.tenant_id = b.tenant_id and x.mandate_id = m.id
      and x.status not in ('announced', 'trying', 'waiting')
      and case when x.plan_id is not null then {_IS_INSTALMENT} else x.bill_id = b.id and not {IS_IN_PLAN} end))"""
"""SQL: bill ``b``, or its next instalment, is going to be paid by itself, so nobody is reminded of it."""
