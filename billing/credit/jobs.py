"""Credit goes to bills by itself when they are issued, when it comes in, and when a payment that held a bill ended."""

from typing import Any
from uuid import UUID

from billing.credit.applying import apply_to, waiting_accounts
from billing.credit.lots import APPLY_JOB
from billing.credit.terms import CreditTerms
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.jobs import job, publish, subscribe
from tenants.scope import open_scope, tenant_scope

BATCH = 1000
"""Accounts whose bills are locked together; each batch is a transaction of its own."""


@job(APPLY_JOB, is_transactional=False)
async def apply_credit(actor: Actor, payload: dict[str, Any]) -> None:
    """Put the credit of one account, or of all that have an open bill, to what is owed, unless the terms say no."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    one = payload.get("account_id")
    after: UUID | None = None
    while True:
        async with open_scope(tenant_scope(actor.tenant_id)):
            if not (await terms_of(actor.tenant_id, CreditTerms)).is_automatic:
                return
            accounts = [UUID(one)] if one else await waiting_accounts(actor.tenant_id, after, BATCH)
            done = await apply_to(actor.tenant_id, accounts)
            if done:
                await publish("credit.applied", {"bills": len({each.bill_id for each in done})})
        if one or len(accounts) < BATCH:
            return
        after = accounts[-1]


for _event in ("bills.issued", "payment.failed", "payment.cancelled", "payment.expired"):
    subscribe(_event, APPLY_JOB)
