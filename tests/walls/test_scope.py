"""Scopes fail closed: what a transaction may see is exactly what it was opened for."""

import pytest
from tortoise.exceptions import OperationalError

from tenants import models, scope
from tenants.ids import new_id
from tenants.scope import each, open_scope, person_scope, queue_scope, rows, tenant_scope
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


NUMBERS = "select number from tenants_account order by number"


async def test_rows_come_one_by_one_as_they_all_stood_at_the_beginning(db, bank, monkeypatch):
    """What is written while a file is being read goes neither twice into it nor takes the place of another."""
    monkeypatch.setattr(scope, "AT_ONCE", 2)
    tenant = await make.tenant(bank)
    for number in ("1", "2", "3", "4", "5"):
        await make.account(tenant, number=number)
    async with open_scope(tenant_scope(tenant.id)):
        before = [one["number"] for one in await rows(NUMBERS)]
        read: list[str] = []
        async for one in each(NUMBERS):
            await make.account(tenant, number=f"0{len(read)}")
            read.append(one["number"])
        assert read == before
        first = await rows(f"{NUMBERS} limit 2")
        await make.account(tenant, number="000")
        assert first[1] in await rows(f"{NUMBERS} limit 2 offset 2"), "of pages one would stand twice"


async def test_only_an_open_scope_reads_row_by_row(db, bank):
    with pytest.raises(scope.NoScopeError):
        await anext(each(NUMBERS))
