"""Whoever leaves at the year's end: what is on the card goes back, later instalments are called off."""

from datetime import date
from typing import Any
from uuid import UUID

from billing.plans.stopping import stop_after
from scenarios.education.year import leaving
from scenarios.education.year.farewell import NOT_DUE_YET
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.models import Account
from tenants.scope import rows

LEAVER_JOB = "education.settle_leaver"
_WITH_MONEY = """
select p.account_id from roll_pupil p
 where p.title = '' and p.account_id is not null and (
   exists (select 1 from billing_wallet w where w.tenant_id = $1 and w.account_id = p.account_id
            and w.kind = 'canteen' and w.balance_minor > 0)
   or exists (select 1 from billing_instalment_plan i where i.tenant_id = $1 and i.account_id = p.account_id
               and i.status = 'active'))
"""


async def settle(tenant_id: UUID, last_on: date) -> None:
    """Have it done for each who has just left (``roll_pupil``) and has any, by one job each."""
    for one in await rows(_WITH_MONEY, tenant_id):
        await enqueue(LEAVER_JOB, {"account": str(one["account_id"]), "last_on": last_on.isoformat()})


@job(LEAVER_JOB)
async def settle_one(actor: Actor, payload: dict[str, Any]) -> None:
    """Give back what one who has left has not used; twice is once."""
    account = await Account.get(tenant_id=actor.tenant_id, id=UUID(payload["account"]))
    last_on = date.fromisoformat(payload["last_on"])
    await stop_after(actor, account, last_on, reason=NOT_DUE_YET)
    await leaving.empty_card(account)
