"""Signing in at the bank, the whole way there and back, and everything that must not work."""

from datetime import UTC, datetime, timedelta

from integrations.sign_in import people
from tenants import models, sessions
from tenants.scope import open_scope, person_scope, secret_scope
from tests.integrations.conftest import HERE, SEAVIEW, World, query_of


async def session_of(token: str) -> models.Session:
    async with open_scope(secret_scope(sessions.hash_of(token))):
        return await models.Session.get(token_hash=sessions.hash_of(token))


async def identity_of(world: World, subject: str) -> models.Identity | None:
    return await people.find(world.issuer, subject)


async def test_a_person_signs_in_and_arrives_where_they_were_going(world: World):
    answer = await world.sign_in("p-ann", "/sessions?from=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sessions?from=x"
    session = await session_of(world.token)
    assert (session.method, session.level, session.company) == ("bank", 2, None)
    assert session.bank_id == world.tenant_bank.id
    assert datetime.now(UTC) - session.auth_time < timedelta(seconds=30)
    async with open_scope(person_scope(session.person_id)):
        person = await models.Person.get(id=session.person_id)
        assert (person.name, person.email) == ("Ann Tan", "ann@mail.example")
        assert await models.Membership.all().count() == 0


async def test_the_second_sign_in_is_the_same_person_with_a_new_token(world: World):
    await world.sign_in("p-ann")
    first = await session_of(world.token)
    old = world.token
    await world.sign_in("p-ann")
    second = await session_of(world.token)
    assert second.person_id == first.person_id
    assert world.token != old
    assert second.id != first.id
    assert (await session_of(old)).ended_at is not None


async def test_a_company_login_keeps_what_the_bank_verified(world: World):
    await world.sign_in("op-chen")
    session = await session_of(world.token)
    assert session.company == {
        "bank_id": str(world.tenant_bank.id),
        "enterprise_id": "ent-1001",
        "name": SEAVIEW["enterprise_name"],
        "uscc": SEAVIEW["enterprise_uscc"],
        "legal_representative": "Lin Guoqiang",
        "operator_role": "authoriser",
    }


async def test_the_request_to_the_bank_says_what_it_must(world: World):
    asked = query_of(await world.leave())
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{HERE}/sign-in/callback"
    assert asked["ui_locales"] == "en"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert asked["claims"] == '{"id_token": {"auth_time": {"essential": true}, "acr": {"essential": true}}}'
    again = query_of(await world.leave())
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))
