"""What the tests of charging know by themselves: the published tariff, and how to bill a month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.charges import runs
from billing.models import Bill, BillException, BillRun, FeeItem, FeeRule
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from tests.jobs import run_due

TARIFF: dict[str, tuple[str | None, str]] = {
    "1-room": ("20.00", "58.00"),
    "2-room": ("30.00", "60.00"),
    "3-room": ("46.50", "66.50"),
    "3-room DBSS": ("63.00", "77.00"),
    "4-room": ("63.50", "79.00"),
    "4-room DBSS": ("79.00", "89.00"),
    "5-room": ("79.50", "89.00"),
    "3Gen": (None, "90.00"),
    "5-room DBSS": (None, "103.00"),
    "executive": (None, "102.00"),
}
"""Monthly charge by flat type: reduced, normal. Published, inclusive of tax; a dash in the source is None."""
PENALTIES = {
    "1-room": "1.00",
    "2-room": "2.00",
    "3-room": "3.00",
    "4-room": "4.00",
    "5-room": "5.00",
    "executive": "7.00",
}
"""By-law: for every month in which the charge is in arrears."""
JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


def cents(amount: str | None) -> int:
    return int(Decimal(amount or 0) * 100)


@dataclass
class Estate:
    tenant: Tenant
    finance: Actor
    items: dict[str, FeeItem]

    async def start(self, *keys: str, period: date = JULY, due_on: date | None = None) -> BillRun:
        async with open_scope(tenant_scope(self.tenant.id)):
            return await runs.start(
                self.finance,
                scenario=self.tenant.scenarios[0],
                period=period,
                due_on=due_on or period,
                fee_item_ids=[self.items[key].id for key in keys or ("service",)],
            )

    async def draft(self, *keys: str, **given: Any) -> BillRun:
        run = await self.start(*keys, **given)
        await run_due(self.tenant.id)
        async with open_scope(tenant_scope(self.tenant.id)):
            return await BillRun.get(tenant_id=self.tenant.id, id=run.id)

    async def bill(self, *keys: str, **given: Any) -> BillRun:
        """Draft and issue a month."""
        run = await self.draft(*keys, **given)
        async with open_scope(tenant_scope(self.tenant.id)):
            await runs.request_issue(self.finance, run.id)
        await run_due(self.tenant.id)
        async with open_scope(tenant_scope(self.tenant.id)):
            return await BillRun.get(tenant_id=self.tenant.id, id=run.id)

    async def bills(self, run: BillRun) -> list[Bill]:
        async with open_scope(tenant_scope(self.tenant.id)):
            return await Bill.filter(tenant_id=self.tenant.id, run_id=run.id).order_by("number")

    async def rule(self, key: str) -> FeeRule:
        return await FeeRule.get(tenant_id=self.tenant.id, fee_item_id=self.items[key].id, status="active")

    async def exceptions(self, run: BillRun) -> list[tuple[str, str]]:
        async with open_scope(tenant_scope(self.tenant.id)):
            found = await BillException.filter(tenant_id=self.tenant.id, run_id=run.id)
        return sorted((one.account_number, one.code) for one in found)
