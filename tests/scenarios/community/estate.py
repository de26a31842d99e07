"""A small estate to try things on: one building with flats, a fee by days, and the people who run it."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from billing.charges import runs
from billing.models import Bill, BillLine, FeeItem
from billing.rules import builders as b
from scenarios.community.importing import added
from tenants.actor import Actor
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import item
from tests.billing.charges.estate import Estate
from tests.jobs import run_due

TODAY = make.today()
BUILDING = "9 Hill St"


def month_back(count: int) -> date:
    months = TODAY.year * 12 + TODAY.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


@dataclass
class Place:
    billing: Estate
    chief: Actor
    flats: list[Account] = field(default_factory=list)

    @property
    def tenant(self) -> Tenant:
        return self.billing.tenant

    @property
    def root(self) -> str:
        return f"/t/{self.tenant.slug}"

    def scope(self) -> Any:
        return open_scope(tenant_scope(self.tenant.id))

    async def bill(self, period: date, *keys: str) -> dict[str, Bill]:
        """Bill a month for these fees; return the bills by account number."""
        run = await self.billing.draft(*keys, period=period)
        async with self.scope():
            await runs.approve(self.chief, run.id)
            await runs.request_issue(self.billing.finance, run.id)
        await run_due(self.tenant.id)
        return {bill.account_number: bill for bill in await self.billing.bills(run)}

    async def lines(self, account: Account, key: str) -> list[BillLine]:
        async with self.scope():
            fee = self.billing.items[key]
            return await BillLine.filter(
                tenant_id=self.tenant.id, account_id=account.id, fee_item_id=fee.id
            ).order_by("period")


async def flat(tenant: Tenant, door: str, area: str = "90", **attributes: Any) -> Account:
    """A flat of the building, as somebody adds one by hand."""
    made = await make.account(
        tenant,
        f"{BUILDING} #{door}",
        name=f"{BUILDING} #{door}",
        place=BUILDING,
        sort_key=door,
        attributes={
            "flat_type": "4-room",
            "is_reduced": False,
            "area_sqm": float(Decimal(area)),
            **attributes,
        },
    )
    async with open_scope(tenant_scope(tenant.id)):
        await added(made)
    return made


async def build(bank: make.Bank, flats: int = 3) -> Place:
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        await FeeItem.filter(tenant_id=tenant.id).exclude(key="shared_costs").update(is_active=False)
        shared = await FeeItem.get(tenant_id=tenant.id, key="shared_costs")
    by_day = b.charge("SGD", b.rate("1.237", "area_sqm"), proration="by_day")
    tiers = b.tiers(b.quantity("water"), ("10", "1.00"), (None, "2.00"), after=b.quantity("water_this_year"))
    items = {
        "service": await item(tenant, "service", ["unit"], by_day),
        "water": await item(tenant, "water", ["unit"], b.charge("SGD", tiers)),
        "shared": shared,
    }
    place = Place(
        Estate(tenant, await make.staff(tenant, "finance"), items), await make.staff(tenant, "administrator")
    )
    place.chief.place.update({"slug": tenant.slug, "timezone": tenant.timezone, "scenarios": ["community"]})
    place.flats = [await flat(tenant, f"{n:02d}-01", str(80 + n * 7)) for n in range(1, flats + 1)]
    return place
