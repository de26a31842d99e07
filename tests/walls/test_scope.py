"""Scopes fail closed: what a transaction may see is exactly what it was opened for."""

import pytest
from tortoise.exceptions import OperationalError

from tenants import models, scope
from tenants.ids import new_id
from tenants.scope import open_scope, person_scope, queue_scope, tenant_scope
from tests import make


async def test_without_a_scope_there_are_no_rows(db, bank):
    tenant = await make.tenant(bank)
    await make.account(tenant)
    async with open_scope(scope.Scope()):
        assert await models.Account.all().count() == 0
        assert await models.Tenant.all().count() == 0


async def test_a_tenant_sees_its_own_rows_and_no_others(db, bank):
    first, second = await make.tenant(bank), await make.tenant(bank)
    mine = await make.account(first)
    await make.account(second)
    async with open_scope(tenant_scope(first.id)):
        assert [a.id for a in await models.Account.all()] == [mine.id]
    with pytest.raises(OperationalError, match="row-level security"):
        async with open_scope(tenant_scope(first.id)):
            await make_account_directly(second.id)


async def make_account_directly(tenant_id):
    await models.Account.create(
        tenant_id=tenant_id, scenario="community", kind="unit", number="X", name="X", attributes={}
    )


async def test_a_payer_sees_exactly_the_accounts_they_hold(db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    ann = await make.person("Ann")
    held = [await make.account(tenant), await make.account(other)]
    await make.account(tenant)
    for account in held:
        await make.holder(account, ann)
    unconfirmed = await make.account(tenant)
    await make.holder(unconfirmed, None)
    async with open_scope(person_scope(ann.id)):
        assert {a.id for a in await models.Account.all()} == {a.id for a in held}
        assert await models.Account.filter(id=held[0].id).update(name="mine") == 0
        assert await models.Role.all().count() == 0


async def test_an_inner_scope_ends_with_its_block(db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    await make.account(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        async with open_scope(tenant_scope(other.id)):
            assert await models.Account.all().count() == 0
        assert await models.Account.all().count() == 1


async def test_the_queue_sees_work_and_nothing_else(db, bank):
    tenant = await make.tenant(bank)
    await make.account(tenant)
    async with open_scope(queue_scope()):
        assert await models.Account.all().count() == 0
        assert await models.Person.all().count() == 0


async def test_a_strangers_scope_is_empty(db, bank):
    tenant = await make.tenant(bank)
    await make.account(tenant)
    async with open_scope(person_scope(new_id())):
        assert await models.Account.all().count() == 0
        assert await models.Tenant.all().count() == 0
