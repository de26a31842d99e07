"""Background work of the demonstration done now, rather than by a worker that does not run yet."""

import asyncio
from uuid import UUID

import asyncpg

from tenants.jobs import run
from tenants.scope import open_scope, rows, tenant_scope

_WAITING = (
    "select id from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null and failed_at is null"
    " order by created_at, id"
)
_FAILED = "select error from tenants_outbox where tenant_id = $1 and id = $2 and done_at is null"


async def work_off(tenant_id: UUID, job: str) -> None:
    """Run every waiting row of one job.

    Raises:
        RuntimeError: with what went wrong, for here nobody tries again later.
    """
    async with open_scope(tenant_scope(tenant_id)):
        waiting = await rows(_WAITING, tenant_id, job)
    for found in waiting:
        await run(tenant_id, found["id"])
        async with open_scope(tenant_scope(tenant_id)):
            left = await rows(_FAILED, tenant_id, found["id"])
        if left:
            raise RuntimeError(f"{job}: {left[0]['error']}")


_ACCOUNTS = "tenants_account, tenants_holder, community_building, community_unit"
_BILLS = "billing_bill (tenant_id, id, account_id, run_id, period, status, due_on),"
_BILLS += " billing_bill_line (tenant_id, id, bill_id, account_id, fee_item_id, period, is_live)"
_MONEY = f"{_ACCOUNTS}, billing_bill, billing_bill_line, billing_entry, billing_posting, billing_payment,"
_MONEY += " billing_payment_part, billing_attempt, billing_allocation, billing_receipt, tenants_audit"


class Statistics:
    """PostgreSQL's knowledge of how much there is: it would find out within a minute, and plan wrongly until then."""

    def __init__(self, owner: asyncpg.Connection) -> None:
        self._owner = owner
        self._turn = asyncio.Lock()

    async def of_accounts(self) -> None:
        """Count accounts and holders."""
        await self._count(_ACCOUNTS)

    async def of_bills(self) -> None:
        """Count bills and lines by what they are joined by."""
        await self._count(_BILLS)

    async def of_money(self) -> None:
        """Count accounts, bills and payments with all that hangs on them."""
        await self._count(_MONEY)

    async def of_everything(self) -> None:
        """Count every table there is: whoever comes in first must not wait for plans that know nothing."""
        await self._count("")

    async def _count(self, tables: str) -> None:
        async with self._turn:
            await self._owner.execute(f"analyze {tables}")
