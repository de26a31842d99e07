"""What people read of automatic payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.mandates.instalments import takings_of
from billing.mandates.telling import instalment_text
from billing.models import InstalmentPlan
from tenants.days import today_at
from tenants.scope import row, rows, value
from ui.i18n import Text

_DEBITS = """
select d.id, d.due_on, d.amount_minor, d.currency, d.status, d.tries, d.error, b.period, b.number, d.bill_id,
       d.plan_id, d.position, (select count(*) from billing_instalment i where i.tenant_id = d.tenant_id
                                  and i.plan_id = d.plan_id) count
  from billing_debit d left join billing_bill b on b.tenant_id = d.tenant_id and b.id = d.bill_id
 where d.tenant_id = $1 and d.account_id = $2 order by d.due_on desc, d.position desc, d.id desc limit 24
"""


async def debits_of(tenant_id: UUID, account_id: UUID) -> Sequence[Any]:
    """Return the latest debits of an account, in any scope that sees it."""
    return await rows(_DEBITS, tenant_id, account_id)


_LARGEST = """
select max(total_minor - adjusted_minor) from billing_bill where tenant_id = $1 and account_id = $2 and currency = $3
   and status in ('issued', 'part_paid', 'paid') and period > $4::date - interval '1 year'
"""


async def largest_bill(tenant_id: UUID, account_id: UUID, currency: str) -> int:
    """Return an account's largest bill of the last twelve months in minor units, for who thinks about a ceiling."""
    now = await today_at(tenant_id)
    return int(await value(_LARGEST, tenant_id, account_id, currency, now) or 0)


@dataclass(frozen=True, slots=True)
class Coming:
    """What is going to be taken by itself next, from what, and whose automatic payment does it."""

    what: Text | None
    """Which instalment it is, within a sentence; nothing where it is a bill as a whole."""
    take_on: date
    amount_minor: int
    mask: str
    account_id: UUID


_OF_BILL = """
select d.due_on take_on, d.amount_minor, m.mask, d.account_id from billing_debit d
  join billing_mandate m on m.tenant_id = d.tenant_id and m.id = d.mandate_id
 where d.tenant_id = $1 and d.bill_id = $2 and d.status in ('announced', 'trying', 'waiting')
"""


async def coming_of_bill(tenant_id: UUID, bill_id: UUID) -> Coming | None:
    """Return the debit that is going to take a bill as a whole, in any scope that sees it."""
    found = await row(_OF_BILL, tenant_id, bill_id)
    return Coming(what=None, **dict(found)) if found else None


async def coming_of_plan(plan: InstalmentPlan) -> Coming | None:
    """Return when the plan's next instalment is going to be taken, in any scope that sees the account's mandate."""
    takings = await takings_of(plan.tenant_id, plan.account_id)
    following = next((one for one in takings if one.plan_id == plan.id and one.left_minor), None)
    if following is None or not following.is_coming:
        return None
    what = instalment_text(following.position, following.count)
    return Coming(what, following.take_on, following.left_minor, following.mask, plan.account_id)
