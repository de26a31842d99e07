"""An estate with the real tariff of a town council's main division."""

from datetime import date

import pytest_asyncio

from billing.models import Bill, FeeItem, FeeRule
from billing.rules import builders as b
from billing.rules import dump
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.estate import PENALTIES, TARIFF, Estate

FROM = date(2025, 1, 1)


def service_charge():
    cells = {
        (flat, is_reduced): amount
        for flat, (reduced, normal) in TARIFF.items()
        for is_reduced, amount in ((True, reduced), (False, normal))
    }
    return b.charge("SGD", b.table(("flat_type", "is_reduced"), cells))


def shop_charge():
    return b.charge("SGD", b.bounds(b.rate("2.03", "area_sqm"), minimum="61.00"))


def late_fee():
    return b.late_fee("SGD", b.table("flat_type", PENALTIES), each="month")


@pytest_asyncio.fixture(loop_scope="session")
async def estate(db, bank) -> Estate:
    return await build(bank)


async def build(bank) -> Estate:
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        await FeeItem.filter(tenant_id=tenant.id).update(is_active=False)
    items = {
        "service": await item(tenant, "service", ["unit"], service_charge()),
        "shops": await item(tenant, "shops", ["shop"], shop_charge()),
        "late": await item(tenant, "late", ["unit"], late_fee(), kind="late_fee"),
    }
    return Estate(tenant, await make.staff(tenant, "finance"), items)


async def item(tenant, key, account_kinds, document, kind="charge") -> FeeItem:
    async with open_scope(tenant_scope(tenant.id)):
        made = await FeeItem.create(
            tenant_id=tenant.id,
            scenario=tenant.scenarios[0],
            key=f"test_{key}",
            kind=kind,
            names={"en": f"The {key}", "zh_CN": f"{key}费"},
            account_kinds=account_kinds,
            currency="SGD",
            position=50,
        )
        await FeeRule.create(
            tenant_id=tenant.id,
            fee_item_id=made.id,
            version=1,
            document=dump(document),
            effective_from=FROM,
            status="active",
        )
    return made


__all__ = ["Bill", "build", "estate", "item"]
