"""Accounts prepared for somebody before they come: none of the five known ways of pre-hijacking works."""

import pytest_asyncio

from integrations.sign_in.provider import save_provider
from tenants import models, sessions, throttle
from tenants.scope import open_scope, person_scope
from tests import make
from tests.integrations.conftest import World, register
from tests.integrations.test_codes import ask, code_in, enter
from tests.integrations.test_sign_in import session_of

VICTIM = "ann@mail.example"


async def by_code(world: World, address: str) -> models.Session:
    throttle.forget()
    await ask(world, address)
    await enter(world, code_in(world, address))
    return await session_of(world.token)


async def by_bank(world: World, customer: str) -> models.Session:
    world.other_browser()
    await world.sign_in(customer)
    return await session_of(world.token)


async def identities(person_id) -> list[str]:
    async with open_scope(person_scope(person_id)):
        return sorted([one.subject for one in await models.Identity.filter(person_id=person_id)])


async def test_classic_federated_merge(world: World):
    """An account by the victim's address was there first: the victim's bank sign-in joins nothing."""
    planted = await by_code(world, VICTIM)
    victim = await by_bank(world, "p-ann")
    assert victim.person_id != planted.person_id
    assert await identities(victim.person_id) == ["p-ann"]
    assert await identities(planted.person_id) == [VICTIM]
    again = await by_code(world, VICTIM)
    assert again.person_id == planted.person_id


async def test_unexpired_session(world: World, bank):
    """A session from before goes on seeing its own person only, whatever the victim does later."""
    planted = await by_code(world, VICTIM)
    kept = world.token
    victim = await by_bank(world, "p-ann")
    account = await make.account(await make.tenant(bank))
    async with open_scope(person_scope(victim.person_id)):
        ann = await models.Person.get(id=victim.person_id)
    await make.holder(account, ann)
    assert account.number in (await world.client.get("/my/accounts")).text
    world.client.cookies.set(sessions.COOKIE, kept, domain="cloud.test")
    assert account.number not in (await world.client.get("/my/accounts")).text
    assert (await session_of(kept)).person_id == planted.person_id


async def test_trojan_identifier(world: World):
    """Signing in while another is signed in adds no identity to either; the session there was ends."""
    eve = await by_bank(world, "p-eve")
    left_behind = world.token
    world.bank.cookies.clear()
    await world.sign_in("p-ann")
    ann = await session_of(world.token)
    assert ann.person_id != eve.person_id
    assert await identities(eve.person_id) == ["p-eve"]
    assert await identities(ann.person_id) == ["p-ann"]
    assert (await session_of(left_behind)).ended_at is not None


async def test_pending_change_of_an_address(world: World):
    """An address moves to somebody else at the bank, or is asked for and never confirmed: it takes nobody along."""
    ann = await by_bank(world, "p-ann")
    eve = await by_bank(world, "p-eve")
    async with open_scope(person_scope(eve.person_id)):
        assert (await models.Person.get(id=eve.person_id)).email == VICTIM
    assert ann.person_id != eve.person_id
    throttle.forget()
    await ask(world, VICTIM)
    world.other_browser()
    assert (await enter(world, code_in(world, VICTIM))).status_code == 422, "a code is bound to its browser"
    assert not world.token


@pytest_asyncio.fixture(loop_scope="session")
async def second(owner, world: World):
    """Another bank, there for this test alone."""
    facts = ("second", "第二银行", "Second Bank", "#0b5d7a", "SG")
    async with owner.transaction():
        await owner.execute("select scope_set('operator', 'on')")
        bank_id = await owner.fetchval(
            "insert into tenants_bank (id, slug, name, name_en, accent, country)"
            " values (new_id(), $1, $2, $3, $4, $5) returning id",
            *facts,
        )
    yield make.Bank(bank_id, bank_id, "second")
    async with owner.transaction():
        await owner.execute("select scope_set('operator', 'on')")
        await owner.execute("delete from tenants_bank where id = $1", bank_id)


async def test_non_verifying_provider(world: World, second: make.Bank):
    """Another bank says the same subject and address of a customer of its own: that is somebody else."""
    ann = await by_bank(world, "p-ann")
    first, issuer = world.tenant_bank, world.issuer
    world.tenant_bank, world.issuer = second, issuer.rsplit("/", 1)[0] + "/second"
    await save_provider(second.id, world.issuer, "scenario-cloud", "a client's secret: with / odd % signs")
    world.control.post("/banks", json={"slug": "second"}).raise_for_status()
    register(world.control, second)
    twin = await by_bank(world, "p-ann")
    assert twin.person_id != ann.person_id
    assert (ann.bank_id, twin.bank_id) == (first.id, second.id)
    assert await identities(ann.person_id) == await identities(twin.person_id) == ["p-ann"]
