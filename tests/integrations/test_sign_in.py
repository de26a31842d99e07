"""Signing in at the bank, the whole way there and back, and everything that must not work."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integrations.sign_in import metadata, people
from tenants import models, sessions
from tenants.ids import new_id
from tenants.scope import open_scope, person_scope, secret_scope
from tests import make
from tests.integrations.conftest import HERE, SEAVIEW, World, query_of
from tests.page import inspect


async def session_of(token: str) -> models.Session:
    async with open_scope(secret_scope(sessions.hash_of(token))):
        return await models.Session.get(token_hash=sessions.hash_of(token))


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


async def test_the_sign_in_page_offers_the_bank_s_ways_and_keeps_where_to_go(world: World):
    answer = await world.client.get("/sign-in", params={"next": "/sessions"})
    page = inspect(answer.text)
    assert [b.get("value") for b in page.iter("button") if b.get("name") == "kind"] == [
        "personal",
        "company",
        "staff",
    ]
    assert 'name="next" value="/sessions"' in answer.text
    assert world.issuer.split("/oidc")[0] in answer.headers["content-security-policy"]


async def test_a_hint_of_an_app_reaches_the_bank(world: World):
    page = await world.client.get(f"/sign-in?bank={world.tenant_bank.slug}&login_hint=p-ann")
    assert 'name="login_hint" value="p-ann"' in page.text
    assert query_of(await world.leave(login_hint="p-ann"))["login_hint"] == "p-ann"
    assert "login_hint" not in query_of(await world.leave())


async def test_with_several_banks_one_is_chosen_first(world: World):
    answer = await world.client.get("/sign-in?bank=nowhere&next=/sessions")
    inspect(answer.text)
    assert f'href="/sign-in?bank={world.tenant_bank.slug}&amp;next=/sessions"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b",
        "",
        "/sign-in?next=/sign-in",
    ],
)
async def test_nobody_is_sent_elsewhere_after_signing_in(world: World, target):
    answer = await world.sign_in("p-ann", target)
    assert answer.headers["location"] == "/home"


async def test_a_second_return_with_the_same_answer_is_refused(world: World):
    back = await world.at_bank(await world.leave(), "p-ann")
    jar = dict(world.client.cookies)
    assert (await world.back(back)).status_code == 303
    world.other_browser()
    for name, value in jar.items():
        world.client.cookies.set(name, value, domain="cloud.test")
    again = await world.back(back)
    assert again.status_code == 400
    assert not world.token
    inspect(again.text)


async def test_another_browser_cannot_use_the_answer(world: World):
    back = await world.at_bank(await world.leave(), "p-ann")
    world.other_browser()
    answer = await world.back(back)
    assert answer.status_code == 400
    assert sessions.COOKIE not in answer.cookies


async def test_a_forged_state_is_refused(world: World):
    back = await world.at_bank(await world.leave(), "p-ann")
    state = query_of(back)["state"]
    answer = await world.back(back.replace(state, state[:-1] + ("A" if state[-1] != "A" else "B")))
    assert answer.status_code == 400
    assert not world.token
    for forged in ("", "?state=", "?code=x", "?error=access_denied", f"?state={state}x&code=y"):
        assert (await world.client.get(f"/sign-in/callback{forged}")).status_code == 400


async def test_a_sealed_flow_of_another_key_or_age_is_refused(world: World, monkeypatch):
    back = await world.at_bank(await world.leave(), "p-ann")
    monkeypatch.setattr("integrations.sign_in.flow.LIFE", timedelta(seconds=-1))
    assert (await world.back(back)).status_code == 400
    assert not world.token


async def test_an_answer_in_another_issuer_s_name_is_refused(world: World):
    back = await world.at_bank(await world.leave(), "p-ann")
    issuer = query_of(back)["iss"]
    assert issuer == world.issuer
    assert (await world.back(back.replace("iss=", "iss=https%3A%2F%2Fevil.example&x="))).status_code == 400
    back = await world.at_bank(await world.leave(), "p-ann")
    assert (await world.back(back.replace("iss=", "x="))).status_code == 400
    assert not world.token


async def test_going_back_at_the_bank_is_calm(world: World):
    url = await world.leave("/sessions")
    page = (await world.bank.get(url)).headers["location"]
    answer = await world.bank.post(world.issuer.split("/oidc")[0] + page, data={"act": "cancel"})
    answer = await world.back(answer.headers["location"])
    assert answer.status_code == 400
    assert "You did not finish signing in at your bank" in answer.text
    assert "/sign-in?next=%2Fsessions" in answer.text
    inspect(answer.text)


@pytest.mark.parametrize("operation", ["discovery", "jwks", "token"])
async def test_a_bank_that_does_not_answer_is_calm(world: World, operation):
    fault = {"surface": "oidc", "operation": operation, "kind": "error_before", "status": 500}
    world.control.post("/faults", json=fault).raise_for_status()
    if operation == "discovery":
        answer = await world.client.post("/sign-in/bank", data={"bank": world.tenant_bank.slug})
        assert (await world.client.get("/sign-in")).status_code == 200
    else:
        answer = await world.sign_in("p-ann")
    assert answer.status_code == 503
    assert "not answering right now" in answer.text
    inspect(answer.text)
    assert not world.token
    world.control.delete("/faults").raise_for_status()
    assert (await world.sign_in("p-ann")).status_code == 303


async def test_a_new_key_of_the_bank_is_found(world: World):
    await world.sign_in("p-ann")
    world.control.post("/oidc/rotate-key", json={"bank": world.tenant_bank.slug}).raise_for_status()
    metadata._keys[world.issuer] = replace(metadata._keys[world.issuer], at=time.monotonic() - 60)
    assert (await world.sign_in("p-ann")).status_code == 303


async def test_the_same_e_mail_never_links_two_people(world: World):
    """Trojan identifier: Eve's bank record carries Ann's address."""
    await world.sign_in("p-ann")
    ann = await session_of(world.token)
    world.other_browser()
    await world.sign_in("p-eve")
    eve = await session_of(world.token)
    assert eve.person_id != ann.person_id


async def test_a_session_planted_before_ends_when_somebody_signs_in(world: World, bank):
    """Unexpired session, fixation: the token that was in the browser opens nothing afterwards."""
    eve = await make.person("Eve")
    planted = await make.sign_in(world.client, eve.id)
    await world.sign_in("p-ann")
    assert world.token != planted
    assert (await session_of(planted)).ended_at is not None
    assert (await session_of(world.token)).person_id != eve.id


async def test_claims_are_refreshed_and_unverified_addresses_left_out(world: World):
    await world.sign_in("p-ann")
    person_id = (await session_of(world.token)).person_id
    moved = {"id": "p-ann", "kind": "personal", "name": "Ann Tan-Lee", "phone": "+6591234567", "level": 1}
    world.control.post(
        "/customers", json={"bank": world.tenant_bank.slug, "customers": [moved]}
    ).raise_for_status()
    world.other_browser()
    await world.sign_in("p-ann")
    session = await session_of(world.token)
    assert (session.person_id, session.level) == (person_id, 1)
    async with open_scope(person_scope(person_id)):
        person = await models.Person.get(id=person_id)
    assert (person.name, person.email, person.phone) == ("Ann Tan-Lee", "", "+6591234567")


async def test_a_first_sign_in_twice_at_once_makes_one_person(committed, bank):
    proven = people.Proven("https://bank.example", f"race-{new_id()}", "personal", "Race")
    found = await asyncio.gather(*(people.person_of(proven) for _ in range(6)))
    assert len({identity.person_id for identity in found}) == 1
