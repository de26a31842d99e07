"""How long a charge is for: a fee of every term that was charged last month is not proposed again for this one."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from billing.charges.periods import months_after
from billing.charges.runs import rule_in_force
from billing.models import FeeItem
from billing.rules import Charge, parse
from tenants.scope import rows

MONTHS = {"month": 1, "quarter": 3, "term": 4, "half_year": 6, "year": 12, "once": 12 * 100}
"""Months for which a charge is at the least; terms differ, and none is shorter."""
_LAST = """
select item.id, max(r.period) period from billing_bill_run r
 cross join lateral jsonb_array_elements_text(r.fee_items) item (id)
 where r.tenant_id = $1 and r.status = 'issued' and r.period < $2 group by item.id
"""


async def charged_in(tenant_id: UUID, period: date) -> set[UUID]:
    """Return the fee items of the runs that were issued for a month."""
    last = await rows(_LAST, tenant_id, months_after(period, 1))
    return {UUID(one["id"]) for one in last if one["period"] == period}


async def still_covered(tenant_id: UUID, items: Iterable[FeeItem], period: date) -> dict[UUID, date]:
    """Return the items whose last charge before a month still covers it, with the month of that charge."""
    last = {UUID(one["id"]): one["period"] for one in await rows(_LAST, tenant_id, period)}
    found = {}
    for item in items:
        if item.id in last and last[item.id] > months_after(period, -await _months(item, period)):
            found[item.id] = last[item.id]
    return found


async def _months(item: FeeItem, period: date) -> int:
    rule = await rule_in_force(item.tenant_id, item.id, period)
    document = parse(rule.document) if rule else None
    return MONTHS[document.period] if isinstance(document, Charge) else 1
