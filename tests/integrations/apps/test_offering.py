"""An app of the union's vendor: in an institution's catalogue once its bank offers it on, kept by who has taken it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from integrations.apps.catalogue import queries
from tenants.offers import services
from tenants.offers.kinds import KINDS
from tenants.scope import bank_scope, open_scope, rows, tenant_scope
from tests import apps, make
from tests.unions import over
from ui.errors import NotFound

TODAY = make.today()
NAMES = {"en": "E-invoice", "zh_CN": "电子发票"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def union(bank, settings, migrated) -> AsyncIterator[make.Bank]:
    async with over(bank, settings) as made:
        yield made


async def test_an_app_goes_from_the_union_to_an_institution_and_stays_with_it(bank, union, db):
    app = await apps.listed(await apps.vendor(union))
    head = await make.bank_staff(union, "administrator", "Tan")
    chief, tenant = await make.bank_staff(bank, "administrator", "Lin"), await make.tenant(bank)
    goh = replace(await make.staff(tenant), place={"slug": tenant.slug, "currency": "SGD"})

    async def shown() -> list[object]:
        async with open_scope(tenant_scope(tenant.id)):
            found = await queries.catalogue(goh, scenario="", need="", words="")
            return [one["id"] for one in found if one["id"] == app.id]

    async with open_scope(bank_scope(union.id)):
        made = await services.begin(head, KINDS["app"], str(app.id), NAMES)
        above = await services.publish(head, made.id, note="For all members", valid_from=TODAY)
    assert await shown() == [], "the bank has not offered it on"
    async with open_scope(bank_scope(bank.id)):
        assert await rows("select 1 from integrations_app where id = $1", app.id), (
            "the bank reads what it may take"
        )
        mine = await services.copy(chief, above.id)
    assert await shown() == []
    async with open_scope(bank_scope(bank.id)):
        await services.publish(chief, mine.id, note="As the union has it", valid_from=TODAY)
    assert await shown() == [app.id]
    async with open_scope(tenant_scope(tenant.id)):
        taken = await services.take(goh, mine.id)
        assert KINDS["app"].leads(taken.result)[0] == f"/apps/catalogue/{app.id}"
        assert (await queries.offer_of(goh, app.id)).vendor.bank_id == union.id
    async with open_scope(bank_scope(bank.id)):
        await services.withdraw(chief, mine.id)
    assert await shown() == [app.id], "who has taken it keeps it"
    stranger = await make.tenant(bank)
    async with open_scope(tenant_scope(stranger.id)):
        with pytest.raises(NotFound):
            await queries.offer_of(goh, app.id)


async def test_a_bank_sees_where_its_institutions_use_it_and_the_union_does_not(bank, union, db):
    app = await apps.listed(await apps.vendor(union))
    tenant = await make.tenant(bank)
    await apps.install(tenant, app)
    sql = "select tenant_id from integrations_installation where app_id = $1"
    async with open_scope(bank_scope(bank.id)):
        assert [one["tenant_id"] for one in await rows(sql, app.id)] == [tenant.id]
    async with open_scope(bank_scope(union.id)):
        assert await rows(sql, app.id) == []
