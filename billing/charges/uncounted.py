"""Charges by a number of the month that nobody has found yet: a run that proposed them would charge nobody by them."""

import json
from datetime import date
from uuid import UUID

from billing.charges.quantities import YEAR, names_of
from billing.charges.run_sql import ARREARS_FACTS, month_facts
from billing.rules import parse
from tenants.scope import rows

_RULES = """
select distinct on (fee_item_id) fee_item_id, document from billing_fee_rule
 where tenant_id = $1 and status = 'active' and effective_from <= $2 and lasts(effective_until, $2)
   and document::text like '%"quantity"%'
 order by fee_item_id, effective_from desc
"""
_FOUND = """
select name from unnest($3::text[]) name
 where exists (select 1 from billing_quantity q where q.tenant_id = $1 and q.period = $2 and q.name = name)
"""


async def uncounted(tenant_id: UUID, period: date) -> set[UUID]:
    """Return the fee items whose rule goes by a number of which not one account has any for this month."""
    read = {one["fee_item_id"]: _numbers(one["document"]) for one in await rows(_RULES, tenant_id, period)}
    wanted = sorted({name for names in read.values() for name in names})
    if not wanted:
        return set()
    found = {one["name"] for one in await rows(_FOUND, tenant_id, period, wanted)}
    return {item for item, names in read.items() if names and not found & set(names)}


def _numbers(document: str) -> list[str]:
    known = {*month_facts("", ""), *ARREARS_FACTS}
    names = names_of(parse(json.loads(document)).core.keys, known)
    return [name for name in names if not name.endswith(YEAR)]
