"""What one account still has to be charged up to its last day, outside of any run and by the same rules."""

import json
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from billing.charges.periods import last_day, months_after
from billing.charges.run_sql import computed_sql
from billing.charges.runs import rule_in_force
from billing.models import FeeItem
from billing.plans.single import Charge
from billing.plans.writing import Worked
from billing.rules import parse
from tenants.models import Account
from tenants.scope import row, rows, value

MOST_MONTHS = 12
_COMPUTED = """
select amount_minor, inputs from ({rule}) computed
 where account_id = $15::uuid and amount_minor > 0 and ((($8::date, $9::text, $10::uuid) is null) is not null)
"""
_BEFORE = """
select coalesce(max(number), '') from tenants_account
 where tenant_id = $1 and scenario = $2 and sort_key = $3 and number < $4
"""
_LAST = """
select max(period) from billing_bill_line
 where tenant_id = $1 and account_id = $2 and fee_item_id = $3 and is_live and is_periodic
"""
_COUNTED = """
select distinct period from billing_quantity where tenant_id = $1 and account_id = $2 and period > $3 order by 1
"""


async def charges_until(account: Account, items: Sequence[FeeItem], until: date) -> list[Charge]:
    """Return a line for each fee and month that the account has not been charged for yet, up to its last day.

    The account's ``closed_on`` says that day to the rules. What was counted later for its days is among them.
    """
    found = []
    for item in items:
        for period in await _months(account, item, until):
            charge = await _charge(account, item, period)
            if charge is not None:
                found.append(charge)
    return found


async def _months(account: Account, item: FeeItem, until: date) -> list[date]:
    end = until.replace(day=1)
    last: date | None = await value(_LAST, account.tenant_id, account.id, item.id)
    start = max(months_after(last, 1) if last else end, months_after(end, -MOST_MONTHS))
    months = []
    while start <= end:
        months.append(start)
        start = months_after(start, 1)
    later = await rows(_COUNTED, account.tenant_id, account.id, end)
    return [*months, *(one["period"] for one in later)]


async def _charge(account: Account, item: FeeItem, period: date) -> Charge | None:
    rule = await rule_in_force(account.tenant_id, item.id, period)
    if rule is None:
        return None
    before = await value(_BEFORE, account.tenant_id, account.scenario, account.sort_key, account.number)
    nothing: UUID | None = None
    found = await row(
        _COMPUTED.format(rule=computed_sql(parse(rule.document))),
        account.tenant_id,
        nothing,
        account.scenario,
        item.id,
        period,
        last_day(period),
        period,
        None,
        None,
        None,
        account.sort_key,
        before,
        account.sort_key,
        account.number,
        account.id,
    )
    if found is None:
        return None
    worked = Worked(period, rule.id, json.loads(found["inputs"]))
    return Charge(found["amount_minor"], fee_item_id=item.id, worked=worked)
