"""A request that is sent twice happens once and is answered twice."""

import asyncio

import pytest

from billing.idempotency import once
from tenants.scope import open_scope, tenant_scope, value
from tests import make
from ui.errors import Conflict, Invalid


class Act:
    def __init__(self, pause: float = 0.0) -> None:
        self.count, self.pause = 0, pause

    async def __call__(self):
        self.count += 1
        await asyncio.sleep(self.pause)
        return {"n": self.count}


async def send(actor, act, key="k", body=None, name="test.act"):
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await once(actor, key=key, act=name, body=body or {"a": 1, "b": [1, 2]}, do=act)


async def test_the_same_request_gets_the_stored_answer(db, bank):
    actor, act = await make.staff(await make.tenant(bank)), Act()
    assert await send(actor, act) == {"n": 1}
    assert await send(actor, act, body={"b": [1, 2], "a": 1}) == {"n": 1}
    assert act.count == 1


@pytest.mark.parametrize("change", [{"body": {"a": 2}}, {"name": "test.other"}])
async def test_the_same_key_for_another_request_is_a_conflict(db, bank, change):
    actor, act = await make.staff(await make.tenant(bank)), Act()
    await send(actor, act)
    with pytest.raises(Conflict):
        await send(actor, act, **change)
    assert act.count == 1


async def test_another_person_never_gets_the_answer(db, bank):
    tenant = await make.tenant(bank)
    act = Act()
    await send(await make.staff(tenant), act)
    with pytest.raises(Conflict):
        await send(await make.staff(tenant, "cashier"), act)


async def test_another_tenant_may_use_the_same_key(db, bank):
    act = Act()
    for _ in range(2):
        await send(await make.staff(await make.tenant(bank)), act)
    assert act.count == 2


async def test_an_act_that_failed_may_be_sent_again(db, bank):
    actor, act = await make.staff(await make.tenant(bank)), Act()

    async def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await send(actor, fail)
    assert await send(actor, act) == {"n": 1}


@pytest.mark.parametrize("key", ["", "x" * 81, "a\nb"])
async def test_a_key_is_needed(db, bank, key):
    actor = await make.staff(await make.tenant(bank))
    with pytest.raises(Invalid):
        await send(actor, Act(), key=key)


async def test_two_at_once_act_once_and_both_are_answered(committed, bank):
    actor, act = await make.staff(await make.tenant(bank)), Act(0.1)
    answers = await asyncio.gather(*(send(actor, act) for _ in range(6)))
    assert answers == [{"n": 1}] * 6
    assert act.count == 1
    async with open_scope(actor.scope()):
        assert (
            await value("select count(*) from tenants_idempotency where tenant_id = $1", actor.tenant_id) == 1
        )


async def test_when_the_first_of_two_fails_the_second_acts(committed, bank):
    actor, act = await make.staff(await make.tenant(bank)), Act()
    started = asyncio.Event()

    async def fail_late():
        started.set()
        await asyncio.sleep(0.1)
        raise ValueError("no")

    first = asyncio.create_task(send(actor, fail_late))
    await started.wait()
    assert await send(actor, act) == {"n": 1}
    with pytest.raises(ValueError, match="no"):
        await first
