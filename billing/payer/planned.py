"""What is due later of bills in instalment plans, and when the next instalment is taken by itself.

Each plan is read once, whatever number of its bills somebody owes: every instalment that is looked at is asked for by
the payer's walls, and within the statement of all bills each bill would look at all of them again. It is also asked
apart, since few have a plan and everybody's statement would be planned for it. The same in SQL, for statements that
only sum: ``billing.plans.conditions.later_minor``.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from billing.mandates.instalments import spread
from billing.plans.spreading import next_due, stand
from tenants.scope import rows


class Planned(NamedTuple):
    """What an open bill's plan says of it; minor units."""

    later_minor: int
    debit_on: date | None


_PLANS = """
select p.total_minor, day_of(p.tenant_id) today, (
         select json_agg(json_build_array(i.position, i.due_on, i.amount_minor) order by i.position)::text
           from billing_instalment i where i.tenant_id = p.tenant_id and i.plan_id = p.id) instalments, (
         select json_agg(json_build_array(b.id, b.total_minor - b.paid_minor - b.adjusted_minor)
                         order by b.period, b.number)::text
           from billing_plan_bill k join billing_bill b on b.tenant_id = k.tenant_id and b.id = k.bill_id
            and b.status in ('issued', 'part_paid')
          where k.tenant_id = p.tenant_id and k.plan_id = p.id and k.is_live) bills, (
         select min(d.due_on) from billing_debit d where d.tenant_id = p.tenant_id and d.plan_id = p.id
            and d.status in ('announced', 'trying', 'waiting')) debit_on
  from billing_instalment_plan p
 where p.tenant_id = any ((select scope_tenants())::uuid[]) and p.id = any ($1::uuid[])
"""


async def planned(plan_ids: Iterable[UUID | None]) -> Mapping[UUID, Planned]:
    """Return what these plans say of their open bills, as far as the open scope sees them."""
    wanted = list({plan_id for plan_id in plan_ids if plan_id})
    found: dict[UUID, Planned] = {}
    for plan in await rows(_PLANS, wanted) if wanted else []:
        found |= _of(plan)
    return found


def _of(plan: Any) -> dict[UUID, Planned]:
    bills = [{"id": UUID(one), "left_minor": left} for one, left in json.loads(plan["bills"] or "[]")]
    agreed = [
        (n, date.fromisoformat(day), amount) for n, day, amount in json.loads(plan["instalments"] or "[]")
    ]
    left = sum(bill["left_minor"] for bill in bills)
    parts = stand(agreed, min(left, plan["total_minor"]))
    upcoming = next_due(parts)
    if upcoming is None:
        return {}
    until = max(plan["today"], upcoming.due_on)
    due = spread(bills, sum(part.left_minor for part in parts if part.due_on <= until))
    return {
        bill["id"]: Planned(
            bill["left_minor"] - due.get(bill["id"], 0), plan["debit_on"] if bill["id"] in due else None
        )
        for bill in bills
    }
