"""How long a charge is for: a fee of every term that was charged last month is not proposed again for this one."""

import json
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from billing.charges.periods import months_after
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


_RULES = """
select distinct on (fee_item_id) fee_item_id, document from billing_fee_rule
 where tenant_id = $1 and fee_item_id = any ($2::uuid[]) and status = 'active' and effective_from <= $3
   and lasts(effective_until, $3) order by fee_item_id, effective_from desc
"""


async def still_covered(tenant_id: UUID, items: Iterable[FeeItem], period: date) -> dict[UUID, date]:
    """Return the items whose last charge before a month still covers it, with the month of that charge."""
    last = {UUID(one["id"]): one["period"] for one in await rows(_LAST, tenant_id, period)}
    asked = [item.id for item in items if item.id in last]
    months = {
        one["fee_item_id"]: _months(one["document"]) for one in await rows(_RULES, tenant_id, asked, period)
    }
    return {id_: last[id_] for id_ in asked if last[id_] > months_after(period, -months.get(id_, 1))}


def _months(document: str) -> int:
    rule = parse(json.loads(document))
    return MONTHS[rule.period] if isinstance(rule, Charge) else 1
