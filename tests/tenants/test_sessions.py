"""Sessions as rows: found by their token's hash, ended for good, seen by their owner alone."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants import models, sessions
from tenants.ids import new_id
from tenants.scope import (
    bank_scope,
    execute,
    open_scope,
    person_scope,
    queue_scope,
    secret_scope,
    tenant_scope,
)
from tests import make


@pytest.fixture
async def ann(db, bank):
    return await make.person("Ann")


async def start(person, **given) -> tuple[str, models.Session]:
    signed_in = sessions.SignedIn(
        person_id=person.id, method="bank", level=2, auth_time=datetime.now(UTC), **given
    )
    async with open_scope(person_scope(person.id)):
        token = await sessions.start(signed_in)
        return token, await models.Session.get(token_hash=sessions.hash_of(token))


async def reload(session: models.Session) -> models.Session:
    async with open_scope(person_scope(session.person_id)):
        return await models.Session.get(id=session.id)


async def test_no_other_scope_sees_a_session(ann, bank):
    token, session = await start(ann, provider_key=b"k" * 32)
    eve, tenant = await make.person("Eve"), await make.tenant(bank)
    for scope in (
        person_scope(eve.id),
        secret_scope(b"x" * 32),
        tenant_scope(tenant.id),
        bank_scope(bank.id),
        queue_scope(),
    ):
        async with open_scope(scope):
            assert await models.Session.filter(id=session.id).count() == 0
    async with open_scope(secret_scope(sessions.hash_of(token))):
        assert await models.Session.filter(id=session.id).count() == 1


async def test_a_token_reads_its_session_and_changes_nothing(ann):
    token, session = await start(ann)
    async with open_scope(secret_scope(sessions.hash_of(token))):
        assert await execute("update tenants_session set level = 3 where id = $1", session.id) == 0


async def test_a_provider_s_key_ends_its_session_and_no_other(ann):
    _, mine = await start(ann, provider_key=b"a" * 32)
    _, other = await start(ann, provider_key=b"b" * 32)
    _, without = await start(ann)
    assert await sessions.end_of_provider(b"a" * 32) == 1
    assert await sessions.end_of_provider(b"a" * 32) == 0
    assert (await reload(mine)).ended_at is not None
    assert (await reload(other)).ended_at is None
    assert (await reload(without)).ended_at is None


async def test_stepping_up_keeps_the_id_and_never_lengthens_the_whole_life(ann):
    token, session = await start(ann)
    stronger = sessions.SignedIn(
        person_id=ann.id, method="bank", level=3, auth_time=datetime.now(UTC), bank_id=new_id()
    )
    async with open_scope(person_scope(ann.id)):
        await execute(
            "update tenants_session set created_at = now() - $2::interval where id = $1",
            session.id,
            sessions.LIFE - timedelta(minutes=5),
        )
        renewed = await sessions.step_up(session.id, stronger)
    found = await reload(session)
    assert renewed != token
    assert found.token_hash == sessions.hash_of(renewed)
    assert (found.level, found.bank_id) == (3, stronger.bank_id)
    assert found.expires_at - datetime.now(UTC) < timedelta(minutes=6)


async def test_an_idle_session_is_remembered_for_its_form_but_an_ended_one_is_not(ann, client):
    token, session = await start(ann)
    async with open_scope(person_scope(ann.id)):
        await execute("update tenants_session set expires_at = now() where id = $1", session.id)
    assert await sessions.person_of_expired(token) == ann.id
    client.cookies.set(sessions.COOKIE, token, domain="cloud.test")
    assert (await client.get("/home")).status_code == 303
    async with open_scope(person_scope(ann.id)):
        await sessions.end(session.id)
    assert await sessions.person_of_expired(token) is None


async def test_an_ended_session_opens_nothing(ann, client):
    await make.sign_in(client, ann.id)
    assert (await client.get("/sessions")).status_code == 200
    await sessions.end_token(client.cookies[sessions.COOKIE])
    assert (await client.get("/sessions")).headers["location"].startswith("/sign-in?")


async def test_a_parked_form_is_sent_once_and_in_time(ann):
    token = await sessions.park_form(ann.id, "/x", [("a", "1")])
    late = await sessions.park_form(ann.id, "/x", [("a", "1")])
    async with open_scope(person_scope((await make.person()).id)):
        assert await sessions.parked_form(token) is None
        assert not await sessions.unpark_form(token)
    async with open_scope(person_scope(ann.id)):
        await execute(
            "update tenants_parked_form set expires_at = now() where token_hash = $1", sessions.hash_of(late)
        )
        assert await sessions.unpark_form(token)
        assert not await sessions.unpark_form(token)
        assert not await sessions.unpark_form(late)
        assert sessions.has_run_out(await models.ParkedForm.get(token_hash=sessions.hash_of(late)))


async def test_without_a_known_person_the_way_leads_back_to_the_page_of_the_form(db, client, bank):
    for referer, target in (
        ("http://cloud.test/t/x/fees/new?a=1", "%2Ft%2Fx%2Ffees%2Fnew"),
        ("http://evil.example/page", "%2Fhome"),
        ("", "%2Fhome"),
    ):
        answer = await client.post("/sessions/others/ending", headers={"Referer": referer})
        assert answer.headers["location"] == f"/sign-in?next={target}"
