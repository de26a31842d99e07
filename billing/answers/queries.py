"""Answers as they are read: of one bill by its payer, and as a list by staff."""

from typing import Any
from uuid import UUID

from billing.answers.conditions import IS_TO_RIGHT
from billing.lists import Listing
from tenants.scope import rows, value

_OF_BILL = """
select a.id, a.kind, a.status, a.topic, a.promised_on, a.amount_minor, a.created_at, a.closed_at, a.outcome,
       a.person_name, l.names
  from billing_answer a left join billing_bill_line l on l.tenant_id = a.tenant_id and l.id = a.bill_line_id
 where a.tenant_id = $1 and a.bill_id = $2 order by a.created_at desc limit 50
"""
_VOLUNTARY = """
select l.id, l.names, l.amount_minor, l.period
  from billing_bill_line l join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = $2 and i.is_voluntary and l.amount_minor > 0 and l.paid_minor = 0
   and l.adjusted_minor = 0 order by l.position, l.id
"""


async def answers_of(tenant_id: UUID, bill_id: UUID) -> list[Any]:
    """Return what was answered to a bill, newest first, in any scope that sees it."""
    return await rows(_OF_BILL, tenant_id, bill_id)


async def open_answers(tenant_id: UUID, bill_id: UUID) -> list[Any]:
    """Return the promise and the dispute that still hold for a bill."""
    return [one for one in await answers_of(tenant_id, bill_id) if one["closed_at"] is None]


_TO_RIGHT = f"""
select exists (select 1 from billing_answer d join billing_bill b on b.tenant_id = d.tenant_id and b.id = d.bill_id
  where d.tenant_id = $1 and d.id = $2 and b.status in ('issued', 'part_paid') and {IS_TO_RIGHT})
"""


async def is_to_right(tenant_id: UUID, answer_id: UUID) -> bool:
    """Tell whether an accepted dispute leads to something that nobody has done yet."""
    return bool(await value(_TO_RIGHT, tenant_id, answer_id))


async def voluntary_lines(tenant_id: UUID, bill_id: UUID) -> list[Any]:
    """Return the lines of a bill that may be declined."""
    return await rows(_VOLUNTARY, tenant_id, bill_id)


ANSWERS = Listing(
    name="answers",
    filters=("kind", "state"),
    sorts={"created_at": "a.created_at", "number": "b.number", "promised_on": "a.promised_on"},
    default_sort="-created_at",
    sql="""
select a.id, a.kind, a.status, a.topic, a.promised_on, a.amount_minor, a.created_at, a.owner_name, a.person_name,
       a.bill_id, b.number, b.account_number, b.account_name, b.period, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from billing_answer a join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id
 where a.tenant_id = $1 and ($2 = '' or b.number ilike $2 or b.account_number ilike $2 or a.person_name ilike $2)
   and ($3 = '' or a.kind = $3)
   and ($4 = 'all' or ($4 = '' and a.closed_at is null) or ($4 <> '' and a.status = $4))""",
)
